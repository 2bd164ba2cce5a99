package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/config"

	"github.com/google/go-cmp/cmp"
)

const families = `
makers: [ollama/qwen3-coder, anthropic/claude-sonnet-4-5, claude]
providers:
  groq: {kind: openai, url: https://api.groq.com/openai/v1, key: GROQ_API_KEY, context: 131072}
  work: {kind: openai, url: http://vllm.internal:8000/v1, max_output: 8k}
  ollama: {url: http://gpu-box:11434}
  azure:
    url: https://corp.openai.azure.com
    api_version: 2024-10-21
    key: file:/run/secrets/azure
agents:
  mine: {run: [aider, --message, "{prompt}", --yes-always], kind: command, env: [ANTHROPIC_API_KEY, AWS_*]}
  other:
    run: my "own agent" '{prompt}'
  claude: {model: claude-opus-4-5}
prices:
  work/qwen3: {input: 0.1, output: $0.40, cache_read: 0, context: 64k}
  openai/gpt-4.1:free: {input: 2, output: 8}
  half/known: {input: 2}
limits: {tokens: 200k, cost: 0.50, files: 20, lines: 800, idle: 2m}
context: {tokens: 32k}
until: verified
`

func TestFamilies(t *testing.T) {
	src := layers(t, "providers: {work: {url: http://old, key: OLD_KEY}}\n", families, "")
	c, err := machine("linux", nil).Load(src)
	if err != nil {
		t.Fatal(err)
	}
	for name, diff := range map[string]string{
		"providers": cmp.Diff(map[string]config.Provider{
			"groq":   {Kind: "openai", URL: "https://api.groq.com/openai/v1", Key: "GROQ_API_KEY", Context: 131072},
			"work":   {Kind: "openai", URL: "http://vllm.internal:8000/v1", Key: "OLD_KEY", MaxOutput: 8000},
			"ollama": {URL: "http://gpu-box:11434"},
			"azure":  {URL: "https://corp.openai.azure.com", APIVersion: "2024-10-21", Key: "file:/run/secrets/azure"},
		}, c.Providers),
		"agents": cmp.Diff(map[string]config.Agent{
			"mine":   {Kind: "command", Run: []string{"aider", "--message", "{prompt}", "--yes-always"}, Env: []string{"ANTHROPIC_API_KEY", "AWS_*"}},
			"other":  {Run: []string{"my", "own agent", "{prompt}"}},
			"claude": {Model: "claude-opus-4-5"},
		}, c.Agents),
		"prices": cmp.Diff(map[string]config.Price{
			"work/qwen3":          {Input: 100_000, Output: 400_000, CacheWrite: 100_000, Context: 64000, Known: true},
			"openai/gpt-4.1:free": {Input: 2e6, Output: 8e6, CacheRead: 2e6, CacheWrite: 2e6, Known: true},
			"half/known":          {Input: 2e6, CacheRead: 2e6, CacheWrite: 2e6},
		}, c.Prices),
		"limits": cmp.Diff(agent.Limits{
			Make: agent.Duration(10 * time.Minute), Check: agent.Duration(10 * time.Minute), Output: 64 << 20,
			Tokens: 200_000, MicroUSD: 500_000, Files: 20, Lines: 800, Idle: agent.Duration(2 * time.Minute),
		}, c.Limits),
	} {
		if diff != "" {
			t.Errorf("%s differ (-want +got):\n%s", name, diff)
		}
	}
	if c.ContextTokens != 32000 || c.Until != "verified" {
		t.Errorf("context.tokens %d, until %q", c.ContextTokens, c.Until)
	}
	var shown []string
	for _, v := range c.Values() {
		if strings.HasPrefix(v.Key.Name, "providers.work.") || strings.HasPrefix(v.Key.Name, "agents.") {
			shown = append(shown, v.Key.Name+"="+v.Text+" "+v.Origin.Layer.String()+v.Origin.Where[strings.LastIndex(v.Origin.Where, ":"):])
		}
	}
	want := []string{
		"providers.work.kind=openai user:5", "providers.work.url=http://vllm.internal:8000/v1 user:5",
		"providers.work.key=OLD_KEY system:1", "providers.work.max_output=8k user:5",
		"agents.claude.model=claude-opus-4-5 user:15", "agents.mine.kind=command user:12",
		"agents.mine.run=aider --message {prompt} --yes-always user:12", "agents.mine.env=ANTHROPIC_API_KEY,AWS_* user:12",
		`agents.other.run=my "own agent" {prompt} user:14`,
	}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Errorf("settings differ (-want +got):\n%s", diff)
	}
	if v, err := c.Value("providers.none.url"); err != nil || v.Text != "" || v.Origin.Layer != config.Default {
		t.Errorf("not set: got %+v, %v", v, err)
	}
}

