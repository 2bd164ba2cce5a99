package bolt

import (
	"fmt"
	"testing"
	"time"

	"codeagent.dev/agent"
)

// BenchmarkSearch: what no index finds, among 100,000 finished jobs: a word that no title
// has, a page of one that all have, and a page of all of them in another order.
func BenchmarkSearch(b *testing.B) {
	s := benchStore(b, "agent.db")
	prefill(b, s, 100_000)
	for name, f := range map[string]agent.Filter{
		"no title":     {Words: []string{"nowhere"}},
		"every title":  {Words: []string{"patch"}},
		"no label":     {Labels: []string{"nightly"}},
		"by priority":  {Sort: agent.SortPriority},
		"by cost":      {Sort: agent.SortCost, Oldest: true, Skip: 5000},
		"by time":      {Sort: agent.SortEnded},
		"none by cost": {Sort: agent.SortCost, States: []agent.State{agent.Running}},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.List(b.Context(), f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkClaim: a claim and what gives it back, with 100,000 jobs waiting in few or
// many repositories, none of which is ever the same twice in a row.
func BenchmarkClaim(b *testing.B) {
	const waiting = 100_000
	for _, repos := range []int{1, 100, 1000} {
		b.Run(fmt.Sprint("repositories=", repos), func(b *testing.B) {
			s := benchStore(b, "agent.db")
			queue(b, s, waiting, repos)
			for b.Loop() {
				l, err := s.Claim(b.Context(), agent.Claim{Worker: "w", TTL: time.Hour})
				if err != nil {
					b.Fatal(err)
				}
				s.mu.Lock()
				if err := s.releaseLocked(l); err != nil {
					b.Fatal(err)
				}
				s.mu.Unlock()
			}
		})
	}
}

// releaseLocked gives a lease back without waiting for the disk.
func (s *Store) releaseLocked(l agent.Lease) error {
	held := s.leases[l.Token]
	_, err := s.actLocked(held.rec, held, func(e *agent.Entry, now time.Time) error { return e.Release(l, now) })
	s.letGoLocked(held)
	return err
}

// queue lets so many jobs wait, without waiting for the disk.
func queue(b *testing.B, s *Store, n, repos int) {
	b.Helper()
	spec := benchSpec()
	if err := spec.Validate(); err != nil {
		b.Fatal(err)
	}
	s.mu.Lock()
	for range n {
		s.lastID++
		spec.Repo = fmt.Sprint("/home/ada/src/project-", int(s.lastID)%repos)
		r, a, err := newRecord(agent.NewEntry(s.lastID, spec, time.Now()))
		if err != nil {
			b.Fatal(err)
		}
		s.enqueueLocked(r, r.Entry, a)
	}
	last := s.last
	s.mu.Unlock()
	if err := last.wait(); err != nil {
		b.Fatal(err)
	}
	if err := s.apply(newest); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkOpen: as many jobs waiting, read back.
func BenchmarkOpen(b *testing.B) {
	s := benchStore(b, "agent.db")
	queue(b, s, 100_000, 100)
	for b.Loop() {
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		var err error
		opened, err := Open(Options{Path: s.path})
		if err != nil {
			b.Fatal(err)
		}
		s = opened
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}
