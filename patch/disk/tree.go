// Package disk carries out in a directory what a patch does to it: all of its writes, or
// none, also when one fails in the middle or the process is killed.
//
// New contents are first written to temporary files beside their targets, and what
// stands there gets a second name. Then files are renamed. A journal, written before the
// first temporary file, says how to put everything back; Recover does so after a kill.
package disk

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Tree is a directory that a patch is read against and written to. As a file system it
// shows links as links, takes any bytes as names, and never leaves the directory. It is
// for one goroutine.
type Tree struct {
	dir  string
	root *os.Root
	home string // of the journal
	own  string // home, if it lies in the directory; slash-separated
	key  string // its name there, made of dir
	read map[string]image

	// fault lets tests fail a change, or end the process in all but name. The name is
	// that of the file.
	fault func(op, name string) error

	// hasty lets tests that make thousands of changes leave out what only a crash of
	// the machine would show.
	hasty bool
}

var (
	_ fs.ReadLinkFS = (*Tree)(nil)
	_ fs.ReadDirFS  = (*Tree)(nil)
	_ fs.ReadFileFS = (*Tree)(nil)
)

// Open opens the directory dir. Journals lie in home, which is made when one is needed.
// Because a journal is obeyed, no patch can write there, should it be in the directory;
// nor may it hold files from anybody else.
func Open(dir, home string) (*Tree, error) {
	full, err := filepath.Abs(dir)
	if err == nil {
		full, err = filepath.EvalSymlinks(full)
	}
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(full)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(full))
	t := &Tree{dir: full, root: root, home: home, key: hex.EncodeToString(sum[:8]), read: map[string]image{}}
	if real, err := filepath.EvalSymlinks(home); err == nil {
		home = real
	}
	if own, err := filepath.Rel(full, home); err == nil && filepath.IsLocal(own) {
		t.own = filepath.ToSlash(own)
	}
	return t, nil
}

// Close closes the directory.
func (t *Tree) Close() error { return t.root.Close() }

// Dir is the directory, absolute and without links.
func (t *Tree) Dir() string { return t.dir }

// LockPath is the file to lock while the tree is read and written, as long as two
// processes may do so: Write and Recover take it that they are alone.
func (t *Tree) LockPath() string { return filepath.Join(t.home, t.key+".lock") }

// Lstat implements fs.ReadLinkFS.
func (t *Tree) Lstat(name string) (fs.FileInfo, error) {
	info, err := t.root.Lstat(filepath.FromSlash(name))
	switch {
	case isAbsent(err):
		t.note(name, image{Kind: absent})
		return nil, &fs.PathError{Op: "lstat", Path: name, Err: fs.ErrNotExist}
	case err == nil:
		t.note(name, image{Kind: kindOf(info), Perm: info.Mode().Perm()})
	}
	return info, err
}

// ReadLink implements fs.ReadLinkFS.
func (t *Tree) ReadLink(name string) (string, error) {
	target, err := t.root.Readlink(filepath.FromSlash(name))
	if err == nil {
		t.note(name, image{Kind: link, Target: raw(target)})
	}
	return target, err
}

// ReadFile implements fs.ReadFileFS. What was read must still stand there when Write
// replaces it.
func (t *Tree) ReadFile(name string) ([]byte, error) {
	file, err := t.root.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(file)
	if err == nil && info.Mode().IsRegular() {
		t.note(name, image{Kind: regular, Perm: info.Mode().Perm(), Sum: sumOf(data)})
	}
	return data, err
}

// ReadDir implements fs.ReadDirFS.
func (t *Tree) ReadDir(name string) ([]fs.DirEntry, error) {
	dir, err := t.root.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	entries, err := dir.ReadDir(-1)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, err
}

// Open implements fs.FS.
func (t *Tree) Open(name string) (fs.File, error) { return t.root.Open(filepath.FromSlash(name)) }

// ChangedError says that a file is not what the patch was applied to any more.
type ChangedError struct {
	Path string
	How  string // what became of it
}

// Error implements error.
func (e *ChangedError) Error() string {
	return fmt.Sprintf("%s was %s meanwhile", shown(e.Path), e.How)
}

// shown is a path in one line, quoted if it must be.
func shown(path string) string {
	if q := fmt.Sprintf("%q", path); q[1:len(q)-1] != path {
		return q
	}
	return path
}

// cause is an error without the call and the temporary name that it happened to.
func cause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return e.Err
	}
	return err
}

// note keeps what was seen of a path: the first of it, so that a later change shows.
func (t *Tree) note(name string, seen image) {
	if first, ok := t.read[name]; !ok || first.Kind == seen.Kind && first.Sum == "" && first.Target == "" {
		t.read[name] = seen
	}
}

// since reports what became of a path since it was read; "" if nothing. What was not
// read may be anything.
func (t *Tree) since(name string, now image) string {
	then, ok := t.read[name]
	if !ok {
		return ""
	}
	if then.Sum == "" { // looked at, but not read
		now.Sum = ""
	}
	if then.Target == "" {
		now.Target = ""
	}
	return now.unlike(then)
}

func isAbsent(err error) bool { return errors.Is(err, fs.ErrNotExist) || isNotDir(err) }
