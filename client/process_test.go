package client_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
	"codeagent.dev/agent/client"
	"codeagent.dev/agent/daemon"
	"codeagent.dev/agent/store/bolt"
)

// The test binary becomes another process when this variable names its part.
const partEnv = "AGENT_TEST_PART"

func TestMain(m *testing.M) {
	switch part, arg, _ := strings.Cut(os.Getenv(partEnv), " "); part {
	case "daemon":
		os.Exit(runDaemon(arg, os.Getenv("AGENT_TEST_VERSION")))
	case "hold":
		os.Exit(holdLock(arg))
	case "open":
		os.Exit(openSocket(arg))
	case "raw":
		os.Exit(askRaw(arg))
	}
	goleak.VerifyTestMain(m)
}

// runDaemon is a real daemon, without workers.
func runDaemon(state, version string) int {
	err := daemon.Run(context.Background(), daemon.Options{
		State: state, Socket: filepath.Join(state, "s"), Build: api.Build{Version: version},
		Open: func(context.Context) (daemon.Parts, error) {
			store, err := bolt.Open(bolt.Options{Path: filepath.Join(state, "agent.db")})
			return daemon.Parts{Store: store}, err
		},
		Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		fmt.Fprintf(os.Stderr, "agent: %v\nhint: %s\n", err, agent.HintOf(err))
		return 1
	}
	return 0
}

// holdLock takes a lock, says so, and keeps it until it is killed.
func holdLock(path string) int {
	lock, err := api.TryLock(path)
	if err != nil || lock == nil {
		return 1
	}
	fmt.Println("held")
	select {}
}

// openSocket opens a client and says what became of it.
func openSocket(socket string) int {
	c, err := client.Open(context.Background(), client.Options{Socket: socket})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	c.Close()
	return 0
}

// askRaw pings without our client and prints the answer.
func askRaw(socket string) int {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		fmt.Println("dial:", err)
		return 1
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: agent\r\n\r\n", api.PathPing)
	conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	b, _ := io.ReadAll(conn)
	fmt.Printf("%q", b)
	return 0
}

// part is this binary in another role.
func part(name string, env ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), partEnv+"="+name), env...)
	return cmd
}

// home is a state directory and the options of a client that can start a daemon in it.
type home struct {
	state  string
	starts atomic.Int32
}

func newHome(t *testing.T) *home {
	h := &home{state: filepath.Join(socketDir(t), "state")}
	t.Cleanup(func() { // whatever the test left running
		if c, err := client.Open(context.Background(), client.Options{Socket: h.socket()}); err == nil {
			c.Shutdown(context.Background(), false)
			c.Close()
		}
	})
	return h
}

func (h *home) socket() string { return filepath.Join(h.state, "s") }

// options are those of a CLI of that version.
func (h *home) options(version string) client.Options {
	return client.Options{
		Socket: h.socket(), Lock: filepath.Join(h.state, "start.lock"), Build: api.Build{Version: version},
		Start: func() (*exec.Cmd, error) {
			h.starts.Add(1)
			return part("daemon "+h.state, "AGENT_TEST_VERSION="+version, "GIT_DIR=/nowhere"), nil
		},
	}
}

func (h *home) open(t *testing.T, version string) (*client.Client, api.Ping) {
	t.Helper()
	c, err := client.Open(t.Context(), h.options(version))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	p, err := c.Ping(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c, p
}

func TestOpenStartsADaemon(t *testing.T) {
	h := newHome(t)
	c, p := h.open(t, "v1.0.0")
	if p.PID == os.Getpid() || p.Build.Version != "v1.0.0" || p.State != h.state {
		t.Errorf("ping %+v", p)
	}
	if runtime.GOOS == "linux" {
		if dir, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", p.PID)); err != nil || dir != "/" {
			t.Errorf("the daemon sits in %s, %v", dir, err)
		}
		env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.PID))
		if err != nil || strings.Contains(string(env), "GIT_DIR") || !strings.Contains(string(env), "PATH=") {
			t.Errorf("the daemon's environment: %q, %v", env, err)
		}
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID))
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		if err != nil || fields[3] != fmt.Sprint(p.PID) {
			t.Errorf("the daemon's session is %s, not its own (%v)", fields[3], err)
		}
	}
	if _, again := h.open(t, "v1.0.0"); again.PID != p.PID || h.starts.Load() != 1 {
		t.Errorf("a second client has process %d, not %d, after %d starts", again.PID, p.PID, h.starts.Load())
	}
	if err := c.Shutdown(t.Context(), true); err != nil {
		t.Error(err)
	}
	if _, err := client.Open(t.Context(), client.Options{Socket: h.socket()}); agent.CodeOf(err) != agent.Unavailable {
		t.Errorf("after the shutdown: %v", err)
	}
}

