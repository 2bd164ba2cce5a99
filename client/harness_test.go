package client_test

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
	"codeagent.dev/agent/client"
	"codeagent.dev/agent/daemon/gateway"
)

// socketDir is short enough for a socket whatever the test is called.
func socketDir(t testing.TB) string {
	dir, err := os.MkdirTemp("", "agent")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// served is a gateway that answers on a socket.
type served struct {
	socket string
	gw     *gateway.Gateway
	srv    *gateway.Server
	done   chan struct{}
}

// serve puts a gateway before jobs. Edits change its Config.
func serve(t testing.TB, socket string, jobs agent.Jobs, edits ...func(*gateway.Config)) *served {
	t.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	cfg := gateway.Config{
		Jobs:   jobs,
		Ping:   func() api.Ping { return api.Ping{Name: api.Name, Protocol: api.Speaks(), PID: os.Getpid()} },
		Health: func(context.Context) api.Health { return api.Health{OK: true} },
		Stop:   func(bool) error { return nil },
		Log:    log,
	}
	for _, edit := range edits {
		edit(&cfg)
	}
	l, err := api.Listen(socket, func(err error) { t.Errorf("refused: %v", err) })
	if err != nil {
		t.Fatal(err)
	}
	gw := gateway.New(cfg)
	s := &served{socket: socket, gw: gw, srv: gateway.NewServer(gw, log), done: make(chan struct{})}
	go func() {
		defer close(s.done)
		s.srv.Serve(l)
	}()
	t.Cleanup(s.stop)
	return s
}

// stop ends it as a daemon that stops does; kill as one that dies.
func (s *served) stop() {
	s.gw.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	s.srv.Stop(ctx)
	s.gw.Gone()
	<-s.done
}

func (s *served) kill() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // no time for anybody
	s.srv.Stop(ctx)
	<-s.done
	s.gw.Close()
}

func dial(t testing.TB, socket string) *client.Client {
	t.Helper()
	c, err := client.Open(t.Context(), client.Options{Socket: socket})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func socketIn(t testing.TB) string { return filepath.Join(socketDir(t), "s") }
