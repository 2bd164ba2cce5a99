// Package modeltest runs a server of models for tests: aimock, a program not ours that
// speaks the protocols of Ollama, Anthropic and OpenAI, behind a proxy that keeps what it
// was asked and can answer in its place.
package modeltest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Fixture is an answer to a message.
type Fixture struct {
	Message string // a part of the last message of the user; "" matches any
	Answer  string
	Prompt  int // tokens that the server says the prompt was; 0 with Output lets it estimate both
	Output  int // tokens that the server says the answer was
}

// Request is a request as the client sent it.
type Request struct {
	Method string
	Path   string // with its query
	Header http.Header
	Body   []byte
}

// Chaos is how aimock misbehaves, as probabilities from 0 to 1.
type Chaos struct {
	Drop       float64 `json:"dropRate,omitempty"`       // 500
	Malformed  float64 `json:"malformedRate,omitempty"`  // 200 and what is no JSON
	Disconnect float64 `json:"disconnectRate,omitempty"` // the connection ends without an answer
	RateLimit  float64 `json:"rateLimitRate,omitempty"`  // 429 with Retry-After
	Latency    int     `json:"latencyMs,omitempty"`      // before it answers
}

// Context is how many tokens of context the server says that an Ollama model has.
const Context = 32768

// Server is a running server of models.
type Server struct {
	URL string // without a slash at its end; Ollama's and Anthropic's base, OpenAI's is URL + "/v1"

	upstream *url.URL
	fixtures []Fixture
	mu       sync.Mutex
	requests []Request
	next     []http.HandlerFunc
}

// Start runs a server with these answers until the test ends. A message that none
// matches is answered with an error. Where aimock cannot be had the test is skipped,
// and fails when CI is "true".
func Start(t testing.TB, fixtures ...Fixture) *Server {
	t.Helper()
	upstream := run(t, install(t), write(t, fixtures), "--strict")
	s := &Server{upstream: upstream, fixtures: slices.Clone(fixtures)}
	server := httptest.NewServer(s.handler())
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Serve runs aimock alone, with fixtures as it reads them, until the test ends, and returns
// its address. It is for programs that speak to a model by themselves, which need not
// be as strict as we are.
func Serve(t testing.TB, fixtures string) string {
	t.Helper()
	return run(t, install(t), save(t, []byte(fixtures))).String()
}

// Requests returns what was asked up to now, in order.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Next makes the handlers answer the next requests in the server's place, one each. Those
// for the sizes of a model (/api/show) do not count.
func (s *Server) Next(handlers ...http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = append(s.next, handlers...)
}

// Chaos makes the server misbehave from now on; the zero Chaos ends that.
func (s *Server) Chaos(t testing.TB, c Chaos) {
	t.Helper()
	body, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(s.upstream.JoinPath("/__aimock/chaos").String(), "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer resp.Body.Close()
	if text, _ := io.ReadAll(resp.Body); resp.StatusCode >= 300 {
		t.Fatalf("aimock refuses chaos %s: %s %s", body, resp.Status, text)
	}
}

func (s *Server) handler() http.Handler {
	// A transport of its own that keeps no connection: nothing is left when the test ends.
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(s.upstream) },
		Transport:      &http.Transport{DisableKeepAlives: true},
		FlushInterval:  -1,
		ModifyResponse: s.addCounts,
		ErrorHandler:   func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		handle := s.take(Request{r.Method, r.URL.RequestURI(), r.Header.Clone(), body})
		switch {
		case handle != nil:
			handle(w, r)
		case r.URL.Path == "/api/show": // aimock does not have it
			fmt.Fprintf(w, `{"model_info":{"test.context_length":%d}}`, Context)
		default:
			proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), askedKey{}, asked(body))))
		}
	})
}

// take keeps a request and returns the handler that answers it in aimock's place, if any.
func (s *Server) take(r Request) http.HandlerFunc {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r)
	if r.Path == "/api/show" || len(s.next) == 0 {
		return nil
	}
	handle := s.next[0]
	s.next = s.next[1:]
	return handle
}

// install returns the path of aimock's program.
func install(t testing.TB) string {
	t.Helper()
	missing := t.Skipf
	if os.Getenv("CI") == "true" {
		missing = t.Fatalf
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	script := ""
	for ; ; dir = filepath.Dir(dir) {
		script = filepath.Join(dir, "scripts", "aimock")
		if _, err := os.Stat(script); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("scripts/aimock is in no directory above this one")
		}
	}
	var said bytes.Buffer
	cmd := exec.Command("bash", script)
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		missing("needs aimock, which scripts/aimock cannot install: %v: %s", err, bytes.TrimSpace(said.Bytes()))
	}
	return strings.TrimSpace(string(out))
}

// write returns the path of a file with the fixtures as aimock reads them.
func write(t testing.TB, fixtures []Fixture) string {
	t.Helper()
	all := []any{}
	for _, f := range fixtures {
		match, answer := map[string]any{}, map[string]any{"content": f.Answer}
		if f.Message != "" {
			match["userMessage"] = f.Message
		}
		if f.Prompt != 0 || f.Output != 0 {
			answer["usage"] = map[string]int{
				"prompt_tokens": f.Prompt, "completion_tokens": f.Output, "total_tokens": f.Prompt + f.Output,
				"input_tokens": f.Prompt, "output_tokens": f.Output,
			}
		}
		all = append(all, map[string]any{"match": match, "response": answer})
	}
	text, err := json.Marshal(map[string]any{"fixtures": all})
	if err != nil {
		t.Fatal(err)
	}
	return save(t, text)
}

func save(t testing.TB, fixtures []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fixtures.json")
	if err := os.WriteFile(path, fixtures, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// run starts aimock and returns its address, which it prints when it listens.
func run(t testing.TB, bin, fixtures string, flags ...string) *url.URL {
	t.Helper()
	cmd := exec.Command("node", append([]string{bin, "-p", "0", "-f", fixtures}, flags...)...)
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = in, in
	err = cmd.Start()
	in.Close()
	if err != nil {
		out.Close()
		t.Fatalf("aimock does not start: %v", err)
	}
	found, ended := make(chan string, 1), make(chan struct{})
	var log strings.Builder
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			fmt.Fprintln(&log, lines.Text())
			if _, address, ok := strings.Cut(lines.Text(), "listening on "); ok {
				found <- address
			}
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		_ = cmd.Wait()
		out.Close()
		if t.Failed() {
			t.Logf("aimock said:\n%s", log.String())
		}
	})
	select {
	case address := <-found:
		u, err := url.Parse(strings.TrimSpace(address))
		if err != nil {
			t.Fatalf("aimock listens on %q: %v", address, err)
		}
		return u
	case <-ended:
		t.Fatalf("aimock ended:\n%s", log.String())
	case <-time.After(time.Minute):
		t.Fatal("aimock does not listen after a minute")
	}
	return nil
}
