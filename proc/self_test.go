//go:build unix

package proc_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// start runs this program again, from a copy, and returns what it says.
func start(t *testing.T, how string) string {
	t.Helper()
	self, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "copy")
	if err := os.WriteFile(file, self, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(file)
	cmd.Env = append(os.Environ(), "PROC_TEST_HOW="+how, "PROC_TEST_RUN=echo ran; exit 3")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

func TestGuardWasNotCalled(t *testing.T) {
	want := "  proc.Guard was not called at the start of this program\n"
	if got := start(t, withoutGuard); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestUpgrade: the program's file is removed while it runs, as an upgrade does.
func TestUpgrade(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux can start a program whose file is gone")
	}
	want := "ran\n exit status 3 <nil>\n"
	if got := start(t, afterRemoval); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
