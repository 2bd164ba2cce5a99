package daemon_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
	"codeagent.dev/agent/daemon"
	"codeagent.dev/agent/store/mem"
)

func TestSignalDrains(t *testing.T) {
	r, w := withClaimer(t)
	c := r.client(t)
	job, err := c.Submit(t.Context(), spec())
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the variant is claimed", func() bool { n, _ := w.Busy(); return n == 1 })
	r.signals <- syscall.SIGTERM
	if err := r.ended(t); err != nil {
		t.Fatal(err)
	}
	got, err := w.store.Job(t.Context(), job.ID)
	if err != nil {
		t.Fatal(err)
	}
	if v := got.Variants[0]; v.State != agent.Queued || v.Claims != 0 {
		t.Errorf("the variant is %s with %d claims, want it given back unused", v.State, v.Claims)
	}
	for _, left := range []string{r.opt.Socket, filepath.Join(r.opt.State, "daemon.json")} {
		if _, err := os.Lstat(left); err == nil {
			t.Errorf("%s is left behind", left)
		}
	}
	if _, err := c.List(t.Context(), agent.Filter{}); agent.CodeOf(err) != agent.Unavailable {
		t.Errorf("a call after the end: %v", err)
	}
}

func TestSecondSignalCutsOff(t *testing.T) {
	exit := make(chan int, 1)
	r, w := withClaimer(t, func(o *daemon.Options) { o.Exit = func(code int) { exit <- code } })
	w.stuck = make(chan struct{})
	if _, err := w.store.Submit(t.Context(), spec()); err != nil {
		t.Fatal(err)
	}
	until(t, "the variant is claimed", func() bool { n, _ := w.Busy(); return n == 1 })
	r.signals <- os.Interrupt
	select {
	case <-exit:
		t.Fatal("cut off by the first signal")
	case err := <-r.done:
		t.Fatalf("ended while a worker runs: %v", err)
	case r.signals <- os.Interrupt:
	}
	if code := <-exit; code != 130 {
		t.Errorf("exit status %d", code)
	}
	close(w.stuck)
	if err := r.ended(t); err != nil {
		t.Error(err)
	}
}

