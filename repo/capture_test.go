package repo

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent"
	"codeagent.dev/agent/patch"
)

// captureCases are states of a work tree; each is made by a shell script on a
// repository with a few files. What is captured must be what `git add -A` records.
var captureCases = map[string]string{
	"clean":               `:`,
	"touched":             `touch a.txt`,
	"modified":            `echo more >>a.txt`,
	"same size":           `printf '9\n' >a.txt`,
	"new":                 `mkdir -p new/deep; echo x >new/deep/f; echo y >'new/with space and ü'`,
	"ignored":             `echo '*.log' >.gitignore; echo x >a.log; echo '!b.log' >>.gitignore; echo y >b.log`,
	"removed":             `rm a.txt; rm -r dir`,
	"removed from index":  `git rm -q --cached a.txt`,
	"staged":              `echo staged >s; git add s; git mv a.txt b.txt`,
	"staged and modified": `echo 1 >s; git add s; echo 2 >s; echo x >>a.txt; git add a.txt; git checkout -q HEAD -- a.txt`,
	"staged, then gone":   `echo 1 >s; git add s; rm s`,
	"staged only":         `echo 1 >a.txt; git add a.txt; git update-index --refresh`,
	"renamed":             `git mv dir/c.txt dir/d.txt; mv a.txt z.txt`,
	"mode":                `chmod +x a.txt; chmod -x run.sh`,
	"link":                `ln -s a.txt l; rm run.sh; ln -s nowhere run.sh`,
	"link to file":        `rm link; echo file >link`,
	"file to directory":   `rm a.txt; mkdir a.txt; echo x >a.txt/x`,
	"directory to file":   `rm -r dir; echo x >dir`,
	"intent to add":       `echo x >n; git add -N n; echo y >gone; git add -N gone; rm gone`,
	"intent, unchanged":   `: >n; git add -N n`,
	"line ends":           `printf '* text=auto\n' >.gitattributes; printf 'a\r\nb\r\n' >crlf.txt; printf 'a\r\n' >a.txt`,
	"autocrlf, safecrlf":  `git config core.autocrlf true; git config core.safecrlf true; printf 'a\r\nb\n' >mixed.txt; printf 'x\n' >a.txt`,
	"filter":              `git config filter.up.clean 'tr a-z A-Z'; git config filter.up.smudge 'tr A-Z a-z'; echo '*.up filter=up' >.gitattributes; echo abc >x.up`,
	"split index":         `git update-index --split-index; echo x >>a.txt; echo y >n; git add n`,
	"index version 4":     `git update-index --index-version 4; echo x >>dir/c.txt`,
	"assume unchanged":    `git update-index --assume-unchanged a.txt; echo x >>a.txt`,
	"skipped":             `git update-index --skip-worktree a.txt; echo x >>a.txt; echo y >>dir/c.txt`,
	"conflict":            `git checkout -q -b other; echo o >a.txt; git commit -qam o; git checkout -q main; echo m >a.txt; git commit -qam m; git merge other || :`,
	"conflict, removed":   `git checkout -q -b other; echo o >a.txt; git commit -qam o; git checkout -q main; git rm -q a.txt; git commit -qm m; git merge other || :; rm -f a.txt`,
	"many":                `for i in $(seq 300); do echo $i >f$i; done; echo x >'-n'; echo x >':(top)'; echo x >'a*b'; printf x >"$(printf 'line\nbreak')"`,
}

