package client_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
	"codeagent.dev/agent/client"
	"codeagent.dev/agent/store/mem"
)

func spec() agent.Spec {
	return agent.Spec{Kind: agent.Command, Text: "true", Repo: "/r", Base: strings.Repeat("a", 40)}
}

// A follower sees every event once and in order, however often the daemon is stopped
// or dies under it.
func TestFollowerResumes(t *testing.T) {
	for name, end := range map[string]func(*served){"stopped": (*served).stop, "died": (*served).kill} {
		t.Run(name, func(t *testing.T) {
			store := mem.New(mem.Options{})
			defer store.Close()
			socket := socketIn(t)
			s := serve(t, socket, store)
			c := dial(t, socket)
			job, err := c.Submit(t.Context(), spec())
			if err != nil {
				t.Fatal(err)
			}
			l, err := store.Claim(t.Context(), agent.Claim{Worker: "w", TTL: time.Hour})
			if err != nil {
				t.Fatal(err)
			}
			const rounds, each = 4, 200
			seen := make(chan uint64, rounds*each+10)
			ended := make(chan error, 1)
			go func() {
				defer close(seen)
				for ev, err := range c.Events(t.Context(), job.ID, 0) {
					if err != nil {
						ended <- err
						return
					}
					seen <- ev.Seq
				}
				ended <- nil
			}()
			last := uint64(0)
			next := func() {
				if seq := <-seen; seq != last+1 {
					t.Fatalf("event %d after %d", seq, last)
				}
				last++
			}
			for round := range rounds {
				for i := range each {
					if err := store.Record(t.Context(), l, agent.EventOutput, fmt.Sprint(i)); err != nil {
						t.Fatal(err)
					}
					if i == each/2 { // in the middle of the flow
						next()
						end(s)
					}
				}
				if round < rounds-1 {
					s = serve(t, socket, store)
				}
			}
			if err := store.Finish(t.Context(), l, agent.Outcome{Verdict: agent.NoPatch, Reason: "none"}); err != nil {
				t.Fatal(err)
			}
			serve(t, socket, store)
			for last < rounds*each+4 { // submitted, claimed, …, finished, done
				next()
			}
			if err := <-ended; err != nil {
				t.Error(err)
			}
			if seq, more := <-seen; more {
				t.Errorf("event %d after the last", seq)
			}
		})
	}
}

func TestFollowerLeavesWhileTheDaemonIsAway(t *testing.T) {
	store := mem.New(mem.Options{})
	defer store.Close()
	s := serve(t, socketIn(t), store)
	c := dial(t, s.socket)
	job, err := c.Submit(t.Context(), spec())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, err := range c.Events(ctx, job.ID, 0) {
		if err == nil {
			s.kill()
			time.AfterFunc(100*time.Millisecond, cancel)
			continue
		}
		if err != context.Canceled {
			t.Errorf("error %v, want the context's", err)
		}
	}
}

func TestWatchAfterARestartYieldsWhatWasMissed(t *testing.T) {
	store := mem.New(mem.Options{})
	defer store.Close()
	socket := socketIn(t)
	s := serve(t, socket, store)
	ids := make(chan agent.ID, 100)
	ctx, cancel := context.WithCancel(t.Context())
	watch := dial(t, socket).Watch(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for id, err := range watch {
			if err == nil {
				ids <- id
			}
		}
	}()
	expect := func(want agent.ID) {
		for id := range ids {
			if id == want {
				return
			}
		}
	}
	submit := func() {
		if _, err := store.Submit(t.Context(), spec()); err != nil {
			t.Fatal(err)
		}
	}
	submit()
	expect(1)
	s.stop()
	submit() // nobody watches
	serve(t, socket, store)
	expect(2)
	submit()
	expect(3)
	cancel()
	<-ended
}

// An answer that stops half-way is no answer.
func TestAnswerCutOff(t *testing.T) {
	for name, sent := range map[string]string{
		"in the body": "HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{\"id\":1,",
		"before it":   "",
	} {
		socket := answer(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == api.PathPing {
				api.Reply(w, http.StatusOK, api.Ping{Name: api.Name, Protocol: api.Speaks()})
				return
			}
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			conn.Write([]byte(sent))
			conn.Close()
		})
		c := dial(t, socket)
		if job, err := c.Submit(t.Context(), spec()); agent.CodeOf(err) != agent.Unavailable || agent.HintOf(err) == "" {
			t.Errorf("%s: job %d, error %v (%s)", name, job.ID, err, agent.CodeOf(err))
		}
	}
}

// A daemon that speaks a protocol nobody speaks any more can still be asked to stop.
func TestIdleDaemonOfAnOldProtocolIsReplaced(t *testing.T) {
	h := newHome(t)
	l, err := api.Listen(h.socket(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var srv http.Server
	asked := false
	srv.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == api.PathPing:
			api.Reply(w, http.StatusOK, api.Ping{Name: api.Name, Protocol: api.Range{}, Build: api.Build{Version: "v0.0.1"}})
		case r.URL.Path == api.PathShutdown && r.URL.Query().Get("if") == "idle":
			asked = true
			l.Close()
			w.WriteHeader(http.StatusAccepted)
		}
	})
	done := make(chan struct{})
	go func() { defer close(done); srv.Serve(l) }()
	defer func() { srv.Close(); <-done }()
	_, p := h.open(t, "v1.0.0")
	if !asked || p.PID == os.Getpid() || p.Build.Version != "v1.0.0" {
		t.Errorf("asked to stop: %t; now answers %+v", asked, p)
	}
}

func TestRefusalOfABusyDaemonIsKept(t *testing.T) {
	busy := api.Ping{Name: api.Name, Protocol: api.Speaks(), Build: api.Build{Version: "v0.0.1"}}
	socket := answer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == api.PathShutdown { // it got work after it said it was idle
			api.ReplyError(w, agent.Errorf(agent.WrongState, "the daemon is busy"))
			return
		}
		api.Reply(w, http.StatusOK, busy)
	})
	told := 0
	c, err := client.Open(t.Context(), client.Options{
		Socket: socket, Build: api.Build{Version: "v1.0.0"}, Notice: func(string) { told++ },
		Start: func() (*exec.Cmd, error) {
			t.Error("a daemon was started beside a busy one")
			return nil, os.ErrInvalid
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if told != 1 {
		t.Errorf("told %d times", told)
	}
}

// Who watches once hears at once that the daemon stopped, or died.
func TestWatchOnceTellsOfTheEnd(t *testing.T) {
	for name, end := range map[string]func(*served){"stops": (*served).stop, "dies": (*served).kill} {
		store := mem.New(mem.Options{})
		s := serve(t, socketIn(t), store)
		c := dial(t, s.socket)
		watch := c.WatchOnce(t.Context())
		job, err := store.Submit(t.Context(), spec())
		if err != nil {
			t.Fatal(err)
		}
		var seen []agent.ID
		var told error
		for id, err := range watch {
			if told = err; err != nil {
				break
			}
			seen = append(seen, id)
			end(s)
		}
		if len(seen) == 0 || seen[0] != job.ID || agent.CodeOf(told) != agent.Unavailable {
			t.Errorf("a daemon that %s: saw %v, then %v", name, seen, told)
		}
		for _, err := range c.WatchOnce(t.Context()) {
			if agent.CodeOf(err) != agent.Unavailable {
				t.Errorf("after a daemon that %s: %v", name, err)
			}
			break
		}
		_ = store.Close()
	}
}
