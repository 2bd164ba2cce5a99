package config_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"codeagent.dev/agent"
	"codeagent.dev/agent/config"

	"github.com/google/go-cmp/cmp"
)

func TestSet(t *testing.T) {
	const header = "# Settings of agent; `agent config list` shows all of them.\n"
	const mine = "# mine\n\nworkers: 4     # two are too few\n\n\n# proof\nchecks:\n    parallel: 2\n    # foot\n\ntries: 2\n# end\n"
	const fam = "providers:\n  # ours\n  work:\n    url: http://a  # a\n    kind: openai # mine\n\n# agents\nagents:\n  mine: {kind: command, run: [a, \"--yes\"]} # end\n"
	tests := []struct{ name, old, key, text, want string }{
		{"new file", "", "tries", "2", header + "tries: 2\n"},
		{"new file, group", "", "limits.make", "5m", header + "limits:\n  make: 5m\n"},
		{"replace, comment behind", mine, "workers", "8", strings.Replace(mine, "4 ", "8 ", 1)},
		{"replace in a group", mine, "checks.parallel", "3", strings.Replace(mine, "parallel: 2", "parallel: 3", 1)},
		{"replace the last", mine, "tries", "3", strings.Replace(mine, "tries: 2", "tries: 3", 1)},
		{"same value", mine, "tries", "2", mine},
		{"add at the end", mine, "lease", "1m", strings.Replace(mine, "tries: 2\n", "tries: 2\nlease: 1m\n", 1)},
		{"add a group", mine, "keep.age", "60d", mine + "keep:\n  age: 60d\n"},
		{"add to a group", "limits:\n    # time\n    make: 1m   # a\n\n# next\ntries: 1\n", "limits.check", "2m",
			"limits:\n    # time\n    make: 1m   # a\n    check: 2m\n\n# next\ntries: 1\n"},
		{"group left empty", "limits:\n#  make: 1m\ntries: 1\n", "limits.make", "2m", "limits:\n  make: 2m\n#  make: 1m\ntries: 1\n"},
		{"value left empty", "tries:   # none\nlease: 1s\n", "tries", "3", "tries: 3   # none\nlease: 1s\n"},
		{"list over lines", "makers:\n- a\n- b\n# c\ntries: 1\n", "makers", "c,d", "makers: [c, d]\n# c\ntries: 1\n"},
		{"indented list at the end", "env:\n  allow:\n    - default\n    - A\n", "env.allow", "default,B_*", "env:\n  allow: [default, B_*]\n"},
		{"flow list over lines", "makers: [a,\n  b\n]\ntries: 1\n", "makers", "", "makers: []\ntries: 1\n"},
		{"no newline at the end", "tries: 1", "lease", "1s", "tries: 1\nlease: 1s\n"},
		{"no newline, replaced", "tries: 1 # x", "tries", "2", "tries: 2 # x\n"},
		{"CRLF", "# a\r\ntries: 1\r\n", "lease", "1s", "# a\r\ntries: 1\r\nlease: 1s\r\n"},
		{"CRLF, replaced", "tries: 1 # x\r\nlease: 1s\r\n", "tries", "2", "tries: 2 # x\r\nlease: 1s\r\n"},
		{"quotes", "author: 'A B <a@b.c>' # '#'\n", "author", "C # D <c@d.e>", "author: \"C # D <c@d.e>\" # '#'\n"},
		{"not ASCII", "author: Ädä <a@b.c>  # é\n", "author", "Ö <o@b.c>", "author: Ö <o@b.c>  # é\n"},
		{"document marks", "---\ntries: 1\n...\n", "lease", "1s", "---\ntries: 1\nlease: 1s\n...\n"},
		{"a wrong value put right", "tries: many\nlease: 2s\n", "tries", "2", "tries: 2\nlease: 2s\n"},
		{"flow mapping", "limits: {make: 1m} # a\n", "limits.make", "2m", "limits: {make: 2m} # a\n"},
		{"flow mapping, other key", "limits: {make: 1m}\n", "limits.check", "2m", "limits: {make: 1m, check: 2m}\n"},
		{"empty flow mapping", "limits: {}\n", "limits.check", "2m", "limits: {check: 2m}\n"},
		{"member", "", "providers.groq.url", "https://api.groq.com/openai/v1", header + "providers:\n  groq:\n    url: https://api.groq.com/openai/v1\n"},
		{"member beside another", fam, "providers.groq.key", "GROQ_API_KEY", strings.Replace(fam, "# mine\n", "# mine\n  groq:\n    key: GROQ_API_KEY\n", 1)},
		{"setting beside another", fam, "providers.work.context", "64k", strings.Replace(fam, "# mine\n", "# mine\n    context: 64k\n", 1)},
		{"setting of a member", fam, "providers.work.url", "http://b", strings.Replace(fam, "http://a ", "http://b ", 1)},
		{"member in braces", fam, "agents.mine.model", "gpt-5", strings.Replace(fam, `yes"]}`, `yes"], model: gpt-5}`, 1)},
		{"setting in braces", fam, "agents.mine.run", "x", strings.Replace(fam, `[a, "--yes"]`, "[x]", 1)},
		{"model with dots", fam, "prices.a/b-4.1:7b.input", "$0.5", fam + "prices:\n  a/b-4.1:7b:\n    input: $0.5\n"},
		{"all in braces", "providers: {a: {url: http://a}}  # x\n", "providers.b.url", "http://b", "providers: {a: {url: http://a}, b: {url: http://b}}  # x\n"},
		{"comments only", "# a\n\n# b\n", "tries", "2", "# a\n\n# b\ntries: 2\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "agent", "config.yaml")
			if tt.old != "" {
				path = write(t, "config.yaml", tt.old)
			}
			if err := config.Set(path, tt.key, tt.text); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("file differs (-want +got):\n%s", diff)
			}
			if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".config-*")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// sample is the key itself, or of a family the one of the example's member, and a
// value for it.
func sample(k config.Key) (name, text string) {
	group, _, _ := strings.Cut(k.Name, ".")
	member := map[string]string{"providers": "groq", "agents": "mine", "prices": "work/qwen3"}[group]
	if member == "" {
		return k.Name, k.Default
	}
	return strings.Replace(k.Name, "*", member, 1), k.Sample
}

// TestSetEvery sets each key to its own default, in a file that has all of them.
func TestSetEvery(t *testing.T) {
	path := write(t, "config.yaml", string(config.Example()))
	want := map[string]string{}
	for _, k := range config.Keys() {
		name, text := sample(k)
		want[name] = text
		if err := config.Set(path, name, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	c, err := machine("linux", nil).Load(config.Sources{Paths: config.Paths{Config: filepath.Dir(path)}})
	if err != nil {
		t.Fatal(err)
	}
	if got := len(c.Values()); got != len(want) {
		t.Errorf("%d settings are shown, want %d", got, len(want))
	}
	for _, v := range c.Values() {
		if text := want[v.Key.Name]; v.Origin.Layer != config.User || v.Text != text && !(v.Key.Name == "workers" && text == "auto") {
			t.Errorf("%s: got %q from %s, want %q", v.Key.Name, v.Text, v.Origin, text)
		}
	}
	for name := range want {
		if err := config.Unset(path, name); err != nil {
			t.Errorf("unset %s: %v", name, err)
		}
	}
	if c, err = machine("linux", nil).Load(config.Sources{Paths: config.Paths{Config: filepath.Dir(path)}}); err != nil {
		t.Fatal(err)
	}
	for _, v := range c.Values() {
		if v.Origin.Layer != config.Default {
			t.Errorf("%s still comes from %s", v.Key.Name, v.Origin)
		}
	}
}

func TestUnset(t *testing.T) {
	const fam = "# head\nproviders:\n  # ours\n  work:\n    url: http://a  # a\n    kind: openai\n  groq:\n    key: K\n\n# agents\nagents:\n  mine: {kind: command, model: m} # end\ntries: 2\n# foot\n"
	tests := []struct{ name, old, key, want string }{
		{"plain", "# a\ntries: 1 # x\n\n# b\nlease: 1s\n", "tries", "# a\n\n# b\nlease: 1s\n"},
		{"the last", "# a\ntries: 1\n# b\n", "tries", "# a\n# b\n"},
		{"list over lines", "makers:\n- a\n- b\n# c\ntries: 1\n", "makers", "# c\ntries: 1\n"},
		{"in a group", "limits:\n  make: 1m\n  # why\n  check: 1m\n", "limits.make", "limits:\n  # why\n  check: 1m\n"},
		{"the group goes with it", "tries: 1\nlimits:\n  make: 1m\nlease: 1s\n", "limits.make", "tries: 1\nlease: 1s\n"},
		{"but not its comment", "limits:\n  # why\n  make: 1m\nlease: 1s\n", "limits.make", "limits:\n  # why\nlease: 1s\n"},
		{"in braces", "limits: {make: 1m, check: 2m} # x\n", "limits.make", "limits: {check: 2m} # x\n"},
		{"alone in braces", "lease: 1s\nlimits: {make: 1m}\n", "limits.make", "lease: 1s\n"},
		{"of a member", fam, "providers.work.url", strings.Replace(fam, "    url: http://a  # a\n", "", 1)},
		{"the only one of a member", fam, "providers.groq.key", strings.Replace(fam, "  groq:\n    key: K\n", "", 1)},
		{"a member", fam, "providers.work", strings.Replace(fam, "  work:\n    url: http://a  # a\n    kind: openai\n", "", 1)},
		{"of a member in braces", fam, "agents.mine.kind", strings.Replace(fam, "kind: command, ", "", 1)},
		{"a wrong value", "tries: many\nlease: 1s\n", "tries", "lease: 1s\n"},
		{"CRLF", "tries: 1\r\nlease: 1s\r\n", "tries", "lease: 1s\r\n"},
		{"all there is", "tries: 1\n", "tries", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := write(t, "config.yaml", tt.old)
			if err := config.Unset(path, tt.key); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("file differs (-want +got):\n%s", diff)
			}
		})
	}
	for _, tt := range []struct {
		key  string
		code agent.Code
		want string
	}{
		{"lease", agent.NotFound, "lease is not set in"},
		{"providers.none", agent.NotFound, "providers.none is not set in"},
		{"providers.work.key", agent.NotFound, "providers.work.key is not set in"},
		{"agents.mine.home", agent.NotFound, "agents.mine.home is not set in"},
		{"tires", agent.Invalid, `there is no setting "tires"`},
		{"providers", agent.Invalid, `there is no setting "providers"`},
	} {
		path := write(t, "config.yaml", fam)
		if err := config.Unset(path, tt.key); agent.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %s: %s", tt.key, err, tt.code, tt.want)
		}
	}
	if err := config.Unset(filepath.Join(t.TempDir(), "none.yaml"), "tries"); agent.CodeOf(err) != agent.NotFound {
		t.Errorf("no file: got %v", err)
	}
}

