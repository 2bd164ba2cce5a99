package client_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
	"codeagent.dev/agent/client"
	"codeagent.dev/agent/daemon/gateway"
	"codeagent.dev/agent/store/mem"
	"codeagent.dev/agent/store/storetest"
)

// always is a queue whose every submission comes from a client that has met nobody.
type always struct {
	agent.Jobs
	opt client.Options
}

func (a always) Submit(ctx context.Context, spec agent.Spec) (agent.Job, error) {
	c := client.New(a.opt)
	defer c.Close()
	return c.Submit(ctx, spec)
}

func TestLawWithoutAPing(t *testing.T) {
	storetest.RunReal(t, func(t *testing.T) (agent.Jobs, agent.Queue) {
		store := mem.New(mem.Options{})
		t.Cleanup(func() { store.Close() })
		s := serve(t, socketIn(t), store)
		return always{dial(t, s.socket), client.Options{Socket: s.socket}}, store
	})
}

// never is a Start that must not be called.
func never(t *testing.T) func() (*exec.Cmd, error) {
	return func() (*exec.Cmd, error) { t.Error("a daemon was started"); return nil, os.ErrInvalid }
}

// aged is a queue behind a gateway of that build, and how many requests it got.
func aged(t *testing.T, ping api.Ping) (socket string, store *mem.Store, requests *atomic.Int32) {
	t.Helper()
	store = mem.New(mem.Options{})
	t.Cleanup(func() { store.Close() })
	ping.Name, ping.Protocol, ping.PID = api.Name, api.Speaks(), 4711
	requests = new(atomic.Int32)
	s := serve(t, socketIn(t), store, func(cfg *gateway.Config) {
		cfg.Ping = func() api.Ping { return ping }
		cfg.Prepare = func(context.Context, *agent.Spec) error { requests.Add(1); return nil }
	})
	return s.socket, store, requests
}

