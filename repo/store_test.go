package repo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"codeagent.dev/agent"
)

// readsAll checks that every file of HEAD can be read, and that a commit on it works.
func readsAll(t *testing.T, w *world, dir string) {
	t.Helper()
	r := w.open(dir)
	s := w.snapshot(r, "HEAD")
	for _, name := range strings.Fields(w.git(dir, "ls-tree", "-r", "--name-only", "HEAD")) {
		want := w.git(dir, "cat-file", "blob", "HEAD:"+name)
		if data, err := s.ReadFile(name); strings.TrimSuffix(string(data), "\n") != want {
			t.Errorf("%s is %q, %v; want %q", name, data, err, want)
		}
	}
	res := w.commit(r, "refs/agent/1/1", put("new file", "n\n"))
	if got := w.git(r.Mirror(), "cat-file", "blob", res.Commit+":new file"); got != "n" {
		t.Errorf("the result holds %q", got)
	}
}

func TestObjectStores(t *testing.T) {
	w := newWorld(t)
	origin := w.repo("origin", "a", "1\n", "d/b", "2\n")
	second := w.commitAll(origin, "second")
	clone := func(name string, args ...string) string {
		w.git(w.dir, append(append([]string{"clone", "-q"}, args...), "file://"+origin, name)...)
		return filepath.Join(w.dir, name)
	}
	t.Run("loose", func(t *testing.T) { readsAll(t, w, origin) })
	t.Run("packed", func(t *testing.T) {
		dir := clone("packed")
		w.git(dir, "gc", "-q")
		readsAll(t, w, dir)
	})
	t.Run("alternates", func(t *testing.T) {
		w.git(w.dir, "clone", "-q", "--shared", origin, "borrower")
		w.git(w.dir, "clone", "-q", "--shared", "borrower", "borrower2")
		readsAll(t, w, filepath.Join(w.dir, "borrower2"))
	})
	t.Run("relative alternates", func(t *testing.T) {
		dir := filepath.Join(w.dir, "relative")
		w.git(w.dir, "clone", "-q", "--shared", "borrower", dir)
		w.write(filepath.Join(dir, ".git", "objects", "info", "alternates"), "../../../borrower/.git/objects\n")
		w.write(filepath.Join(w.dir, "borrower", ".git", "objects", "info", "alternates"), "../../../origin/.git/objects\n")
		r := w.open(dir)
		res := w.commit(r, "", put("new", "n"))
		w.git(r.Mirror(), "cat-file", "-e", res.Commit+":d/b")
	})
	t.Run("shallow", func(t *testing.T) {
		dir := clone("shallow", "--depth=1")
		readsAll(t, w, dir)
		r := w.open(dir)
		if got := w.git(r.Mirror(), "rev-list", "--count", second); got != "1" {
			t.Errorf("the mirror sees %s commits, want 1", got)
		}
		w.git(dir, "fetch", "-q", "--unshallow")
		w.open(dir)
		if got := w.git(r.Mirror(), "rev-list", "--count", second); got != "2" {
			t.Errorf("after fetch --unshallow the mirror sees %s commits, want 2", got)
		}
	})
	t.Run("detached HEAD", func(t *testing.T) {
		w.git(origin, "checkout", "-q", "--detach")
		readsAll(t, w, origin)
	})
	t.Run("sparse check-out", func(t *testing.T) {
		dir := clone("sparse")
		w.git(dir, "sparse-checkout", "set", "nothing")
		readsAll(t, w, dir)
	})
}

func TestPartialCloneFetchesNothing(t *testing.T) {
	w := newWorld(t)
	origin := w.repo("origin", "a", "1\n", "d/b", "2\n")
	w.git(origin, "config", "uploadpack.allowFilter", "true")
	w.git(origin, "config", "uploadpack.allowAnySHA1InWant", "true")
	w.git(w.dir, "clone", "-q", "--no-checkout", "--filter=blob:none", "file://"+origin, "partial")
	dir := filepath.Join(w.dir, "partial")
	before := photograph(t, filepath.Join(dir, ".git"))
	r := w.open(dir)
	s := w.snapshot(r, "HEAD")
	_, err := s.ReadFile("d/b")
	blob := w.git(origin, "rev-parse", "HEAD:d/b")
	wantError(t, err, agent.NotFound, blob+" was left out of the partial clone", "fetch --refetch")
	for _, rev := range []string{blob, "HEAD:d/b"} {
		if id, err := r.Resolve(t.Context(), rev); err == nil {
			t.Errorf("%s is commit %s", rev, id)
		}
	}
	same(t, before, photograph(t, filepath.Join(dir, ".git")))
}

func TestRepackUnderLiveProcesses(t *testing.T) {
	w := newWorld(t)
	dir := w.repo("r", "a", "1\n", "d/b", "2\n")
	r := w.open(dir)
	s := w.snapshot(r, "HEAD")
	for i := range 5 {
		if data, err := s.ReadFile("d/b"); string(data) != "2\n" {
			t.Fatalf("round %d: %q, %v", i, data, err)
		}
		w.write(filepath.Join(dir, "a"), fmt.Sprintf("%d\n", i))
		head := w.commitAll(dir, "more")
		w.git(dir, "repack", "-adq")
		w.git(dir, "prune")
		if got, err := r.Resolve(t.Context(), "HEAD"); got != head {
			t.Fatalf("HEAD is %s, %v; want %s", got, err, head)
		}
		w.commit(r, "refs/agent/1/1", put("n", fmt.Sprint(i)))
	}
}

