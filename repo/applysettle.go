package repo

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"codeagent.dev/agent"
)

// side is one of the two states of the work tree that a delivery stands between.
type side bool

const (
	before side = false
	after  side = true
)

func (f *fileRecord) image(s side) image {
	if s == after {
		return f.New
	}
	return f.Old
}

// dirName is where the contents of that side lie in the delivery's directory.
func (s side) dirName() string {
	if s == after {
		return "new"
	}
	return "old"
}

// move is one file on its way to a side.
type move struct {
	number int // in journal.Files
	path   string
	from   image
	to     image
	seen   fs.FileInfo // what stood there when it was compared
	temp   string      // staged content beside the target; empty: to is absent
}

// settle brings all files to one side. It first looks at every file, then stages
// all contents beside their targets, and only then removes and renames. When an
// error comes back from before that, nothing has changed; after it, settle to the
// other side is the way back. Files that are on neither side make it Blocked. The
// caller drops the temporary files when no way back is needed any more.
func (d *delivery) settle(ctx context.Context, to side) error {
	root, err := os.OpenRoot(string(d.journal.Root))
	if err != nil {
		return err
	}
	defer root.Close()
	moves, obstacles, err := d.moves(root, to)
	if err != nil {
		return err
	}
	if len(obstacles) > 0 {
		return agent.Errorf(agent.Blocked, "%w", &ObstacleError{Files: obstacles})
	}
	if err := d.stage(root, moves, to); err != nil {
		return err
	}
	for _, m := range moves {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if info, err := lstat(root, m.path); err != nil || !sameInfo(info, m.seen) {
			return agent.Errorf(agent.Blocked, "%w", &ObstacleError{Files: []Obstacle{{m.path, "changed this moment"}}})
		}
	}
	return d.replace(root, moves, to)
}

// moves lists the files that are on the other side, and those that are on neither.
func (d *delivery) moves(root *os.Root, to side) (moves []move, obstacles []Obstacle, err error) {
	for i := range d.journal.Files {
		f := &d.journal.Files[i]
		name := string(f.Path)
		if d.stays[i] {
			continue
		}
		if link := linkAbove(root, name); link != "" {
			obstacles = append(obstacles, Obstacle{name, showPath(link) + " is a symbolic link"})
			continue
		}
		have, info, err := lookAt(root, name)
		if err != nil {
			return nil, nil, err
		}
		target, other := f.image(to), f.image(!to)
		if have.Kind == kindOther && info.IsDir() && d.dirOnSide(name) {
			have, info = image{Kind: kindAbsent}, nil // files of this delivery stand below it
		}
		switch {
		case have.same(target):
		case have.same(other):
			moves = append(moves, move{number: i, path: name, from: have, to: target, seen: info})
		default:
			obstacles = append(obstacles, Obstacle{name, changedSince(have, other)})
		}
	}
	return moves, obstacles, nil
}

// dirOnSide reports whether the delivery has files below the path, so that a
// directory there is one of its two states.
func (d *delivery) dirOnSide(name string) bool {
	return slices.ContainsFunc(d.journal.Files, func(f fileRecord) bool {
		return slices.Contains(ancestors(string(f.Path)), name)
	})
}

func changedSince(have, want image) string {
	switch {
	case have.Kind == kindOther:
		return "a directory by now"
	case have.Kind == kindAbsent:
		return "deleted since"
	case want.Kind == kindAbsent:
		return "made again since"
	case have.Kind == want.Kind && have.Sum == want.Sum && have.Target == want.Target:
		return "its mode changed since"
	}
	return "changed since"
}

// linkAbove returns the first symbolic link on the way to a path.
func linkAbove(root *os.Root, name string) string {
	dirs := ancestors(name)
	slices.Reverse(dirs)
	for _, dir := range dirs {
		info, err := root.Lstat(filepath.FromSlash(dir))
		if err != nil {
			return ""
		}
		if info.Mode().Type() == fs.ModeSymlink {
			return dir
		}
	}
	return ""
}

// lstat returns nil for what is not there, and for a directory where files of a
// delivery are the other state, which moves treats alike.
func lstat(root *os.Root, name string) (fs.FileInfo, error) {
	info, err := root.Lstat(filepath.FromSlash(name))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || err == nil && info.IsDir() {
		return nil, nil
	}
	return info, err
}

// replace is the part of settle that changes what people see.
func (d *delivery) replace(root *os.Root, moves []move, to side) error {
	for _, m := range moves {
		if m.to.Kind != kindAbsent || m.from.Kind == kindAbsent {
			continue
		}
		if err := root.Remove(filepath.FromSlash(m.path)); err != nil {
			return agent.Errorf(agent.Internal, "%s cannot be deleted: %w", showPath(m.path), err)
		}
	}
	d.removeEmptyDirs(root, to)
	for _, m := range moves {
		if m.to.Kind == kindAbsent {
			continue
		}
		if err := d.makeDirs(root, m.path, to); err != nil {
			return err
		}
		if err := root.Rename(m.temp, filepath.FromSlash(m.path)); err != nil {
			return agent.Errorf(agent.Internal, "%s cannot be written: %w", showPath(m.path), err)
		}
	}
	return d.syncDirs(moves)
}

// removeEmptyDirs removes directories that the files of this delivery leave empty,
// as git does; on the way back only those that were not there before.
func (d *delivery) removeEmptyDirs(root *os.Root, to side) {
	wasThere := d.dirsBefore()
	var dirs []string
	for i := range d.journal.Files {
		f := &d.journal.Files[i]
		if f.image(to).Kind != kindAbsent {
			continue
		}
		for _, dir := range ancestors(string(f.Path)) {
			if _, was := wasThere[dir]; to == after || !was {
				dirs = append(dirs, dir)
			}
		}
	}
	slices.Sort(dirs)
	dirs = slices.Compact(dirs)
	slices.Reverse(dirs) // what lies deeper comes first
	for _, dir := range dirs {
		root.Remove(filepath.FromSlash(dir)) // fails, as it should, where something is left
	}
}

func (d *delivery) dirsBefore() map[string]fs.FileMode {
	dirs := map[string]fs.FileMode{}
	for _, dir := range d.journal.Dirs {
		dirs[string(dir.Path)] = dir.Perm
	}
	return dirs
}

// makeDirs makes the directories above a path; on the way back with the permissions
// they had.
func (d *delivery) makeDirs(root *os.Root, name string, to side) error {
	dirs := ancestors(name)
	slices.Reverse(dirs)
	wasThere := d.dirsBefore()
	for _, dir := range dirs {
		err := root.Mkdir(filepath.FromSlash(dir), 0o777)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if perm, was := wasThere[dir]; err == nil && was && to == before {
			err = root.Chmod(filepath.FromSlash(dir), perm)
		}
		if err != nil {
			return agent.Errorf(agent.Internal, "directory %s cannot be made: %w", showPath(dir), err)
		}
	}
	return nil
}

// syncDirs makes the new names durable.
func (d *delivery) syncDirs(moves []move) error {
	done := map[string]bool{}
	for _, m := range moves {
		for _, dir := range append(ancestors(m.path), ".") {
			full := filepath.Join(string(d.journal.Root), filepath.FromSlash(dir))
			if done[dir] {
				continue
			}
			done[dir] = true
			if err := syncDir(full); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
				return err
			}
		}
	}
	return nil
}
