package hook_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent"
	"codeagent.dev/agent/hook"
	"codeagent.dev/agent/spool"
)

// marked appends what it is called with to a file, so that it is seen how a hook runs.
const marked = `{ echo "$0 $# $*"; cat; } >>"$LOG" 2>&1
`

// TestChain installs beside every kind of hook, runs it, and takes ours out again.
func TestChain(t *testing.T) {
	tests := []struct {
		name, text string
		mode       os.FileMode
		link       string
		runs       bool // before ours came, and with it
		asIs       bool // $0 stays what it was
	}{
		{name: "none"},
		{name: "sh", text: "#!/bin/sh\n" + marked + "exit 3\n", mode: 0o755, runs: true, asIs: true},
		{name: "strict", text: "#!/bin/sh -eu\n" + marked, mode: 0o700, runs: true, asIs: true},
		{name: "env bash", text: "#!/usr/bin/env bash\nset -euo pipefail\n" + marked, mode: 0o755, runs: true, asIs: true},
		{name: "no newline at the end", text: "#!/bin/sh\n" + strings.TrimSuffix(marked, "\n"), mode: 0o755, runs: true, asIs: true},
		{name: "first line alone", text: "#!/bin/sh", mode: 0o755},
		{name: "no first line", text: marked, mode: 0o755, runs: true},
		{name: "line ends of Windows", text: "#!/bin/sh\r\nexit 0\r\n", mode: 0o755},
		{name: "not executable", text: "#!/bin/sh\n" + marked, mode: 0o644},
		{name: "another language", text: "#!/usr/bin/env -S awk -f\nBEGIN { print ARGV[0] >>ENVIRON[\"LOG\"]; exit 3 }\n", mode: 0o755, runs: true},
		{name: "link", text: "#!/bin/sh\n" + marked, mode: 0o755, link: "../../hooks/the hook", runs: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, "a 'b\" $c `d`")
			hooks := filepath.Join(w.repo, ".git", "hooks")
			log := filepath.Join(w.dir, "log")
			w.env = append(w.env, "LOG="+log)
			file := filepath.Join(hooks, "post-commit")
			switch {
			case tt.link != "":
				w.write(filepath.Join(hooks, tt.link), tt.text, tt.mode)
				if err := os.Symlink(tt.link, file); err != nil {
					t.Fatal(err)
				}
			case tt.text != "":
				w.write(file, tt.text, tt.mode)
			}
			before := w.tree(filepath.Join(w.repo, ".git", "hooks"))
			ran := func() string {
				data, _ := os.ReadFile(log)
				os.Remove(log)
				return string(data)
			}
			w.commit("before")
			plain := ran()
			if (plain != "") != tt.runs {
				t.Fatalf("without ours it wrote %q", plain)
			}

			w.install()
			if said := w.commit("with ours"); said != "" && tt.runs {
				t.Errorf("it says %q", said)
			}
			w.wantNote("post-commit")
			switch with := ran(); {
			case (with != "") != tt.runs, tt.asIs && with != plain:
				t.Errorf("with ours it wrote %q, without %q", with, plain)
			case tt.link != "" && !strings.Contains(with, "/post-commit 0"):
				t.Errorf("its name is not what it was: %q", with)
			}
			installed := w.tree(hooks)
			for _, d := range w.install() {
				if d.What != "as it was" {
					t.Errorf("installed again, %s is %s", d.Hook, d.What)
				}
			}
			if diff := cmp.Diff(installed, w.tree(hooks)); diff != "" {
				t.Errorf("installed again, it differs:\n%s", diff)
			}

			w.uninstall()
			if diff := cmp.Diff(before, w.tree(hooks)); diff != "" {
				t.Errorf("uninstalled, it is not what it was (-want +got):\n%s", diff)
			}
			if known, _ := filepath.Glob(filepath.Join(w.dir, "it's*", "hooks", "*")); len(known) != 0 {
				t.Errorf("left: %q", known)
			}
			w.commit("after")
			if again := ran(); again != plain {
				t.Errorf("without ours again it wrote %q, before %q", again, plain)
			}
			if notes, _ := os.ReadDir(spool.Dir(w.state)); len(notes) != 0 {
				t.Errorf("uninstalled, it still tells")
			}
		})
	}
}