func TestGitThatDiesIsReplaced(t *testing.T) {
	w := newWorld(t)
	dir := w.repo("r", "a", "1\n")
	r := w.open(dir)
	s := w.snapshot(r, "HEAD")
	w.commit(r, "refs/agent/1/1", put("a", "2\n"))
	w.set.mu.Lock()
	for _, p := range w.set.pools {
		p.mu.Lock()
		for _, session := range p.free {
			session.kill()
		}
		p.mu.Unlock()
	}
	w.set.mu.Unlock()
	if data, err := s.ReadFile("a"); string(data) != "1\n" {
		t.Errorf("%q, %v", data, err)
	}
	w.commit(r, "refs/agent/1/1", put("a", "3\n"))
}

func TestIdleProcessesEnd(t *testing.T) {
	w := newWorld(t)
	w.set.idle = time.Millisecond
	dir := w.repo("r", "a", "1\n")
	r := w.open(dir)
	w.commit(r, "refs/agent/1/1", put("a", "2\n"))
	quiet := func() bool {
		w.set.mu.Lock()
		defer w.set.mu.Unlock()
		for _, p := range w.set.pools {
			p.mu.Lock()
			busy := len(p.free) > 0 || len(p.busy) > 0 || p.timer != nil
			p.mu.Unlock()
			if busy {
				return false
			}
		}
		return true
	}
	for deadline := time.Now().Add(10 * time.Second); !quiet(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("git processes or timers are left although nobody asks anything")
		}
	}
	w.commit(r, "refs/agent/1/1", put("a", "3\n"))
}

func TestCanceledReadsDoNotMixUpAnswers(t *testing.T) {
	w := newWorld(t)
	files := []string{}
	for i := range 20 {
		files = append(files, fmt.Sprintf("f%d", i), strings.Repeat(fmt.Sprintf("content of %d\n", i), 1+i*2000))
	}
	dir := w.repo("r", files...)
	r := w.open(dir)
	head := w.git(dir, "rev-parse", "HEAD")
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range 60 {
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration((worker*60+i)%25)*100*time.Microsecond)
				if i%3 == 0 {
					ctx = context.WithoutCancel(ctx)
				}
				n := (worker + i) % 20
				s, err := r.Snapshot(ctx, head)
				var data []byte
				if err == nil {
					data, err = s.ReadFile(files[2*n])
				}
				cancel()
				if err == nil && string(data) != files[2*n+1] || err != nil && (i%3 == 0 || ctx.Err() == nil) {
					t.Errorf("%s: %d bytes, %v", files[2*n], len(data), err)
				}
			}
		})
	}
	wg.Wait()
}

func TestCloseEndsEverything(t *testing.T) {
	w := newWorld(t)
	r := w.open(w.repo("r", "a", "1\n"))
	s := w.snapshot(r, "HEAD")
	if err := w.set.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := s.ReadFile("a")
	wantError(t, err, agent.Stopped, "closed", "")
	if _, err := w.set.Open(t.Context(), r.Root()); err == nil {
		t.Error("a closed Set opens a repository it does not know")
	}
}

// photograph returns what every file below dir is: mode, length, time and content.
func photograph(t *testing.T, dir string) map[string]string {
	t.Helper()
	photo := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		text := info.Mode().String() + " " + info.ModTime().String()
		if info.Mode().IsRegular() {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			text += " " + string(data)
		}
		photo[path] = text
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return photo
}

func same(t *testing.T, before, after map[string]string) {
	t.Helper()
	for path, was := range before {
		if after[path] != was {
			t.Errorf("%s has changed", path)
		}
	}
	for path := range after {
		if _, ok := before[path]; !ok {
			t.Errorf("%s is new", path)
		}
	}
}

func TestThePersonsRepositoryIsOnlyRead(t *testing.T) {
	w := newWorld(t)
	dir := w.repo("r", "a", "1\n", "d/b", "2\n", "d/c/e", "3\n")
	w.git(dir, "tag", "-a", "-m", "t", "v1")
	w.write(filepath.Join(dir, "a"), "changed and not committed\n")
	before := photograph(t, dir)
	ctx := t.Context()
	r := w.open(dir)
	res := w.commit(r, "refs/agent/1/1", put("a", "2\n"), del("d/b"))
	head, err := r.Resolve(ctx, "v1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Commit(ctx, Change{Base: head, Writes: nil}); !errors.Is(err, ErrNoChange) {
		t.Error(err)
	}
	if _, err := r.Resolve(ctx, "nope@{upstream}"); err == nil {
		t.Error("nope@{upstream} is a commit")
	}
	var diff strings.Builder
	if err := r.Diff(ctx, head, res.Commit, &diff); err != nil || !strings.Contains(diff.String(), "a/d/b") {
		t.Errorf("diff %q, %v", diff.String(), err)
	}
	if err := r.Drop(ctx, "refs/agent/1/1"); err != nil {
		t.Error(err)
	}
	if _, err := r.GC(ctx, false); err != nil {
		t.Error(err)
	}
	same(t, before, photograph(t, dir))
}
