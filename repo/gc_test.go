package repo

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"codeagent.dev/agent/patch"
)

// age makes every file of the mirror's object directory two days old.
func (w *world) age(r *Repo) {
	w.t.Helper()
	old := time.Now().Add(-48 * time.Hour)
	err := filepath.WalkDir(filepath.Join(r.Mirror(), "objects"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return os.Chtimes(path, old, old)
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) gc(r *Repo, dry bool) Garbage {
	w.t.Helper()
	g, err := r.GC(context.Background(), dry)
	if err != nil {
		w.t.Fatal(err)
	}
	return g
}

func TestGC(t *testing.T) {
	w := newWorld(t)
	dir := w.repo("r", "a", "1\n", "d/b", "2\n")
	r := w.open(dir)
	kept := w.commit(r, "refs/agent/1/1", put("a", "kept\n"))
	// A result made from a result, whose own reference goes: its objects are needed.
	onTop, err := r.Commit(t.Context(), Change{Base: kept.Commit, Writes: []patch.Write{put("d/b", "on top\n")}, Ref: "refs/agent/2/1"})
	if err != nil {
		t.Fatal(err)
	}
	gone := w.commit(r, "refs/agent/3/1", put("a", "gone\n"), put("n/m", "gone too\n"))
	w.commit(r, "", put("a", "never had a reference\n"))
	if err := r.Drop(t.Context(), "refs/agent/1/1", "refs/agent/3/1", "refs/agent/3/9"); err != nil {
		t.Fatal(err)
	}
	if g := w.gc(r, false); g != (Garbage{}) {
		t.Errorf("young objects are garbage: %+v", g)
	}
	w.age(r)
	w.write(filepath.Join(r.Mirror(), "objects", "tmp_obj_crash"), "half")
	w.age(r)
	// gone: 2 blobs, 2 trees, 1 commit; without reference: 1 blob, 1 tree, 1 commit; 1 unfinished.
	dry := w.gc(r, true)
	if dry.Objects != 9 || dry.Bytes == 0 {
		t.Errorf("garbage %+v, want 9 objects", dry)
	}
	if g := w.gc(r, false); g != dry {
		t.Errorf("removed %+v, the dry run said %+v", g, dry)
	}
	if g := w.gc(r, false); g != (Garbage{}) {
		t.Errorf("the second GC removed %+v", g)
	}
	w.git(r.Mirror(), "fsck", "--strict")
	if got := w.git(r.Mirror(), "show", onTop.Commit+":d/b", kept.Commit+":a"); got != "on top\nkept" {
		t.Errorf("kept results read %q", got)
	}
	if _, err := r.Snapshot(t.Context(), gone.Commit); err == nil {
		t.Error("a dropped result can still be read")
	}
}

func TestGCLeavesWhatACommitMadeYoung(t *testing.T) {
	w := newWorld(t)
	dir := w.repo("r", "a", "1\n")
	r := w.open(dir)
	w.commit(r, "", put("big", "the same content again\n"))
	w.age(r)
	w.commit(r, "", put("big", "the same content again\n")) // finds the blob and the tree
	w.gc(r, false)
	w.git(r.Mirror(), "cat-file", "-e", w.gitIn(dir, "the same content again\n", "hash-object", "--stdin"))
}

// TestGCBesideCommits removes old garbage again and again while commits use the very
// objects that are old.
func TestGCBesideCommits(t *testing.T) {
	w := newWorld(t)
	dir := w.repo("r", "a", "1\n", "d/b", "2\n")
	r := w.open(dir)
	head := w.git(dir, "rev-parse", "HEAD")
	done := make(chan struct{})
	var wg sync.WaitGroup
	defer wg.Wait()
	defer close(done)
	wg.Go(func() {
		other := NewSet(w.state) // as another process would
		defer other.Close()
		mine, err := other.Open(context.Background(), dir)
		if err != nil {
			t.Error(err)
			return
		}
		for {
			select {
			case <-done:
				return
			default:
			}
			if _, err := mine.GC(context.Background(), false); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for i := range 30 {
		ref := fmt.Sprintf("refs/agent/%d/1", i)
		_, err := r.Commit(t.Context(), Change{Base: head, Writes: []patch.Write{put("d/b", fmt.Sprintf("version %d\n", i%3))}, Ref: ref})
		if err != nil {
			t.Fatal(err)
		}
		w.git(r.Mirror(), "rev-list", "--objects", ref)
		if err := r.Drop(t.Context(), ref); err != nil {
			t.Fatal(err)
		}
		w.ageQuietly(r)
	}
}

// ageQuietly is age beside a GC that removes files meanwhile.
func (w *world) ageQuietly(r *Repo) {
	old := time.Now().Add(-48 * time.Hour)
	names, _ := filepath.Glob(filepath.Join(r.Mirror(), "objects", "??", "*"))
	for _, name := range names {
		_ = os.Chtimes(name, old, old)
	}
}

func TestDropTakesManyAndMissing(t *testing.T) {
	w := newWorld(t)
	dir := w.repo("r", "a", "1\n")
	r := w.open(dir)
	var refs []string
	for i := range 20 {
		refs = append(refs, fmt.Sprintf("refs/agent/%d/1", i))
		w.commit(r, refs[i], put("a", fmt.Sprint(i)))
	}
	if err := r.Drop(t.Context(), append(refs[:19:19], "refs/agent/none/1")...); err != nil {
		t.Fatal(err)
	}
	if got := w.git(r.Mirror(), "for-each-ref", "--format=%(refname)"); strings.TrimSpace(got) != refs[19] {
		t.Errorf("left: %s", got)
	}
	if err := r.Drop(t.Context(), "refs/heads/main"); err == nil {
		t.Error("a reference that is not ours was dropped")
	}
}
