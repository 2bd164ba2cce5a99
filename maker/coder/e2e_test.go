//go:build unix

package coder_test

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

	"codeagent.dev/agent/maker/coder"
	"codeagent.dev/agent/proc"
)

// fixtures make the model call a tool that edits, then end its turn.
const fixtures = `{"fixtures":[
{"match":{"hasToolResult":true},"response":{"content":"The buttons are red now."}},
{"match":{"userMessage":"make the buttons red","toolName":"Bash"},"response":{"toolCalls":[{"name":"Bash","arguments":"{\"command\":\"sed -i s/blue/red/ style.css\",\"description\":\"red\"}"}]}},
{"match":{"userMessage":"make the buttons red","toolName":"run_shell_command"},"response":{"toolCalls":[{"name":"run_shell_command","arguments":"{\"command\":\"sed -i s/blue/red/ style.css\",\"description\":\"red\"}"}]}}
]}`

// TestRealAgents drives real agents against a model server until they have edited.
func TestRealAgents(t *testing.T) {
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
	url := modelServer(t, bin)
	for _, name := range []string{"claude", "claude-acp", "gemini"} {
		t.Run(name, func(t *testing.T) {
			task, log := shop(t)
			home := t.TempDir()
			claude := filepath.Join(bin, "claude")
			task.Env = proc.Env(map[string]string{
				"PATH": bin + ":" + os.Getenv("PATH"), "HOME": home,
				"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "sk-ant-dummy-key-0123456789", "CLAUDE_CODE_EXECUTABLE": claude,
				"GOOGLE_GEMINI_BASE_URL": url, "GEMINI_API_KEY": "dummy-key-0123456789",
			})
			task.Time, task.Idle = 3*time.Minute, 2*time.Minute
			report, err := preset(t, name).Run(t.Context(), task)
			if err != nil || read(t, task.Dir, "style.css") != red {
				t.Errorf("%v\n%+v\n%s", err, report, log)
			}
			t.Logf("%+v\n%s", report, log)
		})
	}
}

func preset(t *testing.T, name string) coder.Agent {
	for _, a := range coder.Presets() {
		if a.Name == name {
			a.Model = map[string]string{"claude": "claude-sonnet-4-5", "gemini": "gemini-2.5-pro"}[name]
			return a
		}
	}
	t.Fatalf("no preset %s", name)
	return coder.Agent{}
}

// modelServer starts aimock and returns its URL.
func modelServer(t *testing.T, bin string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "fixtures.json"), fixtures)
	cmd := exec.Command(filepath.Join(bin, "llmock"), "-p", fmt.Sprint(port), "-f", dir)
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
