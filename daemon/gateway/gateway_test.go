package gateway_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
	"codeagent.dev/agent/daemon/gateway"
	"codeagent.dev/agent/store/mem"
)

// The test binary becomes the crowd of a benchmark when this variable says so.
const partEnv = "AGENT_TEST_PART"

func TestMain(m *testing.M) {
	if arg, ok := strings.CutPrefix(os.Getenv(partEnv), "crowd "); ok {
		os.Exit(beCrowd(arg))
	}
	goleak.VerifyTestMain(m)
}

// config is a Gateway's over a store, with what a daemon would put there.
func config(jobs agent.Jobs) gateway.Config {
	return gateway.Config{
		Jobs:   jobs,
		Ping:   func() api.Ping { return api.Ping{Name: api.Name, Build: api.Build{Version: "v1.0.0"}} },
		Health: func(context.Context) api.Health { return api.Health{OK: true} },
		Stop:   func(bool) error { return nil },
		Log:    slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
}

// serve answers with the gateway on a socket until the test ends.
func serve(t testing.TB, cfg gateway.Config) (socket string) {
	t.Helper()
	socket = socketFor(t)
	l, err := api.Listen(socket, nil)
	if err != nil {
		t.Fatal(err)
	}
	gw := gateway.New(cfg)
	srv := gateway.NewServer(gw, cfg.Log)
	done := make(chan struct{})
	go func() { defer close(done); srv.Serve(l) }()
	t.Cleanup(func() {
		gw.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		srv.Stop(ctx)
		gw.Gone()
		<-done
	})
	return socket
}

// socketFor is short enough whatever the test is called.
func socketFor(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "agent")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

func newStore(t testing.TB) *mem.Store {
	store := mem.New(mem.Options{})
	t.Cleanup(func() { store.Close() })
	return store
}

// ask sends raw bytes and returns what comes back until the server closes, or is
// silent because it waits for more.
func ask(t *testing.T, socket, raw string) string {
	t.Helper()
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go io.WriteString(conn, raw)
	conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return "no answer: " + err.Error()
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return fmt.Sprintf("%d %s", resp.StatusCode, body)
}

const line = `{"kind":"command","repo":"/r","base":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}` + "\n"

func post(length int, body string) string {
	return fmt.Sprintf("POST /v1/jobs HTTP/1.1\r\nHost: agent\r\nContent-Length: %d\r\n\r\n%s", length, body)
}

func TestHostileRequests(t *testing.T) {
	store := newStore(t)
	socket := serve(t, config(store))
	get := "GET /v1/status HTTP/1.1\r\nHost: agent\r\n"
	for _, c := range []struct{ name, raw, want string }{
		{"a page's request", get + "Origin: https://evil.example\r\n\r\n", "400 {\"code\":\"invalid\""},
		{"a page's request without origin", get + "Sec-Fetch-Site: cross-site\r\n\r\n", "400 {\"code\":\"invalid\""},
		{"a typed address", get + "Sec-Fetch-Site: none\r\n\r\n", "200 {"},
		{"a protocol of the future", get + "Agent-Protocol: 7-9\r\n\r\n", "426 {\"code\":\"protocol\""},
		{"no protocol number", get + "Agent-Protocol: x\r\n\r\n", "400 {\"code\":\"invalid\""},
		{"a huge header", get + "X: " + strings.Repeat("x", 64<<10) + "\r\n\r\n", "431 "},
		{"no HTTP", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "400 "},
		{"an unknown path", "GET /etc/passwd HTTP/1.1\r\nHost: agent\r\n\r\n", "404 {\"code\":\"not_found\""},
		{"an unknown method", "DELETE /v1/jobs/1 HTTP/1.1\r\nHost: agent\r\n\r\n", "404 {\"code\":\"not_found\""},
		{"a job that is no number", "GET /v1/jobs/..%2f HTTP/1.1\r\nHost: agent\r\n\r\n", "400 {\"code\":\"invalid\""},
		{"a job too far", "GET /v1/jobs/99999999999999999999 HTTP/1.1\r\nHost: agent\r\n\r\n", "400 {\"code\":\"invalid\""},
		{"events after nonsense", "GET /v1/jobs/1/events?after=-1 HTTP/1.1\r\nHost: agent\r\n\r\n", "400 {\"code\":\"invalid\""},
		{"events of no job", "GET /v1/jobs/1/events HTTP/1.1\r\nHost: agent\r\n\r\n", "404 {\"code\":\"not_found\""},
		{"an empty body", post(0, ""), "400 {\"code\":\"invalid\""},
		{"no newline", post(len(line)-1, line[:len(line)-1]), "400 {\"code\":\"invalid\",\"message\":\"no line of JSON"},
		{"a line without end", post(api.MaxLine+10, strings.Repeat("x", api.MaxLine+10)), "400 {\"code\":\"invalid\",\"message\":\"the first line is longer"},
		{"a length past every limit", post(1<<40, line), "400 {\"code\":\"invalid\",\"message\":\"the request is larger"},
		{"a length below zero", post(-5, line), "400 "},
		{"two lengths", "POST /v1/jobs HTTP/1.1\r\nHost: agent\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n12345", "400 "},
		{"a length and chunks", "POST /v1/jobs HTTP/1.1\r\nHost: agent\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400 "},
		{"bad chunks", "POST /v1/jobs HTTP/1.1\r\nHost: agent\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400 {\"code\":\"invalid\",\"message\":\"the body cannot"},
		{"no text", post(len(line), line), "400 {\"code\":\"invalid\",\"message\":\"the command is empty"},
		{"dry run of nonsense", strings.Replace(post(0, ""), "/v1/jobs", "/v1/jobs?dry_run=maybe", 1), "400 {\"code\":\"invalid\""},
		{"a change that is none", "POST /v1/jobs/1/change HTTP/1.1\r\nHost: agent\r\nContent-Length: 2\r\n\r\n[]", "400 {\"code\":\"invalid\""},
		{"a shutdown if what", "POST /v1/shutdown?if=bored HTTP/1.1\r\nHost: agent\r\n\r\n", "400 {\"code\":\"invalid\""},
	} {
		if got := ask(t, socket, c.raw); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %.200s\nwant %s", c.name, got, c.want)
		}
	}
	if st, err := store.Status(t.Context()); err != nil || st.Queued != 0 {
		t.Errorf("%d jobs were stored, %v", st.Queued, err)
	}
}

