package model_test

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"codeagent.dev/agent/maker/model"
)

// raw is a server that answers with handle, and says that its models have this context.
func raw(t *testing.T, context int, handle http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/api/show":
			fmt.Fprintf(w, `{"model_info":{"llama.context_length":%d}}`, context)
		case r.Method == http.MethodGet && r.URL.Path != "/api/ps":
			fmt.Fprintf(w, `{"data":[{"id":"m","max_model_len":%d}]}`, context)
		default:
			handle(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// kind fails the test unless err is of that kind, has a hint, and shows no key.
func kind(t *testing.T, err error, want model.Kind) *model.Error {
	t.Helper()
	e, ok := errors.AsType[*model.Error](err)
	if !ok || e.Kind != want {
		t.Fatalf("%v, want %s", err, want)
	}
	if strings.Contains(e.Error()+e.Hint, "0123456789") || e.Hint == "" {
		t.Errorf("hint %q or key in %v", e.Hint, e)
	}
	return e
}

// ending is the wire of an answer with a stop word.
func ending(protocol model.Protocol, stop string) string {
	switch protocol {
	case model.Ollama:
		return `{"message":{"content":"hi"},"done":true,"done_reason":"` + stop + `","prompt_eval_count":7,"eval_count":1}` + "\n"
	case model.Anthropic:
		return "data: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"hi\"}}\n\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"" + stop + "\"}}\n\ndata: {\"type\":\"message_stop\"}\n\n"
	}
	return "data: {\"choices\":[{\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"" + stop + "\"}]}\n\ndata: [DONE]\n\n"
}

func TestStopWords(t *testing.T) {
	for _, tc := range []struct {
		protocol model.Protocol
		stop     string
		kind     model.Kind // "" for success
	}{
		{model.Ollama, "stop", ""},
		{model.Ollama, "length", model.CutOff},
		{model.Ollama, "load", model.BadStream},
		{model.Anthropic, "end_turn", ""},
		{model.Anthropic, "stop_sequence", ""},
		{model.Anthropic, "max_tokens", model.CutOff},
		{model.Anthropic, "refusal", model.Refused},
		{model.Anthropic, "tool_use", model.BadStream},
		{model.Anthropic, "pause_turn", model.BadStream},
		{model.OpenAI, "stop", ""},
		{model.OpenAI, "length", model.CutOff},
		{model.OpenAI, "content_filter", model.Refused},
		{model.OpenAI, "tool_calls", model.BadStream},
		{model.OpenAI, key, model.BadStream},
	} {
		url := raw(t, 16384, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, ending(tc.protocol, tc.stop)) })
		reply, err := openAt(t, tc.protocol, url, model.Options{}).Ask(t.Context(), greet(), nil)
		if reply.Text != "hi" {
			t.Errorf("%s %s: the text is %q", tc.protocol, tc.stop, reply.Text)
		}
		if tc.kind != "" {
			kind(t, err, tc.kind)
		} else if err != nil {
			t.Errorf("%s %s: %v", tc.protocol, tc.stop, err)
		}
	}
}

func TestRetry(t *testing.T) {
	date := time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
	for _, tc := range []struct {
		status int
		header string
		kind   model.Kind // "" when the second request is answered
		wait   time.Duration
	}{
		{500, "", "", 0},
		{529, "0.01", "", 0},
		{429, "0.01", "", 0},
		{429, "3600", model.Quota, time.Hour},
		{503, date, model.Overloaded, time.Hour},
	} {
		asked := 0
		url := raw(t, 16384, func(w http.ResponseWriter, _ *http.Request) {
			if asked++; asked == 1 {
				w.Header().Set("Retry-After", tc.header)
				w.WriteHeader(tc.status)
				return
			}
			io.WriteString(w, ending(model.Anthropic, "end_turn"))
		})
		reply, err := openAt(t, model.Anthropic, url, model.Options{}).Ask(t.Context(), greet(), nil)
		if tc.kind == "" {
			if err != nil || reply.Text != "hi" || asked != 2 {
				t.Errorf("%d: %+v, %v after %d", tc.status, reply, err, asked)
			}
			continue
		}
		e := kind(t, err, tc.kind)
		if asked != 1 || tc.wait-e.RetryAfter > 5*time.Second || e.RetryAfter > tc.wait {
			t.Errorf("%d: RetryAfter %s after %d requests", tc.status, e.RetryAfter, asked)
		}
	}
}

// TestInfoIsAskedAgain: a server that fails to say its sizes once is asked once more.
func TestInfoIsAskedAgain(t *testing.T) {
	shown := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/show" {
			io.WriteString(w, ending(model.Ollama, "stop"))
			return
		}
		if shown++; shown == 1 {
			http.Error(w, "loading", 500)
			return
		}
		io.WriteString(w, `{"model_info":{"llama.context_length":16384}}`)
	}))
	defer server.Close()
	reply, err := openAt(t, model.Ollama, server.URL, model.Options{}).Ask(t.Context(), greet(), nil)
	if err != nil || reply.Text != "hi" || shown != 2 {
		t.Errorf("%+v, %v; asked for sizes %d times", reply, err, shown)
	}
}

func TestErrorWithStatus200(t *testing.T) {
	for _, protocol := range protocols {
		url := raw(t, 16384, func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, `{"error":{"message":"the engine is on fire","code":"server_error"}}`)
		})
		_, err := openAt(t, protocol, url, model.Options{Attempts: 1}).Ask(t.Context(), greet(), nil)
		if e, ok := errors.AsType[*model.Error](err); !ok || protocol != model.Ollama && !strings.Contains(e.Error(), "on fire") {
			t.Errorf("%s: %v", protocol, err)
		}
	}
}

