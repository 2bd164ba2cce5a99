//go:build unix

package spool_test

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"codeagent.dev/agent/store/bolt"
)

const (
	killState = "SPOOL_TEST_STATE"
	killStep  = "SPOOL_TEST_STEP"
)

// TestKilledBetweenAnyTwoSteps ends a process that takes notes with SIGKILL at its first
// step, at its second, and so on, with new commits before each time. At the end every
// commit is exactly one job, and no note is left.
func TestKilledBetweenAnyTwoSteps(t *testing.T) {
	if state := os.Getenv(killState); state != "" {
		takeUntilKilled(t, state)
		return
	}
	w := newWorld(t)
	if err := w.queue.Close(); err != nil {
		t.Fatal(err)
	}
	dir := w.repo("r", "hooks:\n  post-commit: [{run: a}, {run: b}]\n")
	other := w.repo("other", "hooks:\n  post-commit: [{run: c}]\n")
	var want []string
	commit := func(n int) {
		for i := range 2 {
			c := w.commit(dir, "f", fmt.Sprintf("%d %d", n, i))
			want = append(want, title("a", "post-commit", c), title("b", "post-commit", c))
		}
		want = append(want, title("c", "post-commit", w.commit(other, "f", strconv.Itoa(n))))
	}
	kills := 0
	run := func(step int) (killed bool) {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilledBetweenAnyTwoSteps$")
		cmd.Env = append(os.Environ(), killState+"="+w.state, killStep+"="+strconv.Itoa(step))
		out, err := cmd.CombinedOutput()
		if err == nil {
			return false // it came to its end before the step
		}
		if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
			t.Fatalf("at step %d: %v\n%s", step, err, out)
		}
		kills++
		return true
	}
	for step := 1; ; step++ {
		commit(step)
		if !run(step) {
			break
		}
		if step%3 == 0 {
			run(step) // what goes on from there is killed, too
		}
		run(0) // and comes to its end
	}
	if kills < 12 {
		t.Errorf("killed only %d times", kills)
	}
	w.open()
	w.taker.Pass(t.Context(), true)
	w.wantEmptySpool()
	got := w.all()
	slices.Sort(got)
	slices.Sort(want)
	w.want(got, want...)
	t.Logf("%d commits, %d jobs, %d kills", len(want)*3/5, len(got), kills)
}

// takeUntilKilled is the process: a daemon's start, its taking, and its end.
func takeUntilKilled(t *testing.T, state string) {
	left, err := strconv.Atoi(os.Getenv(killStep))
	if err != nil {
		t.Fatal(err)
	}
	queue, err := bolt.Open(bolt.Options{Path: state + "/agent.db"})
	if err != nil {
		t.Fatal(err)
	}
	defer queue.Close()
	taker := newTaker(t, state, queue, func() error { return nil })
	taker.OnStep(func(string) {
		if left--; left == 0 {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
	})
	taker.Pass(t.Context(), true)
}