// A body that never comes whole stores nothing, whether its sender leaves or waits.
func TestHalfABodyStoresNothing(t *testing.T) {
	store := newStore(t)
	socket := serve(t, config(store))
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(conn, post(len(line)+100, line+"gofmt -w"))
	conn.(*net.UnixConn).CloseWrite()
	conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	b, _ := io.ReadAll(conn)
	conn.Close()
	if !strings.Contains(string(b), "the body ends after") {
		t.Errorf("the answer is %q", b)
	}
	if st, err := store.Status(t.Context()); err != nil || st.Queued != 0 {
		t.Errorf("%d jobs were stored, %v", st.Queued, err)
	}
}

// A peer that sends its header byte by byte is cut off.
func TestSlowHeader(t *testing.T) {
	t.Parallel()
	socket := serve(t, config(newStore(t)))
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "GET /v1/status HTTP/1.1\r\nHost:")
	conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.ReadAll(conn); err != nil {
		t.Errorf("not cut off: %v", err)
	}
}

type panicking struct{ agent.Jobs }

func (panicking) Status(context.Context) (agent.Status, error) { panic("a defect") }

func TestPanicIsAnAnswer(t *testing.T) {
	var log strings.Builder
	cfg := config(panicking{newStore(t)})
	cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
	g := gateway.New(cfg)
	defer g.Close()
	w := httptest.NewRecorder()
	g.ServeHTTP(w, httptest.NewRequest("GET", api.PathStatus, nil))
	if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), `"code":"internal"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), "a defect") || !strings.Contains(log.String(), "gateway_test.go") {
		t.Errorf("the log does not say where: %s", log.String())
	}
}

func TestEveryAnswerNamesTheProtocol(t *testing.T) {
	g := gateway.New(config(newStore(t)))
	defer g.Close()
	for _, r := range []*http.Request{
		httptest.NewRequest("GET", api.PathPing, nil),
		httptest.NewRequest("GET", "/nowhere", nil),
		httptest.NewRequest("GET", api.PathJob(1), nil),
	} {
		w := httptest.NewRecorder()
		g.ServeHTTP(w, r)
		if p := w.Header().Get(api.HeaderProtocol); p != api.Speaks().String() || w.Header().Get(api.HeaderVersion) != "v1.0.0" {
			t.Errorf("%s: headers %v", r.URL.Path, w.Header())
		}
		if b, err := api.ParseBuild(w.Header().Get(api.HeaderBuild)); err != nil || b.Version != "v1.0.0" {
			t.Errorf("%s: build %+v, %v", r.URL.Path, b, err)
		}
	}
}

func TestHealthHandler(t *testing.T) {
	cfg := config(newStore(t))
	ok := true
	cfg.Health = func(context.Context) api.Health { return api.Health{OK: ok} }
	g := gateway.New(cfg)
	defer g.Close()
	h := g.Health()
	for _, c := range []struct {
		path, host, header string
		ok                 bool
		want               int
	}{
		{api.PathLivez, "127.0.0.1:7717", "", true, 200},
		{api.PathLivez, "localhost", "", false, 200}, // it lives, well or not
		{api.PathReadyz, "[::1]:7717", "", true, 200},
		{api.PathReadyz, "127.0.0.1", "", false, 503},
		{api.PathHealthz, "127.0.0.1", "", false, 503},
		{api.PathHealthz, "evil.example:7717", "", true, 400},
		{api.PathHealthz, "10.0.0.1:7717", "", true, 400},
		{api.PathHealthz, "127.0.0.1:7717", "https://evil.example", true, 400},
		{api.PathJobs, "127.0.0.1:7717", "", true, 404}, // the port has no API
		{api.PathShutdown, "127.0.0.1:7717", "", true, 404},
	} {
		ok = c.ok
		r := httptest.NewRequest("GET", c.path, nil)
		r.Host = c.host
		if c.header != "" {
			r.Header.Set("Origin", c.header)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%s of %s (well: %t): %d, want %d", c.path, c.host, c.ok, w.Code, c.want)
		}
	}
}

func TestPrepareComesBeforeTheStore(t *testing.T) {
	store := newStore(t)
	cfg := config(store)
	cfg.Prepare = func(_ context.Context, s *agent.Spec) error {
		if s.Base == "gone" {
			return agent.Errorf(agent.NotFound, "no commit %s", s.Base).WithHint("git fetch")
		}
		s.Base = strings.Repeat("b", 40)
		return nil
	}
	socket := serve(t, cfg)
	good := strings.Replace(line, strings.Repeat("a", 40), "HEAD", 1) + "true"
	if got := ask(t, socket, strings.Replace(post(len(good), good), "/v1/jobs", "/v1/jobs?dry_run=1", 1)); !strings.HasPrefix(got, "200 ") || !strings.Contains(got, `"title":"true"`) {
		t.Errorf("dry run: %s", got)
	}
	if _, err := store.Job(t.Context(), 1); agent.CodeOf(err) != agent.NotFound {
		t.Errorf("the dry run stored a job (%v)", err)
	}
	if got := ask(t, socket, post(len(good), good)); !strings.HasPrefix(got, "201 ") {
		t.Errorf("submit: %s", got)
	}
	if job, err := store.Job(t.Context(), 1); err != nil || job.Spec.Base != strings.Repeat("b", 40) || job.Spec.Text != "true" {
		t.Errorf("stored %+v, %v", job.Spec, err)
	}
	bad := strings.Replace(line, strings.Repeat("a", 40), "gone", 1) + "true"
	if got := ask(t, socket, post(len(bad), bad)); !strings.HasPrefix(got, `404 {"code":"not_found","message":"no commit gone","hint":"git fetch"}`) {
		t.Errorf("submit: %s", got)
	}
}

// A client that can start a newer daemon gets its job stored by that one.
func TestOutdatedDaemonTakesNoJobs(t *testing.T) {
	for _, c := range []struct {
		name  string
		ping  api.Ping
		wants string // version; "": no header; "?": none we can read
		want  int
	}{
		{"older and idle", api.Ping{}, "v1.1.0", http.StatusUpgradeRequired},
		{"older and busy", api.Ping{Busy: true}, "v1.1.0", http.StatusCreated},
		{"the same", api.Ping{}, "v1.0.0", http.StatusCreated},
		{"newer", api.Ping{}, "v0.9.0", http.StatusCreated},
		{"stopping", api.Ping{Busy: true, Stopping: true}, "v1.0.0", http.StatusUpgradeRequired},
		{"one whose words it does not know", api.Ping{}, "?", http.StatusCreated},
		{"one that would not replace it", api.Ping{Stopping: true}, "", http.StatusCreated},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := newStore(t)
			cfg := config(store)
			c.ping.Build = api.Build{Version: "v1.0.0"}
			cfg.Ping = func() api.Ping { return c.ping }
			g := gateway.New(cfg)
			defer g.Close()
			r := httptest.NewRequest("POST", api.PathJobs, strings.NewReader(`{"kind":"command","repo":"/r","base":"`+strings.Repeat("a", 40)+`"}`+"\ntrue"))
			switch c.wants {
			case "":
			case "?":
				r.Header.Set(api.HeaderWants, "v9.0.0")
			default:
				r.Header.Set(api.HeaderWants, api.Build{Version: c.wants}.Header())
			}
			w := recorder{httptest.NewRecorder()}
			g.ServeHTTP(w, r)
			list, err := store.List(t.Context(), agent.Filter{})
			if w.Code != c.want || err != nil || len(list) > 0 != (c.want == http.StatusCreated) {
				t.Errorf("%d %s; %d jobs, %v", w.Code, w.Body, len(list), err)
			}
		})
	}
}

// recorder takes the deadlines that a connection has.
type recorder struct{ *httptest.ResponseRecorder }

func (recorder) SetReadDeadline(time.Time) error { return nil }