func stored(t *testing.T, jobs agent.Jobs) int {
	t.Helper()
	list, err := jobs.List(t.Context(), agent.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func TestFirstSubmissionJudgesTheBuild(t *testing.T) {
	mine := api.Build{Version: "v1.2.0", ID: "mine"}
	for _, c := range []struct {
		name   string
		ping   api.Ping
		notice string
	}{
		{"the same build", api.Ping{Build: mine}, ""},
		{"older and busy", api.Ping{Build: api.Build{Version: "v1.1.0"}, Busy: true}, "agent daemon restart"},
		{"newer", api.Ping{Build: api.Build{Version: "v1.3.0"}}, "update "},
		{"another", api.Ping{Build: api.Build{Version: "v1.2.0", ID: "other"}}, "another build"},
	} {
		t.Run(c.name, func(t *testing.T) {
			socket, store, requests := aged(t, c.ping)
			var told []string
			cl := client.New(client.Options{Socket: socket, Build: mine, Start: never(t), Notice: func(s string) { told = append(told, s) }})
			defer cl.Close()
			for range 2 {
				if _, err := cl.Submit(t.Context(), spec()); err != nil {
					t.Fatal(err)
				}
			}
			if n := stored(t, store); n != 2 || requests.Load() != 2 {
				t.Errorf("%d jobs of %d requests; want 2 of 2", n, requests.Load())
			}
			switch {
			case c.notice == "" && len(told) > 0:
				t.Errorf("told %q", told)
			case c.notice != "" && (len(told) != 1 || !strings.Contains(told[0], c.notice)):
				t.Errorf("told %q, want once with %q", told, c.notice)
			}
		})
	}
}

// A CLI that may start nothing uses what is there.
func TestFirstSubmissionToAnOlderDaemonWithoutStart(t *testing.T) {
	socket, store, _ := aged(t, api.Ping{Build: api.Build{Version: "v0.1.0"}})
	told := 0
	c := client.New(client.Options{Socket: socket, Build: api.Build{Version: "v0.2.0"}, Notice: func(string) { told++ }})
	defer c.Close()
	if _, err := c.Submit(t.Context(), spec()); err != nil || stored(t, store) != 1 || told != 1 {
		t.Errorf("%v; %d jobs, told %d times", err, stored(t, store), told)
	}
}

// One connection and one request do when the daemon is up.
func TestFirstSubmissionIsOneRequest(t *testing.T) {
	store := mem.New(mem.Options{})
	defer store.Close()
	s := serve(t, socketIn(t), store)
	front, connections, sent := between(t, s.socket)
	c := client.New(client.Options{Socket: front, Start: never(t)})
	defer c.Close()
	if _, err := c.Submit(t.Context(), spec()); err != nil {
		t.Fatal(err)
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
	if text := sent(); strings.Count(text, " HTTP/1.1\r\n") != 1 || !strings.HasPrefix(text, "POST "+api.PathJobs+" ") {
		t.Errorf("sent %q", text)
	}
}

// between passes bytes on to a socket and remembers what clients sent.
func between(t *testing.T, socket string) (front string, connections *atomic.Int32, sent func() string) {
	t.Helper()
	front, connections = socketIn(t), new(atomic.Int32)
	l, err := net.Listen("unix", front)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			far, err := net.Dial("unix", socket)
			if err != nil {
				t.Error(err)
				return
			}
			go func() { io.Copy(near, far); near.Close() }()
			io.Copy(far, io.TeeReader(near, &text))
			far.Close()
		}
	}()
	stop := func() { l.Close(); <-done }
	t.Cleanup(stop)
	return front, connections, func() string { stop(); return text.String() }
}

func TestFirstSubmissionStartsADaemon(t *testing.T) {
	h := newHome(t)
	for want := int32(1); want <= 2; want++ { // the second finds it up
		c := client.New(h.options("v1.0.0"))
		defer c.Close()
		if job, err := c.Submit(t.Context(), spec()); err != nil || job.ID != agent.ID(want) || h.starts.Load() != 1 {
			t.Fatalf("job %s, %v after %d starts", job.ID, err, h.starts.Load())
		}
	}
}

// An older daemon that is idle is replaced before it gets the job: each job is stored
// once, and the newer one has it.
func TestFirstSubmissionReplacesAnOlderIdleDaemon(t *testing.T) {
	h := newHome(t)
	_, old := h.open(t, "v1.0.0")
	c := client.New(h.options("v1.1.0"))
	defer c.Close()
	job, err := c.Submit(t.Context(), spec())
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.Ping(t.Context())
	if err != nil || p.PID == old.PID || p.Build.Version != "v1.1.0" || job.ID != 1 || stored(t, c) != 1 {
		t.Errorf("ping %+v, %v; job %s of %d", p, err, job.ID, stored(t, c))
	}
}

// A daemon without a common protocol refuses before it stores, and is judged as by Open.
func TestFirstSubmissionToADaemonOfAnotherProtocol(t *testing.T) {
	for _, c := range []struct {
		name, hint string
		theirs     api.Range
	}{
		{"older, busy", "agent daemon restart", api.Range{Min: 0, Max: api.MinProtocol - 1}},
		{"newer", " to v9.0.0", api.Range{Min: api.Protocol + 1, Max: api.Protocol + 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var asked []string
			socket := answer(t, func(w http.ResponseWriter, r *http.Request) {
				asked = append(asked, r.Method+" "+r.URL.Path+" "+r.Header.Get(api.HeaderProtocol))
				w.Header().Set(api.HeaderProtocol, "7-9")
				if r.URL.Path == api.PathPing {
					api.Reply(w, http.StatusOK, api.Ping{Name: api.Name, Protocol: c.theirs, Build: api.Build{Version: "v9.0.0"}, PID: 4711, Busy: true})
					return
				}
				api.ReplyError(w, agent.Errorf(agent.Protocol, "no common number"))
			})
			cl := client.New(client.Options{Socket: socket, Build: api.Build{Version: "v2.0.0"}, Start: never(t)})
			defer cl.Close()
			_, err := cl.Submit(t.Context(), spec())
			if agent.CodeOf(err) != agent.Protocol || !strings.Contains(err.Error(), "4711") || !strings.HasSuffix(agent.HintOf(err), c.hint) {
				t.Errorf("error %v (%s), hint %q", err, agent.CodeOf(err), agent.HintOf(err))
			}
			if got := strings.Join(asked, ", "); got != "POST /v1/jobs "+api.Speaks().String()+", GET /v1/ping "+api.Speaks().String() {
				t.Errorf("asked %s", got)
			}
		})
	}
}

func TestFirstSubmissionMeetsSomethingElse(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"a page":             func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("<html>hello")) },
		"what looks like it": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(201); w.Write([]byte(`{"id":7}` + "\n")) },
		"an error page":      func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) },
		"a refusal":          func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", http.StatusUpgradeRequired) },
		"no protocol we know": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set(api.HeaderProtocol, "x")
			w.WriteHeader(201)
		},
		"no answer": func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) },
	} {
		c := client.New(client.Options{Socket: answer(t, h), Start: func() (*exec.Cmd, error) {
			t.Errorf("%s: a daemon was started beside it", name)
			return nil, os.ErrInvalid
		}})
		if job, err := c.Submit(t.Context(), spec()); agent.CodeOf(err) != agent.Unavailable || agent.HintOf(err) == "" {
			t.Errorf("%s: job %s, error %v (%s)", name, job.ID, err, agent.CodeOf(err))
		}
		c.Close()
	}
}

