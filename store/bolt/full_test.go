//go:build linux || darwin

package bolt_test

import (
	"fmt"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent"
)

// limitFiles lets this process write no file beyond size, until the test ends or the
// returned function is called.
func limitFiles(t *testing.T, size uint64) (lift func()) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ) // the write fails instead
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	limit := old
	limit.Cur = size
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	lift = sync.OnceFunc(func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
			t.Error(err)
		}
		signal.Reset(syscall.SIGXFSZ)
	})
	t.Cleanup(lift)
	return lift
}

// When the disk takes no more, acts fail and change nothing, what was acknowledged
// stays, leases live on, and when there is space again the store goes on by itself.
func TestDiskFull(t *testing.T) {
	// The database cannot grow, and then neither can the journal be emptied; or the
	// journal itself cannot grow.
	for _, size := range []uint64{24 << 20, 3 << 20} {
		t.Run(fmt.Sprint(size>>20, " MiB"), func(t *testing.T) { testDiskFull(t, size) })
	}
}

func testDiskFull(t *testing.T, size uint64) {
	path := filepath.Join(t.TempDir(), "agent.db")
	s := openAt(t, path)
	ctx := t.Context()
	must[agent.Job](t)(s.Submit(ctx, spec("held")))
	l := must[agent.Lease](t)(s.Claim(ctx, agent.Claim{Worker: "w", TTL: time.Hour}))
	must[agent.Job](t)(s.Submit(ctx, spec("waits")))

	lift := limitFiles(t, size)
	large := strings.Repeat("x", 1<<20)
	var mu sync.Mutex
	kept := map[agent.ID]bool{1: true, 2: true}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for failures := 0; failures < 3; {
				keyed := spec(large)
				j, err := s.Submit(ctx, keyed)
				if err == nil {
					mu.Lock()
					kept[j.ID] = true
					mu.Unlock()
					continue
				}
				failures++
				if agent.CodeOf(err) != agent.Unavailable || !strings.Contains(agent.HintOf(err), "df -h") {
					t.Errorf("error %v has code %q and hint %q", err, agent.CodeOf(err), agent.HintOf(err))
				}
			}
		})
	}
	wg.Wait()
	if err := s.Finish(ctx, l, agent.Outcome{Verdict: agent.ChecksFailed, Commit: commit, Reason: "r", Checks: []agent.CheckResult{{Name: "c", Outcome: agent.CheckBroke, Tail: large + large + large + large + large + large + large + large}}}); agent.CodeOf(err) != agent.Unavailable {
		t.Errorf("finish on a full disk: %v", err)
	}
	full := snap(t, s)
	if len(full.Jobs) != len(kept) || full.Status.Held != 1 || full.Status.Waiting != len(kept)-1 {
		t.Errorf("%d jobs acknowledged; %d are there, status %+v", len(kept), len(full.Jobs), full.Status)
	}
	// A record that nobody waited for, and that got lost, is not passed over in silence.
	var lost error
	for range 40 {
		if lost = s.Record(ctx, l, agent.EventOutput, large); lost != nil {
			break
		}
	}
	if agent.CodeOf(lost) != agent.Unavailable {
		t.Errorf("records on a full disk: %v", lost)
	}

	lift()
	second := must[agent.Lease](t)(s.Claim(ctx, agent.Claim{Worker: "w", TTL: time.Hour}))
	if second.Job.ID != 2 {
		t.Errorf("claimed job %s, want 2", second.Job.ID)
	}
	var err error
	for range 2 { // the first act may still report a lost record
		if err = s.Finish(ctx, l, agent.Outcome{Verdict: agent.NoPatch}); err == nil {
			break
		}
	}
	if err != nil {
		t.Error(err)
	}
	j := must[agent.Job](t)(s.Submit(ctx, spec("after")))
	kept[j.ID] = true
	if err := s.Check(ctx); err != nil {
		t.Error(err)
	}
	want := snap(t, s)
	closeStore(t, s)

	s = openAt(t, path)
	defer closeStore(t, s)
	got := snap(t, s)
	if len(got.Jobs) != len(kept) || got.Status.Done != want.Status.Done || got.Status.Waiting != want.Status.Waiting+1 {
		t.Errorf("%d jobs acknowledged; %d are there, status %+v", len(kept), len(got.Jobs), got.Status)
	}
	for _, j := range got.Jobs {
		if !kept[j.ID] {
			t.Errorf("job %s was refused, and is there", j.ID)
		}
	}
}

// On a full disk a switch, an edit and a change of the rules change nothing, of either
// job and of those that follow, and once there is space again they can be done.
func TestDiskFullLeavesTheQueue(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "agent.db"))
	defer closeStore(t, s)
	ctx := t.Context()
	must[agent.Job](t)(s.Submit(ctx, at("one", nil)))
	must[agent.Job](t)(s.Submit(ctx, at("two", func(s *agent.Spec) { s.Priority = 3 })))
	must[agent.Job](t)(s.Submit(ctx, at("one", func(s *agent.Spec) { s.After = []agent.ID{1} })))
	edited := at("one", func(s *agent.Spec) { s.Variants = 3 })
	acts := []agent.Change{
		{Op: agent.OpSwitch, With: 2}, {Op: agent.OpEdit, Spec: &edited, Text: "edited"}, {Op: agent.OpHold}, {Op: agent.OpStart}, {Op: agent.OpCancel},
	}
	before, rules := snap(t, s), rulesOf(t, s)
	lift := limitFiles(t, 100)
	for _, c := range acts {
		if _, err := s.Change(ctx, 1, c); agent.CodeOf(err) != agent.Unavailable {
			t.Errorf("%s on a full disk: %v", c.Op, err)
		}
		if d := cmp.Diff(before, snap(t, s)); d != "" {
			t.Errorf("%s (-before +after):\n%s", c.Op, d)
		}
	}
	if _, err := s.Rule(ctx, agent.RuleChange{Op: agent.RulePause}); agent.CodeOf(err) != agent.Unavailable {
		t.Errorf("a pause on a full disk: %v", err)
	}
	if d := cmp.Diff(rules, rulesOf(t, s)); d != "" {
		t.Errorf("rules (-before +after):\n%s", d)
	}
	lift()
	if l := claim(t, s); l.Job.ID != 2 {
		t.Errorf("claimed job %s, want 2", l.Job.ID)
	} else if err := s.Release(ctx, l); err != nil {
		t.Error(err)
	}
	for _, c := range acts {
		change(t, s, 1, c)
	}
	if j := must[agent.Job](t)(s.Job(ctx, 3)); j.Verdict != agent.Failed {
		t.Errorf("job 3 is %s, %s: job 1 was canceled", j.State, j.Verdict)
	}
}
