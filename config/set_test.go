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

// TestSetEvery sets each key to its own default, in a file that has all of them.
func TestSetEvery(t *testing.T) {
	path := write(t, "config.yaml", string(config.Example()))
	for _, k := range config.Keys() {
		if err := config.Set(path, k.Name, k.Default); err != nil {
			t.Errorf("%s: %v", k.Name, err)
		}
	}
	c, err := machine("linux", nil).Load(config.Sources{Paths: config.Paths{Config: filepath.Dir(path)}})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range c.Values() {
		if v.Origin.Layer != config.User || v.Text != v.Key.Default && v.Key.Default != "auto" {
			t.Errorf("%s: got %q from %s, want %q", v.Key.Name, v.Text, v.Origin, v.Key.Default)
		}
	}
}

func TestSetErrors(t *testing.T) {
	tests := []struct{ name, old, key, text, want, hint string }{
		{"key", "tries: 1\n", "tires", "2", `there is no setting "tires"`, "did you mean tries?"},
		{"value", "tries: 1\n", "tries", "99", "tries: 99 is out of bounds", ""},
		{"broken file", "tries: [\n", "tries", "2", "config.yaml:1:", ""},
		{"broken elsewhere", "tries: 1\nlease: x\n", "tries", "2", "config.yaml:2: lease:", ""},
		{"flow mapping", "limits: {make: 1m}\n", "limits.make", "2m", "config.yaml:1: settings written as {…}", "give each setting a line"},
		{"flow mapping, other key", "limits: {make: 1m}\n", "limits.check", "2m", "settings written as {…}", ""},
		{"empty flow mapping", "limits: {}\n", "limits.check", "2m", "settings written as {…}", ""},
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
	} {
		f.Add(old, "limits.make", "5m")
		f.Add(old, "tries", "2")
		f.Add(old, "makers", "a,b: c")
		f.Add(old, "author", "Ada <a@b.c>")
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
		for i, v := range after.Values() {
			if v.Key.Name != key && v.Text != before.Values()[i].Text {
				t.Errorf("setting %s changed %s from %q to %q", key, v.Key.Name, before.Values()[i].Text, v.Text)
			}
			if v.Key.Name == key && v.Origin.Layer != config.User {
				t.Errorf("%s comes from %s", key, v.Origin)
			}
		}
	})
}