func TestFamilyErrors(t *testing.T) {
	const key = "this looks like the key itself, and settings hold none; write the NAME of the variable that holds it"
	tests := []struct {
		name, text, want, hint string
		hidden                 string // must not be shown
	}{
		{name: "near below a member", text: "providers:\n  a: {ulr: http://a}\n", want: `config.yaml:2: there is no setting "providers.a.ulr"`, hint: "did you mean providers.a.url?"},
		{name: "near group", text: "provider: {a: {url: http://a}}\n", want: `there is no setting "provider"`, hint: "did you mean providers?"},
		{name: "name", text: "providers:\n  Big: {url: http://a}\n", want: `config.yaml:2: providers.Big.url: "Big" is no name; lower-case letters, digits and - are possible`},
		{name: "name with a dot", text: "agents: {a.b: {model: x}}\n", want: `"a.b" is no name`},
		{name: "name of a star", text: "agents: {'*': {model: x}}\n", want: `"*" is no name`},
		{name: "star at the root", text: "'agents.*': {model: x}\n", want: `"*" is no name`},
		{name: "long name", text: "agents: {" + strings.Repeat("a", 65) + ": {model: x}}\n", want: "is no name"},
		{name: "no member", text: "providers: {url: http://a}\n", want: "providers.url is a group, its values stand below it"},
		{name: "member is a value", text: "agents: {mine: aider}\n", want: "agents.mine is a group"},
		{name: "group is a value", text: "agents: aider\n", want: "agents is a group"},
		{name: "value is a group", text: "providers: {a: {url: {b: c}}}\n", want: "providers.a.url is one value"},
		{name: "kind", text: "providers: {a: {kind: gemini}}\n", want: `"gemini" is not possible; write ollama, anthropic, openai or azure`},
		{name: "address", text: "providers: {a: {url: gpu-box:11434}}\n", want: `"gpu-box:11434" is no address; write http://HOST:PORT or https://HOST/PATH`},
		{name: "scheme", text: "providers: {a: {url: ftp://a}}\n", want: `"ftp://a" is no address`},
		{name: "no host", text: "providers: {a: {url: 'http:///v1'}}\n", want: `is no address`},
		{name: "password", text: "providers: {a: {url: http://ada:pa55@a/v1}}\n", want: "holds a user or a password", hidden: "pa55"},
		{name: "password with a slash", text: "providers: {a: {url: http://ada:pa@55@a/v1}}\n", want: "holds a user or a password", hidden: "55"},
		{name: "query", text: "providers: {a: {url: 'http://a/v1?key=pa55'}}\n", want: "holds a query or a fragment; write api_version:", hidden: "pa55"},
		{name: "fragment", text: "providers: {a: {url: 'http://a/v1#x'}}\n", want: "holds a query or a fragment"},
		{name: "key", text: "providers:\n  a:\n    key: sk-ant-api03-Abc0123456789\n", want: key, hidden: "Abc01"},
		{name: "key in braces", text: "providers: {a: {url: http://a, key: \"gsk_Abc0123456789\"}}\n", want: key, hidden: "Abc01"},
		{name: "long key", text: "providers: {a: {key: abcdefghijklmnopqrstuvwxyzABCDEFG}}\n", want: key, hidden: "abcdefgh"},
		{name: "key of hex digits", text: "providers: {a: {key: abcdef0123456789abcdef0123456789}}\n", want: key, hidden: "abcdef01"},
		{name: "short key", text: "providers: {a: {key: 0-pa55}}\n", want: "this is no variable's name; write the NAME", hidden: "pa55"},
		{name: "key in the line before", text: "providers:\n  a:\n    key: abcdef0123456789abcdef0123456789\n   url: x\n", want: "config.yaml:", hidden: "abcdef01"},
		{name: "key file", text: "providers: {a: {key: file:key}}\n", want: "the file of a key needs an absolute path"},
		{name: "key as a command", text: "agents: {a: {run: [x, --api-key, sk-Abc0123456789]}}\n", want: "this looks like a key", hidden: "Abc01"},
		{name: "key as a model", text: "agents: {a: {model: sk-Abc0123456789}}\n", want: "this looks like a key", hidden: "Abc01"},
		{name: "key as a maker", text: "makers: [sk-Abc0123456789]\n", want: "this looks like a key", hidden: "Abc01"},
		{name: "key as a name", text: "providers: {sk-Abc0123456789: {url: http://a}}\n", want: "is no name", hidden: "Abc01"},
		{name: "variable with its value", text: "agents: {a: {env: [TOKEN=pa]}}\n", want: "the NAME of a variable is needed here"},
		{name: "every variable", text: "agents: {a: {env: ['*']}}\n", want: "would pass every variable"},
		{name: "no program", text: "agents: {a: {run: []}}\n", want: "no program is named"},
		{name: "empty program", text: "agents: {a: {run: ['']}}\n", want: "an entry of the list is empty"},
		{name: "home", text: "agents: {a: {home: x}}\n", want: `"x" is no absolute path`},
		{name: "price of what", text: "prices: {qwen3: {input: 1}}\n", want: `"qwen3" is no model; write PROVIDER/MODEL`},
		{name: "dear", text: "prices: {a/b: {input: 10001}}\n", want: "10001 is out of bounds; 0.00 to 10000.00 is possible"},
		{name: "api version", text: "providers: {a: {api_version: a b}}\n", want: `"a b" is not one word`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := machine("linux", nil).Load(layers(t, "", tt.text, ""))
			if agent.CodeOf(err) != agent.Invalid || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want an Invalid error with %q", err, tt.want)
			}
			if got := agent.HintOf(err); !strings.Contains(got, tt.hint) {
				t.Errorf("got hint %q, want %q", got, tt.hint)
			}
			if tt.hidden != "" && strings.Contains(err.Error()+agent.HintOf(err), tt.hidden) {
				t.Errorf("the error shows %q:\n%v", tt.hidden, err)
			}
		})
	}
}