func TestSilence(t *testing.T) {
	for _, begun := range []bool{false, true} {
		url := raw(t, 16384, func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			if begun {
				io.WriteString(w, `{"message":{"content":"hi"}}`+"\n")
				w.(http.Flusher).Flush()
			}
			<-r.Context().Done()
		})
		o := model.Options{FirstByte: 200 * time.Millisecond, Idle: 200 * time.Millisecond}
		reply, err := openAt(t, model.Ollama, url, o).Ask(t.Context(), greet(), nil)
		kind(t, err, model.Silent)
		if begun != (reply.Text == "hi") {
			t.Errorf("the text is %q", reply.Text)
		}
	}
}

func TestCancelInTheMiddle(t *testing.T) {
	for _, protocol := range protocols {
		wire := wires[protocol]
		if protocol == model.Azure {
			wire = wires[model.OpenAI]
		}
		cut := strings.Index(wire, "Grüße\"")
		cut += strings.Index(wire[cut:], "\n") + 1
		if protocol != model.Ollama {
			cut += len("\r\n")
		}
		url := raw(t, 16384, func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			io.WriteString(w, wire[:cut])
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		})
		ctx, cancel := context.WithCancel(t.Context())
		reply, err := openAt(t, protocol, url, model.Options{}).Ask(ctx, greet(), func(string) { cancel() })
		kind(t, err, model.Canceled)
		if !errors.Is(err, context.Canceled) || reply.Text != "Grüße" {
			t.Errorf("%s: %q, %v", protocol, reply.Text, err)
		}
	}
}

func TestTooLong(t *testing.T) {
	url := raw(t, 2048, func(http.ResponseWriter, *http.Request) { t.Error("something was sent") })
	for _, protocol := range []model.Protocol{model.Ollama, model.OpenAI} {
		r := greet()
		r.Messages[0].Text = strings.Repeat("words ", 3000)
		_, err := openAt(t, protocol, url, model.Options{}).Ask(t.Context(), r, nil)
		if e := kind(t, err, model.TooLong); !strings.Contains(e.Error(), "2048") {
			t.Errorf("no number in %v", e)
		}
	}
}

func TestPromptCut(t *testing.T) {
	url := raw(t, 32768, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/ps" {
			io.WriteString(w, `{"models":[{"name":"m:latest","context_length":4096}]}`)
			return
		}
		io.WriteString(w, `{"message":{"content":"hi"},"done":true,"done_reason":"stop","prompt_eval_count":2048}`)
	})
	r := greet()
	r.Messages[0].Text = strings.Repeat("words ", 6000)
	_, err := openAt(t, model.Ollama, url, model.Options{}).Ask(t.Context(), r, nil)
	kind(t, err, model.PromptCut)
}

func TestEmptyAnswer(t *testing.T) {
	url := raw(t, 16384, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, strings.Replace(ending(model.OpenAI, "stop"), "hi", " ", 1))
	})
	_, err := openAt(t, model.OpenAI, url, model.Options{}).Ask(t.Context(), greet(), nil)
	kind(t, err, model.EmptyAnswer)
}

func TestAdapt(t *testing.T) {
	asked := 0
	url := raw(t, 16384, func(w http.ResponseWriter, r *http.Request) {
		asked++
		body, _ := io.ReadAll(r.Body)
		for _, not := range []string{"temperature", "max_tokens"} {
			if strings.Contains(string(body), `"`+not+`"`) {
				w.WriteHeader(400)
				fmt.Fprintf(w, `{"error":{"message":"Unsupported parameter: '%s' is not supported with this model."}}`, not)
				return
			}
		}
		io.WriteString(w, ending(model.OpenAI, "stop"))
	})
	c, r := openAt(t, model.OpenAI, url, model.Options{Attempts: 1}), greet()
	r.Temperature = new(float64)
	for _, want := range []int{3, 4} { // it is learned once
		if _, err := c.Ask(t.Context(), r, nil); err != nil || asked != want {
			t.Errorf("%v after %d requests, want %d", err, asked, want)
		}
	}
	asked = 0
	url = raw(t, 16384, func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.WriteHeader(400)
		io.WriteString(w, `{"error":{"message":"max_tokens is too large: 9000"}}`)
	})
	_, err := openAt(t, model.OpenAI, url, model.Options{}).Ask(t.Context(), r, nil)
	if kind(t, err, model.BadRequest); asked != 1 {
		t.Errorf("%d requests for a value that is too large", asked)
	}
}

func TestRedirectDoesNotCarryTheKey(t *testing.T) {
	var reached atomic.Bool
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	defer other.Close()
	for _, protocol := range protocols {
		url := raw(t, 16384, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
		})
		_, err := openAt(t, protocol, url, model.Options{}).Ask(t.Context(), greet(), nil)
		if kind(t, err, model.Unreachable); reached.Load() {
			t.Errorf("%s: the redirect was followed", protocol)
		}
	}
}

func TestCAFile(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, ending(model.Anthropic, "end_turn"))
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := openAt(t, model.Anthropic, server.URL, model.Options{}).Ask(t.Context(), greet(), nil)
	kind(t, err, model.Unreachable)
	reply, err := openAt(t, model.Anthropic, server.URL, model.Options{CAFile: file}).Ask(t.Context(), greet(), nil)
	if err != nil || reply.Text != "hi" {
		t.Errorf("with the file: %+v, %v", reply, err)
	}
}

func TestHugeLine(t *testing.T) {
	for _, protocol := range protocols {
		url := raw(t, 16384, func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "data: "+strings.Repeat("x", 5<<20)+"\n\n")
		})
		_, err := openAt(t, protocol, url, model.Options{}).Ask(t.Context(), greet(), nil)
		kind(t, err, model.TooMuch)
	}
}
