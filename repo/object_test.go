package repo

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"

	"codeagent.dev/agent"
	"codeagent.dev/agent/patch"
)

// randomTree returns entries in no order, with names that git orders in other ways
// than strings are: a directory next to names that go on behind its own.
func randomTree(rnd *rand.Rand) []treeEntry {
	modes := []filemode.FileMode{filemode.Regular, filemode.Executable, filemode.Symlink, filemode.Submodule, filemode.Dir}
	letters := []string{"a", "b", "A", "-", ".", "0", "~", " ", "\n", "é", "\xff", "\x01"}
	seen := map[string]bool{".": true, "..": true}
	var entries []treeEntry
	for range rnd.IntN(30) {
		var name strings.Builder
		for range 1 + rnd.IntN(4) {
			name.WriteString(letters[rnd.IntN(len(letters))])
		}
		if seen[name.String()] {
			continue
		}
		seen[name.String()] = true
		e := treeEntry{Name: name.String(), Mode: modes[rnd.IntN(len(modes))]}
		for i := range e.Hash {
			e.Hash[i] = byte(rnd.Uint32() | 1)
		}
		entries = append(entries, e)
	}
	return entries
}

func TestTreesAreWrittenAsGitWritesThem(t *testing.T) {
	w := newWorld(t)
	dir := w.repo("r", "a", "1\n")
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		entries := randomTree(rnd)
		var lines strings.Builder
		for _, e := range entries {
			fmt.Fprintf(&lines, "%06o %s %s\t%s\x00", uint32(e.Mode), typeOf(e.Mode), e.Hash, e.Name)
		}
		want := w.gitIn(dir, lines.String(), "mktree", "-z", "--missing")
		data := encodeTree(entries)
		if got := plumbing.ComputeHash(plumbing.TreeObject, data).String(); got != want {
			t.Fatalf("tree %s, git writes %s:\n%q", got, want, lines.String())
		}
		back, err := decodeTree(data)
		if err != nil || !slices.Equal(back, entries) {
			t.Fatalf("read back: %v, %v; want %v", back, err, entries)
		}
	}
}

func typeOf(m filemode.FileMode) string {
	switch m {
	case filemode.Dir:
		return "tree"
	case filemode.Submodule:
		return "commit"
	}
	return "blob"
}

// Modes that git no longer writes are in old histories: what is not touched keeps them.
func TestOldModesStay(t *testing.T) {
	id := strings.Repeat("x", 20)
	data := "100664 a\x00" + id + "100666 b\x00" + id + "40000 c\x00" + id
	entries, err := decodeTree([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(encodeTree(entries)); got != data {
		t.Errorf("written back: %q, want %q", got, data)
	}
}

func TestBrokenTrees(t *testing.T) {
	id := strings.Repeat("x", 20)
	for _, data := range []string{
		"100644", "100644 a", "100644 a\x00", "100644 a\x00" + id[1:], "100644 \x00" + id, " a\x00" + id,
		"1006x4 a\x00" + id, "77777777777777 a\x00" + id, "-1 a\x00" + id, "100644 a\x00" + id + "1",
	} {
		if entries, err := decodeTree([]byte(data)); agent.CodeOf(err) != agent.Invalid {
			t.Errorf("%q: %v, %v; want Invalid", data, entries, err)
		}
	}
}

func FuzzTree(f *testing.F) {
	f.Add([]byte("100644 a\x00" + strings.Repeat("x", 20)))
	f.Add([]byte("40000 a\x00" + strings.Repeat("x", 20) + "120000 a.b\x00" + strings.Repeat("\x00", 20)))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := decodeTree(data)
		if err != nil {
			return
		}
		again, err := decodeTree(encodeTree(slices.Clone(entries)))
		if err != nil || len(again) != len(entries) {
			t.Fatalf("%v, %v; was %v", again, err, entries)
		}
	})
}