// TestNamesThatAreNoKeys holds that what people name is not taken for a key.
func TestNamesThatAreNoKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	for _, tt := range [][2]string{
		{"makers", "work/meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8,ollama/hf.co/unsloth/Qwen3-Coder-480B-A35B-Instruct-GGUF:UD-Q2_K_XL"},
		{"prices.work/Qwen/Qwen3-Coder-480B-A35B-Instruct-FP8.output", "1.00"},
		{"agents.mine.model", "anthropic.claude-sonnet-4-5-20250929-v1:0"},
		{"agents.mine.run", `sh -c "pip install sk-learn hf_transfer; run {prompt}"`},
		{"providers.work.key", "THE_VERY_LONG_NAME_OF_A_TEAMS_OWN_API_KEY"},
		{"providers.work.key", "my_api_key"},
		{"providers.work.url", "http://[::1]:8000/v1"},
	} {
		if err := config.Set(path, tt[0], tt[1]); err != nil {
			t.Errorf("%s: %v", tt[0], err)
		}
		c, err := machine("linux", nil).Load(config.Sources{Paths: config.Paths{Config: filepath.Dir(path)}})
		if err != nil {
			t.Fatal(err)
		}
		if v, err := c.Value(tt[0]); err != nil || v.Text != tt[1] {
			t.Errorf("%s: got %q, %v; want %q", tt[0], v.Text, err, tt[1])
		}
	}
}

