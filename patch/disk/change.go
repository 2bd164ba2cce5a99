package disk

import (
	"os"
	"path/filepath"
)

// The changes to the directory, one way each, so that a test can fail any of them.

func (t *Tree) create(name string, perm os.FileMode) (*os.File, error) {
	if err := t.try("create", name); err != nil {
		return nil, err
	}
	return t.root.OpenFile(filepath.FromSlash(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
}

func (t *Tree) link(from, to string) error {
	if err := t.try("link", to); err != nil {
		return err
	}
	return t.root.Link(filepath.FromSlash(from), filepath.FromSlash(to))
}

func (t *Tree) symlink(target, name string) error {
	if err := t.try("symlink", name); err != nil {
		return err
	}
	return t.root.Symlink(target, filepath.FromSlash(name))
}

func (t *Tree) rename(from, to string) error {
	if err := t.try("rename", to); err != nil {
		return err
	}
	return t.root.Rename(filepath.FromSlash(from), filepath.FromSlash(to))
}

func (t *Tree) remove(name string) error {
	if err := t.try("remove", name); err != nil {
		return err
	}
	return t.root.Remove(filepath.FromSlash(name))
}

func (t *Tree) mkdir(name string) error {
	if err := t.try("mkdir", name); err != nil {
		return err
	}
	return t.root.Mkdir(filepath.FromSlash(name), 0o777)
}

// removeDir removes a directory that is empty, and nothing else: one with files in it
// stays, and so does a file that stands there instead.
func (t *Tree) removeDir(name string) error {
	if !isDir(t.root, name) {
		return nil
	}
	return t.remove(name)
}

// sync makes the content of a file durable.
func (t *Tree) sync(file *os.File) error {
	if err := t.try("sync", file.Name()); err != nil || t.hasty {
		return err
	}
	return file.Sync()
}

// syncDir makes the names in a directory durable.
func (t *Tree) syncDir(dir string) error {
	if t.hasty {
		return nil
	}
	return syncDir(dir)
}