// What the daemon says about the job itself is the answer: nothing is asked again.
func TestFirstSubmissionThatIsRefused(t *testing.T) {
	socket, store, requests := aged(t, api.Ping{})
	c := client.New(client.Options{Socket: socket, Start: never(t)})
	defer c.Close()
	s := spec()
	s.Kind = "song"
	if _, err := c.Submit(t.Context(), s); agent.CodeOf(err) != agent.Invalid || requests.Load() != 1 || stored(t, store) != 0 {
		t.Errorf("%v after %d requests", err, requests.Load())
	}
}

func TestLargeFirstSubmission(t *testing.T) {
	socket, store, _ := aged(t, api.Ping{})
	c := client.New(client.Options{Socket: socket})
	defer c.Close()
	s := spec()
	s.Text = strings.Repeat("x", 3<<20)
	job, err := c.Submit(t.Context(), s)
	if err == nil {
		job, err = c.Job(t.Context(), job.ID)
	}
	if err != nil || job.Spec.Text != s.Text || stored(t, store) != 1 {
		t.Errorf("%d bytes, %v", len(job.Spec.Text), err)
	}
}

func TestFirstSubmissionEndsWithItsContext(t *testing.T) {
	held := make(chan struct{})
	socket := answer(t, func(w http.ResponseWriter, r *http.Request) { <-held })
	defer close(held)
	c := client.New(client.Options{Socket: socket})
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := c.Submit(ctx, spec()); err != context.DeadlineExceeded {
		t.Error(err)
	}
}

// The number alone is the same job's, however it is asked for.
func TestSubmitID(t *testing.T) {
	socket, store, _ := aged(t, api.Ping{})
	c := client.New(client.Options{Socket: socket})
	defer c.Close()
	for want := agent.ID(1); want <= 2; want++ { // the second goes to a daemon that is known
		if id, err := c.SubmitID(t.Context(), spec()); err != nil || id != want || stored(t, store) != int(want) {
			t.Errorf("job %s, %v; want %s", id, err, want)
		}
	}
	s := spec()
	s.Kind = "song"
	if id, err := c.SubmitID(t.Context(), s); agent.CodeOf(err) != agent.Invalid {
		t.Errorf("job %s, %v", id, err)
	}
}
