package repo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"codeagent.dev/agent"
	"codeagent.dev/agent/patch"
)

func put(path, text string) patch.Write {
	return patch.Write{Path: path, Mode: patch.ModeFile, Data: []byte(text)}
}

func del(path string) patch.Write { return patch.Write{Path: path, Delete: true} }

// commit makes a commit on HEAD and fails the test if it cannot.
func (w *world) commit(r *Repo, ref string, writes ...patch.Write) Result {
	w.t.Helper()
	ctx := context.Background()
	head, err := r.Resolve(ctx, "HEAD")
	if err != nil {
		w.t.Fatal(err)
	}
	res, err := r.Commit(ctx, Change{Base: head, Writes: writes, Message: "result\n\nAgent-Job: 1\n", Ref: ref})
	if err != nil {
		w.t.Fatal(err)
	}
	return res
}

func TestCommit(t *testing.T) {
	w := newWorld(t)
	dir := w.repo("r", "a.txt", "1\n2\n3\n", "d/x/deep", "deep\n", "d/y", "y\n", "gone/only", "o\n")
	r := w.open(dir)
	res := w.commit(r, "refs/agent/1/1",
		put("a.txt", "1\nzwei\n3\n4\n"),
		patch.Write{Path: "d/run.sh", Mode: patch.ModeExec, Data: []byte("#!/bin/sh\n")},
		patch.Write{Path: "d/ln", Mode: patch.ModeLink, Data: []byte("y")},
		del("gone/only"),
		put("new/dir/file", "n"),
	)
	want := strings.Join([]string{
		"100644 a.txt", "120000 d/ln", "100755 d/run.sh", "100644 d/x/deep", "100644 d/y", "100644 new/dir/file",
	}, "\n")
	var got []string
	for line := range strings.Lines(w.git(r.Mirror(), "ls-tree", "-r", "refs/agent/1/1")) {
		mode, path, _ := strings.Cut(strings.TrimSpace(line), "\t")
		got = append(got, mode[:6]+" "+path)
	}
	if strings.Join(got, "\n") != want {
		t.Errorf("tree:\n%s\nwant:\n%s", strings.Join(got, "\n"), want)
	}
	if at := w.git(r.Mirror(), "rev-parse", "refs/agent/1/1", "refs/agent/1/1^{tree}"); at != res.Commit+"\n"+res.Tree {
		t.Errorf("reference %s, result %+v", at, res)
	}
	if want := (agent.Stat{Files: 5, Added: 5, Removed: 2}); res.Stat != want {
		t.Errorf("stat %+v, want %+v", res.Stat, want)
	}
	if head := w.git(dir, "rev-parse", "HEAD"); w.git(r.Mirror(), "rev-parse", res.Commit+"^") != head {
		t.Error("the base is not the parent")
	}
	if got := w.git(r.Mirror(), "log", "-1", "--format=%an <%ae>|%cn <%ce>|%B", res.Commit); got != "Ada Lovelace <ada@example.com>|Ada Lovelace <ada@example.com>|result\n\nAgent-Job: 1\n" {
		t.Errorf("commit is %q", got)
	}
	w.git(r.Mirror(), "fsck", "--strict")
}

func TestCommitAuthor(t *testing.T) {
	w := newWorld(t)
	dir := w.repo("r", "a", "1\n")
	r := w.open(dir)
	head := w.git(dir, "rev-parse", "HEAD")
	change := func(author, text string) (Result, error) {
		return w.open(dir).Commit(t.Context(), Change{Base: head, Writes: []patch.Write{put("a", text)}, Author: author})
	}
	res, err := change("Grace Hopper <grace@example.com>", "2\n")
	if err != nil {
		t.Fatal(err)
	}
	if got := w.git(r.Mirror(), "log", "-1", "--format=%an <%ae>|%cn", res.Commit); got != "Grace Hopper <grace@example.com>|Grace Hopper" {
		t.Errorf("commit is by %q", got)
	}
	for _, bad := range []string{"nobody", "<a@b>", "A <>", "A <b> c", "A\nB <c>", "A <b<c>"} {
		_, err := change(bad, "3\n")
		wantError(t, err, agent.Invalid, "not of the form Name <mail>", "--author")
	}
	w.git(dir, "config", "user.name", "Local Name")
	if res, err = change("", "4\n"); err != nil {
		t.Fatal(err)
	}
	if got := w.git(r.Mirror(), "log", "-1", "--format=%an", res.Commit); got != "Local Name" {
		t.Errorf("after a change of user.name the author is %q", got)
	}
	w.git(dir, "config", "--unset", "user.name")
	w.write(filepath.Join(w.dir, "home", ".gitconfig"), "[user]\n\tuseConfigOnly = true\n")
	_, err = change("", "5\n")
	wantError(t, err, agent.Invalid, "does not know who you are", "git config --global user.name")
}

