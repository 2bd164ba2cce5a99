package maker_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent"
	"codeagent.dev/agent/maker"
	"codeagent.dev/agent/maker/coder"
	"codeagent.dev/agent/maker/model"
)

func named(names ...string) agent.Spec {
	return agent.Spec{Kind: agent.Prompt, Text: "do it", Makers: names}
}

func TestNames(t *testing.T) {
	set := maker.NewSet(maker.Config{
		Providers: []model.Provider{{Name: "ollama", Protocol: model.Ollama, URL: "http://127.0.0.1:1", Local: true}},
		Agents:    []coder.Agent{{Name: "claude", Kind: coder.Claude, Argv: []string{"claude"}}},
	})
	makers, err := set.For(named("ollama/a", "claude"), 1)
	if err != nil || len(makers) != 2 || makers[0].Name() != "ollama/a" || makers[0].Edits() || !makers[1].Edits() {
		t.Fatalf("%v, %v", makers, err)
	}
	for name, want := range map[string]string{
		"gpt":     `unknown maker "gpt"`,
		"foo/bar": `maker "foo/bar": there is no provider "foo"`,
		"ollama":  `maker "ollama" names no model`,
		"ollama/": `unknown maker "ollama/"`,
	} {
		_, err := set.For(named(name), 1)
		if err == nil || err.Error() != want || agent.CodeOf(err) != agent.Invalid || agent.HintOf(err) == "" {
			t.Errorf("%s: %v (%s)", name, err, agent.HintOf(err))
		}
	}
	spread := named("ollama/a", "ollama/b", "claude")
	spread.Spread = true
	for variant, want := range []string{1: "ollama/a", "ollama/b", "claude", "ollama/a"} {
		if variant == 0 {
			continue
		}
		if makers, err := set.For(spread, variant); err != nil || makers[0].Name() != want || len(makers) != 3 {
			t.Errorf("variant %d: %v, want %s first", variant, err, want)
		}
	}
}

