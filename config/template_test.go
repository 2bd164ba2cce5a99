package config_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"codeagent.dev/agent"
	"codeagent.dev/agent/config"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.ReplaceAll(string(want), "\r\n", "\n"), string(got)); diff != "" {
		t.Errorf("%s differs, run `go test ./config -update` if that is meant (-want +got):\n%s", path, diff)
	}
}

// live switches on what is commented out: such lines have no space behind the mark,
// or two; prose has one.
func live(text []byte) []byte {
	return regexp.MustCompile(`(?m)^#(\S|  )`).ReplaceAll(text, []byte("$1"))
}

func TestTemplate(t *testing.T) {
	checks := []agent.Check{
		{Run: "go test ./..."},
		{Name: "web: test", Run: "npm ci\nnpm test # \"all\"\n", Dir: "web", Time: agent.Duration(5 * time.Minute)},
		{Name: "echo: yes", Run: "echo: yes"},
		{Run: "'quoted' && true"},
	}
	text := config.Template(checks)
	golden(t, "agent.yaml", text)
	repo, err := config.ReadRepo(text)
	if err != nil {
		t.Fatal(err)
	}
	checks[2].Name = "" // named like its command
	if diff := cmp.Diff(config.Repo{Checks: checks}, repo); diff != "" {
		t.Errorf("read back, it differs (-want +got):\n%s", diff)
	}
	all, err := config.ReadRepo(live(config.Template(nil)))
	if err != nil {
		t.Fatalf("%v\n%s", err, live(config.Template(nil)))
	}
	yes := true
	want := config.Repo{
		Watch: &yes,
		Checks: []agent.Check{
			{Run: "make test"}, {Name: "web tests", Run: "npm ci && npm test", Dir: "web", Time: agent.Duration(5 * time.Minute)},
		},
		Variants: 1, Makers: []string{}, Until: "all",
		Hooks: map[string][]config.HookRule{
			"post-commit": {{
				Patch: "update the tests for what this commit changed", Paths: []string{"**/*.go"},
				Branches: []string{"main", "feature/*"}, Variants: 2,
			}},
			"pre-push": {{Require: "verified"}},
		},
		Limits: agent.Limits{
			Make: agent.Duration(10 * time.Minute), Check: agent.Duration(10 * time.Minute), Output: 64 << 20, Paths: []string{"src", "docs"},
			Tokens: 1e6, MicroUSD: 1e6, Idle: agent.Duration(5 * time.Minute),
		},
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("with everything switched on, it differs (-want +got):\n%s", diff)
	}
}

func TestExample(t *testing.T) {
	text := config.Example()
	golden(t, "config.yaml", text)
	for name, data := range map[string][]byte{"as it is": text, "everything switched on": live(text)} {
		path := write(t, "config.yaml", string(data))
		c, err := machine("linux", nil).Load(config.Sources{Paths: config.Paths{Config: filepath.Dir(path)}})
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, data)
		}
		for _, v := range c.Values() {
			if written := v.Origin.Layer == config.User; written != (name != "as it is") {
				t.Errorf("%s: %s comes from %s", name, v.Key.Name, v.Origin)
			}
			if want := v.Key.Default + v.Key.Sample; v.Text != want && want != "auto" {
				t.Errorf("%s: %s is %q, want %q", name, v.Key.Name, v.Text, want)
			}
		}
	}
}

// FuzzTemplate holds that any check a Spec accepts is read back as it was written.
func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"go test ./...", "a: b", "- x", "yes", "1.50", "a # b", "'a'", "a\n b\n", " a ", "é\u00a0ü\u2028", "{a", "*x", "a\tb", "\\n", "%x", "@a", "a:"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, name, run string) {
		ok := func(s string, also string) bool {
			return len(s) < 1000 && utf8.ValidString(s) && strings.TrimSpace(s) != "" && !strings.ContainsFunc(s, func(r rune) bool {
				return unicode.IsControl(r) && !strings.ContainsRune(also, r)
			})
		}
		if !ok(name, "") || !ok(run, "\n\t") {
			t.Skip("no check that could be typed")
		}
		want := []agent.Check{{Name: name, Run: run, Dir: "a"}}
		text := config.Template(want)
		repo, err := config.ReadRepo(text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if diff := cmp.Diff(want, repo.Checks); diff != "" {
			t.Errorf("read back, it differs (-want +got):\n%s\n%s", diff, text)
		}
	})
}
