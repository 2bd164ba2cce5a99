package worker_test

import (
	"encoding/json"
	"strings"
	"testing"

	"codeagent.dev/agent"
	"codeagent.dev/agent/daemon/worker"
	"codeagent.dev/agent/maker"
	"codeagent.dev/agent/maker/model"
	"codeagent.dev/agent/maker/model/modeltest"
)

// A job in words comes to a verified commit over each protocol, from a server that is
// none of ours: the first answer fails its check, the second mends it.
func TestEveryProtocol(t *testing.T) {
	server := modeltest.Start(t,
		modeltest.Fixture{Message: "then this failed", Answer: block("TWO", "TWO!"), Prompt: 700, Output: 20},
		modeltest.Fixture{Message: "shout in a.txt", Answer: "I shout.\n\n" + block("two", "TWO"), Prompt: 600, Output: 20},
	)
	key := model.NewSecret("sk-0123456789abcdef0123456789abcdef")
	for _, p := range []model.Provider{
		{Name: "ollama", Protocol: model.Ollama, URL: server.URL, Local: true},
		{Name: "anthropic", Protocol: model.Anthropic, URL: server.URL, Key: key, KeyEnv: "K"},
		{Name: "openai", Protocol: model.OpenAI, URL: server.URL + "/v1", Key: key, KeyEnv: "K"},
	} {
		t.Run(p.Name, func(t *testing.T) {
			before := len(server.Requests())
			b := newBench(t, 1)
			b.config.Makers = maker.NewSet(maker.Config{Providers: []model.Provider{p}})
			t.Cleanup(b.config.Makers.Close)
			b.worker = worker.New(b.config)
			b.work()
			spec := words("shout in a.txt")
			spec.Makers, spec.Checks = []string{p.Name + "/test-model-8b"}, []agent.Check{check("c", "grep 'TWO!' a.txt")}
			job, events := b.done(b.submit(spec))
			v := job.Variants[0]
			if job.Verdict != agent.Verified || len(v.Attempts) != 2 {
				t.Fatalf("%s (%s) after %d attempts", job.Verdict, job.Reason, len(v.Attempts))
			}
			if got := b.show(job, "show", v.Commit+":a.txt"); got != "one\nTWO!\nthree" {
				t.Errorf("a.txt is %q", got)
			}
			if v.Usage.Requests != 2 || p.Protocol != model.Ollama && (v.Usage.Input != 1300 || v.Usage.Output != 40) {
				t.Errorf("usage %+v", v.Usage)
			}
			for _, e := range events {
				if strings.Contains(e.Text, key.Reveal()) {
					t.Errorf("event %d holds the key", e.Seq)
				}
			}
			for _, r := range server.Requests()[before:] {
				var body struct{ Options map[string]any }
				if p.Protocol == model.Ollama && strings.HasSuffix(r.Path, "/api/chat") && (json.Unmarshal(r.Body, &body) != nil || body.Options["num_ctx"] == nil) {
					t.Errorf("Ollama was not told how large the context shall be: %s", r.Body)
				}
			}
		})
	}
}
