package gateway_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
	"codeagent.dev/agent/store/mem"
)

// follower reads one job's stream from a connection of its own.
type follower struct {
	conn  net.Conn
	resp  *http.Response
	lines *bufio.Scanner
}

func follow(t testing.TB, socket, path string) *follower {
	t.Helper()
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: agent\r\n\r\n", path)
	conn.SetReadDeadline(time.Now().Add(30 * time.Second))
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("follow %s: %v, %v", path, resp, err)
	}
	return &follower{conn, resp, bufio.NewScanner(resp.Body)}
}

// next returns the next line that is not a heartbeat.
func (f *follower) next(t testing.TB) api.Line {
	t.Helper()
	for f.lines.Scan() {
		if len(f.lines.Bytes()) == 0 {
			continue
		}
		l, err := api.DecodeLine(f.lines.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	t.Fatalf("the stream stopped: %v", f.lines.Err())
	return api.Line{}
}

// events ends the test unless the stream goes on with Seq from … to.
func (f *follower) events(t testing.TB, from, to uint64) {
	t.Helper()
	for seq := from; seq <= to; seq++ {
		if l := f.next(t); l.Seq != seq {
			t.Fatalf("line %+v, want event %d", l, seq)
		}
	}
}

func (f *follower) end(t testing.TB) {
	t.Helper()
	if l := f.next(t); !l.End {
		t.Errorf("line %+v, want the end", l)
	}
	if _, err := io.Copy(io.Discard, f.resp.Body); err != nil {
		t.Errorf("after the end: %v", err)
	}
}

// counted counts the readers of events that are at work.
type counted struct {
	*mem.Store
	readers atomic.Int64
}

func (c *counted) Events(ctx context.Context, id agent.ID, after uint64) iter.Seq2[agent.Event, error] {
	events := c.Store.Events(ctx, id, after)
	return func(yield func(agent.Event, error) bool) {
		c.readers.Add(1)
		defer c.readers.Add(-1)
		events(yield)
	}
}

func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("after 10 s not yet: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// claimed submits a job and claims it, which makes events 1 and 2.
func claimed(t testing.TB, store *mem.Store) agent.Lease {
	t.Helper()
	if _, err := store.Submit(t.Context(), agent.Spec{Kind: agent.Command, Text: "true", Repo: "/r", Base: strings.Repeat("a", 40)}); err != nil {
		t.Fatal(err)
	}
	l, err := store.Claim(t.Context(), agent.Claim{Worker: "w", TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func record(t testing.TB, store *mem.Store, l agent.Lease, n int, text string) {
	t.Helper()
	for range n {
		if err := store.Record(t.Context(), l, agent.EventOutput, text); err != nil {
			t.Fatal(err)
		}
	}
}

func finish(t testing.TB, store *mem.Store, l agent.Lease) {
	t.Helper()
	if err := store.Finish(t.Context(), l, agent.Outcome{Verdict: agent.NoPatch, Reason: "none"}); err != nil {
		t.Fatal(err)
	}
}

func TestManyFollowersShareOneReader(t *testing.T) {
	store := &counted{Store: newStore(t)}
	socket := serve(t, config(store))
	l := claimed(t, store.Store)
	var all []*follower
	for i := range 40 {
		f := follow(t, socket, api.PathEvents(1, uint64(i%4)))
		all = append(all, f)
	}
	record(t, store.Store, l, 100, "x")
	for i, f := range all {
		f.events(t, uint64(i%4)+1, 102)
	}
	if n := store.readers.Load(); n != 1 {
		t.Errorf("%d readers of the store for %d followers", n, len(all))
	}
	for _, f := range all[1:] {
		f.conn.Close()
	}
	record(t, store.Store, l, 1, "y")
	all[0].events(t, 103, 103)
	if n := store.readers.Load(); n != 1 {
		t.Errorf("%d readers for the last follower", n)
	}
	all[0].conn.Close()
	until(t, "the reader ends with the last follower", func() bool { return store.readers.Load() == 0 })

	again := follow(t, socket, api.PathEvents(1, 100))
	finish(t, store.Store, l)
	again.events(t, 101, 105) // 103 recorded, finished, done
	again.end(t)
	until(t, "the reader ends with the job", func() bool { return store.readers.Load() == 0 })
}

// A follower that stands still while megabytes go by misses nothing, and the others
// do not wait for it.
func TestSlowFollower(t *testing.T) {
	store := newStore(t)
	socket := serve(t, config(store))
	l := claimed(t, store)
	slow := follow(t, socket, api.PathEvents(1, 0))
	fast := follow(t, socket, api.PathEvents(1, 0))
	slow.events(t, 1, 2)
	fast.events(t, 1, 2)
	const n = 1000 // of 4 KiB: several times what socket and tail hold
	text := strings.Repeat("x", 4<<10)
	read := make(chan struct{})
	go func() {
		defer close(read)
		fast.events(t, 3, n+2)
	}()
	record(t, store, l, n, text)
	<-read
	late := follow(t, socket, api.PathEvents(1, 0))
	finish(t, store, l)
	for _, f := range []*follower{slow, late} {
		from := uint64(1)
		if f == slow {
			from = 3
		}
		f.events(t, from, n+4)
		f.end(t)
	}
	fast.events(t, n+3, n+4)
	fast.end(t)
}

func TestFollowingARetriedJob(t *testing.T) {
	store := newStore(t)
	socket := serve(t, config(store))
	finish(t, store, claimed(t, store))
	f := follow(t, socket, api.PathEvents(1, 0))
	f.events(t, 1, 4)
	f.end(t)
	if _, err := store.Change(t.Context(), 1, agent.Change{Op: agent.OpRetry}); err != nil {
		t.Fatal(err)
	}
	f = follow(t, socket, api.PathEvents(1, 4))
	f.events(t, 5, 5)
	l, err := store.Claim(t.Context(), agent.Claim{Worker: "w", TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	finish(t, store, l)
	f.events(t, 6, 8)
	f.end(t)
}

// The store's own errors end a stream with an envelope, not with a cut.
func TestStreamEndsWithTheStoresError(t *testing.T) {
	store := newStore(t)
	socket := serve(t, config(store))
	claimed(t, store)
	events := follow(t, socket, api.PathEvents(1, 0))
	watch := follow(t, socket, api.PathWatch)
	events.events(t, 1, 2)
	store.Close()
	for _, f := range []*follower{events, watch} {
		if l := f.next(t); l.Error == nil || l.Error.Code != agent.Unavailable {
			t.Errorf("line %+v", l)
		}
	}
}

func TestWatchSubscribesBeforeItAnswers(t *testing.T) {
	store := newStore(t)
	socket := serve(t, config(store))
	for id := range agent.ID(20) {
		f := follow(t, socket, api.PathWatch)
		claimed(t, store)
		if l := f.next(t); l.Job != id+1 {
			t.Fatalf("line %+v, want job %d", l, id+1)
		}
		f.conn.Close()
	}
}