// TestArgumentsStdinAndStatusPass: what is chained runs as if we were not there.
func TestArgumentsStdinAndStatusPass(t *testing.T) {
	for _, first := range []string{"#!/bin/sh\n", "#! /bin/sh -e\n", "#!/usr/bin/env -S sh\n", ""} {
		w := newWorld(t, "r")
		hooks := filepath.Join(w.repo, ".git", "hooks")
		log := filepath.Join(w.dir, "log")
		w.env = append(w.env, "LOG="+log)
		for _, name := range hook.Names() {
			w.write(filepath.Join(hooks, name), first+marked+"exit 7\n", 0o755)
		}
		w.install()
		for _, name := range hook.Names() {
			for _, stdin := range []string{"", "a b\n", "  a\tb \\n\n\nc\n"} {
				if name == "pre-push" && strings.Contains(stdin, "\n\n") {
					stdin = "a  b \\n\nc d\n" // refs, as git writes them
				}
				os.Remove(log)
				out, status := w.run(stdin, filepath.Join(".git", "hooks", name), "one", "2 2", "1")
				if status != 7 || out != "" {
					t.Errorf("%q %s: status %d, %q", first, name, status, out)
				}
				got := w.read(log)
				if _, rest, _ := strings.Cut(got, " "); rest != "3 one 2 2 1\n"+stdin {
					t.Errorf("%q %s is given %q, want stdin %q", first, name, got, stdin)
				}
			}
		}
	}
}

// TestWhatOthersWroteStays: beside our lines, not in them.
func TestWhatOthersWroteStays(t *testing.T) {
	w := newWorld(t, "r")
	w.install()
	file := filepath.Join(w.repo, ".git", "hooks", "post-commit")
	ours := w.read(file)

	w.write(file, ours+"echo more >&2\n", 0o755)
	if said := w.commit("x"); said != "more" {
		t.Errorf("it says %q", said)
	}
	w.wantNote("post-commit")
	if s := w.states()["post-commit"]; s != hook.Chained {
		t.Errorf("state %s", s)
	}
	w.uninstall()
	if got := w.read(file); got != "#!/bin/sh\necho more >&2\n" {
		t.Errorf("left is %q", got)
	}
	os.Remove(file)

	w.install()
	w.write(file, strings.Replace(ours, "agent_g=", "echo hi\nagent_g=", 1), 0o755)
	if s := w.states()["post-commit"]; s != hook.Edited {
		t.Errorf("state %s", s)
	}
	_, err := w.place().Install(t.Context(), w.opt(), false)
	if agent.CodeOf(err) != agent.WrongState || !strings.Contains(err.Error(), "our lines") {
		t.Errorf("install: %v", err)
	}
	if _, err = w.place().Uninstall(w.opt(), false); agent.CodeOf(err) != agent.WrongState {
		t.Errorf("uninstall: %v", err)
	}
	if _, err := w.place().Install(t.Context(), w.opt(), true); err != nil || w.read(file) != ours {
		t.Errorf("install by force: %v\n%s", err, w.read(file))
	}
}

// TestUpgrade: lines of another state directory, program or version are replaced where
// they stand; those of a newer version are not.
func TestUpgrade(t *testing.T) {
	w := newWorld(t, "r")
	file := filepath.Join(w.repo, ".git", "hooks", "post-commit")
	w.write(file, "#!/bin/sh\necho theirs >&2\n", 0o711)
	w.install()
	old := w.read(file)
	w.state = filepath.Join(w.dir, "moved")
	if s := w.states()["post-commit"]; s != hook.Outdated {
		t.Errorf("state %s", s)
	}
	for _, d := range w.install() {
		if d.What != "upgraded" {
			t.Errorf("%s: %s", d.Hook, d.What)
		}
	}
	if said := w.commit("x"); said != "theirs" {
		t.Errorf("it says %q", said)
	}
	w.wantNote("post-commit")
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o711 {
		t.Errorf("%v, %v", info, err)
	}
	newer := strings.ReplaceAll(old, "agent hook 1", "agent hook 9")
	w.write(file, newer, 0o755)
	if _, err := w.place().Install(t.Context(), w.opt(), true); agent.CodeOf(err) != agent.WrongState || !strings.Contains(err.Error(), "newer") {
		t.Errorf("install over a newer one: %v", err)
	}
	if w.read(file) != newer {
		t.Error("it was written over")
	}
}

