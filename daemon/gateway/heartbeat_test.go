package gateway_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"codeagent.dev/agent/api"
	"codeagent.dev/agent/daemon/gateway"
	"codeagent.dev/agent/store/mem"
)

// pipes is a net.Listener in memory, so that a server can live in a bubble where time
// passes at once.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func (p *pipes) dial() net.Conn {
	here, there := net.Pipe()
	p.conns <- there
	return here
}

// inBubble runs a test against a gateway over pipes.
func inBubble(t *testing.T, test func(t *testing.T, store *counted, p *pipes)) {
	synctest.Test(t, func(t *testing.T) {
		store := &counted{Store: mem.New(mem.Options{})}
		defer store.Close()
		cfg := config(store)
		gw := gateway.New(cfg)
		srv := gateway.NewServer(gw, cfg.Log)
		p := &pipes{make(chan net.Conn), make(chan struct{})}
		go srv.Serve(p)
		test(t, store, p)
		gw.Close()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		srv.Stop(ctx)
	})
}

func TestQuietStreamsBeat(t *testing.T) {
	for _, path := range []string{api.PathEvents(1, 0), api.PathWatch} {
		inBubble(t, func(t *testing.T, store *counted, p *pipes) {
			claimed(t, store.Store)
			conn := p.dial()
			defer conn.Close()
			fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: agent\r\n\r\n", path)
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			beats := make(chan time.Time, 100)
			go func() {
				for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
					if len(lines.Bytes()) == 0 {
						beats <- time.Now()
					}
				}
				close(beats)
			}()
			last := time.Now()
			for range 20 {
				beat := <-beats
				if gap := beat.Sub(last); gap > api.Silence/2 {
					t.Errorf("%s: silent for %s", path, gap)
				}
				last = beat
			}
		})
	}
}

// A peer that is there but reads nothing is found, and its part of the daemon freed.
func TestStuckPeerIsCutOff(t *testing.T) {
	inBubble(t, func(t *testing.T, store *counted, p *pipes) {
		l := claimed(t, store.Store)
		conn := p.dial()
		defer conn.Close()
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: agent\r\n\r\n", api.PathEvents(1, 0))
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(resp.Body); lines.Scan() && !strings.Contains(lines.Text(), `"seq":2`); {
		}
		synctest.Wait()
		record(t, store.Store, l, 10, strings.Repeat("x", 10_000))
		synctest.Wait()
		if store.readers.Load() == 0 {
			t.Fatal("nobody reads the store for the follower")
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if n := store.readers.Load(); n != 0 {
			t.Errorf("%d readers are left for a stuck peer", n)
		}
	})
}
