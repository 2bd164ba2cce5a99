package repo

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// ownGit does in a check-out what commands do with git, every step under the same names
// in every check-out.
const ownGit = `
git config user.name Bot
git config user.email bot@example.com
git checkout -q -b topic
pwd >a.txt
git commit -q -a -m x
git tag v1
git tag -a -m annotated v2
echo more >>a.txt
git stash -q
git stash pop -q
git stash -q
git branch -f main HEAD~1
git update-ref refs/agent/1/1 HEAD
git remote add origin /nowhere
git worktree add -q ../other main
git worktree add -q -b other inside
echo exit 1 >.git/hooks/pre-commit
git gc -q --prune=now
git repack -a -d -q
git pack-refs --all
git reflog expire --expire=now --all
git submodule -q init
git fsck --no-dangling
test "$(git log -1 --format=%s%an topic)" = xBot`

// TestCommandsHaveTheirOwnRepository runs the same git commands in two check-outs at the
// same time and again in the next ones. None of it meets the other, the mirror or the
// person's repository.
func TestCommandsHaveTheirOwnRepository(t *testing.T) {
	s := newSandbox(t)
	base := s.commit(startFiles)
	r := s.open()
	s.result(r, base, bigChange)
	before := []map[string]string{photo(t, r.Mirror()), s.all()}
	for round := range 2 {
		var all sync.WaitGroup
		for range 2 {
			c, err := r.Checkout(t.Context(), base)
			if err != nil {
				t.Fatal(err)
			}
			all.Go(func() {
				cmd := exec.Command("sh", "-ec", ownGit)
				cmd.Dir = c.Dir
				if text, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("%v\n%s", err, text)
				}
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if diff := cmp.Diff(before, []map[string]string{photo(t, r.Mirror()), s.all()}); diff != "" {
			t.Fatalf("round %d: the mirror or the person's repository changed:\n%s", round, diff)
		}
	}
	if trees, err := r.mirror.pool.numbers(); err != nil || len(trees) != 2 {
		t.Errorf("%d trees, want the 2 warm ones", len(trees))
	}
}

// TestRepositoryOfACheckout looks at what a command finds.
func TestRepositoryOfACheckout(t *testing.T) {
	s := newSandbox(t)
	write(t, os.Getenv("HOME"), map[string]string{
		".gitconfig":                "[user]\n\tname = Global\n\temail = g@example.com\n[core]\n\thooksPath = " + filepath.ToSlash(s.state) + "/hooks\n",
		"../state/hooks/pre-commit": "#!/bin/sh\nexit 1\n",
	})
	if err := os.Chmod(filepath.Join(s.state, "hooks", "pre-commit"), 0o755); err != nil {
		t.Fatal(err)
	}
	gitIn(t, s.root, "-c", "core.hooksPath=/dev/null", "commit", "-q", "--allow-empty", "-m", "first")
	s.git("config", "core.autocrlf", "true")
	s.git("config", "user.name", "Local")
	write(t, s.root, map[string]string{".git/info/exclude": "*.log\n", ".git/info/attributes": "*.bin -text\n"})
	write(t, s.root, map[string]string{"text": "a\r\nb\r\n", "data.bin": "a\r\nb\r\n"})
	s.git("add", "-A")
	gitIn(t, s.root, "-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", "second")
	base := s.git("rev-parse", "HEAD")
	r := s.open()
	for _, what := range []string{"new", "warm"} {
		c, err := r.Checkout(t.Context(), base)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(photo(t, s.root), photo(t, c.Dir)); diff != "" {
			t.Errorf("%s: check-out differs from the person's (-want +got):\n%s", what, diff)
		}
		write(t, c.Dir, map[string]string{"x.log": "", "text": "a\r\nb\r\n", "data.bin": "a\r\nb\r\n"})
		got := sh(t, c.Dir, `git status --porcelain; git rev-parse HEAD; git symbolic-ref -q HEAD || true; git log --format=%s
			git for-each-ref; git stash list; git remote; git ls-files --eol text data.bin | tr -s ' '; git config foo.bar || true
			git commit -q --allow-empty -m mine; git log -1 --format=%an; git config foo.bar x`)
		want := base + "\nsecond\nfirst\ni/crlf w/crlf attr/-text \tdata.bin\ni/lf w/crlf attr/ \ttext\nGlobal\n"
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: a command sees (-want +got):\n%s", what, diff)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCheckoutOfShallowClone: git in the tree knows where the history ends.
func TestCheckoutOfShallowClone(t *testing.T) {
	s := newSandbox(t)
	s.commit(startFiles)
	s.commit(map[string]string{"a.txt": "second\n"})
	full := s.root
	s.root += " shallow"
	gitIn(t, s.state, "-c", "protocol.file.allow=always", "clone", "-q", "--depth=1", "file://"+full, s.root)
	r := s.open()
	c, err := r.Checkout(t.Context(), s.git("rev-parse", "HEAD"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got := sh(t, c.Dir, `git rev-list --count HEAD; git status --porcelain`); got != "1\n" {
		t.Errorf("git in the tree sees %q", got)
	}
}
