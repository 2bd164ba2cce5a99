package bolt_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent"
	"codeagent.dev/agent/store/bolt"
)

const (
	base   = "0123456789abcdef0123456789abcdef01234567"
	commit = "89abcdef0123456789abcdef0123456789abcdef"
)

func spec(text string) agent.Spec {
	return agent.Spec{Kind: agent.Command, Text: text, Repo: "/src/one", Base: base, Env: map[string]string{"PATH": "/bin"}}
}

func must[T any](t testing.TB) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func closeStore(t testing.TB, s *bolt.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// snapshot is all that people can see of a store.
type snapshot struct {
	Status agent.Status
	Jobs   []agent.Job
	Events map[agent.ID][]agent.Event
}

func snap(t testing.TB, s agent.Jobs) snapshot {
	t.Helper()
	all := snapshot{Status: must[agent.Status](t)(s.Status(t.Context())), Events: map[agent.ID][]agent.Event{}}
	for _, brief := range must[[]agent.Job](t)(s.List(t.Context(), agent.Filter{Limit: agent.MaxLimit})) {
		j := must[agent.Job](t)(s.Job(t.Context(), brief.ID))
		all.Jobs = append(all.Jobs, j)
		for e, err := range s.Events(t.Context(), j.ID, 0) {
			if err != nil {
				t.Fatal(err)
			}
			all.Events[j.ID] = append(all.Events[j.ID], e)
			if e.Seq == j.Events {
				break
			}
		}
	}
	return all
}

func TestReopenKeepsEverything(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "agent.db")
	s := openAt(t, path)
	ctx := t.Context()
	keyed := spec("a \xff b")
	keyed.Key, keyed.Variants = "k", 2
	must[agent.Job](t)(s.Submit(ctx, keyed))
	must[agent.Job](t)(s.Submit(ctx, spec("two")))
	must[agent.Job](t)(s.Submit(ctx, spec("three")))
	for range 2 {
		l := must[agent.Lease](t)(s.Claim(ctx, agent.Claim{Worker: "w", TTL: time.Hour}))
		err := errors.Join(
			s.Attempt(ctx, l, agent.Attempt{Try: 1, Verdict: agent.Conflict, Report: "hunk 1"}),
			s.Record(ctx, l, agent.EventOutput, "printed\n"),
			s.Finish(ctx, l, agent.Outcome{Verdict: agent.ChecksFailed, Commit: commit, Checks: []agent.CheckResult{{Name: "c", Outcome: agent.CheckBroke, Tail: "FAIL"}}}),
		)
		if err != nil {
			t.Fatal(err)
		}
	}
	must[agent.Job](t)(s.Change(ctx, 2, agent.Change{Op: agent.OpCancel}))
	must[agent.Job](t)(s.Change(ctx, 1, agent.Change{Op: agent.OpPick, Variant: 2}))
	want := snap(t, s)
	closeStore(t, s)

	for range 2 {
		s = openAt(t, path)
		if d := cmp.Diff(want, snap(t, s)); d != "" {
			t.Fatalf("after reopening (-want +got):\n%s", d)
		}
		if j := must[agent.Job](t)(s.Submit(ctx, keyed)); j.ID != 1 {
			t.Errorf("the key is forgotten: job %s", j.ID)
		}
		if err := s.Check(ctx); err != nil {
			t.Error(err)
		}
		closeStore(t, s)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("file has mode %v, %v", info.Mode(), err)
	}
}

func TestReopenNeverReusesNumbers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent.db")
	s := openAt(t, path)
	must[agent.Job](t)(s.Submit(t.Context(), spec("one")))
	must[agent.Job](t)(s.Change(t.Context(), 1, agent.Change{Op: agent.OpCancel}))
	must[agent.Job](t)(s.Change(t.Context(), 1, agent.Change{Op: agent.OpRemove}))
	closeStore(t, s)
	s = openAt(t, path)
	defer closeStore(t, s)
	if j := must[agent.Job](t)(s.Submit(t.Context(), spec("two"))); j.ID != 2 {
		t.Errorf("job %s, want 2", j.ID)
	}
}