func TestCommitRefuses(t *testing.T) {
	w := newWorld(t)
	dir := w.repo("r", "a", "1\n", "d/b", "2\n")
	if err := os.Symlink("d", filepath.Join(dir, "ln")); err != nil {
		t.Skip("no symbolic links here")
	}
	head := w.commitAll(dir, "link")
	r := w.open(dir)
	for _, c := range []struct {
		writes []patch.Write
		text   string
	}{
		{[]patch.Write{put("../x", "")}, "does not name a file"},
		{[]patch.Write{put("/etc/x", "")}, "does not name a file"},
		{[]patch.Write{put("a/./b", "")}, "does not name a file"},
		{[]patch.Write{put("", "")}, "does not name a file"},
		{[]patch.Write{put(".git/config", "")}, "git's own"},
		{[]patch.Write{put("d/.GIT/config", "")}, "git's own"},
		{[]patch.Write{put("d/git~1/config", "")}, "git's own"},
		{[]patch.Write{put(".git. /config", "")}, "git's own"},
		{[]patch.Write{put(".git::$INDEX_ALLOCATION/x", "")}, "git's own"},
		{[]patch.Write{put(".g\u200cit/x", "")}, "git's own"},
		{[]patch.Write{put("a/b", "")}, "a is not a directory"},
		{[]patch.Write{put("ln/b", "")}, "ln is not a directory"},
		{[]patch.Write{put("d", "")}, "d is a directory"},
		{[]patch.Write{del("d")}, "d is a directory"},
		{[]patch.Write{del("nope")}, "no such file"},
		{[]patch.Write{del("d/nope")}, "no such file"},
		{[]patch.Write{put("n", ""), put("n/m", "")}, "a file and a directory"},
		{[]patch.Write{{Path: "m", Mode: 0o160000}}, "mode 160000"},
		{[]patch.Write{{Path: "m", Mode: 0o40000}}, "mode 40000"},
	} {
		_, err := r.Commit(t.Context(), Change{Base: head, Writes: c.writes, Ref: "refs/agent/1/1"})
		wantError(t, err, agent.Invalid, c.text, "")
	}
	for _, ref := range []string{"refs/heads/main", "refs/agent/../x", "refs/agent/1/1.lock", "refs/agent/1\ndelete refs/agent/2", "HEAD"} {
		_, err := r.Commit(t.Context(), Change{Base: head, Writes: []patch.Write{put("a", "x")}, Ref: ref})
		wantError(t, err, agent.Invalid, "is no reference of a result", "")
	}
	_, err := r.Commit(t.Context(), Change{Base: strings.Repeat("ab", 20), Writes: []patch.Write{put("a", "x")}})
	wantError(t, err, agent.NotFound, "is not in", "git gc")
	if got := w.git(r.Mirror(), "for-each-ref"); got != "" {
		t.Errorf("references were made: %s", got)
	}
}

func TestCommitNoChange(t *testing.T) {
	w := newWorld(t)
	dir := w.repo("r", "a", "1\n", "d/b", "2\n")
	r := w.open(dir)
	head := w.git(dir, "rev-parse", "HEAD")
	for _, writes := range [][]patch.Write{nil, {put("a", "1\n")}, {del("d/b"), put("d/b", "2\n")}} {
		if _, err := r.Commit(t.Context(), Change{Base: head, Writes: writes}); !errors.Is(err, ErrNoChange) {
			t.Errorf("%v: error %v, want ErrNoChange", writes, err)
		}
	}
}

func TestCommitCanEmptyTheTree(t *testing.T) {
	w := newWorld(t)
	dir := w.repo("r", "d/e/f", "1\n")
	r := w.open(dir)
	res := w.commit(r, "refs/agent/1/1", del("d/e/f"))
	if got := w.git(r.Mirror(), "ls-tree", "-r", res.Commit); got != "" {
		t.Errorf("left: %s", got)
	}
	w.git(r.Mirror(), "fsck", "--strict")
}

