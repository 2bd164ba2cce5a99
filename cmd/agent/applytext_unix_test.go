//go:build unix

package main_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestApplyTextCutOff sends signals to `agent apply -f` at random moments. After each, and
// the next call, every file is as it was or every file is as it should be, and nothing
// lies about.
func TestApplyTextCutOff(t *testing.T) {
	const files = 40
	w := newWorld(t)
	for i := range files {
		w.write(fmt.Sprintf("d%d/f", i), "0\n")
	}
	w.commit("first")
	now := 0
	cut := map[string]int{}
	start := time.Now()
	w.must(w.command(w.bin, "apply", "-q", "-f", w.patchTo(files, now, now+1)).Run())
	usual := time.Since(start)
	now++
	for n := range 24 {
		cmd := w.command(w.bin, "apply", "-q", "-f", w.patchTo(files, now, now+1))
		w.must(cmd.Start())
		time.Sleep(time.Duration(rand.Int64N(int64(usual * 3 / 2))))
		signal := []syscall.Signal{syscall.SIGKILL, syscall.SIGINT}[n%2]
		cmd.Process.Signal(signal) // it may have ended
		err := cmd.Wait()
		if signal == syscall.SIGINT && err != nil && w.mixed(files) {
			t.Fatalf("after %s at once: %v", signal, w.contents(files))
		}
		// The next call puts right what was cut off; it applies nothing itself.
		if got := w.run("no patch", "apply", "-f", "-"); got.status != 4 {
			t.Fatalf("the next call: %+v", got)
		}
		if left := w.git("status", "--porcelain", "--untracked-files=all"); strings.Contains(left, "??") {
			t.Fatalf("after %s there lies %s", signal, left)
		}
		if w.mixed(files) {
			t.Fatalf("after %s: %v", signal, w.contents(files))
		}
		switch got := w.contents(files)[0]; {
		case got == fmt.Sprintf("%d\n", now+1):
			now++
			cut["complete"]++
		case err == nil:
			t.Fatalf("it said that it applied %d, and there is %s", now+1, got)
		default:
			cut[signal.String()]++
		}
	}
	t.Logf("an apply takes %s; ended: %v", usual, cut)
	if left, _ := filepath.Glob(filepath.Join(w.state(), "applies", "*")); len(left) != 1 || !strings.HasSuffix(left[0], ".lock") {
		t.Errorf("journals are left: %v", left)
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// patchTo makes a patch that changes the number in every file.
func (w *world) patchTo(files, from, to int) string {
	w.t.Helper()
	var b strings.Builder
	for i := range files {
		fmt.Fprintf(&b, "--- a/d%[1]d/f\n+++ b/d%[1]d/f\n@@ -1 +1 @@\n-%[2]d\n+%[3]d\n", i, from, to)
	}
	name := filepath.Join(w.home, "numbers.patch")
	w.must(os.WriteFile(name, []byte(b.String()), 0o644))
	return name
}

func (w *world) contents(files int) (all []string) {
	w.t.Helper()
	for i := range files {
		data, err := os.ReadFile(filepath.Join(w.repo, fmt.Sprintf("d%d/f", i)))
		w.must(err)
		all = append(all, string(data))
	}
	return all
}

// mixed reports whether the files hold different numbers.
func (w *world) mixed(files int) bool {
	all := w.contents(files)
	for _, text := range all {
		if text != all[0] {
			return true
		}
	}
	return false
}
