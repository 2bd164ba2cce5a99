package repo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ownedName is the marker file of every directory that this program may delete.
const ownedName = "agent-owned"

// ownedText is what a marker says to a person who finds it.
const ownedText = "This directory was made by agent and is deleted by it without asking.\n"

// markOwned puts the marker into dir.
func markOwned(dir string) error {
	return os.WriteFile(filepath.Join(dir, ownedName), []byte(ownedText), 0o600)
}

// checkOwned returns an error unless dir is a real directory (no symbolic link)
// that holds our marker and, with every link resolved, lies below state.
func checkOwned(state, dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is no directory", dir)
	}
	realState, err := filepath.EvalSymlinks(state)
	if err != nil {
		return err
	}
	realDir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return err
	}
	below, err := filepath.Rel(realState, realDir)
	if err != nil || below == "." || !filepath.IsLocal(below) {
		return fmt.Errorf("%s is not below %s", realDir, realState)
	}
	marker, err := os.Lstat(filepath.Join(dir, ownedName))
	if err != nil {
		return fmt.Errorf("%s is not marked as ours: %w", dir, err)
	}
	if !marker.Mode().IsRegular() {
		return fmt.Errorf("the marker of %s is no file", dir)
	}
	return nil
}

// removeOwned deletes dir if checkOwned finds nothing against it; a directory that
// is not there is fine. The marker goes last, so that a removal that was cut off can
// be taken up again.
func removeOwned(state, dir string) error {
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := checkOwned(state, dir); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Name() == ownedName {
			continue
		}
		if err := removeAll(filepath.Join(dir, entry.Name())); err != nil {
			return err
		}
	}
	return os.RemoveAll(dir)
}

// removeAll is os.RemoveAll for trees in which a command made directories that
// cannot be written, as module caches do.
func removeAll(path string) error {
	if err := os.RemoveAll(path); err == nil {
		return nil
	}
	if err := makeWritable(path); err != nil {
		return err
	}
	return os.RemoveAll(path)
}

// makeWritable lets the owner read, write and enter every directory at or below
// root. WalkDir calls back before it reads a directory, which is early enough.
func makeWritable(root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil || info.Mode().Perm()&0o700 == 0o700 {
			return err
		}
		return os.Chmod(path, info.Mode().Perm()|0o700)
	})
}
