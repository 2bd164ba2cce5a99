package repo

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"

	"codeagent.dev/agent"
)

// treeEntry is one line of a tree. Its mode is kept as it was found: git once wrote
// others than it does now (100664), and what is not touched keeps its id.
type treeEntry struct {
	Name string
	Mode filemode.FileMode
	Hash plumbing.Hash
}

// decodeTree reads a tree: "<octal mode> <name>\0<20 bytes of id>" for each entry.
// It keeps none of data.
func decodeTree(data []byte) ([]treeEntry, error) {
	var entries []treeEntry
	all := string(data) // one copy, of which names are parts
	for at := 0; at < len(all); {
		mode, rest, ok := strings.Cut(all[at:], " ")
		name, rest, ended := strings.Cut(rest, "\x00")
		if !ok || !ended || name == "" || len(rest) < len(plumbing.ZeroHash) {
			return nil, agent.Errorf(agent.Invalid, "byte %d of a tree does not begin an entry", at)
		}
		bits, err := strconv.ParseUint(mode, 8, 32)
		if err != nil {
			return nil, agent.Errorf(agent.Invalid, "entry %q of a tree has no mode: %q", name, mode)
		}
		e := treeEntry{Name: name, Mode: filemode.FileMode(bits)}
		at += len(mode) + len(name) + 2
		at += copy(e.Hash[:], data[at:])
		entries = append(entries, e)
	}
	return entries, nil
}

// encodeTree writes entries in git's order, which it brings them into.
func encodeTree(entries []treeEntry) []byte {
	slices.SortFunc(entries, compareEntries)
	size := 0
	for _, e := range entries {
		size += len("100644 ") + len(e.Name) + 1 + len(e.Hash)
	}
	data := make([]byte, 0, size)
	for _, e := range entries {
		data = strconv.AppendUint(data, uint64(e.Mode), 8)
		data = append(data, ' ')
		data = append(data, e.Name...)
		data = append(data, 0)
		data = append(data, e.Hash[:]...)
	}
	return data
}

// compareEntries orders as git does: a directory as if its name ended in a slash.
func compareEntries(a, b treeEntry) int {
	n := min(len(a.Name), len(b.Name))
	if c := strings.Compare(a.Name[:n], b.Name[:n]); c != 0 {
		return c
	}
	return int(a.after(n)) - int(b.after(n))
}

// after is the byte that stands at n, or behind the name.
func (e treeEntry) after(n int) byte {
	switch {
	case n < len(e.Name):
		return e.Name[n]
	case e.Mode == filemode.Dir:
		return '/'
	}
	return 0
}

// commit is what is read of a commit: nothing else of it is ever needed, and so
// nothing else can be wrong with it.
type commit struct {
	Hash         plumbing.Hash
	TreeHash     plumbing.Hash
	ParentHashes []plumbing.Hash
}

// decodeCommit reads the head of a commit: "tree <id>", then any number of "parent
// <id>". What follows (author, encoding, gpgsig, mergetag, the message) may be
// anything.
func decodeCommit(id plumbing.Hash, data []byte) (*commit, error) {
	c := &commit{Hash: id}
	tree, rest, ok := cutID(data, "tree ")
	if !ok {
		return nil, agent.Errorf(agent.Invalid, "commit %s does not begin with a tree", id)
	}
	c.TreeHash = tree
	for {
		var parent plumbing.Hash
		if parent, rest, ok = cutID(rest, "parent "); !ok {
			return c, nil
		}
		c.ParentHashes = append(c.ParentHashes, parent)
	}
}

// cutID takes the line "<word><id>" off the front of data.
func cutID(data []byte, word string) (id plumbing.Hash, rest []byte, ok bool) {
	line, rest, ended := bytes.Cut(data, []byte("\n"))
	text, ok := bytes.CutPrefix(line, []byte(word))
	if !ok || !ended || len(text) != hex.EncodedLen(len(id)) {
		return id, data, false
	}
	if _, err := hex.Decode(id[:], text); err != nil {
		return plumbing.ZeroHash, data, false
	}
	return id, rest, true
}

// signature is who did something, and when. name and mail hold none of "<", ">", NUL
// and line ends: see parseAuthor.
type signature struct {
	name, mail string
	when       time.Time
}

func (s signature) String() string {
	return fmt.Sprintf("%s <%s> %d %s", s.name, s.mail, s.when.Unix(), s.when.Format("-0700"))
}

// encodeCommit writes a commit; author and committer are one. A message without a
// line end keeps none.
func encodeCommit(tree plumbing.Hash, parents []plumbing.Hash, by signature, message string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "tree %s\n", tree)
	for _, p := range parents {
		fmt.Fprintf(&b, "parent %s\n", p)
	}
	fmt.Fprintf(&b, "author %s\ncommitter %s\n\n%s", by, by, message)
	return b.Bytes()
}