func captureSandbox(t *testing.T) *sandbox {
	s := newSandbox(t)
	write(t, s.root, map[string]string{"a.txt": "1\n", "dir/c.txt": "c\n", "run.sh": "#!/bin/sh\n"})
	if err := os.Chmod(filepath.Join(s.root, "run.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("a.txt", filepath.Join(s.root, "link")); err != nil {
		t.Fatal(err)
	}
	s.commit(nil)
	return s
}

func TestCaptureIsWhatGitWouldAdd(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the states are made with sh")
	}
	for name, script := range captureCases {
		t.Run(name, func(t *testing.T) {
			s := captureSandbox(t)
			sh(t, s.root, script)
			r := s.open()
			before := photo(t, s.root)
			own := photo(t, filepath.Join(s.root, ".git"))
			c, err := r.Capture(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(own, photo(t, filepath.Join(s.root, ".git"))); diff != "" {
				t.Errorf(".git was touched: %s", diff)
			}
			if diff := cmp.Diff(before, photo(t, s.root)); diff != "" {
				t.Errorf("the work tree was touched: %s", diff)
			}
			again, err := r.Capture(t.Context())
			if err != nil || again != c {
				t.Errorf("the second time it is %v (%v), not %v", again, err, c)
			}
			tree := gitIn(t, r.Mirror(), "rev-parse", c.Commit+"^{tree}")
			s.git("-c", "core.safecrlf=false", "add", "-A") // the oracle; it is the last to touch the repository
			if want := s.git("write-tree"); want != tree {
				t.Errorf("captured, against what git adds:\n%s", gitIn(t, r.Mirror(), "diff-tree", "-r", want, tree))
			}
			if uncommitted, err := r.Uncommitted(t.Context(), c.Commit); err != nil || uncommitted != c.Dirty() {
				t.Errorf("uncommitted: %v %v, dirty: %v", uncommitted, err, c.Dirty())
			}
			if c.Dirty() && gitIn(t, r.Mirror(), "rev-parse", c.Commit+"^") != s.git("rev-parse", "HEAD") {
				t.Error("its parent is not HEAD")
			}
		})
	}
}

func TestCaptureLeavesSubmodulesAndRepositoriesAlone(t *testing.T) {
	s := captureSandbox(t)
	sub := filepath.Join(filepath.Dir(s.root), "sub")
	gitIn(t, filepath.Dir(s.root), "init", "-q", sub)
	sh(t, sub, `git config user.name A; git config user.email a@example.com; echo 1 >f; git add f; git commit -qm 1`)
	sh(t, s.root, `git -c protocol.file.allow=always submodule add -q `+sub+` mod; git commit -qm mod; echo x >mod/f; git init -q nested; echo y >nested/f; echo z >>a.txt`)
	r := s.open()
	c, err := r.Capture(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := gitIn(t, r.Mirror(), "diff-tree", "-r", "--name-status", c.Head, c.Commit); got != "M\ta.txt" {
		t.Errorf("captured\n%s", got)
	}
	sh(t, filepath.Join(s.root, "mod"), `git config user.name A; git config user.email a@example.com; git commit -qam 2`)
	if c, err = r.Capture(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := gitIn(t, r.Mirror(), "rev-parse", c.Commit+":mod"); got != gitIn(t, filepath.Join(s.root, "mod"), "rev-parse", "HEAD") {
		t.Errorf("the submodule is at %s", got)
	}
}

// A capture is no doing of the person's: it runs none of their hooks.
func TestCaptureRunsNoHook(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the hook is a shell script")
	}
	s := captureSandbox(t)
	ran := filepath.Join(filepath.Dir(s.root), "ran")
	sh(t, s.root, `mkdir -p .git/hooks; printf '#!/bin/sh\necho "$GIT_INDEX_FILE" >>'`+ran+`'\n' >.git/hooks/post-index-change; chmod +x .git/hooks/post-index-change; echo x >s; git add s`)
	if err := os.Remove(ran); err != nil {
		t.Fatal("the hook does not run at all: ", err)
	}
	write(t, s.root, map[string]string{"a.txt": "changed\n", "new": "new\n"})
	if _, err := s.open().Capture(t.Context()); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(ran); err == nil {
		t.Errorf("the hook ran for %s", data)
	}
}

func TestCaptureOfASparseCheckout(t *testing.T) {
	s := captureSandbox(t)
	s.commit(map[string]string{"out/x": "x\n", "in/y": "y\n"})
	s.git("sparse-checkout", "set", "in")
	write(t, s.root, map[string]string{"in/y": "changed\n", "out/new": "new\n"})
	r := s.open()
	c, err := r.Capture(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := gitIn(t, r.Mirror(), "diff-tree", "-r", "--name-status", c.Head, c.Commit); got != "M\tin/y\nA\tout/new" {
		t.Errorf("captured\n%s", got)
	}
}

// What only the index holds may be thrown away by the person's git.
func TestCaptureOutlivesTheIndex(t *testing.T) {
	s := captureSandbox(t)
	sh(t, s.root, `mkdir -p p/q; echo staged >p/q/s; git add p; git write-tree >/dev/null`)
	r := s.open()
	c, err := r.Capture(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sh(t, s.root, `git reset -q --hard; git reflog expire --expire=now --all; git gc -q --prune=now`)
	if out := gitIn(t, r.Mirror(), "show", c.Commit+":p/q/s"); out != "staged" {
		t.Errorf("%q", out)
	}
	gitIn(t, r.Mirror(), "fsck", "--strict", "--no-dangling", c.Commit)
}

// A result on a capture is delivered into the tree it was made from, and not onto what
// changed since.
func TestApplyOnACapture(t *testing.T) {
	s := captureSandbox(t)
	write(t, s.root, map[string]string{"a.txt": "mine\n", "new.txt": "new\n"})
	r := s.open()
	c, err := r.Capture(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	res, err := r.Commit(t.Context(), Change{Base: c.Commit, Author: "A <a@example.com>", Message: "m", Ref: "refs/agent/1/1",
		Writes: []patch.Write{{Path: "a.txt", Mode: 0o100644, Data: []byte("mine, better\n")}, {Path: "new.txt", Delete: true}}})
	if err != nil {
		t.Fatal(err)
	}
	write(t, s.root, map[string]string{"a.txt": "mine, later\n"})
	before := s.all()
	_, err = r.Apply(t.Context(), Apply{ID: "1-1", Base: c.Commit, Commit: res.Commit})
	if agent.CodeOf(err) != agent.Blocked || !strings.Contains(err.Error(), "a.txt") {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(before, s.all()); diff != "" {
		t.Errorf("a refused delivery changed %s", diff)
	}
	write(t, s.root, map[string]string{"a.txt": "mine\n"})
	if _, err = r.Apply(t.Context(), Apply{ID: "1-2", Base: c.Commit, Commit: res.Commit}); err != nil {
		t.Fatal(err)
	}
	if data, _ := os.ReadFile(filepath.Join(s.root, "a.txt")); string(data) != "mine, better\n" {
		t.Errorf("a.txt is %q", data)
	}
	if err := r.Undo(t.Context(), "1-2"); err != nil {
		t.Fatal(err)
	}
	if data, _ := os.ReadFile(filepath.Join(s.root, "new.txt")); string(data) != "new\n" {
		t.Errorf("new.txt is %q after undo", data)
	}
}

func TestGCLetsGoOfOldCaptures(t *testing.T) {
	s := captureSandbox(t)
	write(t, s.root, map[string]string{"a.txt": "mine\n"})
	r := s.open()
	c, err := r.Capture(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	age := func(d time.Duration) {
		old := time.Now().Add(-d)
		sh(t, r.Mirror(), `find objects -type f -path '*/??/*' | while read f; do touch -d '`+old.Format(time.RFC3339)+`' "$f"; done`)
	}
	age(captureAge - time.Hour)
	if _, err := r.GC(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Resolve(t.Context(), c.Commit); err != nil {
		t.Fatal(err)
	}
	age(captureAge + time.Hour)
	if _, err := r.GC(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if _, err := s.open().Resolve(t.Context(), c.Commit); agent.CodeOf(err) != agent.NotFound {
		t.Errorf("got %v", err)
	}
}

func TestCaptureRefuses(t *testing.T) {
	s := newSandbox(t)
	write(t, s.root, map[string]string{"a": "x"})
	if _, err := s.open().Capture(t.Context()); agent.CodeOf(err) != agent.Invalid {
		t.Errorf("without a commit: %v", err)
	}
	s.commit(nil)
	big, err := os.Create(filepath.Join(s.root, "big.bin"))
	if err != nil {
		t.Fatal(err)
	}
	defer big.Close()
	if err := big.Truncate(maxObject + 1); err != nil {
		t.Fatal(err)
	}
	if _, err := s.open().Capture(t.Context()); agent.CodeOf(err) != agent.Invalid || !strings.Contains(agent.HintOf(err), ".gitignore") {
		t.Errorf("a large file: %v", err)
	}
}

// BenchmarkCapture records a work tree of 5,000 files, three of them changed and one
// new, beside git's own way to do the like.
func BenchmarkCapture(b *testing.B) {
	w := newWorld(b)
	dir := w.repo("big")
	sh(b, dir, `for d in $(seq 100); do mkdir d$d; for f in $(seq 50); do echo "$d $f" >d$d/f$f; done; done; git add .; git commit -qm big`)
	r := w.open(dir)
	n := 0
	change := func() {
		n++
		for _, name := range []string{"d1/f1", "d50/f50", "d100/f1", "new"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Repeat("x", n)+"\n"), 0o644); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("capture", func(b *testing.B) {
		for b.Loop() {
			change()
			if c, err := r.Capture(b.Context()); err != nil || !c.Dirty() {
				b.Fatal(c, err)
			}
		}
	})
	b.Run("stash-create", func(b *testing.B) {
		for b.Loop() {
			change()
			sh(b, dir, `git stash create`)
		}
	})
}
