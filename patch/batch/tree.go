// Package batch applies patches to trees in memory: a line of JSON with the files and
// the patch in, a line with what differs afterwards out. Editors and measurements use
// it, and whoever has a tree that is no directory.
package batch

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"codeagent.dev/agent/patch"
)

// Tree is a tree of files by their slash-separated paths, which may be any bytes but
// those of an empty, an absolute or a dotted part. A directory is there when a file in
// it is.
type Tree map[string]File

// File is a file or a link.
type File struct {
	Mode patch.Mode // 0 means ModeFile
	Data []byte     // the content; of a link the target
}

func (f File) mode() patch.Mode {
	if f.Mode == 0 {
		return patch.ModeFile
	}
	return f.Mode
}

// Equal reports whether two files have the same mode and content.
func (f File) Equal(g File) bool { return f.mode() == g.mode() && bytes.Equal(f.Data, g.Data) }

// Equal reports whether two trees hold the same files.
func (t Tree) Equal(u Tree) bool { return maps.EqualFunc(t, u, File.Equal) }

// With returns the tree after the writes. It shares contents with both.
func (t Tree) With(writes []patch.Write) Tree {
	after := maps.Clone(t)
	if after == nil {
		after = Tree{}
	}
	for _, w := range writes {
		if w.Delete {
			delete(after, w.Path)
		}
	}
	for _, w := range writes {
		if !w.Delete {
			after[w.Path] = File{w.Mode, w.Data}
		}
	}
	return after
}

// FS returns the tree as a file system that shows links as links and never follows
// them. The error names a path that cannot be in a tree, or two that exclude each other.
func (t Tree) FS() (fs.FS, error) {
	sys := &treeFS{tree: t, dirs: map[string][]string{".": nil}}
	for _, name := range slices.Sorted(maps.Keys(t)) {
		if !isPath(name) {
			return nil, fmt.Errorf("%q cannot be a path in a tree", name)
		}
		if err := sys.enter(name); err != nil {
			return nil, err
		}
	}
	return sys, nil
}

// isPath is fs.ValidPath for any bytes, the root excluded.
func isPath(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." {
			return false
		}
	}
	return true
}

// treeFS is a Tree with its directories.
type treeFS struct {
	tree Tree
	dirs map[string][]string // the full paths of what lies in each
}

var (
	_ fs.ReadLinkFS = (*treeFS)(nil)
	_ fs.ReadDirFS  = (*treeFS)(nil)
	_ fs.ReadFileFS = (*treeFS)(nil)
)

// enter makes name, and the directories above it that are new, known.
func (s *treeFS) enter(name string) error {
	if _, ok := s.dirs[name]; ok {
		return fmt.Errorf("%q is a file and a directory", name)
	}
	for {
		dir := parent(name)
		_, known := s.dirs[dir]
		if _, ok := s.tree[dir]; ok {
			return fmt.Errorf("%q is a file and a directory", dir)
		}
		s.dirs[dir] = append(s.dirs[dir], name)
		if known {
			return nil
		}
		name = dir
	}
}

func parent(name string) string {
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		return name[:i]
	}
	return "."
}

// Lstat implements fs.ReadLinkFS.
func (s *treeFS) Lstat(name string) (fs.FileInfo, error) {
	if f, ok := s.tree[name]; ok {
		return info{path.Base(name), f, false}, nil
	}
	if _, ok := s.dirs[name]; ok {
		return info{path.Base(name), File{}, true}, nil
	}
	return nil, &fs.PathError{Op: "lstat", Path: name, Err: fs.ErrNotExist}
}

// ReadLink implements fs.ReadLinkFS.
func (s *treeFS) ReadLink(name string) (string, error) {
	f, ok := s.tree[name]
	switch {
	case !ok:
		return "", &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrNotExist}
	case f.Mode != patch.ModeLink:
		return "", &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
	}
	return string(f.Data), nil
}

// ReadFile implements fs.ReadFileFS.
func (s *treeFS) ReadFile(name string) ([]byte, error) {
	f, ok := s.tree[name]
	switch {
	case !ok && s.dirs[name] == nil:
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
	case !ok, f.Mode == patch.ModeLink:
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrInvalid}
	}
	return bytes.Clone(f.Data), nil
}

// ReadDir implements fs.ReadDirFS.
func (s *treeFS) ReadDir(name string) ([]fs.DirEntry, error) {
	paths, ok := s.dirs[name]
	if !ok {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
	}
	entries := make([]fs.DirEntry, 0, len(paths))
	for _, p := range paths {
		i, err := s.Lstat(p)
		if err != nil {
			return nil, err
		}
		entries = append(entries, fs.FileInfoToDirEntry(i))
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}

// Open implements fs.FS.
func (s *treeFS) Open(name string) (fs.File, error) {
	i, err := s.Lstat(name)
	if err != nil {
		return nil, err
	}
	h := &handle{info: i.(info)}
	if !i.IsDir() {
		data, err := s.ReadFile(name)
		if err != nil {
			return nil, err
		}
		h.Reader = bytes.NewReader(data)
		return h, nil
	}
	h.Reader = bytes.NewReader(nil)
	if h.entries, err = s.ReadDir(name); err != nil {
		return nil, err
	}
	return &dirHandle{h}, nil
}

type info struct {
	name string
	file File
	dir  bool
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return int64(len(i.file.Data)) }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return i.dir }
func (i info) Sys() any           { return nil }

func (i info) Mode() fs.FileMode {
	switch {
	case i.dir:
		return fs.ModeDir | 0o755
	case i.file.Mode == patch.ModeLink:
		return fs.ModeSymlink | 0o777
	}
	return fs.FileMode(i.file.mode()) & fs.ModePerm
}

// handle is an open file.
type handle struct {
	info
	*bytes.Reader
	entries []fs.DirEntry // of a directory, those not yet read
}

func (h *handle) Size() int64                { return h.info.Size() }
func (h *handle) Stat() (fs.FileInfo, error) { return h.info, nil }
func (h *handle) Close() error               { return nil }

// dirHandle is an open directory.
type dirHandle struct{ *handle }

// Read implements fs.File: a directory has no content.
func (d *dirHandle) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.name, Err: fs.ErrInvalid}
}

// ReadDir implements fs.ReadDirFile.
func (d *dirHandle) ReadDir(n int) ([]fs.DirEntry, error) {
	all := d.entries
	if n > 0 && len(all) == 0 {
		return nil, io.EOF
	}
	if n > 0 && n < len(all) {
		all = all[:n]
	}
	d.entries = d.entries[len(all):]
	return all, nil
}
