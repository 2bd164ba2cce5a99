package api_test

import (
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
)

func dir(t *testing.T) string {
	d, err := os.MkdirTemp("", "agent")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(d) })
	return d
}

func TestListenMakesAPrivateSocket(t *testing.T) {
	path := filepath.Join(dir(t), "run", "s")
	l, err := api.Listen(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" {
		for p, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
			if info, err := os.Stat(p); err != nil || info.Mode().Perm() != want {
				t.Errorf("%s has mode %v, want %v (%v)", p, info.Mode().Perm(), want, err)
			}
		}
	}
	accepted := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			conn.Close()
		}
		accepted <- err
	}()
	conn, err := api.Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if err := <-accepted; err != nil {
		t.Errorf("our own connection was refused: %v", err)
	}
	if _, err := api.Listen(path, nil); agent.CodeOf(err) != agent.WrongState || agent.HintOf(err) == "" {
		t.Errorf("a second listener: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("the socket outlives its listener")
	}
}

func TestListenReplacesAStaleSocket(t *testing.T) {
	path := filepath.Join(dir(t), "s")
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	dead.Close()
	if _, err := os.Lstat(path); err != nil {
		t.Fatal(err)
	}
	l, err := api.Listen(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
}

func TestListenLeavesOtherFilesAlone(t *testing.T) {
	path := filepath.Join(dir(t), "s")
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if l, err := api.Listen(path, nil); err == nil {
		l.Close()
		t.Fatal("a file was replaced by a socket")
	}
	if b, _ := os.ReadFile(path); string(b) != "precious" {
		t.Errorf("the file is %q now", b)
	}
}

func TestSocketPathTooLong(t *testing.T) {
	path := filepath.Join(dir(t), strings.Repeat("x", 120), "s")
	_, listen := api.Listen(path, nil)
	_, dial := api.Dial(t.Context(), path)
	for _, err := range []error{listen, dial} {
		if agent.CodeOf(err) != agent.Invalid || !strings.Contains(err.Error(), "bytes long") || agent.HintOf(err) == "" {
			t.Errorf("error %v, hint %q", err, agent.HintOf(err))
		}
	}
}

func TestEnsureDirRefusesWhatOthersCanChange(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no permission bits on windows")
	}
	d := dir(t)
	open := filepath.Join(d, "open")
	if err := os.Mkdir(open, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := api.EnsureDir(open); err == nil || agent.HintOf(err) != "chmod 700 "+open {
		t.Errorf("a directory open to all: %v, hint %q", err, agent.HintOf(err))
	}
	if os.Geteuid() != 0 {
		if err := api.EnsureDir("/"); err == nil || !strings.Contains(err.Error(), "belongs to user 0") {
			t.Errorf("a directory of root's: %v", err)
		}
	}
	file := filepath.Join(d, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := api.EnsureDir(file); err == nil {
		t.Error("a file is taken for a directory")
	}
}

func TestLock(t *testing.T) {
	path := filepath.Join(dir(t), "lock")
	held, err := api.TryLock(path)
	if err != nil || held == nil {
		t.Fatalf("TryLock = %v, %v", held, err)
	}
	if second, err := api.TryLock(path); err != nil || second != nil {
		t.Fatalf("a second holder: %v, %v", second, err)
	}
	if err := held.Unlock(); err != nil {
		t.Fatal(err)
	}
	again, err := api.TryLock(path)
	if err != nil || again == nil {
		t.Fatalf("after Unlock: %v, %v", again, err)
	}
	again.Unlock()
}