func TestManyClientsStartOneDaemon(t *testing.T) {
	h := newHome(t)
	var group sync.WaitGroup
	pids := make([]int, 16)
	for i := range pids {
		group.Go(func() {
			c, err := client.Open(t.Context(), h.options("v1.0.0"))
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			p, err := c.Ping(t.Context())
			if err != nil {
				t.Error(err)
			}
			pids[i] = p.PID
		})
	}
	group.Wait()
	for _, pid := range pids {
		if pid != pids[0] {
			t.Errorf("processes %v answer, want one", pids)
		}
	}
	if n := h.starts.Load(); n != 1 {
		t.Errorf("%d daemons were started", n)
	}
}

func kill(t *testing.T, pid int) {
	t.Helper()
	p, err := os.FindProcess(pid)
	if err == nil {
		err = p.Kill()
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestKilledDaemonIsStartedAgain(t *testing.T) {
	h := newHome(t)
	_, first := h.open(t, "v1.0.0")
	for range 3 {
		kill(t, first.PID)
		c, next := h.open(t, "v1.0.0") // perhaps while the first still dies
		for next.PID == first.PID {
			var err error
			if next, err = c.Ping(t.Context()); err != nil {
				_, next = h.open(t, "v1.0.0")
			}
		}
		if _, err := c.Status(t.Context()); err != nil && agent.CodeOf(err) != agent.Unavailable {
			t.Error(err)
		}
		first = next
	}
}

// A stream whose daemon dies brings the next one up and goes on where it was.
func TestStreamStartsAKilledDaemonAgain(t *testing.T) {
	h := newHome(t)
	c, p := h.open(t, "v1.0.0")
	job, err := c.Submit(t.Context(), spec())
	if err != nil {
		t.Fatal(err)
	}
	last := uint64(0)
	for ev, err := range c.Events(t.Context(), job.ID, 0) {
		if err != nil {
			t.Fatalf("after event %d: %v", last, err)
		}
		if ev.Seq != last+1 {
			t.Fatalf("event %d after %d", ev.Seq, last)
		}
		if last = ev.Seq; last > 1 {
			continue
		}
		kill(t, p.PID)
		go func() { // by a person who comes later
			other, err := client.Open(t.Context(), h.options("v1.0.0"))
			if err != nil {
				t.Error(err)
				return
			}
			defer other.Close()
			for {
				if _, err = other.Change(t.Context(), job.ID, agent.Change{Op: agent.OpCancel}); agent.CodeOf(err) != agent.Unavailable {
					break
				}
			}
			if err != nil {
				t.Error(err)
			}
		}()
	}
	done, err := c.Job(t.Context(), job.ID)
	if err != nil || done.State != agent.Done || done.Events != last {
		t.Errorf("the stream ended after event %d, the job is %s with %d (%v)", last, done.State, done.Events, err)
	}
	if next, err := c.Ping(t.Context()); err != nil || next.PID == p.PID {
		t.Errorf("process %d answers, %v", next.PID, err)
	}
}

func TestOlderIdleDaemonIsReplaced(t *testing.T) {
	h := newHome(t)
	_, old := h.open(t, "v1.0.0")
	_, next := h.open(t, "v1.1.0")
	if next.PID == old.PID || next.Build.Version != "v1.1.0" {
		t.Errorf("ping %+v after %+v", next, old)
	}
	var told []string
	opt := h.options("v1.0.0") // the old CLI does not put its own back
	opt.Notice = func(s string) { told = append(told, s) }
	c, err := client.Open(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if p, err := c.Ping(t.Context()); err != nil || p.PID != next.PID || len(told) != 1 {
		t.Errorf("ping %+v, %v, told %q", p, err, told)
	}
}

// holder is a process that holds the start lock.
func holder(t *testing.T, h *home) *exec.Cmd {
	t.Helper()
	if err := os.MkdirAll(h.state, 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := part("hold " + filepath.Join(h.state, "start.lock"))
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	if _, err := out.Read(make([]byte, 16)); err != nil {
		t.Fatalf("the lock is not held: %v", err)
	}
	return cmd
}

func TestDeadHolderOfTheStartLockHoldsNobodyUp(t *testing.T) {
	h := newHome(t)
	cmd := holder(t, h)
	timer := time.AfterFunc(300*time.Millisecond, func() { cmd.Process.Kill() })
	defer timer.Stop()
	began := time.Now()
	h.open(t, "v1.0.0")
	if took := time.Since(began); took < 300*time.Millisecond || took > 5*time.Second {
		t.Errorf("opened after %s; the holder lived 300 ms", took)
	}
}
