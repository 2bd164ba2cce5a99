package model_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"codeagent.dev/agent/maker/model"
)

const key = "sk-test-0123456789abcdef"

// wires are the shapes of a good answer in each protocol, as the vendors document them.
var wires = map[model.Protocol]string{
	model.Ollama:    `{"message":{"content":"<think>hm</think>\n"},"done":false}` + "\n" + `{"message":{"content":"Grüße","thinking":"no"},"done":false}` + "\n" + `{"done":true,"done_reason":"stop","prompt_eval_count":7,"eval_count":2}` + "\n",
	model.OpenAI:    ": keep-alive\r\n\r\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"reasoning_content\":\"no\",\"content\":\"Grüße\"}}]}\r\n\r\ndata: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\r\n\r\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2}}\r\n\r\ndata: [DONE]\r\n\r\n",
	model.Anthropic: "data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":7}}}\n\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"no\"}}\n\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"Grüße\"}}\n\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":2}}\n\ndata: {\"type\":\"message_stop\"}\n\n",
}

func ask(t *testing.T, protocol model.Protocol, handle http.HandlerFunc) (model.Reply, error) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/show" {
			fmt.Fprint(w, `{"model_info":{"llama.context_length":8192}}`)
			return
		}
		handle(w, r)
	}))
	t.Cleanup(server.Close)
	c, err := model.Open(model.Provider{Name: "test", Protocol: protocol, URL: server.URL, Key: model.NewSecret(key)}, "m", model.Options{Idle: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c.Ask(t.Context(), model.Request{System: "be brief", Messages: []model.Message{{Role: model.User, Text: "greet the people of Berlin please"}}}, nil)
}

func TestAsk(t *testing.T) {
	for protocol, wire := range wires {
		reply, err := ask(t, protocol, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if protocol == model.Ollama && !strings.Contains(string(body), `"num_ctx":8192`) {
				t.Errorf("no num_ctx in %s", body)
			}
			io.WriteString(w, wire)
		})
		if err != nil || reply.Text != "Grüße" || reply.Usage != (model.Usage{Input: 7, Output: 2}) {
			t.Errorf("%s: %+v, %v", protocol, reply, err)
		}
	}
}

// TestCut: a stream that ends anywhere before its terminal event is an error.
func TestCut(t *testing.T) {
	for protocol, wire := range wires {
		end := strings.LastIndex(wire, "finish_reason")
		if protocol == model.Anthropic {
			end = len(wire)
		} else if protocol == model.Ollama {
			end = strings.LastIndex(wire, "}")
		}
		for _, n := range []int{end / 2, end - 1} {
			url := raw(t, 8192, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, wire[:n]) })
			_, err := openAt(t, protocol, url, model.Options{Attempts: 1}).Ask(t.Context(), greet(), nil)
			if e, ok := errors.AsType[*model.Error](err); !ok || e.Kind != model.BadStream {
				t.Errorf("%s after %d of %d: %v", protocol, n, len(wire), err)
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, tc := range []struct {
		status int
		after  string
		body   string
		kind   model.Kind
		asked  int
	}{
		{401, "", `{"error":{"message":"Incorrect API key provided: ` + key + `"}}`, model.Unauthorized, 1},
		{429, "3600", `{"error":{"message":"slow down"}}`, model.Quota, 1},
		{429, "", `{"error":{"code":"insufficient_quota","message":"pay"}}`, model.Quota, 1},
		{404, "", `{"error":{"message":"model 'm' not found"}}`, model.NoModel, 1},
		{400, "", `{"error":{"message":"greet the people of Berlin please is bad"}}`, model.BadRequest, 1},
		{500, "0.001", `oops`, model.Overloaded, 3},
	} {
		asked := 0
		_, err := ask(t, model.Ollama, func(w http.ResponseWriter, _ *http.Request) {
			asked++
			w.Header().Set("Retry-After", tc.after)
			w.WriteHeader(tc.status)
			io.WriteString(w, tc.body)
		})
		e, ok := errors.AsType[*model.Error](err)
		if !ok || e.Kind != tc.kind || asked != tc.asked || e.Hint == "" {
			t.Errorf("%d: %v after %d requests, want %s after %d", tc.status, err, asked, tc.kind, tc.asked)
			continue
		}
		if text := e.Error() + e.Hint; strings.Contains(text, "0123456789") || strings.Contains(text, "Berlin") || strings.Contains(text, "\n") {
			t.Errorf("the error tells too much: %s", text)
		}
		if tc.after == "3600" && e.RetryAfter != time.Hour {
			t.Errorf("RetryAfter is %s", e.RetryAfter)
		}
	}
}

func TestSecret(t *testing.T) {
	p := struct{ inner model.Provider }{model.Provider{Key: model.NewSecret(key)}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, value := range []any{p, p.inner, p.inner.Key, &p.inner.Key} {
			if text := fmt.Sprintf(verb, value); strings.Contains(text, "0123456789") || strings.Contains(text, fmt.Sprintf("%x", key)) {
				t.Errorf("%s shows %s", verb, text)
			}
		}
	}
}

func TestCost(t *testing.T) {
	for _, tc := range []struct {
		provider, model string
		cost            int64
		known           bool
	}{
		{"anthropic", "claude-sonnet-4-5", 3300, true},
		{"anthropic", "claude-sonnet-4-5-20990101", 0, false},
		{"ollama", "any", 0, true},
	} {
		p, _ := model.Named(tc.provider)
		c, err := model.Open(p, tc.model, model.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if cost, known := c.Cost(model.Usage{Input: 500, CacheRead: 1000, Output: 100}); cost != tc.cost || known != tc.known {
			t.Errorf("%s: %d, %v", c.Name(), cost, known)
		}
	}
}