func TestSetErrors(t *testing.T) {
	tests := []struct{ name, old, key, text, want, hint string }{
		{"key", "tries: 1\n", "tires", "2", `there is no setting "tires"`, "did you mean tries?"},
		{"value", "tries: 1\n", "tries", "99", "tries: 99 is out of bounds", ""},
		{"broken file", "tries: [\n", "tries", "2", "config.yaml:1:", ""},
		{"broken elsewhere", "tries: 1\nlease: x\n", "tries", "2", "config.yaml:2: lease:", ""},
		{"flow mapping over lines", "limits: {make: 1m,\n  check: 1m}\n", "limits.make", "2m", "config.yaml:1: settings written as {…}", "give each setting a line"},
		{"key", "", "providers.groq.key", "gsk_0123456789abcdef", "providers.groq.key: this looks like the key itself", ""},
		{"member", "", "providers.Groq.url", "http://a", `providers.Groq.url: "Groq" is no name`, ""},
		{"no member", "", "providers.url", "http://a", `there is no setting "providers.url"`, "providers are named: providers.groq.kind"},
		{"last part of a member", "", "providers.work.ulr", "http://a", `there is no setting "providers.work.ulr"`, "did you mean providers.work.url?"},
		{"first part of a member", "", "provider.work.url", "http://a", `there is no setting "provider.work.url"`, "did you mean providers.work.url?"},
		{"star", "", "providers.*.url", "http://a", `"*" is no name`, ""},
		{"member is a value", "providers:\n  work: x\n", "providers.work.url", "http://a", "work is a group", ""},
		{"no program", "", "agents.mine.run", " ", "agents.mine.run: no program is named", ""},
		{"event", "", "notify.on", "job.done, dawn", `"dawn" is no event; possible are job.done, batch.done, needs_input`, ""},
		{"webhook", "", "notify.webhook", "hooks.example.org", "is no address", ""},
		{"webhook with a user", "", "notify.webhook", "https://ada:pw@example.org/x", "looks like a key", ""},
		{"webhook with a key", "", "notify.webhook", "https://example.org/?t=ghp_0123456789abcdefghijABCDEFGHIJ012345", "put it into a file", ""},
		{"file of a webhook", "", "notify.webhook", "file:hook", "absolute path", ""},
		{"secret", "", "notify.secret", "whsec_0123456789abcdefABCDEF0123456789ABCD", "looks like the key itself", ""},
		{"terminal", "", "notify.terminal", "loud", `"loud" is not possible; write off, bell or osc9`, ""},
		{"quote", "", "agents.mine.run", "a 'b", "a quote ' is not closed", ""},
		{"flow root", "{tries: 1}\n", "lease", "2m", "settings written as {…}", ""},
		{"group is a value", "limits: 4\n", "limits.make", "2m", "limits is a group", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := write(t, "config.yaml", tt.old)
			err := config.Set(path, tt.key, tt.text)
			if agent.CodeOf(err) != agent.Invalid || !strings.Contains(err.Error(), tt.want) || !strings.Contains(agent.HintOf(err), tt.hint) {
				t.Errorf("got %v, hint %q; want %q, %q", err, agent.HintOf(err), tt.want, tt.hint)
			}
			if got, _ := os.ReadFile(path); string(got) != tt.old {
				t.Errorf("the file was changed to %q", got)
			}
		})
	}
}

