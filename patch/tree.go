package patch

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// tree is a view of the tree a patch is applied to. It asks for each path once.
type tree struct {
	fs   fs.FS
	seen map[string]entry
}

// entry is what stands at a path.
type entry struct {
	mode Mode // of a file or link; 0 for anything else
	dir  bool
	size int64
	odd  bool // neither file nor link nor directory: a submodule
}

func (e entry) exists() bool { return e.mode != 0 || e.dir || e.odd }

// lstat returns what stands at name, the links in name's own directory not looked at.
func (t *tree) lstat(name string) (entry, error) {
	if e, ok := t.seen[name]; ok {
		return e, nil
	}
	info, err := fs.Lstat(t.fs, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return entry{}, fmt.Errorf("stat %s: %w", show(name), err)
	}
	var e entry
	if err == nil {
		e.size = info.Size()
		switch m := info.Mode(); {
		case m.IsDir():
			e.dir = true
		case m&fs.ModeSymlink != 0:
			e.mode = ModeLink
		case !m.IsRegular():
			e.odd = true
		case m&0o100 != 0:
			e.mode = ModeExec
		default:
			e.mode = ModeFile
		}
	}
	t.seen[name] = e
	return e, nil
}

// at returns what stands at path. When a part of the way there is no directory,
// there is nothing, and stop names that part.
func (t *tree) at(path string) (e entry, stop string, err error) {
	for i := range len(path) {
		if path[i] != '/' {
			continue
		}
		switch e, err := t.lstat(path[:i]); {
		case err != nil:
			return entry{}, "", err
		case !e.exists():
			return entry{}, "", nil
		case !e.dir:
			return entry{}, path[:i], nil
		}
	}
	e, err = t.lstat(path)
	return e, "", err
}

// why says what is wrong with stop, a part of the way that is no directory.
func (t *tree) why(stop string) string {
	switch e := t.seen[stop]; {
	case e.mode == ModeLink:
		return "the path leads through the symbolic link " + show(stop)
	case e.odd:
		return "the path leads into the submodule " + show(stop)
	}
	return "the path leads through the file " + show(stop)
}

// read returns the content of a file, or the target of a link.
func (t *tree) read(path string, e entry) ([]byte, error) {
	if e.mode == ModeLink {
		target, err := fs.ReadLink(t.fs, path)
		if err != nil {
			return nil, fmt.Errorf("read link %s: %w", show(path), err)
		}
		return []byte(target), nil
	}
	if e.size > MaxFile {
		return nil, errIn(TooLarge, path, "the file has %d bytes, more than %d", e.size, MaxFile)
	}
	data, err := fs.ReadFile(t.fs, path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", show(path), err)
	}
	return data, nil
}

// stays returns a file below dir that is not in gone; empty if there is none.
func (t *tree) stays(dir string, gone map[string]bool) (string, error) {
	entries, err := fs.ReadDir(t.fs, dir)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", show(dir), err)
	}
	for _, d := range entries {
		path := dir + "/" + d.Name()
		if !d.IsDir() {
			if !gone[path] {
				return path, nil
			}
			continue
		}
		if left, err := t.stays(path, gone); left != "" || err != nil {
			return left, err
		}
	}
	return "", nil
}

// below reports whether path lies in the directory dir.
func below(path, dir string) bool {
	return len(path) > len(dir) && path[len(dir)] == '/' && strings.HasPrefix(path, dir)
}