// A caller's context that ends by the first signal does not make it the second.
func TestContextEndedByTheFirstSignal(t *testing.T) {
	store := mem.New(mem.Options{})
	defer store.Close()
	w := &claimer{store: store, stuck: make(chan struct{})}
	exit := make(chan int, 1)
	r := prepare(t, daemon.Parts{Store: kept{store}, Workers: []daemon.Worker{w}}, func(o *daemon.Options) { o.Exit = func(code int) { exit <- code } })
	if _, err := store.Submit(t.Context(), spec()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { r.done <- daemon.Run(ctx, r.opt) }()
	until(t, "the variant is claimed", func() bool { n, _ := w.Busy(); return n == 1 })
	cancel()
	until(t, "the daemon stops", func() bool { _, err := os.Lstat(r.opt.Socket); return err != nil })
	r.signals <- os.Interrupt
	until(t, "the signal is heard", func() bool { return len(r.signals) == 0 })
	r.signals <- os.Interrupt
	until(t, "the second signal is heard too", func() bool { return len(r.signals) == 0 })
	if code := <-exit; code != 130 || len(exit) != 0 {
		t.Errorf("exit status %d", code)
	}
	close(w.stuck)
	if err := r.ended(t); err != nil {
		t.Error(err)
	}
}

func TestShutdown(t *testing.T) {
	r, w := withClaimer(t)
	c := r.client(t)
	if _, err := c.Submit(t.Context(), spec()); err != nil {
		t.Fatal(err)
	}
	until(t, "the variant is claimed", func() bool { n, _ := w.Busy(); return n == 1 })
	if p, err := c.Ping(t.Context()); err != nil || !p.Busy || p.PID != os.Getpid() || p.State != r.opt.State || p.Build.Version != "v1.0.0" {
		t.Errorf("ping %+v, %v", p, err)
	}
	if err := c.Shutdown(t.Context(), true); agent.CodeOf(err) != agent.WrongState {
		t.Fatalf("a busy daemon stopped: %v", err)
	}
	if err := c.Shutdown(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	// Shutdown returns when everything is let go of, so a successor need not wait.
	lock, err := api.TryLock(filepath.Join(r.opt.State, "daemon.lock"))
	if err != nil || lock == nil {
		t.Fatalf("the lock is still held (%v)", err)
	}
	lock.Unlock()
	if err := r.ended(t); err != nil {
		t.Error(err)
	}
}

// A connection that asks nothing does not hold up the end.
func TestStopDoesNotWaitForSilentPeers(t *testing.T) {
	r := start(t, daemon.Parts{})
	conn, err := net.Dial("unix", r.opt.Socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	began := time.Now()
	r.signals <- os.Interrupt
	if err := r.ended(t); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("stopping took %s", took)
	}
}

func TestFollowersAreToldOfTheStop(t *testing.T) {
	r, w := withClaimer(t)
	if _, err := w.store.Submit(t.Context(), spec()); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("unix", r.opt.Socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "GET /v1/jobs/1/events HTTP/1.1\r\nHost: agent\r\n\r\n")
	lines := bufio.NewReader(conn)
	for s := ""; !strings.Contains(s, `"type":"claimed"`); {
		if s, err = lines.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	r.signals <- os.Interrupt
	if err := r.ended(t); err != nil {
		t.Error(err)
	}
	rest, err := io.ReadAll(lines)
	if err != nil || !strings.Contains(string(rest), `"error":{"code":"unavailable","message":"the daemon is stopping"`) {
		t.Errorf("the follower heard %v:\n%s", err, rest)
	}
}

func TestTwoDaemons(t *testing.T) {
	first := start(t, daemon.Parts{})
	opt := first.opt
	opt.Open = func(context.Context) (daemon.Parts, error) {
		t.Error("the second daemon opened the store")
		return daemon.Parts{}, errors.New("no")
	}
	err := daemon.Run(t.Context(), opt)
	if agent.CodeOf(err) != agent.WrongState || agent.HintOf(err) != "agent daemon stop" || !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) {
		t.Errorf("error %v, hint %q", err, agent.HintOf(err))
	}
	if _, err := first.client(t).Status(t.Context()); err != nil {
		t.Errorf("the first daemon suffered: %v", err)
	}
}

func TestStartWaitsForAStoppingPredecessor(t *testing.T) {
	r := prepare(t, daemon.Parts{})
	if err := os.MkdirAll(r.opt.State, 0o700); err != nil {
		t.Fatal(err)
	}
	lock, err := api.TryLock(filepath.Join(r.opt.State, "daemon.lock"))
	if err != nil || lock == nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(200*time.Millisecond, func() { lock.Unlock() })
	defer timer.Stop()
	r.run(t)
}

func TestTakenPort(t *testing.T) {
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	r := prepare(t, daemon.Parts{}, func(o *daemon.Options) { o.Listen = other.Addr().String() })
	err = daemon.Run(t.Context(), r.opt)
	if agent.CodeOf(err) != agent.Unavailable || !strings.Contains(err.Error(), other.Addr().String()) || !strings.Contains(agent.HintOf(err), "agent config set listen") {
		t.Errorf("error %v, hint %q", err, agent.HintOf(err))
	}
	r.opt.Listen = "off"
	r.run(t) // what the failed start took was let go of
}

func TestListenOnlyOnLoopback(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":7717", "192.0.2.1:7717", "example.org:7717", "7717", "[::]:0"} {
		r := prepare(t, daemon.Parts{}, func(o *daemon.Options) { o.Listen = address })
		if err := daemon.Run(t.Context(), r.opt); agent.CodeOf(err) != agent.Invalid || agent.HintOf(err) == "" {
			t.Errorf("%s: error %v, hint %q", address, err, agent.HintOf(err))
		}
	}
}

func TestOpenFails(t *testing.T) {
	boom := errors.New("the database is newer")
	r := prepare(t, daemon.Parts{}, func(o *daemon.Options) {
		o.Open = func(context.Context) (daemon.Parts, error) {
			var none *mem.Store // what a failed constructor returns beside its error
			return daemon.Parts{Store: none}, boom
		}
	})
	if err := daemon.Run(t.Context(), r.opt); !errors.Is(err, boom) {
		t.Errorf("error %v", err)
	}
	lock, err := api.TryLock(filepath.Join(r.opt.State, "daemon.lock"))
	if err != nil || lock == nil {
		t.Fatalf("the lock is still held (%v)", err)
	}
	lock.Unlock()
}

type failing struct{}

func (failing) Run(context.Context) error { return errors.New("the repository is gone") }
func (failing) Busy() (int, int)          { return 0, 1 }

func TestWorkerThatFailsEndsTheDaemon(t *testing.T) {
	r := prepare(t, daemon.Parts{Workers: []daemon.Worker{failing{}}})
	if err := daemon.Run(t.Context(), r.opt); err == nil || !strings.Contains(err.Error(), "the repository is gone") {
		t.Errorf("error %v", err)
	}
}

func TestStateDirectoryThatIsNone(t *testing.T) {
	r := prepare(t, daemon.Parts{})
	if err := os.WriteFile(r.opt.State, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := daemon.Run(t.Context(), r.opt); err == nil || !strings.Contains(err.Error(), r.opt.State) {
		t.Errorf("error %v", err)
	}
}