// What ran when the process ended is queued again by Open, which tells of it and
// counts it; canceled work ends instead.
func TestReopenLapsesWhatRan(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent.db")
	s := openAt(t, path)
	ctx := t.Context()
	must[agent.Job](t)(s.Submit(ctx, spec("goes on")))
	must[agent.Job](t)(s.Submit(ctx, spec("canceled")))
	token := uint64(0)
	for n := 1; n <= agent.DefaultMaxClaims; n++ {
		l := must[agent.Lease](t)(s.Claim(ctx, agent.Claim{Worker: "w", TTL: time.Hour}))
		if l.Job.ID != 1 || l.Token <= token || l.Job.Variants[0].Claims != n {
			t.Fatalf("claim %d: job %s, token %d after %d, %d claims", n, l.Job.ID, l.Token, token, l.Job.Variants[0].Claims)
		}
		token = l.Token
		if n == 1 {
			must[agent.Lease](t)(s.Claim(ctx, agent.Claim{Worker: "w", TTL: time.Hour}))
			must[agent.Job](t)(s.Change(ctx, 2, agent.Change{Op: agent.OpCancel}))
		}
		closeStore(t, s)
		s = openAt(t, path)
		if err := s.Finish(ctx, l, agent.Outcome{Verdict: agent.NoPatch}); agent.CodeOf(err) != agent.Lost {
			t.Errorf("finish under a lease of an earlier process: %v", err)
		}
	}
	defer closeStore(t, s)
	j := must[agent.Job](t)(s.Job(ctx, 1))
	if j.Verdict != agent.Failed || j.Reason != "its worker was lost 3 times" {
		t.Errorf("job 1 is %s, %s, %q", j.State, j.Verdict, j.Reason)
	}
	if j := must[agent.Job](t)(s.Job(ctx, 2)); j.Verdict != agent.Canceled {
		t.Errorf("job 2 is %s, %s", j.State, j.Verdict)
	}
	lapsed := 0
	for _, e := range snap(t, s).Events[1] {
		if e.Type == agent.EventLapsed {
			lapsed++
		}
	}
	if lapsed != agent.DefaultMaxClaims {
		t.Errorf("%d lapses are told", lapsed)
	}
}

func TestCloseEndsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openAt(t, filepath.Join(t.TempDir(), "agent.db"))
		ctx := t.Context()
		must[agent.Job](t)(s.Submit(ctx, spec("x")))
		must[agent.Lease](t)(s.Claim(ctx, agent.Claim{Worker: "w", TTL: time.Hour}))
		errs := make(chan error, 3)
		go func() {
			_, err := s.Claim(ctx, agent.Claim{Worker: "w", TTL: time.Hour})
			errs <- err
		}()
		go func() {
			var last error
			for _, err := range s.Events(ctx, 1, 0) {
				last = err
			}
			errs <- last
		}()
		go func() {
			var last error
			for _, err := range s.Watch(ctx) {
				last = err
			}
			errs <- last
		}()
		synctest.Wait()
		closeStore(t, s)
		for range 3 {
			if err := <-errs; agent.CodeOf(err) != agent.Unavailable {
				t.Errorf("error %v has code %q, want unavailable", err, agent.CodeOf(err))
			}
		}
		for name, act := range map[string]func() error{
			"Submit": func() error { _, err := s.Submit(ctx, spec("x")); return err },
			"Job":    func() error { _, err := s.Job(ctx, 1); return err },
			"List":   func() error { _, err := s.List(ctx, agent.Filter{}); return err },
			"Close":  s.Close,
		} {
			if err := act(); agent.CodeOf(err) != agent.Unavailable && (name != "Close" || err != nil) {
				t.Errorf("%s after Close: %v", name, err)
			}
		}
	})
}

// A long history is read in pieces, and a follower that stands still neither holds
// the store up nor misses anything.
func TestSlowFollower(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "agent.db"))
	defer closeStore(t, s)
	ctx := t.Context()
	must[agent.Job](t)(s.Submit(ctx, spec("x")))
	l := must[agent.Lease](t)(s.Claim(ctx, agent.Claim{Worker: "w", TTL: time.Hour}))
	var got []uint64
	record := func(n int) {
		for range n {
			if err := s.Record(ctx, l, agent.EventOutput, strings.Repeat("x", 400)); err != nil {
				t.Fatal(err)
			}
		}
	}
	record(1000)
	for e, err := range s.Events(ctx, 1, 0) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e.Seq)
		if len(got) == 700 { // the tail, once begun, is outrun
			record(9000)
			if err := s.Finish(ctx, l, agent.Outcome{Verdict: agent.NoPatch}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(got) != 10_004 || !slices.IsSorted(got) || got[len(got)-1] != 10_004 {
		t.Errorf("%d events, the last with Seq %d", len(got), got[len(got)-1])
	}
}

func TestBackup(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, filepath.Join(dir, "agent.db"))
	defer closeStore(t, s)
	must[agent.Job](t)(s.Submit(t.Context(), spec("x")))
	f := must[*os.File](t)(os.Create(filepath.Join(dir, "copy.db")))
	if err := errors.Join(s.Backup(t.Context(), f), f.Close()); err != nil {
		t.Fatal(err)
	}
	copied := openAt(t, f.Name())
	defer closeStore(t, copied)
	if d := cmp.Diff(snap(t, s), snap(t, copied)); d != "" {
		t.Errorf("copy (-store +copy):\n%s", d)
	}
}
