package repo

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"

	"codeagent.dev/agent"
	"codeagent.dev/agent/patch"
)

// Snapshot is a commit's tree as a file system that is only read. Trees and files
// are fetched when they are asked for; nothing is checked out. Contents are what git
// stores: no line ends converted, no filters run.
//
// Names are slash-separated and may hold any bytes git allows, so fs.ValidPath is
// not the law here; "", "..", and a slash in front are refused. Open, Stat, ReadFile
// and ReadDir follow symbolic links that stay inside the tree; Lstat and ReadLink
// follow none, also not on the way: as for git, nothing lies beyond a link. A
// submodule is an entry of irregular mode that cannot be opened. Directory entries and
// file infos have a method ID() string: the id of the entry's object.
//
// It is safe for concurrent use, and lives as long as the context it was made with:
// the fs interfaces take none.
type Snapshot struct {
	ctx    context.Context
	repo   *Repo
	commit string
	tree   plumbing.Hash
}

var _ interface {
	fs.ReadFileFS
	fs.ReadDirFS
	fs.StatFS
	fs.ReadLinkFS
} = (*Snapshot)(nil)

// Snapshot returns the tree of a commit, named by its full id. NotFound: there is no
// such commit (any more).
func (r *Repo) Snapshot(ctx context.Context, commit string) (*Snapshot, error) {
	c, err := r.commit(ctx, commit)
	if err != nil {
		return nil, err
	}
	return &Snapshot{ctx: ctx, repo: r, commit: commit, tree: c.TreeHash}, nil
}

// Commit returns the commit's id.
func (s *Snapshot) Commit() string { return s.commit }

// Tree returns the id of the commit's tree: equal trees have equal content.
func (s *Snapshot) Tree() string { return s.tree.String() }

// maxLinks is how many symbolic links one name may lead through.
const maxLinks = 40

// lookup returns the entry at name. With follow, links on the way and at the end
// are followed; without, a link on the way means that nothing is there.
func (s *Snapshot) lookup(op, name string, follow bool) (e treeEntry, err error) {
	defer func() {
		if err != nil {
			err = &fs.PathError{Op: op, Path: name, Err: err}
		}
	}()
	rest, err := split(name)
	if err != nil {
		return e, err
	}
	var way []treeEntry // the directories above e, from the root
	e = treeEntry{Name: ".", Mode: filemode.Dir, Hash: s.tree}
	for links := 0; len(rest) > 0; {
		next := rest[0]
		rest = rest[1:]
		if next == ".." { // out of a link's target
			if len(way) == 0 {
				return e, fmt.Errorf("a symbolic link leads out of the tree: %w", fs.ErrInvalid)
			}
			e, way = way[len(way)-1], way[:len(way)-1]
			continue
		}
		dir := e
		if e, err = s.child(dir, next); err != nil {
			return e, err
		}
		if e.Mode != filemode.Symlink || !follow {
			way = append(way, dir)
			continue
		}
		if links++; links > maxLinks {
			return e, fmt.Errorf("too many symbolic links: %w", fs.ErrInvalid)
		}
		target, err := s.target(e)
		if err != nil {
			return e, err
		}
		rest = append(target, rest...)
		e = dir
	}
	return e, nil
}

// target returns the steps a symbolic link leads, from the directory it is in.
func (s *Snapshot) target(link treeEntry) ([]string, error) {
	data, err := s.blob(link)
	if err != nil {
		return nil, err
	}
	if len(data) == 0 || data[0] == '/' {
		return nil, fmt.Errorf("a symbolic link leads out of the tree: %w", fs.ErrInvalid)
	}
	var steps []string
	for step := range strings.SplitSeq(string(data), "/") {
		if step != "" && step != "." {
			steps = append(steps, step)
		}
	}
	return steps, nil
}

// split takes a name apart and refuses what leads elsewhere.
func split(name string) ([]string, error) {
	if name == "." {
		return nil, nil
	}
	parts := strings.Split(name, "/")
	for _, part := range parts {
		if part == "" || part == "." || part == ".." {
			return nil, fs.ErrInvalid
		}
	}
	return parts, nil
}

// child returns one entry of a directory. Trees are ordered, but by a rule that
// depends on what an entry is, and short: they are searched from the front.
func (s *Snapshot) child(dir treeEntry, name string) (treeEntry, error) {
	if dir.Mode != filemode.Dir {
		return treeEntry{}, fs.ErrNotExist
	}
	entries, err := s.repo.tree(s.ctx, dir.Hash)
	if err != nil {
		return treeEntry{}, err
	}
	for _, e := range entries {
		if e.Name == name {
			return e, nil
		}
	}
	return treeEntry{}, fs.ErrNotExist
}

