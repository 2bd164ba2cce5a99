package config_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/config"

	"github.com/google/go-cmp/cmp"
)

// write makes a file below a fresh directory and returns its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func layers(t *testing.T, system, user, repo string) config.Sources {
	t.Helper()
	return config.Sources{
		Paths:    config.Paths{System: filepath.Dir(write(t, "config.yaml", system)), Config: filepath.Dir(write(t, "config.yaml", user))},
		RepoFile: write(t, ".agent.yaml", repo),
	}
}

func TestLoadDefaults(t *testing.T) {
	m := machine("linux", nil)
	c, err := m.Load(config.Sources{Paths: config.Paths{Config: t.TempDir()}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"workers": "2", "checks.parallel": "1", "claims.max": "3", "lease": "30s",
		"limits.make": "10m", "limits.check": "10m", "limits.output": "64MiB",
		"limits.tokens": "1M", "limits.cost": "1.00", "limits.files": "0", "limits.lines": "0", "limits.idle": "5m",
		"until": "all", "context.tokens": "auto", "tls.ca_file": "",
		"env.allow": "default", "listen": "127.0.0.1:7717",
		"keep.age": "30d", "keep.bytes": "2GiB", "disk.min": "512MiB", "trees.idle": "2",
		"author": "", "makers": "", "variants": "1", "tries": "auto", "log.level": "info",
		"notify.on": "batch.done,needs_input", "notify.desktop": "off", "notify.command": "", "notify.webhook": "", "notify.secret": "", "notify.terminal": "off",
		"watch.repos": "", "watch.word": "agent",
	}
	got := map[string]string{}
	for _, v := range c.Values() {
		got[v.Key.Name] = v.Text
		if v.Origin.String() != "default" {
			t.Errorf("%s has origin %s, want default", v.Key.Name, v.Origin)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("defaults differ (-want +got):\n%s", diff)
	}
	if c.Lease != 30*time.Second || c.KeepAge != 720*time.Hour || c.KeepBytes != 2<<30 || c.LogLevel != slog.LevelInfo {
		t.Errorf("typed values: %+v", c)
	}
	m.CPUs = 64
	if c, err = m.Load(config.Sources{}); err != nil || c.Workers != 16 {
		t.Errorf("64 processors: got %d workers, %v; want 16", c.Workers, err)
	}
}

func TestLoadLayers(t *testing.T) {
	src := layers(t,
		"variants: 2\ntries: 2\nlimits:\n  make: 1m\n  check: 1m\n  output: 1MiB\nworkers: 7\n",
		"# mine\ntries: 3\nlimits:\n  make: 2m\n  check: 2m\nmakers: [scripted:a, scripted:b]\n",
		"limits: {make: 3m, check: 3m, paths: [src]}\nvariants: 5\nchecks: [make]\n",
	)
	src.Flags = map[string]string{"variants": "9"}
	c, err := machine("linux", map[string]string{"AGENT_LIMITS_CHECK": "4m", "AGENT_ENV_ALLOW": "default, FOO"}).Load(src)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ key, text, origin string }{
		{"workers", "7", "system " + src.Paths.SystemFile() + ":7"},
		{"limits.output", "1MiB", "system " + src.Paths.SystemFile() + ":6"},
		{"tries", "3", "user " + src.Paths.UserFile() + ":2"},
		{"makers", "scripted:a,scripted:b", "user " + src.Paths.UserFile() + ":6"},
		{"limits.make", "3m", "repository " + src.RepoFile + ":1"},
		{"limits.check", "4m", "environment AGENT_LIMITS_CHECK"},
		{"env.allow", "default,FOO", "environment AGENT_ENV_ALLOW"},
		{"variants", "9", "flag --variants"},
		{"lease", "30s", "default"},
	} {
		v, err := c.Value(tt.key)
		if err != nil || v.Text != tt.text || v.Origin.String() != tt.origin {
			t.Errorf("%s: got %q from %q, %v; want %q from %q", tt.key, v.Text, v.Origin, err, tt.text, tt.origin)
		}
	}
}

func TestLoadErrors(t *testing.T) {
	tests := []struct {
		name, user, repo string
		env, flags       map[string]string
		want, hint       string
	}{
		{name: "unknown", user: "a: 1\n", want: `config.yaml:1: there is no setting "a"`},
		{name: "near", user: "\nworker: 1\n", want: `config.yaml:2: there is no setting "worker"`, hint: "did you mean workers?"},
		{name: "near group", user: "limit:\n  make: 1m\n", want: `there is no setting "limit"`, hint: "did you mean limits?"},
		{name: "near below a group", user: "limits:\n  mkae: 1m\n", want: `config.yaml:2: there is no setting "limits.mkae"`, hint: "did you mean limits.make?"},
		{name: "last part only", user: "parallel: 1\n", want: `there is no setting "parallel"`, hint: "did you mean checks.parallel?"},
		{name: "dotted", user: "limits.make: 1m\n", want: "is written with a dot", hint: "write limits: and below it, indented, make:"},
		{name: "group as value", user: "limits: 1m\n", want: "limits is a group"},
		{name: "value as group", user: "lease: {a: 1}\n", want: "lease is one value"},
		{name: "bounds", user: "variants: 33\n", want: "config.yaml:1: variants: 33 is out of bounds; 1 to 32 is possible"},
		{name: "duration", user: "lease: 5x\n", want: `lease: "5x" is no duration; write 90s, 10m, 2h or 30d`},
		{name: "negative", user: "keep: {age: -1d}\n", want: `"-1d" is no duration`},
		{name: "size", user: "disk: {min: 1.5GiB}\n", want: `"1.5GiB" is no size`},
		{name: "size overflow", user: "disk: {min: 9000000TiB}\n", want: "is no size"},
		{name: "list for one", user: "lease: [1s, 2s]\n", want: "one duration is needed, not a list"},
		{name: "public address", user: "listen: 0.0.0.0:80\n", want: `"0.0.0.0" is not on the loopback interface`},
		{name: "host name", user: "listen: example.org:80\n", want: "not on the loopback interface"},
		{name: "port", user: "listen: 127.0.0.1:99999\n", want: `"99999" is no port`},
		{name: "star", user: "env: {allow: ['*']}\n", want: "would pass every variable"},
		{name: "star inside", user: "env: {allow: ['A*B']}\n", want: "is no variable's name"},
		{name: "author", user: "author: ada\n", want: `"ada" is no author`},
		{name: "author mail", user: "author: Ada <ada>\n", want: `"ada" is no mail address`},
		{name: "author header", user: "author: \"Ada <a@b.c>\\nx\"\n", want: "control character"},
		{name: "level", user: "log: {level: loud}\n", want: `"loud" is no level`},
		{name: "syntax", user: "lease: 1s\n  tries: 2\n", want: "config.yaml:"},
		{name: "duplicate", user: "tries: 1\ntries: 2\n", want: `config.yaml:2: mapping key "tries" already defined`},
		{name: "list at the root", user: "- tries\n", want: "settings are needed here"},
		{name: "person's setting", repo: "variants: 2\nworkers: 9\n", want: ".agent.yaml:2: workers is a person's setting", hint: "agent config set workers auto"},
		{name: "allow-list in a repository", repo: "env: {allow: [GITHUB_TOKEN]}\n", want: "env is a person's setting"},
		{name: "tokens", user: "limits: {tokens: 1m}\n", want: `limits.tokens: "1m" is no number of tokens; write 8192, 200k or 1M`},
		{name: "part of a token", user: "limits: {tokens: 1.0005k}\n", want: `"1.0005k" is no number of tokens`},
		{name: "no tokens", user: "limits: {tokens: k}\n", want: `"k" is no number of tokens`},
		{name: "tokens overflow", user: "limits: {tokens: 99999999999999M}\n", want: `is no number of tokens`},
		{name: "too many tokens", user: "limits: {tokens: 2000000M}\n", want: `2000000M is out of bounds; 0 to 1000000M is possible`},
		{name: "little context", user: "context: {tokens: 10}\n", want: `context.tokens: 10 is out of bounds; 1k to 100M is possible`},
		{name: "euros", user: "limits: {cost: 1€}\n", want: `limits.cost: "1€" is no amount of US dollars; write 0.50`},
		{name: "negative cost", user: "limits: {cost: -1}\n", want: `"-1" is no amount`},
		{name: "exponent", user: "limits: {cost: 1e3}\n", want: `"1e3" is no amount`},
		{name: "below a millionth", user: "limits: {cost: 0.0000001}\n", want: `"0.0000001" is no amount`},
		{name: "point at the end", user: "limits: {cost: '1.'}\n", want: `"1." is no amount`},
		{name: "cost list", user: "limits: {cost: [1, 2]}\n", want: `one amount is needed, not a list`},
		{name: "until", user: "until: first\n", want: `config.yaml:1: until: "first" is not possible; write all or verified`},
		{name: "authorities", user: "tls: {ca_file: corp.pem}\n", want: `tls.ca_file: "corp.pem" is no absolute path`},
		{name: "environment", env: map[string]string{"AGENT_TRIES": "0"}, want: "AGENT_TRIES: 0 is out of bounds"},
		{name: "environment, cost", env: map[string]string{"AGENT_LIMITS_COST": "much"}, want: `AGENT_LIMITS_COST: "much" is no amount of US dollars`},
		{name: "flag", flags: map[string]string{"tries": "x"}, want: `--tries: "x" is no number`},
		{name: "unknown flag", flags: map[string]string{"tires": "1"}, want: `there is no setting "tires"`, hint: "did you mean tries?"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			src := layers(t, "", tt.user, tt.repo)
			src.Flags = tt.flags
			_, err := machine("linux", tt.env).Load(src)
			if agent.CodeOf(err) != agent.Invalid || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want an Invalid error with %q", err, tt.want)
			}
			if got := agent.HintOf(err); !strings.Contains(got, tt.hint) {
				t.Errorf("got hint %q, want %q", got, tt.hint)
			}
		})
	}
}