func TestSetKeepsLinkAndMode(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links and modes need a unix")
	}
	target := write(t, "dotfiles.yaml", "tries: 1\n")
	if err := os.Chmod(target, 0o640); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
	if err := config.Set(path, "tries", "2"); err != nil {
		t.Fatal(err)
	}
	if link, err := os.Readlink(path); err != nil || link != target {
		t.Errorf("the link is gone: %q, %v", link, err)
	}
	if data, err := os.ReadFile(target); err != nil || string(data) != "tries: 2\n" {
		t.Errorf("got %q, %v", data, err)
	}
	if info, err := os.Stat(target); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode is %v, %v", info.Mode(), err)
	}
}

// FuzzSet holds that Set writes what was asked for and changes no other setting, or
// leaves the file alone.
func FuzzSet(f *testing.F) {
	for _, old := range []string{
		"", "# a\n", "tries: 1 # x\r\n", "limits:\n  make: 1m\n\n# b\nmakers:\n- a\n", "limits: {make: 1m}\n", "limits:\n", "---\ntries: 1\n...\n",
		"author: |\n  A <a@b.c>\n", "env:\n    allow: [a,\n b]\n    # c\n", "author: 'a\n  b'\n", "? tries\n: 1\n", "  tries: 1\n  lease: 1s\n",
		"providers:\n  work: {kind: openai, url: 'http://x'} # a\n  groq:\n    key: K\n", "prices: {a/b.c:d: {input: 1}}\n", "agents:\n\n  mine:\n",
	} {
		f.Add(old, "limits.make", "5m")
		f.Add(old, "tries", "2")
		f.Add(old, "makers", "a,b: c")
		f.Add(old, "author", "Ada <a@b.c>")
		f.Add(old, "providers.work.url", "http://a")
		f.Add(old, "prices.a/b.c:d.input", "$0.5")
		f.Add(old, "agents.mine.run", `a "b c" {prompt}`)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, old, key, text string) {
		path := filepath.Join(dir, "config.yaml")
		if err := os.WriteFile(path, []byte(old), 0o600); err != nil {
			t.Fatal(err)
		}
		load := func() (*config.Config, error) {
			return machine("linux", nil).Load(config.Sources{Paths: config.Paths{Config: dir}})
		}
		before, beforeErr := load()
		if err := config.Set(path, key, text); err != nil {
			if data, _ := os.ReadFile(path); string(data) != old || agent.CodeOf(err) != agent.Invalid {
				t.Errorf("%v (%s), and the file is %q", err, agent.CodeOf(err), data)
			}
			return
		}
		after, err := load()
		if err != nil {
			t.Fatalf("Set wrote a file that cannot be read: %v", err)
		}
		if beforeErr != nil {
			return
		}
		was, is := texts(before), texts(after)
		if v, err := after.Value(key); err != nil || v.Origin.Layer != config.User {
			t.Errorf("%s comes from %s, %v", key, v.Origin, err)
		}
		delete(was, key)
		delete(is, key)
		if diff := cmp.Diff(was, is); diff != "" {
			t.Errorf("setting %s changed others (-before +after):\n%s", key, diff)
		}
		if err := config.Unset(path, key); err != nil {
			if agent.CodeOf(err) != agent.Invalid {
				t.Errorf("%s was set, but unsetting it says: %v", key, err)
			}
			return
		}
		if after, err = load(); err != nil {
			t.Fatalf("Unset wrote a file that cannot be read: %v", err)
		}
		if v, err := after.Value(key); err != nil || v.Origin.Layer != config.Default {
			t.Errorf("%s still comes from %s, %v", key, v.Origin, err)
		}
		is = texts(after)
		delete(is, key)
		if diff := cmp.Diff(was, is); diff != "" {
			t.Errorf("unsetting %s changed others (-before +after):\n%s", key, diff)
		}
	})
}

func texts(c *config.Config) map[string]string {
	all := map[string]string{}
	for _, v := range c.Values() {
		all[v.Key.Name] = v.Text
	}
	return all
}
