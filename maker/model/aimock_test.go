package model_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"codeagent.dev/agent/maker/model"
	"codeagent.dev/agent/maker/model/modeltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var protocols = []model.Protocol{model.Ollama, model.Anthropic, model.OpenAI, model.Azure}

// openAt returns a client of a server that speaks the protocol.
func openAt(t *testing.T, protocol model.Protocol, url string, o model.Options) *model.Client {
	t.Helper()
	p := model.Provider{Name: "test", Protocol: protocol, URL: url, Key: model.NewSecret(key)}
	switch protocol {
	case model.OpenAI:
		p.URL += "/v1"
	case model.Azure:
		p.APIVersion = "2024-10-21"
	}
	c, err := model.Open(p, "m", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func greet() model.Request {
	return model.Request{System: "be brief", Messages: []model.Message{{Role: model.User, Text: "greet the people of Berlin please", Cache: true}}}
}

// long is an answer of several events, some of which end within a letter of UTF-8.
var long = strings.Repeat("Grüße, 東京 🎉 — ", 20)

func TestAimock(t *testing.T) {
	for _, protocol := range protocols {
		t.Run(string(protocol), func(t *testing.T) {
			s := modeltest.Start(t, modeltest.Fixture{Message: "Berlin", Answer: long, Prompt: 70, Output: 20})
			var heard strings.Builder
			pieces := 0
			reply, err := openAt(t, protocol, s.URL, model.Options{}).Ask(t.Context(), greet(), func(text string) { heard.WriteString(text); pieces++ })
			if err != nil || reply.Text != long || heard.String() != long {
				t.Fatalf("%+v, %v", reply, err)
			}
			if pieces < 2 || reply.FirstToken <= 0 || reply.Took < reply.FirstToken {
				t.Errorf("%d pieces, the first after %s of %s", pieces, reply.FirstToken, reply.Took)
			}
			if reply.Usage != (model.Usage{Input: 70, Output: 20}) {
				t.Errorf("usage is %+v", reply.Usage)
			}
			all := s.Requests()
			checkRequest(t, protocol, all[len(all)-1])
		})
	}
}

// checkRequest looks at what each protocol is asked with.
func checkRequest(t *testing.T, protocol model.Protocol, r modeltest.Request) {
	t.Helper()
	path := map[model.Protocol]string{
		model.Ollama: "/api/chat", model.Anthropic: "/v1/messages", model.OpenAI: "/v1/chat/completions",
		model.Azure: "/openai/deployments/m/chat/completions?api-version=2024-10-21",
	}[protocol]
	header, value := "Authorization", "Bearer "+key
	switch protocol {
	case model.Anthropic:
		header, value = "X-Api-Key", key
		if v := r.Header.Get("Anthropic-Version"); v != "2023-06-01" {
			t.Errorf("anthropic-version %q", v)
		}
	case model.Azure:
		header, value = "Api-Key", key
	}
	if r.Method != "POST" || r.Path != path || r.Header.Get(header) != value {
		t.Errorf("%s %s with %s: %q", r.Method, r.Path, header, r.Header.Get(header))
	}
	for _, other := range []string{"Authorization", "X-Api-Key", "Api-Key"} {
		if other != header && r.Header.Get(other) != "" {
			t.Errorf("the key is in %s too", other)
		}
	}
	if !json.Valid(r.Body) {
		t.Fatalf("no JSON: %s", r.Body)
	}
	want := map[model.Protocol]string{
		model.Ollama:    `"num_ctx":16384`, // a power of two that holds the prompt and 8192 of answer
		model.Anthropic: `"text":"greet the people of Berlin please","cache_control":{"type":"ephemeral"}`,
		model.OpenAI:    `"max_tokens":8192`,
		model.Azure:     `"max_completion_tokens":8192`,
	}[protocol]
	if !strings.Contains(string(r.Body), want) {
		t.Errorf("no %s in %s", want, r.Body)
	}
}

func TestAimockChaos(t *testing.T) {
	for _, protocol := range protocols {
		s := modeltest.Start(t, modeltest.Fixture{Answer: long})
		for _, tc := range []struct {
			name  string
			chaos modeltest.Chaos
			kind  model.Kind // "" for an answer
		}{
			{"malformed", modeltest.Chaos{Malformed: 1}, model.BadStream},
			{"disconnect", modeltest.Chaos{Disconnect: 1}, model.Unreachable},
			{"429", modeltest.Chaos{RateLimit: 1}, model.Quota},
			{"500", modeltest.Chaos{Drop: 1}, model.Overloaded},
			{"latency", modeltest.Chaos{Latency: 50}, ""},
		} {
			t.Run(string(protocol)+"/"+tc.name, func(t *testing.T) {
				s.Chaos(t, tc.chaos)
				reply, err := openAt(t, protocol, s.URL, model.Options{Attempts: 1}).Ask(t.Context(), greet(), nil)
				if tc.kind == "" {
					if err != nil || reply.Text != long || reply.FirstToken.Milliseconds() < 50 {
						t.Errorf("%+v, %v", reply, err)
					}
					return
				}
				e, ok := errors.AsType[*model.Error](err)
				if !ok || e.Kind != tc.kind || e.Hint == "" || reply.Text != "" {
					t.Fatalf("%q, %v, want %s", reply.Text, err, tc.kind)
				}
				if tc.kind == model.Quota && e.RetryAfter == 0 {
					t.Error("Retry-After is lost")
				}
				if strings.Contains(e.Error()+e.Hint, "0123456789") {
					t.Errorf("the key is in %v", e)
				}
			})
		}
	}
}
