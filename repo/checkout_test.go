package repo

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"codeagent.dev/agent"
	"github.com/google/go-cmp/cmp"
)

// TestWriteTree runs commands in a tree and looks at what of them becomes a result.
func TestWriteTree(t *testing.T) {
	tests := []struct {
		name, script string
		want         []string // lines of diff-tree --name-status against the base
	}{
		{"nothing", `true`, nil},
		{"touched only", `touch a.txt; chmod 664 crlf.txt; chmod 644 crlf.txt`, nil},
		{"ignored only", `mkdir build; echo o >build/o`, nil},
		{"all kinds", `echo x >a.txt; rm dir/b.txt; echo n >"neü file"; chmod +x dir/deep/c.txt; ln -sf b link; echo t >kept.o`,
			[]string{"M\ta.txt", "D\tdir/b.txt", "M\tdir/deep/c.txt", "M\tkept.o", "M\tlink", "A\tneü file"}},
		{"committed by the command", `echo x >a.txt; git add -A; git -c user.name=n -c user.email=e commit -qm x; echo y >y`, []string{"M\ta.txt", "A\ty"}},
		{"own branch", `git checkout -q -b other; echo x >a.txt; git -c user.name=n -c user.email=e commit -qam x`, []string{"M\ta.txt"}},
		{"hidden by flags", `git update-index --assume-unchanged a.txt; echo x >a.txt`, []string{"M\ta.txt"}},
		{"index locked and ruined", `d=$(git rev-parse --git-dir); touch $d/index.lock; echo junk >$d/index; echo x >a.txt`, []string{"M\ta.txt"}},
		{".git gone", `rm -rf .git; echo x >a.txt`, []string{"M\ta.txt"}},
		{".git elsewhere", `rm -rf .git; echo "gitdir: /nowhere" >.git; echo x >a.txt`, []string{"M\ta.txt"}},
		{".git made anew", `rm -rf .git; git init -q; echo x >a.txt`, []string{"M\ta.txt"}},
		{"nested repository", `git init -q n; echo x >n/x; cd n; git add x; git -c user.name=n -c user.email=e commit -qm x; git init -q m; echo y >m/y`,
			[]string{"A\tn/m/y", "A\tn/x"}},
		{"repository over tracked files", `cd dir; git init -q; echo x >x`, []string{"A\tdir/x"}},
	}
	f := newPoolFixture(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := &poolFixture{sandbox: f.sandbox, pool: f.pool, want: f.want, one: f.one}
			f.t = t
			tree := f.take(f.one)
			defer f.giveBack(tree)
			cmd := exec.Command("sh", "-c", test.script)
			cmd.Dir = tree.files()
			if text, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			before := photo(t, tree.files())
			id, err := tree.writeTree(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			if text := gitIn(t, f.pool.mirror, "-c", "core.quotePath=false", "diff-tree", "-r", "--no-renames", "--name-status", f.one, id); text != "" {
				got = strings.Split(text, "\n")
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("difference (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before, photo(t, tree.files())); diff != "" {
				t.Errorf("the directory was changed (-before +after):\n%s", diff)
			}
		})
	}
}

// TestWriteTreeRefusesLink: files outside must not become part of a result.
func TestWriteTreeRefusesLink(t *testing.T) {
	f := newPoolFixture(t)
	tree := f.take(f.one)
	os.RemoveAll(tree.files())
	if err := os.Symlink(t.TempDir(), tree.files()); err != nil {
		t.Fatal(err)
	}
	if id, err := tree.writeTree(t.Context()); err == nil {
		t.Fatalf("a link to another directory became tree %s", id)
	}
	f.giveBack(tree)
	f.giveBack(f.take(f.one))
}

func TestCheckout(t *testing.T) {
	s := newSandbox(t)
	base := s.commit(map[string]string{"a": "a\n"})
	r := s.open()
	before := photo(t, s.root+"/.git")
	c, err := r.Checkout(t.Context(), base)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(photo(t, s.root), photo(t, c.Dir)); diff != "" {
		t.Errorf("check-out differs from the person's (-want +got):\n%s", diff)
	}
	for range 2 {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := r.Checkout(t.Context(), "HEAD"); agent.CodeOf(err) != agent.Invalid {
		t.Errorf("a name for a commit gives %v, want Invalid", err)
	}
	if diff := cmp.Diff(before, photo(t, s.root+"/.git")); diff != "" {
		t.Errorf("the person's repository changed:\n%s", diff)
	}
}

// TestCheckoutCommit: a command's changes become a result like any other.
func TestCheckoutCommit(t *testing.T) {
	s := newSandbox(t)
	base := s.commit(startFiles)
	r := s.open()
	before := s.all()
	c, err := r.Checkout(t.Context(), base)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Commit(t.Context(), Change{Message: "nothing\n", Ref: "refs/agent/1/1"}); !errors.Is(err, ErrNoChange) {
		t.Errorf("no change: %v", err)
	}
	sh(t, c.Dir, `echo new >n; rm a.txt; git init -q nested; echo x >nested/x`)
	if _, err := c.Commit(t.Context(), Change{Base: strings.Repeat("1", 40), Message: "m\n"}); agent.CodeOf(err) != agent.Invalid {
		t.Errorf("another base: %v", err)
	}
	result, err := c.Commit(t.Context(), Change{Message: "made\n\nAgent-Job: 1\n", Author: "Bö <b@example.com>", Ref: "refs/agent/1/1"})
	if err != nil {
		t.Fatal(err)
	}
	if want := (agent.Stat{Files: 3, Added: 2, Removed: 9}); result.Stat != want {
		t.Errorf("stat %+v, want %+v", result.Stat, want)
	}
	if got := gitIn(t, r.Mirror(), "log", "-1", "--format=%H %T %P %an <%ae>|%B", "refs/agent/1/1"); got != result.Commit+" "+result.Tree+" "+base+" Bö <b@example.com>|made\n\nAgent-Job: 1\n" {
		t.Errorf("commit is %q", got)
	}
	gitIn(t, r.Mirror(), "fsck", "--strict", "--no-dangling")
	if diff := cmp.Diff(before, s.all()); diff != "" {
		t.Errorf("the person's repository changed:\n%s", diff)
	}
}

// TestPoolForgottenResult: a warm tree stays usable when the result it held is gone.
func TestPoolForgottenResult(t *testing.T) {
	s := newSandbox(t)
	base := s.commit(startFiles)
	r := s.open()
	commit := s.result(r, base, bigChange)
	use := func(commit string) os.FileInfo {
		c, err := r.Checkout(t.Context(), commit)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(commit == base, cmp.Equal(photo(t, s.root), photo(t, c.Dir))); diff != "" {
			t.Errorf("wrong files for %s", commit)
		}
		info, err := os.Stat(c.Dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		return info
	}
	first := use(commit)
	for _, kind := range gitObjects(t, r.Mirror()) {
		os.Remove(filepath.Join(r.Mirror(), "objects", kind[:2], kind[2:]))
	}
	if second := use(base); !os.SameFile(first, second) {
		t.Error("the tree was made anew")
	}
	if _, err := r.Checkout(t.Context(), commit); agent.CodeOf(err) != agent.NotFound {
		t.Errorf("check-out of what is gone: %v", err)
	}
}

// gitObjects lists the loose objects of a bare repository.
func gitObjects(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "objects", "??", "*"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no objects: %v", err)
	}
	for i, path := range found {
		found[i] = filepath.Base(filepath.Dir(path)) + filepath.Base(path)
	}
	return found
}