// blob returns the content of a file or a link.
func (s *Snapshot) blob(e treeEntry) ([]byte, error) {
	switch e.Mode {
	case filemode.Dir:
		return nil, agent.Errorf(agent.Invalid, "is a directory")
	case filemode.Submodule:
		return nil, agent.Errorf(agent.Invalid, "is a submodule at commit %s: its files are another repository's", e.Hash)
	}
	_, data, err := s.repo.read(s.ctx, e.Hash)
	return data, err
}

// Open opens a file, whose content it reads, or a directory.
func (s *Snapshot) Open(name string) (fs.File, error) {
	e, err := s.lookup("open", name, true)
	if err != nil {
		return nil, err
	}
	info := s.info(path.Base(name), e)
	if e.Mode == filemode.Dir {
		entries, err := s.ReadDir(name)
		return &openDir{info: info, name: name, entries: entries}, err
	}
	data, err := s.blob(e)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	info.size = int64(len(data))
	return &openFile{Reader: bytes.NewReader(data), info: info}, nil
}

// ReadFile returns a file's content.
func (s *Snapshot) ReadFile(name string) ([]byte, error) {
	e, err := s.lookup("open", name, true)
	if err != nil {
		return nil, err
	}
	data, err := s.blob(e)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	return data, nil
}

// ReadDir returns a directory's entries, by name.
func (s *Snapshot) ReadDir(name string) ([]fs.DirEntry, error) {
	e, err := s.lookup("open", name, true)
	if err != nil {
		return nil, err
	}
	if e.Mode != filemode.Dir {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fmt.Errorf("not a directory: %w", fs.ErrInvalid)}
	}
	entries, err := s.repo.tree(s.ctx, e.Hash)
	if err != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: err}
	}
	return s.dirEntries(entries), nil
}

// Stat describes what name leads to. For a file it asks git for the size.
func (s *Snapshot) Stat(name string) (fs.FileInfo, error) { return s.stat("stat", name, true) }

// Lstat describes what name is, without following it.
func (s *Snapshot) Lstat(name string) (fs.FileInfo, error) { return s.stat("lstat", name, false) }

func (s *Snapshot) stat(op, name string, follow bool) (fs.FileInfo, error) {
	e, err := s.lookup(op, name, follow)
	if err != nil {
		return nil, err
	}
	info, err := s.sized(path.Base(name), e)
	if err != nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: err}
	}
	return info, nil
}

// ReadLink returns where a symbolic link points.
func (s *Snapshot) ReadLink(name string) (string, error) {
	e, err := s.lookup("readlink", name, false)
	if err != nil {
		return "", err
	}
	if e.Mode != filemode.Symlink {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
	}
	data, err := s.blob(e)
	if err != nil {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: err}
	}
	return string(data), nil
}

func (s *Snapshot) info(name string, e treeEntry) *fileInfo {
	return &fileInfo{name: name, mode: patch.Mode(e.Mode), id: e.Hash}
}

// sized is info with the size, which git has to be asked for.
func (s *Snapshot) sized(name string, e treeEntry) (*fileInfo, error) {
	info := s.info(name, e)
	if e.Mode == filemode.Dir || e.Mode == filemode.Submodule {
		return info, nil
	}
	h, err := s.repo.size(s.ctx, e.Hash)
	info.size = h.size
	return info, err
}

// fileInfo describes an entry. Sys returns its git mode, a patch.Mode, and ID the id of
// its object.
type fileInfo struct {
	name string
	mode patch.Mode
	size int64
	id   plumbing.Hash
}

func (i *fileInfo) Name() string       { return i.name }
func (i *fileInfo) Size() int64        { return i.size }
func (i *fileInfo) Mode() fs.FileMode  { return fileMode(filemode.FileMode(i.mode)) }
func (i *fileInfo) ModTime() time.Time { return time.Time{} }
func (i *fileInfo) IsDir() bool        { return i.Mode().IsDir() }
func (i *fileInfo) Sys() any           { return i.mode }
func (i *fileInfo) ID() string         { return i.id.String() }

func fileMode(m filemode.FileMode) fs.FileMode {
	switch m {
	case filemode.Dir:
		return fs.ModeDir | 0o755
	case filemode.Executable:
		return 0o755
	case filemode.Symlink:
		return fs.ModeSymlink | 0o777
	case filemode.Submodule:
		return fs.ModeIrregular
	}
	return 0o644
}

type openFile struct {
	*bytes.Reader
	info *fileInfo
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *openFile) Close() error               { return nil }

type openDir struct {
	info    *fileInfo
	name    string
	entries []fs.DirEntry
}

func (d *openDir) Stat() (fs.FileInfo, error) { return d.info, nil }
func (d *openDir) Close() error               { return nil }

func (d *openDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.name, Err: fmt.Errorf("is a directory: %w", fs.ErrInvalid)}
}

// ReadDir returns the next n entries, or all that are left.
func (d *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n > 0 && len(d.entries) == 0 {
		return nil, io.EOF
	}
	if n <= 0 || n > len(d.entries) {
		n = len(d.entries)
	}
	some := d.entries[:n]
	d.entries = d.entries[n:]
	return some, nil
}
