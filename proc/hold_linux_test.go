package proc_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// While the command runs, the lock on Cmd.Hold outlives our own handle on it, the
// command does not see it, and with the command's end it is free.
func TestHoldKeepsALock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	held, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Flock(int(held.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	free := func() bool {
		other, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		return unix.Flock(int(other.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil
	}
	c := shell(t, "echo up; ls -l /proc/$$/fd; until test -e go; do :; done")
	c.Hold = held
	var said []byte
	c.Sink = func(b []byte) {
		if said == nil {
			held.Close()
			if free() {
				t.Error("the lock is free while the command runs")
			}
			if err := os.WriteFile(filepath.Join(c.Dir, "go"), nil, 0o600); err != nil {
				t.Error(err)
			}
		}
		said = append(said, b...)
	}
	if res := run(t, c); !res.OK() {
		t.Errorf("%+v", res)
	}
	if !free() {
		t.Error("the lock is held after the command's end")
	}
	if bytes.Contains(said, []byte(path)) {
		t.Errorf("the command sees the lock:\n%s", said)
	}
}
