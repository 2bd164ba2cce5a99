package spool_test

import (
	"os"
	"path/filepath"
	"testing"

	"codeagent.dev/agent/spool"
)

// TestNoteWaitsForTheDisk: what cannot be read now is no reason to drop a note.
func TestNoteWaitsForTheDisk(t *testing.T) {
	w := newWorld(t)
	dir := w.repo("r", everyHook)
	linked := filepath.Join(w.dir, "linked")
	w.git(dir, "worktree", "add", "-q", linked)
	w.jobs()
	common := filepath.Join(dir, ".git")
	books, err := filepath.Glob(filepath.Join(w.state, "hooks", "*", "repo.json"))
	if err != nil || len(books) != 1 {
		t.Fatalf("%q, %v", books, err)
	}
	for _, file := range []string{filepath.Join(common, "worktrees", "linked", "commondir"), books[0]} {
		c := w.commit(linked, "l", file)
		if err := os.Rename(file, file+".aside"); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(file, 0o755); err != nil { // it cannot be read, and it is there
			t.Fatal(err)
		}
		before := len(w.all())
		w.taker.Pass(t.Context(), false)
		if got := w.all()[before:]; len(got) != 0 {
			t.Errorf("jobs %q", got)
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".aside", file); err != nil {
			t.Fatal(err)
		}
		w.want(w.jobs(), title("c", "post-commit", c))
	}

	// A repository whose place is taken by a file comes not back.
	w.write(filepath.Join(w.dir, "file"), "")
	w.write(filepath.Join(spool.Dir(w.state), "x"), spool.Note{Hook: "post-commit", Dir: filepath.Join(w.dir, "file", "d"), GitDir: ".git"}.Text())
	w.want(w.jobs())
}

// TestStartLooksAtAllWorkTrees: also when a note of one of them waits.
func TestStartLooksAtAllWorkTrees(t *testing.T) {
	w := newWorld(t)
	dir := w.repo("r", everyHook)
	linked := filepath.Join(w.dir, "linked")
	w.git(dir, "worktree", "add", "-q", linked)
	w.jobs()
	l := w.commit(linked, "l", "l")
	w.drop()
	a := w.commit(dir, "a", "a")
	before := len(w.all())
	w.taker.Pass(t.Context(), true)
	w.wantEmptySpool()
	w.want(w.all()[before:], title("c", "post-commit", a), title("c", "post-commit", l))
}

// TestRebaseThatWasQuit: what comes after it is found again, and in one that goes on
// nothing is.
func TestRebaseThatWasQuit(t *testing.T) {
	w := newWorld(t)
	dir := w.repo("r", everyHook)
	w.commit(dir, "a", "a")
	w.commit(dir, "b", "b")
	w.jobs()
	start := func() {
		t.Helper()
		w.env = append(w.env, "GIT_SEQUENCE_EDITOR=sed -i.bak -e '1s/^pick/edit/'")
		w.git(dir, "rebase", "-q", "-i", "HEAD~1")
	}
	found := func(want ...string) {
		t.Helper()
		before := len(w.all())
		w.taker.Pass(t.Context(), true)
		w.want(w.all()[before:], want...)
	}
	start()
	w.git(dir, "rebase", "--quit")
	c := w.commit(dir, "c", "c")
	w.drop()
	found(title("c", "post-commit", c))

	start()
	w.commit(dir, "d", "in the middle")
	found()
	w.git(dir, "rebase", "--quit")
	e := w.commit(dir, "e", "e")
	w.drop()
	start()
	w.git(dir, "rebase", "--continue")
	found(title("c", "post-commit", e), title("r", "post-rewrite", w.git(dir, "rev-parse", "HEAD")))
}
