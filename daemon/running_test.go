package daemon_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
	"codeagent.dev/agent/client"
	"codeagent.dev/agent/daemon"
	"codeagent.dev/agent/store/mem"
)

func TestMain(m *testing.M) {
	// lumberjack has no way to end the goroutine that removes old files.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("gopkg.in/natefinch/lumberjack%2ev2.(*Logger).millRun"))
}

// kept is a store that can still be looked at after the daemon closed it.
type kept struct{ *mem.Store }

func (kept) Close() error { return nil }

// running is a daemon under test.
type running struct {
	opt     daemon.Options
	store   *mem.Store
	signals chan os.Signal
	done    chan error
}

// prepare sets a daemon up without starting it. Edits change its options.
func prepare(t *testing.T, parts daemon.Parts, edits ...func(*daemon.Options)) *running {
	t.Helper()
	dir, err := os.MkdirTemp("", "agent")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	r := &running{store: mem.New(mem.Options{}), signals: make(chan os.Signal, 2), done: make(chan error, 1)}
	t.Cleanup(func() { r.store.Close() })
	if parts.Store == nil {
		parts.Store = kept{r.store}
	}
	r.opt = daemon.Options{
		State: filepath.Join(dir, "state"), Socket: filepath.Join(dir, "state", "s"),
		Build:   api.Build{Version: "v1.0.0"},
		Open:    func(context.Context) (daemon.Parts, error) { return parts, nil },
		Log:     slog.New(slog.NewTextHandler(io.Discard, nil)),
		Signals: r.signals,
		Exit:    func(code int) { t.Errorf("exit %d", code) },
	}
	for _, edit := range edits {
		edit(&r.opt)
	}
	return r
}

// start runs the daemon until the test ends and waits until it answers.
func start(t *testing.T, parts daemon.Parts, edits ...func(*daemon.Options)) *running {
	t.Helper()
	r := prepare(t, parts, edits...)
	r.run(t)
	return r
}

func (r *running) run(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.done <- daemon.Run(ctx, r.opt)
	}()
	t.Cleanup(func() { cancel(); <-ended })
	until(t, "the daemon answers", func() bool {
		conn, err := net.Dial("unix", r.opt.Socket)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

// until polls for what another goroutine or process is about to do.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("after 10 s not yet: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func (r *running) client(t *testing.T) *client.Client {
	t.Helper()
	c, err := client.Open(t.Context(), client.Options{Socket: r.opt.Socket})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func (r *running) ended(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.done:
		return err
	case <-time.After(10 * time.Second):
		t.Fatal("the daemon does not end")
		return nil
	}
}

func spec() agent.Spec {
	return agent.Spec{Kind: agent.Command, Text: "true", Repo: "/r", Base: strings.Repeat("a", 40)}
}

// claimer is a Worker that claims one variant and holds it until it must stop.
type claimer struct {
	store *mem.Store
	stuck chan struct{} // not nil: does not stop until it is closed

	mu   sync.Mutex
	held int
}

func (c *claimer) Busy() (running, limit int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.held, 1
}

func (c *claimer) hold(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = n
}

func (c *claimer) Run(ctx context.Context) error {
	lease, err := c.store.Claim(ctx, agent.Claim{Worker: "w", TTL: time.Hour})
	if err != nil {
		return err
	}
	c.hold(1)
	defer c.hold(0)
	<-ctx.Done()
	if c.stuck != nil {
		<-c.stuck
	}
	return c.store.Release(context.WithoutCancel(ctx), lease)
}

func withClaimer(t *testing.T, edits ...func(*daemon.Options)) (*running, *claimer) {
	store := mem.New(mem.Options{})
	t.Cleanup(func() { store.Close() })
	w := &claimer{store: store}
	return start(t, daemon.Parts{Store: kept{store}, Workers: []daemon.Worker{w}}, edits...), w
}