func TestCommitReplacesFilesAndDirectories(t *testing.T) {
	w := newWorld(t)
	dir := w.repo("r", "f", "1\n", "d/x", "x\n", "d/e/y", "y\n", "d.txt", "t\n", "d0", "0\n")
	r := w.open(dir)
	res := w.commit(r, "",
		del("f"), put("f/inside/it", "new\n"),
		del("d/x"), del("d/e/y"), put("d", "a file now\n"))
	if got, want := w.git(r.Mirror(), "ls-tree", "-r", "--name-only", res.Commit), "d\nd.txt\nd0\nf/inside/it"; got != want {
		t.Errorf("tree:\n%s\nwant:\n%s", got, want)
	}
}

// odd are names that git takes and that break what splits lines or words.
var odd = []string{"with space", "täb\tand\nbreak", "quo\"te", "back\\slash", "non-utf8-\xff\xfe", "-dash", "ünï", "a.b", "a-b", "a0", "a"}

// TestCommitIsWhatGitWouldMake makes random edits and compares the tree with the one
// git makes of the same edits in an index, and with the one `git apply --index`
// makes of our Diff in a clone.
func TestCommitIsWhatGitWouldMake(t *testing.T) {
	w := newWorld(t)
	rnd := rand.New(rand.NewPCG(1, 2))
	dir := w.repo("r")
	name := func() string {
		parts := make([]string, 1+rnd.IntN(3))
		for i := range parts {
			parts[i] = odd[rnd.IntN(len(odd))]
		}
		return strings.Join(parts, "/")
	}
	text := func() []byte {
		var b bytes.Buffer
		for range rnd.IntN(30) {
			fmt.Fprintf(&b, "line %d\r\n"[:7+rnd.IntN(2)*2]+"\n", rnd.IntN(50))
		}
		if rnd.IntN(8) == 0 {
			b.WriteString("\x00\xff binary, no end")
		}
		return b.Bytes()
	}
	tree := map[string]patch.Write{}
	edits := func(n int) (writes []patch.Write) {
		done := map[string]bool{}
		for range n {
			p := name()
			if done[p] {
				continue
			}
			if _, ok := tree[p]; ok && rnd.IntN(2) == 0 {
				done[p] = true
				delete(tree, p)
				writes = append(writes, patch.Write{Path: p, Delete: true})
				continue
			}
			if crosses(tree, p) {
				continue
			}
			done[p] = true
			tree[p] = patch.Write{Path: p, Mode: []patch.Mode{patch.ModeFile, patch.ModeFile, patch.ModeExec, patch.ModeLink}[rnd.IntN(4)], Data: text()}
			if tree[p].Mode == patch.ModeLink {
				tree[p] = patch.Write{Path: p, Mode: patch.ModeLink, Data: []byte("to " + p[:1])}
			}
			writes = append(writes, tree[p])
		}
		return writes
	}
	edits(60)
	base := w.plumb(dir, "", sorted(tree))
	w.git(dir, "update-ref", "HEAD", base)
	r := w.open(dir)
	clone := filepath.Join(w.dir, "clone")
	for round := range 40 {
		writes := edits(1 + rnd.IntN(12))
		res, err := r.Commit(t.Context(), Change{Base: base, Writes: writes, Message: "m", Ref: "refs/agent/7/1"})
		if errors.Is(err, ErrNoChange) {
			continue
		}
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		next := w.plumb(dir, base, sorted(tree))
		if want := w.git(dir, "rev-parse", next+"^{tree}"); res.Tree != want {
			t.Fatalf("round %d: tree %s, git makes %s", round, res.Tree, want)
		}
		var diff bytes.Buffer
		if err := r.Diff(t.Context(), base, res.Commit, &diff); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(clone); err != nil {
			t.Fatal(err)
		}
		w.git(dir, "clone", "-q", "--shared", "--no-checkout", dir, clone)
		w.git(clone, "read-tree", base)
		w.gitIn(clone, diff.String(), "apply", "--cached", "--whitespace=nowarn")
		if got := w.git(clone, "write-tree"); got != res.Tree {
			t.Fatalf("round %d: git apply makes tree %s of our diff, want %s\n%s", round, got, res.Tree, diff.String())
		}
		base = next
	}
	w.git(r.Mirror(), "fsck", "--strict")
}

