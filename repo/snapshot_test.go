package repo

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"codeagent.dev/agent"
	"codeagent.dev/agent/patch"
)

func (w *world) snapshot(r *Repo, rev string) *Snapshot {
	w.t.Helper()
	id, err := r.Resolve(w.t.Context(), rev)
	if err != nil {
		w.t.Fatal(err)
	}
	s, err := r.Snapshot(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func TestSnapshotIsAFileSystem(t *testing.T) {
	w := newWorld(t)
	dir := w.repo("r", "a.txt", "alpha\n", "a/b", "b\n", "a/c/d", "deep\n", "empty", "")
	if err := os.Symlink("a/c", filepath.Join(dir, "short")); err != nil {
		t.Skip("no symbolic links here")
	}
	w.commitAll(dir, "link")
	s := w.snapshot(w.open(dir), "HEAD")
	if err := fstest.TestFS(s, "a.txt", "a/b", "a/c/d", "empty", "short"); err != nil {
		t.Error(err)
	}
	if want := w.git(dir, "rev-parse", "HEAD^{tree}"); s.Tree() != want {
		t.Errorf("tree %s, want %s", s.Tree(), want)
	}
}

func TestSnapshotLinks(t *testing.T) {
	w := newWorld(t)
	dir := w.repo("r", "d/e/f", "content\n")
	for name, to := range map[string]string{
		"dir": "d/e", "d/up": "../d/e/f", "out": "../../etc/passwd", "abs": "/etc/passwd", "loop": "loop", "dangling": "no/where",
	} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Skip("no symbolic links here")
		}
	}
	w.commitAll(dir, "links")
	s := w.snapshot(w.open(dir), "HEAD")
	for _, name := range []string{"dir/f", "d/up", "d/e/f"} {
		if data, err := s.ReadFile(name); string(data) != "content\n" {
			t.Errorf("%s: %q, %v", name, data, err)
		}
	}
	for name, want := range map[string]error{"out": fs.ErrInvalid, "abs": fs.ErrInvalid, "loop": fs.ErrInvalid, "dangling": fs.ErrNotExist, "../r/d": fs.ErrInvalid, "/d": fs.ErrInvalid} {
		if _, err := s.ReadFile(name); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	if _, err := s.Lstat("dir/f"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Lstat sees beyond a link: %v", err)
	}
	info, err := s.Lstat("dir")
	if err != nil || info.Mode()&fs.ModeSymlink == 0 || info.Size() != 3 || info.Sys() != patch.Mode(0o120000) {
		t.Errorf("link: %+v, %v", info, err)
	}
	if to, err := s.ReadLink("d/up"); to != "../d/e/f" {
		t.Errorf("link leads to %q, %v", to, err)
	}
}

func TestSnapshotModesAndSubmodules(t *testing.T) {
	w := newWorld(t)
	sub := w.repo("sub", "inner", "i\n")
	dir := w.repo("r", "plain", "12345", "tool", "#!/bin/sh\n")
	w.git(dir, "update-index", "--chmod=+x", "tool")
	w.git(dir, "commit", "-q", "-m", "tool")
	w.git(dir, "submodule", "--quiet", "add", sub, "mod")
	w.git(dir, "commit", "-q", "-m", "mod")
	r := w.open(dir)
	s := w.snapshot(r, "HEAD")
	for name, want := range map[string]struct {
		mode fs.FileMode
		git  patch.Mode
		size int64
	}{
		"plain": {0o644, 0o100644, 5}, "tool": {0o755, 0o100755, 10}, "mod": {fs.ModeIrregular, 0o160000, 0}, ".": {fs.ModeDir | 0o755, 0o40000, 0},
	} {
		info, err := s.Stat(name)
		if err != nil || info.Mode() != want.mode || info.Sys() != want.git || info.Size() != want.size {
			t.Errorf("%s: %+v, %v; want %+v", name, info, err, want)
		}
	}
	_, err := s.ReadFile("mod")
	wantError(t, err, agent.Invalid, "is a submodule at commit", "")
	if _, err := s.ReadFile("mod/inner"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a submodule's file: %v", err)
	}
	link := w.git(dir, "rev-parse", "HEAD:mod")
	res := w.commit(r, "", put("plain", "changed"))
	if got := w.git(r.Mirror(), "rev-parse", res.Commit+":mod"); got != link {
		t.Errorf("the submodule is at %s in the result, want %s", got, link)
	}
}

func TestSnapshotOddNames(t *testing.T) {
	w := newWorld(t)
	dir := w.repo("r")
	var files []patch.Write
	for _, name := range odd {
		if name != "a" {
			files = append(files, put(name, "at top\n"))
		}
		files = append(files, put("a/"+name, "below\n"))
	}
	w.git(dir, "update-ref", "HEAD", w.plumb(dir, "", files))
	s := w.snapshot(w.open(dir), "HEAD")
	entries, err := s.ReadDir("a")
	if err != nil || len(entries) != len(odd) {
		t.Fatalf("%d entries, %v; want %d", len(entries), err, len(odd))
	}
	for i, e := range entries {
		if i > 0 && entries[i-1].Name() >= e.Name() {
			t.Errorf("%q stands before %q", entries[i-1].Name(), e.Name())
		}
		if data, err := s.ReadFile("a/" + e.Name()); string(data) != "below\n" {
			t.Errorf("%q: %q, %v", e.Name(), data, err)
		}
	}
}

func TestSnapshotContentIsWhatGitStores(t *testing.T) {
	w := newWorld(t)
	dir := w.repo("r", ".gitattributes", "*.txt text eol=crlf\n*.up filter=up\n", "a.txt", "one\r\ntwo\r\n")
	w.git(dir, "config", "filter.up.clean", "tr a-z A-Z")
	w.write(filepath.Join(dir, "b.up"), "shout\n")
	w.commitAll(dir, "filtered")
	s := w.snapshot(w.open(dir), "HEAD")
	for name, want := range map[string]string{"a.txt": "one\ntwo\n", "b.up": "SHOUT\n"} {
		if data, err := s.ReadFile(name); string(data) != want {
			t.Errorf("%s is %q, %v; want %q", name, data, err, want)
		}
	}
}

func TestSnapshotBoundsOneFile(t *testing.T) {
	w := newWorld(t)
	dir := w.repo("r", "small", "s\n")
	// An object whose header says it is large: git believes it until it reads on.
	id := strings.Repeat("b1", 20)
	var object bytes.Buffer
	z := zlib.NewWriter(&object)
	fmt.Fprintf(z, "blob %d\x00", maxObject+1)
	if _, err := z.Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	w.write(filepath.Join(dir, ".git", "objects", id[:2], id[2:]), object.String())
	listing := w.git(dir, "ls-tree", "HEAD") + "\n100644 blob " + id + "\tbig\n"
	w.git(dir, "update-ref", "HEAD", w.git(dir, "commit-tree", "-m", "big", w.gitIn(dir, listing, "mktree")))
	s := w.snapshot(w.open(dir), "HEAD")
	if info, err := s.Stat("big"); err != nil || info.Size() != maxObject+1 {
		t.Errorf("stat: %+v, %v", info, err)
	}
	_, err := s.ReadFile("big")
	wantError(t, err, agent.Invalid, "the limit is 256 MiB", "")
	if !strings.Contains(err.Error(), "big") {
		t.Errorf("error %q does not name the file", err)
	}
	if data, err := s.ReadFile("small"); string(data) != "s\n" {
		t.Errorf("afterwards: %q, %v", data, err)
	}
}
