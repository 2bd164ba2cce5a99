package spool_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"codeagent.dev/agent/spool"
)

// TestRun starts as a daemon does: it finds what waits, what a crash swallowed, and then
// takes what comes when it is told that something did.
func TestRun(t *testing.T) {
	w := newWorld(t)
	dir := w.repo("r", everyHook)
	lost := w.commit(dir, "lost", "lost")
	w.drop()
	other := w.repo("other", everyHook)
	waits := w.commit(other, "a", "a")

	changed := make(chan struct{}, 1)
	watched := ""
	w.taker.Watch = func(_ context.Context, dir string) (<-chan struct{}, error) {
		watched = dir
		return changed, nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.taker.Run(ctx) }()
	w.until(func(jobs map[string]bool) bool {
		return jobs[title("c", "post-commit", lost)] && jobs[title("c", "post-commit", waits)]
	})
	next := w.commit(dir, "next", "next")
	changed <- struct{}{}
	w.until(func(jobs map[string]bool) bool { return jobs[title("c", "post-commit", next)] })
	close(changed) // the watch is over: it goes on by itself
	last := w.commit(dir, "last", "last")
	w.until(func(jobs map[string]bool) bool { return jobs[title("c", "post-commit", last)] })
	cancel()
	if err := <-ended; err != context.Canceled {
		t.Errorf("it ended with %v", err)
	}
	if watched != filepath.Join(w.state, "spool") || watched != spool.Dir(w.state) {
		t.Errorf("watched was %s", watched)
	}
	w.wantEmptySpool()
	if n := len(w.all()); n != 4 {
		t.Errorf("%d jobs of four commits: %q", n, w.all())
	}
}

// until waits for jobs that another goroutine makes.
func (w *world) until(holds func(map[string]bool) bool) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 30*time.Second)
	defer cancel()
	look := func() bool {
		jobs := map[string]bool{}
		for _, j := range w.all() {
			jobs[j] = true
		}
		return holds(jobs)
	}
	for ; !look(); time.Sleep(5 * time.Millisecond) {
		if ctx.Err() != nil {
			w.t.Fatalf("the jobs are %q", w.all())
		}
	}
}
