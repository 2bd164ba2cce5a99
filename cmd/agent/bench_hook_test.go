package main_test

import (
	"os"
	"path/filepath"
	"testing"
)

// BenchmarkHook compares a commit with our hook to one with an empty hook, and to one
// without a hook, turn and turn about in one run: the medians are told, so take some
// hundred: -benchtime 200x. down is without a daemon, up with one that takes the notes.
func BenchmarkHook(b *testing.B) {
	w := newWorld(b, "AGENT_WORKERS=1")
	w.commit0()
	ours, empty, none := w.clone("ours"), w.clone("empty"), w.clone("none")
	if err := os.WriteFile(filepath.Join(empty, ".git", "hooks", "post-commit"), []byte("#!/bin/sh\n:\n"), 0o755); err != nil {
		b.Fatal(err)
	}
	w.ok("-C", ours, "hook", "install")
	for _, daemon := range []string{"down", "up"} {
		if daemon == "up" {
			w.ok("daemon", "start")
		}
		b.Run(daemon, func(b *testing.B) {
			var toEmpty, toNone, ms []float64
			for b.Loop() {
				commit := func(dir string) timed {
					return w.time([]string{"git", "-C", dir, "commit", "-q", "--allow-empty", "-m", "x"})
				}
				o, e, n := commit(ours), commit(empty), commit(none)
				toEmpty = append(toEmpty, float64(o.wall)/float64(e.wall))
				toNone = append(toNone, float64(o.wall)/float64(n.wall))
				ms = append(ms, o.wall.Seconds()*1000)
			}
			b.ReportMetric(median(toEmpty), "x-empty-hook")
			b.ReportMetric(median(toNone), "x-no-hook")
			b.ReportMetric(median(ms), "ms")
		})
	}
}

// commit0 makes the first commit.
func (w *world) commit0() {
	w.t.Helper()
	w.git("commit", "-q", "--allow-empty", "-m", "first")
}

// clone makes another repository of the world's.
func (w *world) clone(name string) string {
	w.t.Helper()
	dir := filepath.Join(w.home, name)
	w.git("clone", "-q", ".", dir)
	w.git("-C", dir, "config", "user.name", "Ada")
	w.git("-C", dir, "config", "user.email", "ada@example.org")
	w.git("-C", dir, "config", "gc.auto", "0")
	return dir
}
