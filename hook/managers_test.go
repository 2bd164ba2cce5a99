package hook_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent/hook"
)

// managers puts husky and lefthook on the PATH; the test is skipped without them.
func managers(t *testing.T) {
	t.Helper()
	for _, tool := range []string{"bash", "node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal(err)
			}
			t.Skipf("%s is missing: husky and lefthook cannot be installed", tool)
		}
	}
	out, err := exec.Command("../scripts/hookmanagers").Output()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("scripts/hookmanagers: %v", err)
		}
		t.Skipf("husky and lefthook cannot be installed: %v", err)
	}
	t.Setenv("PATH", strings.TrimSpace(string(out))+string(filepath.ListSeparator)+os.Getenv("PATH"))
}

// TestHusky: its hooks lie in .husky/_, which core.hooksPath names, and it writes them
// anew at every npm install.
func TestHusky(t *testing.T) {
	managers(t)
	w := newWorld(t, "a 'b c")
	w.write(filepath.Join(w.repo, ".husky", "post-commit"), "echo husky runs\n", 0o644)
	w.git("add", "-A")
	w.ok("husky")
	husky := w.tree(filepath.Join(w.repo, ".husky"))

	w.install()
	if said := w.commit("x"); said != "husky runs" {
		t.Errorf("it says %q", said)
	}
	w.wantNote("post-commit")
	if s := w.states(); s["post-commit"] != hook.Chained || s["pre-push"] != hook.Chained {
		t.Errorf("states %v", s)
	}
	if status := w.git("status", "--porcelain"); status != "" {
		t.Errorf("git sees %q", status)
	}
	w.uninstall()
	if diff := cmp.Diff(husky, w.tree(filepath.Join(w.repo, ".husky"))); diff != "" {
		t.Errorf("uninstalled, it is not what it was:\n%s", diff)
	}

	w.install()
	w.ok("husky") // npm install
	files, err := w.place().Look(t.Context(), w.opt())
	if err != nil || files[0].State != hook.Foreign || files[0].Manager != "husky" || hook.Live(files) {
		t.Errorf("%+v, %v", files[0], err)
	}
	w.install()
	w.commit("x")
	w.wantNote("post-commit")

	// For good: husky's own file calls.
	w.ok("husky")
	w.write(filepath.Join(w.repo, ".husky", "post-commit"), "agent hook run post-commit \"$@\"\n", 0o644)
	if s := w.states()["post-commit"]; s != hook.Called {
		t.Errorf("state %s", s)
	}
}

// TestLefthook: it writes into .git/hooks, and puts aside what it finds there.
func TestLefthook(t *testing.T) {
	managers(t)
	for _, first := range []string{"lefthook", "ours"} {
		w := newWorld(t, "r d")
		w.env = append(w.env, "NO_COLOR=1")
		w.write(filepath.Join(w.repo, "lefthook.yml"), "output: [execution_out]\npost-commit:\n  commands:\n    say:\n      run: echo lefthook runs\n", 0o644)
		hooks := filepath.Join(w.repo, ".git", "hooks")
		if first == "ours" {
			w.install()
			w.ok("lefthook", "install", "--force")
			if s := w.states()["post-commit"]; s != hook.Foreign {
				t.Errorf("state %s", s)
			}
		} else {
			w.ok("lefthook", "install")
		}
		lefthook := w.read(filepath.Join(hooks, "post-commit"))
		w.install()
		if said := w.commit("x"); !strings.Contains(said, "lefthook runs") {
			t.Errorf("%s first: it says %q", first, said)
		}
		w.wantNote("post-commit")
		if s := w.states()["post-commit"]; s != hook.Chained {
			t.Errorf("%s first: state %s", first, s)
		}
		w.uninstall()
		if got := w.read(filepath.Join(hooks, "post-commit")); got != lefthook {
			t.Errorf("%s first: uninstalled, it is not what it was:\n%s", first, got)
		}
		if left, _ := filepath.Glob(filepath.Join(hooks, "post-commit*")); len(left) > 2 || len(left) == 2 && !strings.HasSuffix(left[1], ".sample") {
			t.Errorf("%s first: left are %q", first, left)
		}
	}
}

// TestPreCommit does what `pre-commit install -t post-commit` does: it renames the hook
// that it finds to .legacy, and calls it from its own.
func TestPreCommit(t *testing.T) {
	if _, err := exec.LookPath("pre-commit"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("pre-commit is not installed")
		}
		t.Skip("pre-commit is not installed")
	}
	w := newWorld(t, "r d")
	w.write(filepath.Join(w.repo, ".pre-commit-config.yaml"), "repos: []\n", 0o644)
	w.git("add", "-A")
	hooks := filepath.Join(w.repo, ".git", "hooks")
	for _, first := range []string{"ours", "theirs"} {
		if first == "ours" {
			w.install()
		}
		w.ok("pre-commit", "install", "-t", "post-commit")
		if first == "theirs" {
			w.install()
		}
		w.commit("x")
		w.wantNote("post-commit")
		if s := w.states()["post-commit"]; s != map[string]hook.State{"ours": hook.Moved, "theirs": hook.Chained}[first] {
			t.Errorf("%s first: state %s", first, s)
		}
		w.uninstall()
		w.ok("pre-commit", "uninstall", "-t", "post-commit")
		if left, _ := filepath.Glob(filepath.Join(hooks, "post-commit*")); len(left) > 1 {
			t.Errorf("%s first: left are %q", first, left)
		}
	}
}
