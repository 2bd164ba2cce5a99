//go:build unix

package client_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
	"codeagent.dev/agent/client"
)

func TestHungDaemon(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	_, p := h.open(t, "v1.0.0")
	process, err := os.FindProcess(p.PID)
	if err == nil {
		err = process.Signal(syscall.SIGSTOP)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer process.Kill()
	awaitStopped(t, p.PID)
	_, err = client.Open(t.Context(), h.options("v1.0.0"))
	if agent.CodeOf(err) != agent.Unavailable || agent.HintOf(err) != "agent daemon restart" {
		t.Errorf("error %v, hint %q", err, agent.HintOf(err))
	}
	if n := h.starts.Load(); n != 1 {
		t.Errorf("%d daemons were started beside one that hangs", n)
	}
}

// awaitStopped returns once no thread of a process can answer any more: the signal
// reaches one after the other.
func awaitStopped(t *testing.T, pid int) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		out, err := exec.Command("ps", "-L", "-o", "state=", "-p", strconv.Itoa(pid)).Output()
		if err != nil { // not Linux: the process as a whole
			out, err = exec.Command("ps", "-o", "state=", "-p", strconv.Itoa(pid)).Output()
		}
		if states := strings.Fields(string(out)); err == nil && !slices.ContainsFunc(states, func(s string) bool { return !strings.HasPrefix(s, "T") }) {
			return
		}
	}
	t.Fatal("the process does not stop")
}

const nobody = 65534

// asNobody lets cmd, which is a part of this binary, run as a user without rights. The
// binary is copied to where that user can reach it.
func asNobody(t *testing.T, cmd *exec.Cmd) *exec.Cmd {
	t.Helper()
	dir := socketDir(t)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	from, err := os.Open(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	to, err := os.OpenFile(filepath.Join(dir, "part"), os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	if _, err := io.Copy(to, from); err != nil {
		t.Fatal(err)
	}
	cmd.Path, cmd.Dir = to.Name(), "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	return cmd
}

func TestReadOnlyStateDirectory(t *testing.T) {
	dir := socketDir(t)
	state := filepath.Join(dir, "state")
	cmd := part("daemon " + state)
	if err := os.Mkdir(state, 0o500); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 { // whom no mode keeps from writing
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(state, nobody, nobody); err != nil {
			t.Fatal(err)
		}
		asNobody(t, cmd)
	}
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), state) || !strings.Contains(string(out), "permission denied") || !strings.Contains(string(out), "hint: check the owner") {
		t.Errorf("%v: %s", err, out)
	}
}

// Neither end talks to another user, whatever the modes of the files allow.
func TestForeignUserIsRefused(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("becoming another user needs root")
	}
	refused := make(chan error, 2)
	dir := socketDir(t)
	socket := filepath.Join(dir, "s")
	l, err := api.Listen(socket, func(err error) { refused <- err })
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if conn, err := l.Accept(); err == nil {
			t.Error("the connection was accepted")
			conn.Close()
		}
	}()
	defer func() { l.Close(); <-done }()
	for path, mode := range map[string]os.FileMode{dir: 0o755, socket: 0o666} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := asNobody(t, part("raw "+socket)).Output(); err != nil || string(out) != `""` {
		t.Errorf("another user got %s, %v", out, err)
	}
	if err := <-refused; !strings.Contains(err.Error(), "belongs to user 65534") {
		t.Errorf("refused with %v", err)
	}
	if out, err := asNobody(t, part("open "+socket)).Output(); err == nil || !strings.Contains(string(out), "belongs to user 0") {
		t.Errorf("another user's client says %s, %v", out, err)
	}
}
