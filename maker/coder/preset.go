package coder

import (
	"os"
	"slices"

	"codeagent.dev/agent/proc"
)

// Presets returns the agents that are known, in the order in which to prefer them. Their
// arguments are those that were found to work without a person; of aider, goose, crush
// and cursor-agent they are those that their documentation gives.
func Presets() []Agent {
	anthropic := []string{"ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL", "ANTHROPIC_MODEL", "CLAUDE_CODE_OAUTH_TOKEN"}
	openai := []string{"OPENAI_API_KEY", "CODEX_API_KEY", "OPENAI_BASE_URL", "CODEX_HOME"}
	many := []string{"ANTHROPIC_API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL", "GEMINI_API_KEY", "GOOGLE_API_KEY",
		"OPENROUTER_API_KEY", "DEEPSEEK_API_KEY", "GROQ_API_KEY", "MISTRAL_API_KEY", "XAI_API_KEY"}
	quiet := []string{"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1", "DISABLE_AUTOUPDATER=1"}
	return []Agent{
		// --allowedTools without Write and Edit: with them it writes anywhere, while
		// acceptEdits lets it write in its directory.
		{Name: "claude", Kind: Claude, Home: true, Env: anthropic, Set: quiet,
			Argv: []string{"claude", "-p", "--output-format", "stream-json", "--verbose", "--model", modelMark,
				"--permission-mode", "acceptEdits", "--allowedTools", "Bash"},
			Install: "npm install -g @anthropic-ai/claude-code", Login: "run `claude` and log in, or set ANTHROPIC_API_KEY"},
		{Name: "codex", Kind: Codex, Home: true, Env: openai,
			Argv:    []string{"codex", "exec", "--json", "--sandbox", "workspace-write", "--skip-git-repo-check", "-m", modelMark, "-"},
			Install: "npm install -g @openai/codex", Login: "run `codex login`, or set CODEX_API_KEY"},
		{Name: "gemini", Kind: ACP, Home: true, Argv: []string{"gemini", "--acp", "-m", modelMark},
			Env: []string{"GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GEMINI_BASE_URL", "GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION", "GOOGLE_GENAI_USE_VERTEXAI"},
			Set: []string{"GEMINI_CLI_TRUST_WORKSPACE=true"}, Install: "npm install -g @google/gemini-cli",
			Login: "run `gemini` and log in, or set GEMINI_API_KEY"},
		{Name: "qwen", Kind: ACP, Home: true, Argv: []string{"qwen", "--acp", "-m", modelMark},
			Env:     []string{"OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL", "DASHSCOPE_API_KEY"},
			Install: "npm install -g @qwen-code/qwen-code", Login: "run `qwen` and log in, or set OPENAI_API_KEY"},
		{Name: "opencode", Kind: ACP, Home: true, Argv: []string{"opencode", "acp"}, Env: many,
			Set:     []string{"OPENCODE_DISABLE_AUTOUPDATE=1"},
			Install: "npm install -g opencode-ai", Login: "run `opencode auth login`"},
		{Name: "copilot", Kind: ACP, Home: true, Argv: []string{"copilot", "--acp", "--model", modelMark},
			Env: []string{"GH_TOKEN", "GITHUB_TOKEN", "COPILOT_GITHUB_TOKEN", "COPILOT_PROVIDER_BASE_URL", "COPILOT_PROVIDER_API_KEY",
				"COPILOT_MODEL", "COPILOT_OFFLINE"},
			Install: "npm install -g @github/copilot", Login: "run `copilot` and say /login, or set COPILOT_GITHUB_TOKEN"},
		{Name: "aider", Kind: Command, Env: many,
			// Without --no-git it makes a repository, with --yes-always unasked.
			Argv: []string{"aider", "--yes-always", "--no-git", "--no-auto-commits", "--no-stream", "--no-pretty", "--no-check-update",
				"--no-show-model-warnings", "--input-history-file", os.DevNull, "--chat-history-file", os.DevNull,
				"--model", modelMark, "--message-file", fileMark},
			Install: "python -m pip install aider-install && aider-install", Login: "set the key of its model, such as ANTHROPIC_API_KEY"},
		{Name: "goose", Kind: Command, Home: true, Env: many, Set: []string{"GOOSE_MODE=auto"},
			Argv:    []string{"goose", "run", "--no-session", "--model", modelMark, "-i", fileMark},
			Install: "see https://block.github.io/goose", Login: "run `goose configure`"},
		{Name: "crush", Kind: Command, Home: true, Env: many, Argv: []string{"crush", "run", "-q", "--", promptMark},
			Install: "npm install -g @charmland/crush", Login: "run `crush` and choose a model, or set its key"},
		{Name: "cursor-agent", Kind: Command, Home: true, Env: []string{"CURSOR_API_KEY"},
			Argv:    []string{"cursor-agent", "-p", "--force", "--output-format", "stream-json", "--model", modelMark, "--", promptMark},
			Install: "see https://cursor.com/cli", Login: "run `cursor-agent login`, or set CURSOR_API_KEY"},
		{Name: "claude-acp", Kind: ACP, Home: true, Argv: []string{"claude-agent-acp"},
			Env: append(slices.Clone(anthropic), "CLAUDE_CODE_EXECUTABLE"), Set: quiet,
			Install: "npm install -g @agentclientprotocol/claude-agent-acp", Login: "run `claude` and log in, or set ANTHROPIC_API_KEY"},
		{Name: "codex-acp", Kind: ACP, Home: true, Argv: []string{"codex-acp"}, Env: openai,
			Install: "npm install -g @zed-industries/codex-acp", Login: "run `codex login`, or set CODEX_API_KEY"},
	}
}

// Found is where an agent's program is.
type Found struct {
	Agent Agent
	Path  string // "" with Err
	Err   error  // why it cannot be started: an *Error with the hint how to get it
}

// Find looks the programs of agents up on a PATH. Nothing is started, so that it says
// nothing of a login.
func Find(agents []Agent, path string) []Found {
	found := make([]Found, 0, len(agents))
	for _, a := range agents {
		f := Found{Agent: a}
		if len(a.Argv) == 0 {
			f.Err = &Error{Reason: NotFound, Message: "it has no program"}
		} else if file, err := proc.Find(a.Argv[0], []string{"PATH=" + path}); err != nil {
			f.Err = &Error{Reason: NotFound, Message: err.Error(), Hint: a.Install}
		} else {
			f.Path = file
		}
		found = append(found, f)
	}
	return found
}
