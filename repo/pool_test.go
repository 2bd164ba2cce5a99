package repo

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"codeagent.dev/agent"
	"github.com/google/go-cmp/cmp"
)

// poolFixture is a pool, two commits, and what a fresh check-out of them looks like.
type poolFixture struct {
	*sandbox
	pool     *treePool
	one, two string
	want     map[string]map[string]string
}

func newPoolFixture(t *testing.T) *poolFixture {
	t.Helper()
	s := newSandbox(t)
	f := &poolFixture{sandbox: s, want: map[string]map[string]string{}}
	f.one = s.commit(map[string]string{
		".gitignore": "*.o\nbuild/\n", "a.txt": "one\n", "dir/b.txt": "b\n", "dir/deep/c.txt": "c\n",
		"söme näme.txt": "umlaut\n", "crlf.txt": "x\ny\n", ".gitattributes": "crlf.txt eol=crlf\n", "kept.o": "ignored\n",
	})
	s.git("add", "-f", "kept.o")
	os.Chmod(filepath.Join(s.root, "a.txt"), 0o755)
	os.Symlink("a.txt", filepath.Join(s.root, "link"))
	f.one = s.commit(nil)
	os.RemoveAll(filepath.Join(s.root, "dir"))
	f.two = s.commit(map[string]string{"a.txt": "two\n", "dir": "a file now\n"})
	mirror := filepath.Join(s.state, "git")
	s.git("clone", "-q", "--bare", "--shared", s.root, mirror)
	f.pool = newTreePool(mirror, filepath.Join(s.state, "trees"))
	t.Cleanup(f.pool.close)
	for _, commit := range []string{f.one, f.two} {
		fresh := filepath.Join(t.TempDir(), "fresh")
		s.git("clone", "-q", "--shared", "--no-checkout", s.root, fresh)
		gitIn(t, fresh, "checkout", "-q", "--detach", commit)
		f.want[commit] = photo(t, fresh)
	}
	return f
}

