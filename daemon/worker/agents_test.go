//go:build unix

package worker_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/daemon/worker"
	"codeagent.dev/agent/maker"
	"codeagent.dev/agent/maker/coder"
)

// redButtons make the model call a tool that edits, then end its turn.
const redButtons = `{"fixtures":[
{"match":{"hasToolResult":true},"response":{"content":"The buttons are red now."}},
{"match":{"userMessage":"make the buttons red","toolName":"Bash"},"response":{"toolCalls":[{"name":"Bash","arguments":"{\"command\":\"sed -i s/blue/red/ style.css\",\"description\":\"red\"}"}]}},
{"match":{"userMessage":"make the buttons red","toolName":"run_shell_command"},"response":{"toolCalls":[{"name":"run_shell_command","arguments":"{\"command\":\"sed -i s/blue/red/ style.css\",\"description\":\"red\"}"}]}}
]}`

// A job in words is made by a real coding agent, as it is installed from npm, against a
// server of models that is none of ours, and ends as a verified commit.
func TestRealAgentsEndToEnd(t *testing.T) {
	if os.Getenv("AGENT_E2E") != "1" {
		t.Skip("set AGENT_E2E=1 to install real agents with npm (700 MB in the cache directory) and drive them")
	}
	bin := os.Getenv("AGENT_E2E_BIN") // a directory that has them already
	if bin == "" {
		out, err := exec.Command("../../scripts/agents").Output()
		if err != nil {
			t.Fatalf("scripts/agents: %v", err)
		}
		bin = strings.TrimSpace(string(out))
	}
	url := serveModels(t, filepath.Join(bin, "llmock"))
	secrets := map[string]string{
		"ANTHROPIC_API_KEY": "sk-ant-dummy-key-0123456789", "ANTHROPIC_BASE_URL": url,
		"GEMINI_API_KEY": "dummy-key-0123456789", "GOOGLE_GEMINI_BASE_URL": url,
	}
	agents := coder.Presets()
	for i := range agents {
		agents[i].Model = map[string]string{"claude": "claude-sonnet-4-5", "gemini": "gemini-2.5-pro"}[agents[i].Name]
		agents[i].Env = append(agents[i].Env, "ANTHROPIC_BASE_URL", "GOOGLE_GEMINI_BASE_URL", "CLAUDE_CODE_EXECUTABLE")
	}
	secrets["CLAUDE_CODE_EXECUTABLE"] = filepath.Join(bin, "claude")
	for _, name := range []string{"claude", "claude-acp", "gemini"} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, 1)
			b.write("style.css", "button { color: blue }\n")
			b.git("add", "-A")
			b.git("commit", "-qm", "style")
			b.base = b.git("rev-parse", "HEAD")
			b.config.Makers = maker.NewSet(maker.Config{
				Agents: agents, Path: func() string { return bin }, Env: func(name string) (string, bool) { v, ok := secrets[name]; return v, ok },
			})
			b.worker = worker.New(b.config)
			b.work()
			spec := words("make the buttons red")
			spec.Makers, spec.Checks = []string{name}, []agent.Check{check("red", "grep red style.css")}
			spec.Limits = agent.Limits{Make: agent.Duration(3 * time.Minute), Idle: agent.Duration(2 * time.Minute)}
			spec.Repo, spec.Base = b.repo, b.base
			spec.Env = map[string]string{"PATH": bin + ":" + os.Getenv("PATH"), "HOME": b.state}
			job, err := b.store.Submit(t.Context(), spec)
			if err != nil {
				t.Fatal(err)
			}
			var log strings.Builder
			for e, err := range b.store.Events(t.Context(), job.ID, 0) {
				if err != nil {
					t.Fatal(err)
				}
				log.WriteString(e.Text + "\n")
			}
			if job, err = b.store.Job(t.Context(), job.ID); err != nil {
				t.Fatal(err)
			}
			if job.Verdict != agent.Verified || b.show(job, "show", job.Variants[0].Commit+":style.css") != "button { color: red }" {
				t.Errorf("%s (%s)\n%s", job.Verdict, job.Reason, log.String())
			}
		})
	}
}

// serveModels starts aimock with the fixtures and returns its address.
func serveModels(t *testing.T, program string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "fixtures.json"), []byte(redButtons), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-p", fmt.Sprint(port), "-f", dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	url := fmt.Sprintf("http://127.0.0.1:%d", port)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for deadline := time.Now().Add(20 * time.Second); ; {
		if resp, err := client.Get(url + "/health"); err == nil {
			_ = resp.Body.Close()
			return url
		} else if time.Now().After(deadline) {
			t.Fatal(err)
		}
		<-time.After(50 * time.Millisecond)
	}
}
