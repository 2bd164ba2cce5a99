package patch

import (
	"bytes"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
)

// memTree is a tree in memory that, unlike fstest.MapFS, takes any bytes as names,
// as git does.
type memTree map[string]memFile

type memFile struct {
	mode Mode
	data []byte
}

// with returns the tree after the writes.
func (t memTree) with(writes []Write) memTree {
	after := maps.Clone(t)
	for _, w := range writes {
		if w.Delete {
			delete(after, w.Path)
		}
	}
	for _, w := range writes {
		if !w.Delete {
			after[w.Path] = memFile{w.Mode, w.Data}
		}
	}
	return after
}

func (t memTree) sameData(u memTree) bool {
	return maps.EqualFunc(t, u, func(a, b memFile) bool { return bytes.Equal(a.data, b.data) })
}

func (t memTree) equal(u memTree) bool {
	return maps.EqualFunc(t, u, func(a, b memFile) bool { return a.mode == b.mode && bytes.Equal(a.data, b.data) })
}

func (t memTree) Lstat(name string) (fs.FileInfo, error) {
	if f, ok := t[name]; ok {
		return memInfo{path.Base(name), f}, nil
	}
	for p := range t {
		if name == "." || below(p, name) {
			return memInfo{path.Base(name), memFile{mode: 0o040000}}, nil
		}
	}
	return nil, &fs.PathError{Op: "lstat", Path: name, Err: fs.ErrNotExist}
}

func (t memTree) ReadLink(name string) (string, error) {
	if f, ok := t[name]; ok && f.mode == ModeLink {
		return string(f.data), nil
	}
	return "", &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
}

func (t memTree) Open(name string) (fs.File, error) {
	info, err := t.Lstat(name)
	if err != nil {
		return nil, err
	}
	return &memHandle{memInfo: info.(memInfo), r: bytes.NewReader(info.(memInfo).file.data)}, nil
}

func (t memTree) ReadDir(name string) ([]fs.DirEntry, error) {
	seen := map[string]fs.DirEntry{}
	for p := range t {
		rest, ok := strings.CutPrefix(p, name+"/")
		if name == "." {
			rest, ok = p, true
		}
		if !ok {
			continue
		}
		first, _, _ := strings.Cut(rest, "/")
		info, err := t.Lstat(path.Join(name, first))
		if err != nil {
			return nil, err
		}
		seen[first] = fs.FileInfoToDirEntry(info)
	}
	return slices.SortedFunc(maps.Values(seen), func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) }), nil
}

type memInfo struct {
	name string
	file memFile
}

func (i memInfo) Name() string       { return i.name }
func (i memInfo) Size() int64        { return int64(len(i.file.data)) }
func (i memInfo) ModTime() time.Time { return time.Time{} }
func (i memInfo) IsDir() bool        { return i.Mode().IsDir() }
func (i memInfo) Sys() any           { return nil }
func (i memInfo) Mode() fs.FileMode {
	switch i.file.mode {
	case ModeFile:
		return 0o644
	case ModeExec:
		return 0o755
	case ModeLink:
		return fs.ModeSymlink | 0o777
	case modeSubmodule:
		return fs.ModeIrregular
	}
	return fs.ModeDir | 0o755
}

type memHandle struct {
	memInfo
	r *bytes.Reader
}

func (h *memHandle) Stat() (fs.FileInfo, error) { return h.memInfo, nil }
func (h *memHandle) Read(b []byte) (int, error) { return h.r.Read(b) }
func (h *memHandle) Close() error               { return nil }

var (
	_ fs.ReadLinkFS = memTree{}
	_ fs.ReadDirFS  = memTree{}
)