// take acquires a tree and checks that it holds exactly the commit.
func (f *poolFixture) take(commit string) *poolTree {
	f.t.Helper()
	tree, err := f.pool.acquire(f.t.Context(), commit, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	if diff := cmp.Diff(f.want[commit], photo(f.t, tree.files())); diff != "" {
		f.t.Fatalf("files are not those of the commit (-want +got):\n%s", diff)
	}
	if status := gitIn(f.t, tree.files(), "status", "--porcelain", "--ignored"); status != "" {
		f.t.Fatalf("git in the tree sees changes:\n%s", status)
	}
	return tree
}

func (f *poolFixture) giveBack(tree *poolTree) {
	f.t.Helper()
	if err := tree.giveBack(context.Background()); err != nil {
		f.t.Fatal(err)
	}
}

func TestPoolReusesTree(t *testing.T) {
	f := newPoolFixture(t)
	for i, commit := range []string{f.one, f.two, f.two, f.one} {
		tree := f.take(commit)
		if tree.number != 1 {
			t.Fatalf("use %d got tree %d, want the warm one", i, tree.number)
		}
		f.giveBack(tree)
		if state, err := readTreeState(tree.dir); err != nil || !state.Clean {
			t.Fatalf("state after give-back: %+v, %v", state, err)
		}
	}
}

func TestPoolTreesAreNotShared(t *testing.T) {
	f := newPoolFixture(t)
	first := f.take(f.one)
	other := newTreePool(f.pool.mirror, f.pool.dir) // as another process would
	defer other.close()
	second, err := other.acquire(t.Context(), f.one, nil)
	if err != nil {
		t.Fatal(err)
	}
	if first.dir == second.dir {
		t.Fatal("two holders of one tree")
	}
	f.giveBack(second)
	f.giveBack(first)
}

// TestPoolSurvivesCommands does to a tree what commands do, and worse.
func TestPoolSurvivesCommands(t *testing.T) {
	tests := []struct{ name, script string }{
		{"leftovers", `mkdir -p build x/y; echo o >build/o; echo o >x/y/z.o; echo n >new; mkdir empty`},
		{"changes", `echo changed >a.txt; rm -f "söme näme.txt" link; ln -s /etc link; chmod 644 a.txt`},
		{"file becomes directory", `rm a.txt; mkdir a.txt; echo x >a.txt/x`},
		{"directory becomes link out", `rm -rf dir; ln -s "$OUT" dir`},
		{"read-only directories", `mkdir -p mod/cache; echo x >mod/cache/x; chmod 555 mod/cache mod`},
		{"permissions", `chmod 444 crlf.txt; chmod 000 dir/b.txt; chmod 555 dir`},
		{"nested repository", `mkdir n; cd n; git init -q; echo x >x; git add x; git -c user.name=n -c user.email=e commit -qm n`},
		{"staged and committed", `echo x >x; git add x; git -c user.name=n -c user.email=e commit -qm mine; echo y >y; git add y`},
		{"branch", `git checkout -q -b mine; git -c user.name=n -c user.email=e commit -qm e --allow-empty`},
		{"locked index", `touch "$(git rev-parse --git-dir)/index.lock" "$(git rev-parse --git-dir)/HEAD.lock"`},
		{"ruined index", `echo junk >"$(git rev-parse --git-dir)/index"`},
		{"hidden changes", `git update-index --assume-unchanged a.txt; git update-index --skip-worktree dir/b.txt crlf.txt; echo x >a.txt; echo x >dir/b.txt`},
		{"merge in progress", `echo ` + strings.Repeat("0", 40) + ` >"$(git rev-parse --git-dir)/MERGE_HEAD"`},
		{"no .git", `rm -rf .git; echo x >a.txt`},
		{".git elsewhere", `rm -rf .git; echo "gitdir: $OUT" >.git`},
		{".git is a link", `rm -rf .git; ln -s "$OUT" .git`},
		{".git made anew", `rm -rf .git; git init -q; git add -A; git -c user.name=n -c user.email=e commit -qm mine`},
		{"repository ruined", `echo /nowhere >.git/commondir; echo x >.git/HEAD; echo /nowhere >.git/objects/info/alternates; rm -rf .git/refs`},
		{"repository out of reach", `mkdir .git/a; echo x >.git/a/x; chmod 555 .git/a; chmod 000 .git/objects .git`},
		{"our git directory ruined", `echo x >../own/HEAD; rm ../own/index`},
		{"our git directory gone", `rm -rf ../own`},
		{"everything gone", `rm -rf ..?* .[!.]* *`},
		{"tree gone", `cd ..; rm -rf tree`},
		{"tree is a link", `cd ..; rm -rf tree; ln -s "$OUT" tree`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newPoolFixture(t)
			out := t.TempDir()
			write(t, out, map[string]string{"precious": "theirs\n"})
			tree := f.take(f.one)
			cmd := exec.Command("sh", "-c", test.script)
			cmd.Dir = tree.files()
			cmd.Env = append(os.Environ(), "OUT="+out)
			if text, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			f.giveBack(tree)
			for _, commit := range []string{f.two, f.one} {
				f.giveBack(f.take(commit))
			}
			want := map[string]string{".": photo(t, out)["."], "precious": "-rw-r--r-- theirs\n"}
			if diff := cmp.Diff(want, photo(t, out)); diff != "" {
				t.Errorf("a directory outside was touched:\n%s", diff)
			}
		})
	}
}