func TestFamiliesArePersonal(t *testing.T) {
	for text, want := range map[string]string{
		"variants: 2\nproviders: {anthropic: {url: http://evil}}\n": "agent config set providers.groq.kind openai",
		"agents: {claude: {run: [evil]}}\n":                         "agent config set agents.mine.kind command",
		"prices: {a/b: {input: 0}}\n":                               "agent config set prices.work/qwen3.input 0.10",
		"tls: {ca_file: /evil.pem}\n":                               `agent config set tls.ca_file ""`,
	} {
		_, err := config.ReadRepo([]byte(text))
		if agent.CodeOf(err) != agent.Invalid || !strings.Contains(err.Error(), "a repository cannot make") || agent.HintOf(err) != want {
			t.Errorf("%q: got %v, hint %q; want %q", text, err, agent.HintOf(err), want)
		}
	}
}

// TestRepositoryLowersOnly holds that a repository cannot raise what a variant may
// cost, neither in Load, which shows settings, nor in Fill, which decides about jobs.
func TestRepositoryLowersOnly(t *testing.T) {
	tests := []struct {
		name, user, repo string
		env              map[string]string
		tokens, cost     int64
		origins          [2]string // of limits.tokens and limits.cost
	}{
		{name: "lower", user: "limits: {tokens: 200k, cost: 0.50}\n", repo: "limits: {tokens: 100k, cost: 0.20}\n",
			tokens: 100_000, cost: 200_000, origins: [2]string{"repository", "repository"}},
		{name: "higher", user: "limits: {tokens: 200k, cost: 0.50}\n", repo: "limits: {tokens: 300k, cost: 5}\n",
			tokens: 200_000, cost: 500_000, origins: [2]string{"user", "user"}},
		{name: "one of each", user: "limits: {tokens: 200k, cost: 0.50}\n", repo: "limits: {tokens: 100k, cost: 5}\n",
			tokens: 100_000, cost: 500_000, origins: [2]string{"repository", "user"}},
		{name: "off", user: "limits: {tokens: 200k, cost: 0.50}\n", repo: "limits: {tokens: 0, cost: 0}\n",
			tokens: 200_000, cost: 500_000, origins: [2]string{"user", "user"}},
		{name: "above the default", repo: "limits: {tokens: 2M, cost: 2}\n",
			tokens: 1e6, cost: 1e6, origins: [2]string{"default", "default"}},
		{name: "the person has none", user: "limits: {tokens: 0, cost: 0}\n", repo: "limits: {tokens: 2M, cost: 2}\n",
			tokens: 2e6, cost: 2e6, origins: [2]string{"repository", "repository"}},
		{name: "nobody has", user: "limits: {tokens: 0, cost: 0}\n", repo: "limits: {cost: 0}\n",
			origins: [2]string{"user", "repository"}},
		{name: "the environment raises", user: "limits: {cost: 0.50}\n", repo: "limits: {cost: 0.20}\n", env: map[string]string{"AGENT_LIMITS_COST": "$7"},
			tokens: 1e6, cost: 7e6, origins: [2]string{"default", "environment"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			src := layers(t, "", tt.user, tt.repo)
			c, err := machine("linux", tt.env).Load(src)
			if err != nil {
				t.Fatal(err)
			}
			if c.Limits.Tokens != tt.tokens || c.Limits.MicroUSD != tt.cost {
				t.Errorf("Load: got %d tokens and %d, want %d and %d", c.Limits.Tokens, c.Limits.MicroUSD, tt.tokens, tt.cost)
			}
			for i, name := range []string{"limits.tokens", "limits.cost"} {
				if v, err := c.Value(name); err != nil || v.Origin.Layer.String() != tt.origins[i] {
					t.Errorf("%s comes from %s, %v; want %s", name, v.Origin, err, tt.origins[i])
				}
			}
			repo, err := config.ReadRepo([]byte(tt.repo))
			if err != nil {
				t.Fatal(err)
			}
			src.RepoFile = ""
			if c, err = machine("linux", tt.env).Load(src); err != nil {
				t.Fatal(err)
			}
			var spec agent.Spec
			c.Ask(&spec)
			c.Fill(&spec, repo)
			if spec.Limits.Tokens != tt.tokens || spec.Limits.MicroUSD != tt.cost {
				t.Errorf("Fill: got %d tokens and %d, want %d and %d", spec.Limits.Tokens, spec.Limits.MicroUSD, tt.tokens, tt.cost)
			}
		})
	}
}