// TestChain finds what there is: a local model before a key before an agent.
func TestChain(t *testing.T) {
	ollama := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"models":[{"name":"nomic-embed-text:latest"},{"name":"llama3:70b"},{"name":"qwen2.5-coder:7b"},{"name":"qwen2.5-coder:14b"}]}`)
	}))
	defer ollama.Close()
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "claude"), []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	config := maker.Config{
		Providers: []model.Provider{
			{Name: "ollama", Protocol: model.Ollama, URL: ollama.URL, Local: true},
			{Name: "anthropic", Protocol: model.Anthropic, URL: "http://127.0.0.1:1", KeyEnv: "ANTHROPIC_API_KEY", Key: model.NewSecret("k")},
			{Name: "openai", Protocol: model.OpenAI, URL: "http://127.0.0.1:1", KeyEnv: "OPENAI_API_KEY"},
		},
		Agents: []coder.Agent{
			{Name: "claude", Kind: coder.Claude, Argv: []string{"claude"}}, {Name: "codex", Kind: coder.Codex, Argv: []string{"codex"}},
		},
		Path: func() string { return bin },
	}
	chain, err := maker.NewSet(config).Chain(t.Context())
	if diff := cmp.Diff([]string{"ollama/qwen2.5-coder:14b", "anthropic/claude-sonnet-5", "claude"}, chain); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	report, err := maker.NewSet(config).Report(t.Context(), "", false)
	if err != nil {
		t.Fatal(err)
	}
	why := map[string]string{}
	for _, f := range report.Found {
		if !f.Ready {
			why[f.Name] = f.Why
		}
	}
	if !strings.Contains(why["openai"], "OPENAI_API_KEY is not set") || !strings.Contains(why["codex"], "not found") {
		t.Errorf("why not: %v", why)
	}

	config.Providers, config.Path = nil, nil
	if _, err := maker.NewSet(config).Chain(t.Context()); agent.CodeOf(err) != agent.Invalid || !strings.Contains(agent.HintOf(err), "ollama pull") {
		t.Errorf("with nobody: %v (%s)", err, agent.HintOf(err))
	}
}

// TestWriterWithoutKey: the missing key is named, nothing is sent, and the next is asked.
func TestWriterWithoutKey(t *testing.T) {
	set := maker.NewSet(maker.Config{Providers: []model.Provider{{Name: "openai", Protocol: model.OpenAI, URL: "http://127.0.0.1:1", KeyEnv: "OPENAI_API_KEY"}}})
	makers, err := set.For(named("openai/gpt-5"), 1)
	if err != nil {
		t.Fatal(err)
	}
	_, err = makers[0].Make(t.Context(), maker.Request{Spec: named("openai/gpt-5"), Variant: 1, Try: 1})
	if e := ended(t, err); !e.Own || !strings.Contains(e.Reason, "OPENAI_API_KEY is not set") || !strings.Contains(e.Hint, "daemon restart") {
		t.Errorf("%+v", e)
	}
}

func TestLedger(t *testing.T) {
	path := filepath.Join(t.TempDir(), "makers.json")
	synctest.Test(t, func(t *testing.T) {
		l, err := maker.OpenLedger(path)
		if err != nil {
			t.Fatal(err)
		}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(l.Rest("a/b", time.Minute, "quota"))
		again, err := maker.OpenLedger(path) // as after a restart
		must(err)
		if _, why, resting := again.Resting("a/b"); !resting || why != "quota" {
			t.Errorf("after a restart it rests: %v, %q", resting, why)
		}
		time.Sleep(61 * time.Second)
		if _, _, resting := l.Resting("a/b"); resting {
			t.Error("it rests longer than a minute")
		}
		must(l.Rest("a/b", time.Minute, "quota"))
		if until, _, _ := l.Resting("a/b"); time.Until(until) < 119*time.Second {
			t.Errorf("the second rest in a row is %v", time.Until(until))
		}
		must(l.Wake("a/b"))
		if _, _, resting := l.Resting("a/b"); resting {
			t.Error("it rests although it was waked")
		}
		must(l.Rest("a/b", 1000*time.Hour, "a year"))
		if until, _, _ := l.Resting("a/b"); time.Until(until) > time.Hour {
			t.Errorf("a server may ask for %v", time.Until(until))
		}
		must(l.Rest("c", 0, "cut"))
		if _, _, resting := l.Resting("c"); resting {
			t.Error("an error without a rest makes it rest")
		}
	})
	if err := os.WriteFile(path, []byte("{damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := maker.OpenLedger(path)
	if err == nil || len(l.Records()) != 0 {
		t.Errorf("a damaged ledger: %v, %v", err, l.Records())
	}
	if err := l.Note("x", agent.Verified, true, agent.Usage{}); err != nil {
		t.Errorf("and it cannot be begun anew: %v", err)
	}
}

// TestFormatFallsBack: three answers in a row that do not apply, and the model is asked
// for another form, in the end for whole files.
func TestFormatFallsBack(t *testing.T) {
	var seen []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "data: {\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
	}))
	defer server.Close()
	set := maker.NewSet(maker.Config{Providers: []model.Provider{{Name: "p", Protocol: model.OpenAI, URL: server.URL}}})
	defer set.Close()
	for range 4 {
		makers, err := set.For(named("p/gpt-5"), 1)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := makers[0].Make(t.Context(), maker.Request{Spec: named("p/gpt-5"), Variant: 1, Try: 1})
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, string(answer.Format))
		for range 3 {
			if err := set.Ledger().Note("p/gpt-5", agent.Conflict, true, agent.Usage{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if diff := cmp.Diff([]string{"applypatch", "udiff", "searchreplace", "wholefile"}, seen); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestQuestion(t *testing.T) {
	for said, want := range map[string]string{
		"QUESTION: which one?":                             "which one?",
		"I looked.\n\n**Question:** a or b?\n\n1. a\n":     "a or b?\n\n1. a",
		"Should it be red?":                                "Should it be red?",
		"Here it is.\n```\nx\n```\nIs that what you want?": "",
		"It is done.":                                      "",
		"":                                                 "",
	} {
		if got := maker.Question(said); got != want {
			t.Errorf("%q: %q, want %q", said, got, want)
		}
	}
}

func TestPreface(t *testing.T) {
	for answer, want := range map[string]string{
		"I do it.\n\na/b.go\n```\n<<<<<<< SEARCH\n": "I do it.",
		"*** Begin Patch\n":                         "",
		"Because.\n*** Begin Patch\n":               "Because.",
		"only prose":                                "",
	} {
		if got := maker.Preface(answer); got != want {
			t.Errorf("%q: %q, want %q", answer, got, want)
		}
	}
}