func TestCommitsAreWrittenAsGitWritesThem(t *testing.T) {
	w := newWorld(t)
	dir := w.repo("r", "a", "1\n")
	tree, head := w.git(dir, "rev-parse", "HEAD^{tree}"), w.git(dir, "rev-parse", "HEAD")
	rnd := rand.New(rand.NewPCG(3, 4))
	names := []string{"Ada", "Ada Lovelace", "Ada, Countess", "ädä ☃", "A. L. (x)"}
	zones := []int{0, 3600, -5*3600 - 1800, 14 * 3600, -12 * 3600, 20700}
	messages := []string{"one\n", "one\n\ntwo\n", "no end", "\n", "tree x\nparent y\n", "ümläut ☃\n"}
	for range 40 {
		zone := zones[rnd.IntN(len(zones))]
		by := signature{names[rnd.IntN(len(names))], "ada@example.org", time.Unix(rnd.Int64N(1<<32), 5).In(time.FixedZone("", zone))}
		message := messages[rnd.IntN(len(messages))]
		when := by.when.Format("@") + fmt.Sprint(by.when.Unix()) + by.when.Format(" -0700")
		args := []string{"-C", dir, "commit-tree", tree}
		var parents []plumbing.Hash
		for i := range rnd.IntN(3) {
			parent := plumbing.NewHash(head)
			if i > 0 { // git drops a parent named twice
				parent = plumbing.NewHash(w.git(dir, "commit-tree", tree, "-m", fmt.Sprint(rnd.Int())))
			}
			parents = append(parents, parent)
			args = append(args, "-p", parent.String())
		}
		cmd := exec.Command("git", args...)
		cmd.Stdin = strings.NewReader(message)
		cmd.Env = append(os.Environ(),
			"GIT_AUTHOR_NAME="+by.name, "GIT_AUTHOR_EMAIL="+by.mail, "GIT_AUTHOR_DATE="+when,
			"GIT_COMMITTER_NAME="+by.name, "GIT_COMMITTER_EMAIL="+by.mail, "GIT_COMMITTER_DATE="+when)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("git commit-tree: %v", err)
		}
		data := encodeCommit(plumbing.NewHash(tree), parents, by, message)
		want := strings.TrimSpace(string(out))
		if got := w.gitIn(dir, string(data), "hash-object", "-t", "commit", "-w", "--stdin"); got != want {
			t.Fatalf("commit %s, git writes %s:\n%s\ngit's:\n%s", got, want, data, w.git(dir, "cat-file", "commit", want))
		}
		c, err := decodeCommit(plumbing.NewHash(want), data)
		if err != nil || c.Hash.String() != want || c.TreeHash.String() != tree || !slices.Equal(c.ParentHashes, parents) {
			t.Fatalf("read back: %+v, %v", c, err)
		}
	}
}

// What follows a commit's parents may be anything at all; git itself does not mind.
func TestOddCommitsAreBases(t *testing.T) {
	w := newWorld(t)
	dir := w.repo("r", "a", "1\n")
	r := w.open(dir)
	tree, head := w.git(dir, "rev-parse", "HEAD^{tree}"), w.git(dir, "rev-parse", "HEAD")
	first := "tree " + tree + "\nparent " + head + "\n"
	who := "author A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n"
	for name, text := range map[string]string{
		"signed":         first + who + "gpgsig -----BEGIN PGP SIGNATURE-----\n \n abc\n -----END PGP SIGNATURE-----\n\nm\n",
		"merged tag":     first + "parent " + head + "\n" + who + "mergetag object " + head + "\n type commit\n tag x\n tagger A <a@b> 1 +0000\n \n m\n\nm\n",
		"latin-1":        first + who + "encoding ISO-8859-1\n\n\xe4\n",
		"no mail":        first + "author A 1 +0000\ncommitter <> 1 +0000\n\nm\n",
		"no date":        first + "author A <a@b>\ncommitter A <a@b> x y\n\nm\n",
		"no message":     first + who,
		"no author":      first + "\nm\n",
		"a root":         "tree " + tree + "\n" + who + "\nm\n",
		"unknown header": first + who + "x-y z\n\nm\n",
		"NUL in message": first + who + "\na\x00b\n",
	} {
		t.Run(name, func(t *testing.T) {
			id := w.gitIn(dir, text, "hash-object", "-t", "commit", "-w", "--stdin", "--literally")
			s, err := r.Snapshot(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if data, err := s.ReadFile("a"); string(data) != "1\n" {
				t.Errorf("%q, %v", data, err)
			}
			res, err := r.Commit(t.Context(), Change{Base: id, Message: "m\n", Writes: nil})
			if !errors.Is(err, ErrNoChange) {
				t.Errorf("%+v, %v", res, err)
			}
			if res, err = r.Commit(t.Context(), Change{Base: id, Message: "m\n", Writes: []patch.Write{put("a", "2\n")}}); err != nil {
				t.Errorf("%+v, %v", res, err)
			}
		})
	}
}

func TestBrokenCommits(t *testing.T) {
	id := strings.Repeat("ab", 20)
	for _, text := range []string{
		"", "tree", "tree " + id, "tree " + id[1:] + "\n", "tree " + id[1:] + "x\n", "parent " + id + "\n", "\ntree " + id + "\n",
	} {
		if c, err := decodeCommit(plumbing.ZeroHash, []byte(text)); agent.CodeOf(err) != agent.Invalid {
			t.Errorf("%q: %+v, %v; want Invalid", text, c, err)
		}
	}
}

// An object of one kind is not taken for one of another.
func TestObjectsHaveTheirType(t *testing.T) {
	w := newWorld(t)
	dir := w.repo("r", "d/b", "22\n")
	r := w.open(dir)
	blob := w.git(dir, "rev-parse", "HEAD:d/b")
	if _, err := r.tree(t.Context(), plumbing.NewHash(blob)); !errors.Is(err, plumbing.ErrObjectNotFound) {
		t.Errorf("a blob read as a tree: %v", err)
	}
	if _, err := r.commit(t.Context(), blob); agent.CodeOf(err) != agent.NotFound {
		t.Errorf("a blob read as a commit: %v", err)
	}
	if h, err := r.size(t.Context(), plumbing.NewHash(blob)); err != nil || h.size != 3 {
		t.Errorf("size %d, %v", h.size, err)
	}
	if _, err := r.size(t.Context(), plumbing.NewHash(strings.Repeat("ab", 20))); !errors.Is(err, plumbing.ErrObjectNotFound) {
		t.Errorf("a missing object: %v", err)
	}
}