func TestTriesByKind(t *testing.T) {
	for _, tt := range []struct {
		user, repo string
		kind       agent.Kind
		want       int
	}{
		{"", "", agent.Prompt, 3},
		{"", "", agent.Diff, 1},
		{"", "", agent.Command, 1},
		{"tries: 2\n", "", agent.Prompt, 2},
		{"tries: 2\n", "", agent.Command, 2},
		{"tries: 2\n", "tries: 1\n", agent.Prompt, 1},
		{"tries: auto\n", "", agent.Prompt, 3},
		{"", "tries: auto\n", agent.Prompt, 3},
	} {
		c, err := machine("linux", nil).Load(layers(t, "", tt.user, ""))
		if err != nil {
			t.Fatal(err)
		}
		repo, err := config.ReadRepo([]byte(tt.repo))
		if err != nil {
			t.Fatal(err)
		}
		spec := agent.Spec{Kind: tt.kind}
		if c.Fill(&spec, repo); spec.Tries != tt.want {
			t.Errorf("%q, %q: a %s has %d tries, want %d", tt.user, tt.repo, tt.kind, spec.Tries, tt.want)
		}
	}
}

// FuzzLoad holds that whatever stands in a user's file is settings or an Invalid
// error, and that each value is shown in a form that can be set.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(families))
	f.Add(config.Example())
	f.Add([]byte("providers:\n  a: {key: gsk_Abc0123456789}\n"))
	f.Add([]byte("prices:\n  a/b.c.d:\n    input: $00.50\n  'a/b c': {}\nagents: {a: {run: [\"'\", '\"', '', ' ']}}\n"))
	dir := f.TempDir()
	load := func(t *testing.T, text []byte) (*config.Config, error) {
		if err := os.WriteFile(filepath.Join(dir, "config.yaml"), text, 0o600); err != nil {
			t.Fatal(err)
		}
		return machine("linux", nil).Load(config.Sources{Paths: config.Paths{Config: dir}})
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := load(t, text)
		if err != nil {
			if agent.CodeOf(err) != agent.Invalid || strings.ContainsAny(err.Error(), "\x1b\x00\r") {
				t.Errorf("got %s: %q", agent.CodeOf(err), err)
			}
			return
		}
		flags := map[string]string{}
		for _, v := range c.Values() {
			if v.Origin.Layer == config.User && v.Key.Unit != config.Names { // an entry may hold a comma, which makes two of it
				flags[v.Key.Name] = v.Text
			}
		}
		again, err := machine("linux", nil).Load(config.Sources{Flags: flags})
		if err != nil {
			t.Fatalf("what is shown cannot be set: %v", err)
		}
		for name, text := range flags {
			if got, err := again.Value(name); err != nil || got.Text != text {
				t.Errorf("%s set to %q is %q, %v", name, text, got.Text, err)
			}
		}
	})
}