func TestLoadUnreadable(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "config.yaml"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := machine("linux", nil).Load(config.Sources{Paths: config.Paths{Config: dir}})
	if agent.CodeOf(err) != agent.Invalid || !strings.Contains(err.Error(), "is not a regular file") {
		t.Errorf("a directory in its place: got %v", err)
	}
	for _, line := range []string{"#\n", "#\r\n"} {
		_, err = machine("linux", nil).Load(layers(t, "", strings.Repeat(line, 40_000), ""))
		if agent.CodeOf(err) != agent.Invalid || !strings.Contains(err.Error(), "is longer than 64 KiB") {
			t.Errorf("too large: got %v", err)
		}
	}
}

func TestSnippet(t *testing.T) {
	_, err := machine("linux", nil).Load(layers(t, "", "limits:\n\n  make: 1m\n  check: soon # x\n", ""))
	want := "    3 |   make: 1m\n    4 |   check: soon # x\n      |          ^"
	file, ok := errors.AsType[*config.FileError](err)
	if !ok || file.Snippet != want || file.Line != 4 || file.Column != 10 {
		t.Errorf("got %v\nwant snippet\n%s", err, want)
	}
	// U+009B begins an escape sequence on some terminals: it is refused, and not printed.
	_, err = machine("linux", nil).Load(layers(t, "", "tries: 1 # \u009b31m\n", ""))
	if file, ok = errors.AsType[*config.FileError](err); !ok || file.Snippet != "    1 | tries: 1 # ?31m\n      | ^" {
		t.Errorf("got %q", err)
	}
}