// TestPoolAfterCrash takes a tree whose holder went without giving it back.
func TestPoolAfterCrash(t *testing.T) {
	f := newPoolFixture(t)
	tree := f.take(f.one)
	write(t, tree.files(), map[string]string{"left.o": "x", "a.txt": "changed"})
	tree.unlock() // what the system does for a killed process
	again := f.take(f.two)
	if again.number != tree.number {
		t.Errorf("dirty tree was not used again")
	}
	// In the middle of git's own writing it is made anew.
	if err := os.WriteFile(again.index()+".lock", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	again.unlock()
	f.giveBack(f.take(f.one))
	f.pool.close()
	if left, _ := filepath.Glob(filepath.Join(f.pool.dir, trashPrefix+"*")); len(left) > 0 {
		t.Errorf("trash is left: %v", left)
	}
}

func TestPoolMissingCommit(t *testing.T) {
	f := newPoolFixture(t)
	f.giveBack(f.take(f.one))
	_, err := f.pool.acquire(t.Context(), strings.Repeat("1", 40), nil)
	if agent.CodeOf(err) != agent.NotFound {
		t.Fatalf("got %v, want NotFound", err)
	}
	f.giveBack(f.take(f.two))
}

func TestPoolKeepsFewTrees(t *testing.T) {
	f := newPoolFixture(t)
	f.pool.idle = 2
	var trees []*poolTree
	for range 4 {
		trees = append(trees, f.take(f.one))
	}
	for _, tree := range trees {
		f.giveBack(tree)
	}
	if numbers, _ := f.pool.numbers(); len(numbers) != 2 {
		t.Errorf("%d trees kept, want 2", len(numbers))
	}
	later := time.Now().Add(f.pool.age + time.Hour)
	if dry, err := f.pool.prune(true, later); err != nil || len(dry) != 2 {
		t.Errorf("dry prune = %v, %v, want both", dry, err)
	}
	if removed, err := f.pool.prune(false, later); err != nil || len(removed) != 2 {
		t.Errorf("prune = %v, %v, want both", removed, err)
	}
	f.pool.close()
	entries, _ := os.ReadDir(f.pool.dir)
	for _, entry := range entries {
		if entry.IsDir() {
			t.Errorf("%s is left", entry.Name())
		}
	}
}

// TestOnlyOwnedIsRemoved offers removeOwned everything it must not delete.
func TestOnlyOwnedIsRemoved(t *testing.T) {
	base := t.TempDir()
	state, outside := filepath.Join(base, "state"), filepath.Join(base, "outside")
	write(t, base, map[string]string{"state/bare/x": "x", "outside/x": "x", "outside/" + ownedName: ownedText, "state/ours/x": "x"})
	os.Symlink(outside, filepath.Join(state, "link"))
	os.Symlink(base, filepath.Join(state, "up"))
	for _, dir := range []string{state + "/bare", state + "/link", state + "/up/outside", outside, state + "/../outside", state} {
		if err := removeOwned(state, dir); err == nil {
			t.Errorf("%s was accepted", dir)
		}
	}
	if _, err := os.Stat(filepath.Join(outside, "x")); err != nil {
		t.Error(err)
	}
	if err := markOwned(filepath.Join(state, "ours")); err != nil {
		t.Fatal(err)
	}
	if err := removeOwned(state, filepath.Join(state, "ours")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(state, "ours")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("our directory is left: %v", err)
	}
}

// TestPoolMany takes trees of two commits side by side from two pools on the same
// directory, as two processes would.
func TestPoolMany(t *testing.T) {
	f := newPoolFixture(t)
	other := newTreePool(f.pool.mirror, f.pool.dir)
	defer other.close()
	var group sync.WaitGroup
	inUse := sync.Map{}
	for i := range 6 {
		pool, commit := []*treePool{f.pool, other}[i%2], []string{f.one, f.two}[i/2%2]
		group.Go(func() {
			for range 4 {
				tree, err := pool.acquire(context.Background(), commit, nil)
				if err != nil {
					t.Error(err)
					return
				}
				if _, taken := inUse.LoadOrStore(tree.dir, true); taken {
					t.Errorf("%s has two holders", tree.dir)
				}
				if diff := cmp.Diff(f.want[commit], photo(t, tree.files())); diff != "" {
					t.Errorf("wrong files:\n%s", diff)
				}
				inUse.Delete(tree.dir)
				if err := tree.giveBack(context.Background()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if numbers, _ := f.pool.numbers(); len(numbers) > f.pool.idle {
		t.Errorf("%d trees kept, want at most %d", len(numbers), f.pool.idle)
	}
}

func TestKeepTreesOption(t *testing.T) {
	s := newSandbox(t)
	base := s.commit(startFiles)
	set := NewSet(s.state, KeepTrees(1, time.Hour))
	defer set.Close()
	r, err := set.Open(t.Context(), s.root)
	if err != nil {
		t.Fatal(err)
	}
	var held []*Checkout
	for range 3 {
		c, err := r.Checkout(t.Context(), base)
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, c)
	}
	for _, c := range held {
		c.Close()
	}
	if numbers, _ := r.mirror.pool.numbers(); len(numbers) != 1 {
		t.Errorf("%d trees kept, want 1", len(numbers))
	}
}

// TestPoolCanceled ends check-outs at random moments; the tree stays usable and warm.
func TestPoolCanceled(t *testing.T) {
	f := newPoolFixture(t)
	f.giveBack(f.take(f.one))
	for i := range 20 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*time.Millisecond)
		tree, err := f.pool.acquire(ctx, f.two, nil)
		cancel()
		if err == nil {
			f.giveBack(tree)
		} else if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		tree = f.take(f.one)
		if tree.number != 1 {
			t.Errorf("tree %d was made", tree.number)
		}
		f.giveBack(tree)
	}
}

// A process can be killed right after it made a tree's directory, or while it wrote a
// tree's state. The directory is used, and the half-written file goes.
func TestPoolTakesUpWhatAKillLeft(t *testing.T) {
	f := newPoolFixture(t)
	if err := os.MkdirAll(filepath.Join(f.pool.dir, "1"), 0o700); err != nil {
		t.Fatal(err)
	}
	tree := f.take(f.one)
	if tree.number != 1 {
		t.Errorf("tree %d was made beside the empty directory of tree 1", tree.number)
	}
	stray := filepath.Join(tree.dir, ".state.tmp-1")
	if err := os.WriteFile(stray, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f.giveBack(tree)
	if _, err := os.Lstat(stray); err == nil {
		t.Errorf("%s is still there", stray)
	}
}
