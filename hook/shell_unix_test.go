//go:build unix

package hook_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"codeagent.dev/agent/spool"
)

// shells are those that a hook may be run by, as far as they are here.
func shells(t *testing.T) (list [][]string) {
	for _, s := range []string{"sh", "dash", "bash --posix", "bash", "busybox sh", "ksh", "mksh", "zsh", "yash"} {
		argv := strings.Fields(s)
		if _, err := exec.LookPath(argv[0]); err == nil {
			list = append(list, argv)
		}
	}
	t.Logf("shells: %q", list)
	return list
}

// TestEveryShell runs the lines of each hook in every shell, strictly, with and without
// something that goes wrong.
func TestEveryShell(t *testing.T) {
	w := newWorld(t, "a 'b\" $c")
	w.install()
	head := w.git("rev-parse", "HEAD")
	args := map[string][]string{
		"post-commit": nil, "post-merge": {"0"}, "post-rewrite": {"rebase"}, "post-checkout": {head, head, "1"}, "pre-push": {"origin", "a b"},
	}
	for _, sh := range shells(t) {
		for name, args := range args {
			file := filepath.Join(w.repo, ".git", "hooks", name)
			for _, flags := range [][]string{nil, {"-eu"}} {
				run := append(append(append([]string{}, sh...), flags...), file)
				out, status := w.run("a 1 b 2\n", append(run, args...)...)
				notes := w.notes()
				if name == "pre-push" {
					if status != 0 || out != "" || len(notes) != 0 {
						t.Errorf("%q: status %d, %q, %d notes", run, status, out, len(notes))
					}
					continue
				}
				if status != 0 || out != "" || len(notes) != 1 {
					t.Fatalf("%q: status %d, %q, %d notes", run, status, out, len(notes))
				}
				n := notes[0]
				if n.Hook != name || n.Dir != w.repo || n.GitDir != filepath.Join(w.repo, ".git") || n.Branch() != "main" || n.Commit != head || strings.Join(n.Args, "|") != strings.Join(args, "|") {
					t.Errorf("%q tells %+v", run, n)
				}
				// The spool is gone, or full of nothing but one's own names.
				aside := w.state + ".aside"
				if err := os.Rename(w.state, aside); err != nil {
					t.Fatal(err)
				}
				if out, status := w.run("", append(run, args...)...); status != 0 || out != "" {
					t.Errorf("without a spool, %q: status %d, %q", run, status, out)
				}
				if err := os.Rename(aside, w.state); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// TestAsFromAWindow: what starts git has no PATH, no HOME, no terminal, or exports where
// the repository is.
func TestAsFromAWindow(t *testing.T) {
	w := newWorld(t, "r")
	w.install()
	git, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	commit := []string{git, "-c", "user.name=A", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "x"}
	env := func(vars ...string) []string { return append(append([]string{"env", "-i"}, vars...), commit...) }
	gitDir := filepath.Join(w.repo, ".git")
	for _, argv := range [][]string{
		env(),
		env("PATH="),
		env("PATH=/nowhere"),
		env("HOME=/nowhere", "TERM=", "PWD=/lies"),
		env("GIT_DIR="+gitDir, "GIT_WORK_TREE="+w.repo),
		env("GIT_DIR=.git"),
		env("GIT_INDEX_FILE=" + filepath.Join(gitDir, "index")),
		env("GIT_DIR="+gitDir, "GIT_WORK_TREE="+w.repo, "GIT_INDEX_FILE="+filepath.Join(w.dir, "another index")),
	} {
		if out := w.ok(argv...); out != "" {
			t.Errorf("%q says %q", argv, out)
		}
		n := w.wantNote("post-commit")
		if n.Dir != w.repo || n.GitDir != gitDir || n.Branch() != "main" {
			t.Errorf("%q tells %+v", argv, n)
		}
	}
}

// TestWhereHooksRun: linked work trees, submodules, and a git directory elsewhere.
func TestWhereHooksRun(t *testing.T) {
	w := newWorld(t, "r")
	w.install()
	linked := *w
	linked.repo = filepath.Join(w.dir, "linked\ntree")
	w.git("worktree", "add", "-q", "-b", "side", linked.repo)
	if n := linked.notes(); len(n) != 1 || n[0].Hook != "post-checkout" || n[0].Dir != linked.repo {
		t.Errorf("a new work tree tells %+v", n)
	}
	linked.commit("x")
	if n := linked.wantNote("post-commit"); n.Dir != linked.repo || n.Branch() != "side" {
		t.Errorf("it tells %+v", n)
	}
	os.Mkdir(filepath.Join(linked.repo, "d"), 0o755)
	linked.git("-C", "d", "commit", "-q", "--allow-empty", "-m", "below")
	linked.wantNote("post-commit")

	w.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", w.repo, "sub mod")
	sub := *w
	sub.repo = filepath.Join(w.repo, "sub mod")
	sub.install()
	sub.commit("x")
	if n := sub.wantNote("post-commit"); n.Dir != sub.repo || n.GitDir != filepath.Join(w.repo, ".git", "modules", "sub mod") {
		t.Errorf("it tells %+v", n)
	}

	apart := *w
	apart.repo = filepath.Join(w.dir, "apart")
	w.git("init", "-q", "--separate-git-dir", filepath.Join(w.dir, "its git"), apart.repo)
	apart.install()
	apart.commit("x")
	apart.wantNote("post-commit")
}

// TestManyAtOnce: hooks that run at the same time leave a note each.
func TestManyAtOnce(t *testing.T) {
	w := newWorld(t, "r")
	w.install()
	const many = 30
	script := fmt.Sprintf("for i in $(seq %d); do .git/hooks/post-commit & done; wait", many)
	w.ok("sh", "-c", script)
	if n := w.notes(); len(n) != many {
		t.Errorf("%d notes of %d hooks", len(n), many)
	}
	// The name it would take is taken: by a note that waits, of a process of that number.
	taken := filepath.Join(spool.Dir(w.state), "x")
	w.write(taken, "x", 0o600)
	w.ok("sh", "-c", `ln "$0" "${0%/*}/$$"; ln "$0" "${0%/*}/$$.$$"; exec .git/hooks/post-commit`, taken)
	if n := w.notes(); len(n) != 1 {
		t.Errorf("%d notes", len(n))
	}
	if w.read(taken) != "x" {
		t.Error("it wrote into another's note")
	}
}

// TestShellcheck has the linter of shell scripts read what is installed.
func TestShellcheck(t *testing.T) {
	if _, err := exec.LookPath("shellcheck"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("shellcheck is not installed")
	}
	w := newWorld(t, "r")
	w.state = filepath.Join(w.dir, "state") // it warns of a line break in a quoted word
	w.install()
	hooks := filepath.Join(w.repo, ".git", "hooks")
	w.ok("shellcheck", filepath.Join(hooks, "post-commit"), filepath.Join(hooks, "post-rewrite"), filepath.Join(hooks, "post-checkout"), filepath.Join(hooks, "pre-push"))
}
