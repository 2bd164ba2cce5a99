package bolt

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"codeagent.dev/agent"
)

// parent is a job that others come after, in a store that can be told to forget them
// once: as if a crash had come between its act and theirs.
type parent struct {
	*testing.T
	*Store
}

func (p *parent) submit(after ...agent.ID) {
	p.Helper()
	spec := benchSpec()
	spec.After = after
	if _, err := p.Submit(p.Context(), spec); err != nil {
		p.Fatal(err)
	}
}

func (p *parent) change(op agent.Op, variant int) {
	p.Helper()
	if _, err := p.Change(p.Context(), 1, agent.Change{Op: op, Variant: variant}); err != nil {
		p.Fatal(err)
	}
}

// finish ends the next variant with result n.
func (p *parent) finish(n int) {
	p.Helper()
	l, err := p.Claim(p.Context(), agent.Claim{Worker: "w", TTL: time.Hour})
	if err == nil {
		err = p.Finish(p.Context(), l, agent.Outcome{Verdict: agent.Unverified, Commit: fmt.Sprintf("%040x", n)})
	}
	if err != nil {
		p.Fatal(err)
	}
}

// A parent's act is on disk and those of the jobs that come after it are not: Open makes
// up for them, and the end is the same.
func TestOpenFollows(t *testing.T) {
	acts := map[string]struct{ before, last func(p *parent) }{
		"finished": {func(p *parent) {}, func(p *parent) { p.finish(1) }},
		"canceled": {func(p *parent) {}, func(p *parent) { p.change(agent.OpCancel, 0) }},
		"retried":  {func(p *parent) { p.change(agent.OpCancel, 0) }, func(p *parent) { p.change(agent.OpRetry, 0) }},
		"removed":  {func(p *parent) { p.finish(1) }, func(p *parent) { p.change(agent.OpRemove, 0) }},
		"picked": {
			func(p *parent) { p.finish(1); p.finish(2); p.finish(3); p.finish(4) }, // both variants, and who follows
			func(p *parent) { p.change(agent.OpPick, 2) },
		},
	}
	for name, act := range acts {
		t.Run(name, func(t *testing.T) {
			play := func(crash bool) []agent.Job {
				path := filepath.Join(t.TempDir(), "agent.db")
				p := &parent{t, open(t, path)}
				spec := benchSpec()
				if name == "picked" {
					spec.Variants = 2
				}
				if _, err := p.Submit(t.Context(), spec); err != nil {
					t.Fatal(err)
				}
				p.submit(1)
				p.submit(2)
				act.before(p)
				if crash {
					p.mu.Lock()
					clear(p.follows)
					p.mu.Unlock()
				}
				act.last(p)
				for range 2 {
					if err := p.Close(); err != nil {
						t.Fatal(err)
					}
					p.Store = open(t, path)
				}
				defer p.Close()
				return list(t, p.Store)
			}
			ignore := cmp.Options{
				cmpopts.IgnoreFields(agent.Job{}, "Created", "Ended"),
				cmpopts.IgnoreFields(agent.Variant{}, "Started", "Ended"),
			}
			want, got := play(false), play(true)
			if d := cmp.Diff(want, got, ignore); d != "" {
				t.Errorf("(-without a crash +with one):\n%s", d)
			}
			if len(want) < 2 || want[len(want)-2].Events < 2 {
				t.Errorf("nothing followed: %+v", want)
			}
		})
	}
}

func open(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func list(t *testing.T, s *Store) []agent.Job {
	t.Helper()
	all, err := s.List(t.Context(), agent.Filter{Oldest: true})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Two acts that belong together are one record, however large the batch is that they
// come to.
func TestSwitchIsOneRecord(t *testing.T) {
	s := &Store{work: make(chan struct{}, 1)}
	for range 3 {
		s.openBatchLocked(2)
		s.giveLocked(&act{size: batchBytes})
		first := s.last
		s.giveLocked(&act{size: 1})
		if s.last != first {
			t.Fatal("the second act is in another batch")
		}
	}
	s.giveLocked(&act{size: 1})
	if len(s.queue) != 4 {
		t.Errorf("there are %d batches, want 3 large ones and the last act's", len(s.queue))
	}
	for range batchActs - 2 {
		s.giveLocked(&act{size: 1})
	}
	before := s.last
	s.openBatchLocked(2)
	if s.last == before {
		t.Error("a batch with room for one act is taken for two")
	}
}
