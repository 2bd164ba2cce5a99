package codertest

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"codeagent.dev/agent/maker/coder"
)

// RealAgents are the presets that are driven for real, over all ways to speak to one.
var RealAgents = []string{"claude", "claude-acp", "gemini"}

// RedButtons are fixtures for a server of models. Asked to make the buttons red, it calls
// the agent's tool that replaces blue in style.css, then ends its turn.
const RedButtons = `{"fixtures":[
{"match":{"hasToolResult":true},"response":{"content":"The buttons are red now."}},
{"match":{"userMessage":"make the buttons red","toolName":"Bash"},"response":{"toolCalls":[{"name":"Bash","arguments":"{\"command\":\"sed -i s/blue/red/ style.css\",\"description\":\"red\"}"}]}},
{"match":{"userMessage":"make the buttons red","toolName":"run_shell_command"},"response":{"toolCalls":[{"name":"run_shell_command","arguments":"{\"command\":\"sed -i s/blue/red/ style.css\",\"description\":\"red\"}"}]}}
]}`

// Installed returns the directory with the programs of real agents, as scripts/agents
// installs them. The test, in a directory two below the repository's, is skipped unless
// it was asked for.
func Installed(t testing.TB) (bin string) {
	t.Helper()
	if os.Getenv("AGENT_E2E") != "1" {
		t.Skip("set AGENT_E2E=1 to install real agents with npm (700 MB in the cache directory) and drive them")
	}
	if bin = os.Getenv("AGENT_E2E_BIN"); bin != "" { // a directory that has them already
		return bin
	}
	out, err := exec.Command("../../scripts/agents").Output()
	if err != nil {
		t.Fatalf("scripts/agents: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// Keys are variables by which real agents find a server of models instead of their own.
func Keys(bin, url string) map[string]string {
	return map[string]string{
		"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "sk-ant-dummy-key-0123456789", "CLAUDE_CODE_EXECUTABLE": filepath.Join(bin, "claude"),
		"GOOGLE_GEMINI_BASE_URL": url, "GEMINI_API_KEY": "dummy-key-0123456789",
	}
}

// Real returns a preset, told to use a model that its program knows.
func Real(t testing.TB, name string) coder.Agent {
	t.Helper()
	all := coder.Presets()
	i := slices.IndexFunc(all, func(a coder.Agent) bool { return a.Name == name })
	if i < 0 {
		t.Fatalf("no preset %s", name)
	}
	all[i].Model = map[string]string{"claude": "claude-sonnet-4-5", "gemini": "gemini-2.5-pro"}[name]
	return all[i]
}