func TestAskAndFill(t *testing.T) {
	src := layers(t, "", "tries: 3\nauthor: Ada <ada@example.org>\nlimits: {make: 2m}\n", "")
	c, err := machine("linux", map[string]string{"AGENT_VARIANTS": "4"}).Load(src)
	if err != nil {
		t.Fatal(err)
	}
	asked := agent.Spec{Limits: agent.Limits{Check: agent.Duration(time.Second)}}
	c.Ask(&asked)
	if diff := cmp.Diff(agent.Spec{Variants: 4, Limits: agent.Limits{Check: agent.Duration(time.Second)}}, asked); diff != "" {
		t.Errorf("Ask may send only what environment and flags decide (-want +got):\n%s", diff)
	}
	c.Fill(&asked, config.Repo{
		Checks: []agent.Check{{Run: "make"}}, Variants: 9, Tries: 2, Makers: []string{"scripted:x"},
		Limits: agent.Limits{Check: agent.Duration(time.Hour), Paths: []string{"src"}},
	})
	want := agent.Spec{
		Checks: []agent.Check{{Run: "make"}}, Variants: 4, Tries: 2, Makers: []string{"scripted:x"}, Author: "Ada <ada@example.org>",
		Until: agent.UntilAll,
		Limits: agent.Limits{
			Make: agent.Duration(2 * time.Minute), Check: agent.Duration(time.Second), Output: 64 << 20, Paths: []string{"src"},
			Tokens: 1e6, MicroUSD: 1e6, Idle: agent.Duration(5 * time.Minute),
		},
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("Fill differs (-want +got):\n%s", diff)
	}
	none := agent.Spec{NoChecks: true}
	c.Fill(&none, config.Repo{Checks: []agent.Check{{Run: "make"}}})
	if len(none.Checks) > 0 {
		t.Errorf("checks are switched off, got %v", none.Checks)
	}
}
