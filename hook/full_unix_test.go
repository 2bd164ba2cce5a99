//go:build unix

package hook_test

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent/hook"
)

// TestNoRoomForTheHook: it cannot be written any more, and what was there is back.
func TestNoRoomForTheHook(t *testing.T) {
	if repo := os.Getenv("HOOK_TEST_REPO"); repo != "" {
		installWithoutRoom(t, repo, os.Getenv("HOOK_TEST_STATE"))
		return
	}
	w := newWorld(t, "r")
	hooks := filepath.Join(w.repo, ".git", "hooks")
	w.write(filepath.Join(hooks, "post-commit"), other, 0o755)
	before := w.tree(hooks)
	cmd := exec.Command(os.Args[0], "-test.run=^TestNoRoomForTheHook$", "-test.v")
	cmd.Env = append(w.env, "HOOK_TEST_REPO="+w.repo, "HOOK_TEST_STATE="+w.state)
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS") {
		t.Fatalf("%v\n%s", err, out)
	}
	if diff := cmp.Diff(before, w.tree(hooks)); diff != "" {
		t.Errorf("it is not what it was (-want +got):\n%s", diff)
	}
}

// installWithoutRoom installs in a process whose files stay shorter than a hook.
func installWithoutRoom(t *testing.T, repo, state string) {
	signal.Ignore(syscall.SIGXFSZ)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 700, Max: 700}); err != nil {
		t.Fatal(err)
	}
	p, err := hook.Find(t.Context(), repo)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Install(t.Context(), hook.Options{State: state, Program: "/no/agent"}, false)
	if !errors.Is(err, syscall.EFBIG) {
		t.Errorf("install: %v", err)
	}
}