// crosses reports whether a file in tree is above or below p.
func crosses(tree map[string]patch.Write, p string) bool {
	for have := range tree {
		if strings.HasPrefix(have, p+"/") || strings.HasPrefix(p, have+"/") {
			return true
		}
	}
	return false
}

func sorted(tree map[string]patch.Write) (writes []patch.Write) {
	for _, w := range tree {
		writes = append(writes, w)
	}
	slices.SortFunc(writes, func(a, b patch.Write) int { return strings.Compare(a.Path, b.Path) })
	return writes
}

// plumb makes a commit of exactly these files with git's index.
func (w *world) plumb(dir, parent string, files []patch.Write) string {
	w.t.Helper()
	setenv(w.t, "GIT_INDEX_FILE", filepath.Join(w.dir, "plumb-index"))
	defer os.Unsetenv("GIT_INDEX_FILE")
	var info, names bytes.Buffer
	for i, f := range files {
		name := filepath.Join(w.dir, "blobs", fmt.Sprint(i))
		w.write(name, string(f.Data))
		names.WriteString(name + "\n")
	}
	blobs := strings.Fields(w.gitIn(dir, names.String(), "hash-object", "-w", "--no-filters", "--stdin-paths"))
	for i, f := range files {
		fmt.Fprintf(&info, "%06o %s\t%s\x00", uint32(f.Mode), blobs[i], f.Path)
	}
	w.git(dir, "read-tree", "--empty")
	w.gitIn(dir, info.String(), "update-index", "-z", "--index-info")
	args := []string{"commit-tree", "-m", "plumbed", w.git(dir, "write-tree")}
	if parent != "" {
		args = append(args, "-p", parent)
	}
	return w.git(dir, args...)
}

// TestCommitGoesOn makes a result from an earlier one: it is one commit on the base all
// the same.
func TestCommitGoesOn(t *testing.T) {
	w := newWorld(t)
	r := w.open(w.repo("r", "a", "1\n", "b", "1\n"))
	head, err := r.Resolve(t.Context(), "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	const ref = "refs/agent/1/1"
	first := w.commit(r, ref, put("a", "2\n"))
	next := Change{Base: head, From: first.Commit, Writes: []patch.Write{put("b", "2\n")}, Ref: ref, Message: "m\n"}
	second, err := r.Commit(t.Context(), next)
	if err != nil {
		t.Fatal(err)
	}
	show := func(args ...string) string { return strings.TrimSpace(w.git(r.Mirror(), args...)) }
	if parent := show("rev-parse", ref+"^"); parent != head || second.Stat.Files != 2 {
		t.Errorf("parent %s, want %s; %+v", parent, head, second.Stat)
	}
	if a, b := show("show", ref+":a"), show("show", ref+":b"); a != "2" || b != "2" {
		t.Errorf("a is %s, b is %s", a, b)
	}

	c, err := r.Checkout(t.Context(), second.Commit)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	change := Change{Base: head, From: second.Commit, Ref: ref, Message: "m\n"}
	if _, err := c.Commit(t.Context(), change); !errors.Is(err, ErrNoChange) {
		t.Errorf("nothing was changed: %v", err)
	}
	if err := os.WriteFile(filepath.Join(c.Dir, "c"), []byte("3\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	third, err := c.Commit(t.Context(), change)
	if err != nil || third.Stat.Files != 3 {
		t.Errorf("%+v, %v", third.Stat, err)
	}

	if err := r.Pin(t.Context(), ref, first.Commit); err != nil || show("rev-parse", ref) != first.Commit {
		t.Errorf("pinned to %s, %v", show("rev-parse", ref), err)
	}
	if err := r.Pin(t.Context(), ref, strings.Repeat("1", 40)); agent.CodeOf(err) != agent.NotFound {
		t.Errorf("pinned to nothing: %v", err)
	}
	back := Change{Base: head, From: first.Commit, Writes: []patch.Write{put("a", "1\n")}, Message: "m\n"}
	if _, err := r.Commit(t.Context(), back); !errors.Is(err, ErrNoChange) {
		t.Errorf("all is taken back: %v", err)
	}
}
