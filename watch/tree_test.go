package watch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"codeagent.dev/agent"
	"codeagent.dev/agent/repo"
)

func git(tb testing.TB, dir string, args ...string) {
	tb.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.org")
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// newRepo makes a repository with some files.
func newRepo(tb testing.TB) string {
	tb.Helper()
	root, err := filepath.EvalSymlinks(tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	git(tb, root, "init", "-q")
	for name, text := range map[string]string{
		"main.go": "package main\n", "sub/deep/a.go": "package deep\n", ".gitignore": "build/\n*.log\nforced/\n",
		"build/out.go": "", "forced/in.go": "package forced\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o777); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o666); err != nil {
			tb.Fatal(err)
		}
	}
	git(tb, root, "add", ".")
	git(tb, root, "add", "-f", "forced/in.go")
	git(tb, root, "commit", "-qm", "start")
	return root
}

func gitOf(tb testing.TB, root string) Git {
	tb.Helper()
	set := repo.NewSet(tb.TempDir())
	tb.Cleanup(func() { set.Close() })
	r, err := set.Open(context.Background(), root)
	if err != nil {
		tb.Fatal(err)
	}
	return Git{Ignored: r.Ignored, Tracked: r.TrackedDirs}
}

// running is a Tree that a test watches with.
type running struct {
	*Tree
	t       *testing.T
	changed chan []string
	ended   chan error
	seen    map[string]bool
	marks   int
	dir     string // where marks are put
}

func startTree(t *testing.T, tree *Tree) *running {
	t.Helper()
	tree.Git = gitOf(t, tree.Root)
	tree.Notice = func(err error) { t.Errorf("a person is told: %v", err) }
	ready := make(chan struct{})
	tree.Ready = func() { close(ready) }
	r := &running{Tree: tree, t: t, changed: make(chan []string), ended: make(chan error, 1), seen: map[string]bool{}, dir: "."}
	ctx, stop := context.WithCancel(t.Context())
	go func() { r.ended <- tree.Run(ctx, r.changed) }()
	t.Cleanup(stop)
	select {
	case <-ready:
	case err := <-r.ended:
		t.Fatal(err)
	case <-time.After(patience):
		t.Fatal("not ready")
	}
	return r
}

func (r *running) path(name string) string { return filepath.Join(r.Root, name) }

// await waits until the files were told.
func (r *running) await(names ...string) {
	r.t.Helper()
	deadline := time.After(patience)
	for _, name := range names {
		for !r.seen[name] {
			select {
			case batch := <-r.changed:
				if !slices.IsSorted(batch) {
					r.t.Errorf("%q is not sorted", batch)
				}
				for _, p := range batch {
					r.seen[p] = true
				}
			case err := <-r.ended:
				r.t.Fatalf("waiting for %s: it ended: %v", name, err)
			case <-deadline:
				r.t.Fatalf("%s was not told, only %q", name, sorted(r.seen))
			}
		}
	}
}

// told waits until the files were told, then for what still comes before a file that
// is written now, and compares all of it.
func (r *running) told(want ...string) {
	r.t.Helper()
	r.await(want...)
	r.marks++
	mark := filepath.ToSlash(filepath.Join(r.dir, fmt.Sprintf("mark%d", r.marks)))
	write(r.t, r.path(mark), "")
	r.await(mark)
	delete(r.seen, mark)
	slices.Sort(want)
	if diff := cmp.Diff(want, sorted(r.seen), cmpopts.EquateEmpty()); diff != "" {
		r.t.Errorf("-want +got\n%s", diff)
	}
	clear(r.seen)
}

func TestTreeTellsWhatChanged(t *testing.T) {
	r := startTree(t, &Tree{Root: newRepo(t)})
	write(t, r.path("main.go"), "2")
	write(t, r.path("sub/deep/a.go"), "2")
	r.told("main.go", "sub/deep/a.go")

	write(t, r.path("build/out.go"), "ignored")
	write(t, r.path("x.log"), "ignored")
	write(t, r.path("forced/in.go"), "tracked, though ignored")
	r.told("forced/in.go")

	if err := os.Remove(r.path("main.go")); err != nil {
		t.Fatal(err)
	}
	rename(t, r.path("sub/deep/a.go"), r.path("sub/deep/b.go"))
	r.told("main.go", "sub/deep/a.go", "sub/deep/b.go")

	git(t, r.Root, "stash", "-q")
	r.told("forced/in.go", "main.go", "sub/deep/a.go") // the untracked b.go stays
}

// The ways in which editors save.
func TestTreeFollowsEditors(t *testing.T) {
	for name, save := range map[string]func(r *running){
		"in place": func(r *running) { write(t, r.path("main.go"), "new") },
		"write and rename": func(r *running) {
			write(t, r.path(".main.go.tmp123.swp"), "new")
			rename(t, r.path(".main.go.tmp123.swp"), r.path("main.go"))
		},
		"vim, with a backup": func(r *running) {
			write(t, r.path("4913"), "")
			os.Remove(r.path("4913"))
			write(t, r.path(".main.go.swp"), "x")
			rename(t, r.path("main.go"), r.path("main.go~"))
			write(t, r.path("main.go"), "new")
			os.Remove(r.path("main.go~"))
		},
		"emacs": func(r *running) {
			os.Symlink("user@host.1:2", r.path(".#main.go"))
			write(t, r.path("#main.go#"), "x")
			rename(t, r.path("main.go"), r.path("main.go~"))
			write(t, r.path("main.go"), "new")
			os.Remove(r.path(".#main.go"))
			os.Remove(r.path("#main.go#"))
		},
		"jetbrains": func(r *running) {
			write(t, r.path("main.go___jb_tmp___"), "new")
			rename(t, r.path("main.go"), r.path("main.go___jb_old___"))
			rename(t, r.path("main.go___jb_tmp___"), r.path("main.go"))
			os.Remove(r.path("main.go___jb_old___"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := startTree(t, &Tree{Root: newRepo(t)})
			r.t = t
			save(r)
			r.told("main.go")
		})
	}
}

func TestTreeFollowsDirectories(t *testing.T) {
	r := startTree(t, &Tree{Root: newRepo(t)})

	// All at once: the watch on one comes after the file in it.
	write(t, r.path("new/a/b/c/d.go"), "1")
	r.told("new/a/b/c/d.go")
	write(t, r.path("new/a/b/c/d.go"), "2")
	write(t, r.path("new/a/e.go"), "2")
	r.told("new/a/b/c/d.go", "new/a/e.go")

	// A renamed directory has its watches under the new name.
	rename(t, r.path("new"), r.path("moved"))
	r.told("new", "moved/a/b/c/d.go", "moved/a/e.go")
	write(t, r.path("moved/a/b/c/d.go"), "3")
	r.told("moved/a/b/c/d.go")
	rename(t, r.path("moved/a"), r.path("moved/z"))
	r.told("moved/a", "moved/z/b/c/d.go", "moved/z/e.go")
	write(t, r.path("moved/z/b/c/d.go"), "4")
	r.told("moved/z/b/c/d.go")

	// One that takes the place of another.
	write(t, r.path("other/f.go"), "1")
	r.told("other/f.go")
	rename(t, r.path("moved"), r.path("gone"))
	rename(t, r.path("other"), r.path("moved"))
	r.await("gone/z/b/c/d.go", "gone/z/e.go", "moved/f.go")
	r.told(sorted(r.seen)...)
	write(t, r.path("moved/f.go"), "2")
	write(t, r.path("gone/z/e.go"), "2")
	r.told("gone/z/e.go", "moved/f.go")

	if err := os.RemoveAll(r.path("gone")); err != nil {
		t.Fatal(err)
	}
	r.await("gone")
	r.told(sorted(r.seen)...)
	write(t, r.path("gone/again.go"), "")
	r.told("gone/again.go")
}

func TestTreeLeavesOutWhatIsNotTheTree(t *testing.T) {
	r := startTree(t, &Tree{Root: newRepo(t)})
	write(t, r.path("build/new/x.go"), "")
	write(t, r.path("other/a.go"), "")
	git(t, r.path("other"), "init", "-q")
	write(t, r.path("other/b.go"), "")
	outside := t.TempDir()
	if err := os.Symlink(outside, r.path("link")); err != nil {
		t.Fatal(err)
	}
	r.await("link")
	r.told(sorted(r.seen)...)
	write(t, filepath.Join(outside, "x.go"), "")
	write(t, r.path("other/c.go"), "")
	git(t, r.path("other"), "add", ".")
	git(t, r.Root, "commit", "-q", "--allow-empty", "-m", "x")
	r.told()
}

func TestTreeFollowsTheRules(t *testing.T) {
	r := startTree(t, &Tree{Root: newRepo(t)})
	write(t, r.path(".gitignore"), "sub/\n*.tmp\n")
	r.told(".gitignore", "build/out.go")
	write(t, r.path("build/out.go"), "not ignored any more")
	write(t, r.path("sub/new.go"), "ignored now, and not tracked")
	write(t, r.path("a.tmp"), "")
	write(t, r.path("x.log"), "")
	r.told("build/out.go", "x.log")
}

func TestTreeBelow(t *testing.T) {
	r := startTree(t, &Tree{Root: newRepo(t), Below: []string{"sub/deep"}})
	r.dir = "sub/deep"
	write(t, r.path("main.go"), "2")
	write(t, r.path("sub/x.go"), "2")
	write(t, r.path("else/x.go"), "2")
	write(t, r.path("sub/deep/a.go"), "2")
	r.told("sub/deep/a.go")
	if err := os.RemoveAll(r.path("sub")); err != nil {
		t.Fatal(err)
	}
	r.await("sub/deep")
	clear(r.seen)
	write(t, r.path("sub/deep/back.go"), "")
	r.told("sub/deep/back.go")
}

func TestTreeEndsWithItsRoot(t *testing.T) {
	r := startTree(t, &Tree{Root: newRepo(t)})
	rename(t, r.Root, r.Root+"-moved")
	for {
		select {
		case <-r.changed:
		case err := <-r.ended:
			if agent.CodeOf(err) != agent.NotFound {
				t.Errorf("got %v", err)
			}
			return
		case <-time.After(patience):
			t.Fatal("it goes on")
		}
	}
}

// Nobody receives while much changes: it is told together.
func TestTreeWaitsForItsReader(t *testing.T) {
	r := startTree(t, &Tree{Root: newRepo(t), Settle: time.Millisecond})
	var want []string
	for i := range 300 {
		name := fmt.Sprintf("f%03d.go", i)
		write(t, r.path(name), "")
		want = append(want, name)
	}
	r.told(want...)
}

// Without any watch, everything is found by looking.
func TestTreePolls(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes three polls")
	}
	var notices []error
	tree := &Tree{Root: newRepo(t), Git: Git{}}
	tree.Notice = func(err error) { notices = append(notices, err) }
	tree.start()
	tree.watcher.Close()
	tree.watcher = nil
	tree.notice(limitError(tree.Root, syscall.EMFILE))
	tree.Git = gitOf(t, tree.Root)
	ctx, stop := context.WithCancel(t.Context())
	if err := tree.rescan(ctx, time.Time{}); err != nil {
		t.Fatal(err)
	}
	r := &running{Tree: tree, t: t, changed: make(chan []string), ended: make(chan error, 1), seen: map[string]bool{}, dir: "."}
	go func() { r.ended <- tree.loop(ctx, r.changed) }()
	write(t, r.path("sub/deep/a.go"), "longer than before")
	write(t, r.path("new/b.go"), "")
	write(t, r.path("build/c.go"), "ignored")
	if err := os.Remove(r.path("main.go")); err != nil {
		t.Fatal(err)
	}
	r.told("main.go", "new/b.go", "sub/deep/a.go")
	write(t, r.path("new/b.go"), "2")
	r.told("new/b.go")
	stop()
	if err := <-r.ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if len(notices) != 1 || agent.HintOf(notices[0]) == "" {
		t.Errorf("a person is told %v", notices)
	}
}