// TestHooksDirMissing: git init can make none.
func TestHooksDirMissing(t *testing.T) {
	w := newWorld(t, "r")
	hooks := filepath.Join(w.repo, ".git", "hooks")
	if err := os.RemoveAll(hooks); err != nil {
		t.Fatal(err)
	}
	w.install()
	w.install()
	w.commit("x")
	w.wantNote("post-commit")
	w.uninstall()
	if _, err := os.Stat(hooks); err == nil {
		t.Error("the directory is still there")
	}
}

// TestHooksPath: hooks that lie elsewhere, because the configuration says so.
func TestHooksPath(t *testing.T) {
	t.Run("outside", func(t *testing.T) {
		w := newWorld(t, "r")
		shared := filepath.Join(w.dir, "my hooks")
		w.git("config", "--global", "core.hooksPath", "~/my hooks")
		w.write(filepath.Join(shared, "post-commit"), "#!/bin/sh\necho mine >&2\n", 0o755)
		before := w.tree(shared)
		w.install()
		if !w.place().Shared() || w.place().Dir != shared {
			t.Errorf("place %+v", w.place())
		}
		if said := w.commit("x"); said != "mine" {
			t.Errorf("it says %q", said)
		}
		w.wantNote("post-commit")

		other := *w
		other.repo = filepath.Join(w.dir, "other")
		os.MkdirAll(other.repo, 0o755)
		other.git("init", "-q")
		other.install()
		if done := w.uninstall(); len(done) != 1 || !strings.Contains(done[0].Note, "1 more") {
			t.Errorf("%+v", done)
		}
		other.commit("x")
		other.wantNote("post-commit")
		other.uninstall()
		if diff := cmp.Diff(before, w.tree(shared)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("in the work tree", func(t *testing.T) {
		w := newWorld(t, "r")
		w.write(filepath.Join(w.repo, ".hooks[1]", "post-commit"), "#!/bin/sh\necho theirs >&2\n", 0o755)
		w.git("add", "-A")
		w.commit("hooks")
		w.git("config", "core.hooksPath", ".hooks[1]")
		before := w.tree(w.repo)
		done := w.install()
		if done[0].What != "left alone" || !strings.Contains(done[0].Note, "agent hook run post-commit") {
			t.Errorf("%+v", done[0])
		}
		if status := w.git("status", "--porcelain"); status != "" {
			t.Errorf("git sees %q", status)
		}
		w.install()
		w.git("checkout", "-q", "-b", "x")
		w.wantNote("post-checkout")
		w.uninstall()
		after := w.tree(w.repo)
		for _, changed := range []string{"/.git/HEAD", "/.git/logs/HEAD", "/.git/logs/refs/heads/x", "/.git/refs/heads/x", "/.git/index"} {
			delete(before, changed)
			delete(after, changed)
		}
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("uninstalled, it is not what it was (-want +got):\n%s", diff)
		}
	})
}

// TestHooksPathMoves: the hooks go where git runs them now, and nothing stays behind.
func TestHooksPathMoves(t *testing.T) {
	w := newWorld(t, "r")
	usual := filepath.Join(w.repo, ".git", "hooks")
	before := w.tree(usual)
	w.install()
	for _, off := range []string{"", os.DevNull} {
		w.git("config", "core.hooksPath", off)
		if _, err := w.place().Install(t.Context(), w.opt(), false); agent.CodeOf(err) != agent.WrongState || !strings.Contains(agent.HintOf(err), "--local --unset") {
			t.Errorf("switched off by %q: %v", off, err)
		}
	}
	w.git("config", "core.hooksPath", filepath.Join(w.dir, "other"))
	w.install()
	w.commit("x")
	w.wantNote("post-commit")
	if diff := cmp.Diff(before, w.tree(usual)); diff != "" {
		t.Errorf("left behind:\n%s", diff)
	}
	w.uninstall()
	if _, err := os.Stat(filepath.Join(w.dir, "other")); err == nil {
		t.Error("the directory that was made is still there")
	}
}

func TestNoRepository(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("GIT_CEILING_DIRECTORIES", filepath.Dir(dir))
	if _, err := hook.Find(t.Context(), dir); agent.CodeOf(err) != agent.Invalid || agent.HintOf(err) == "" {
		t.Errorf("got %v", err)
	}
}
