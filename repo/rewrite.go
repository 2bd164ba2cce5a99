package repo

import (
	"context"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"

	"codeagent.dev/agent"
	"codeagent.dev/agent/patch"
)

// edit is what is to become of one path of a tree: a write of the path itself, or
// edits below it, or both when a file takes a directory's place or gives way to one.
type edit struct {
	write *patch.Write
	below map[string]*edit
}

// planEdits arranges writes by directory. Of two writes of one path the later holds,
// so that "delete, then make anew" is one change.
func planEdits(writes []patch.Write) (*edit, error) {
	root := &edit{}
	for i := range writes {
		w := &writes[i]
		if err := checkWrite(w); err != nil {
			return nil, err
		}
		at := root
		for name := range strings.SplitSeq(w.Path, "/") {
			if at.below == nil {
				at.below = map[string]*edit{}
			}
			if at.below[name] == nil {
				at.below[name] = &edit{}
			}
			at = at.below[name]
		}
		at.write = w
	}
	return root, nil
}

// checkWrite refuses what git itself would not put into a tree.
func checkWrite(w *patch.Write) error {
	for name := range strings.SplitSeq(w.Path, "/") {
		switch {
		case name == "" || name == "." || name == "..":
			return agent.Errorf(agent.Invalid, "path %q does not name a file below the root of the tree", w.Path)
		case isDotGit(name):
			return agent.Errorf(agent.Invalid, "path %q is git's own", w.Path)
		case strings.ContainsRune(name, 0):
			return agent.Errorf(agent.Invalid, "path %q has a NUL byte in it", w.Path)
		}
	}
	if mode := filemode.FileMode(w.Mode); !w.Delete && mode != filemode.Regular && mode != filemode.Executable && mode != filemode.Symlink {
		return agent.Errorf(agent.Invalid, "%s: mode %o is not one of a file or a symbolic link", w.Path, w.Mode)
	}
	return nil
}

// isDotGit reports whether a file system may take name for ".git": in any case, in
// NTFS' short form, with what NTFS drops at the end, or with the code points that
// HFS+ ignores.
func isDotGit(name string) bool {
	name = strings.Map(func(r rune) rune {
		switch {
		case r >= 0x200c && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x206a && r <= 0x206f, r == 0xfeff:
			return -1
		}
		return r
	}, name)
	name, _, _ = strings.Cut(name, ":")
	name = strings.ToLower(strings.TrimRight(name, ". "))
	return name == ".git" || name == "git~1"
}

// rewriter makes new trees out of a base and edits. Only directories that are
// touched are read and written.
type rewriter struct {
	ctx     context.Context
	repo    *Repo
	objects *batch // the new trees and blobs
}

// tree returns the id of the tree base with the edits made; base may be the zero
// hash for a directory that does not exist yet. A directory that becomes empty has
// the zero hash. path is the directory, for errors.
func (w *rewriter) tree(base plumbing.Hash, e *edit, path string) (plumbing.Hash, error) {
	var old []treeEntry
	if !base.IsZero() {
		var err error
		if old, err = w.repo.tree(w.ctx, base); err != nil {
			return plumbing.ZeroHash, err
		}
	}
	entries := make([]treeEntry, 0, len(old)+len(e.below))
	seen := 0
	for _, entry := range old {
		below, ok := e.below[entry.Name]
		if !ok {
			entries = append(entries, entry)
			continue
		}
		seen++
		entry, keep, err := w.entry(entry, below, path+entry.Name)
		if err != nil {
			return plumbing.ZeroHash, err
		}
		if keep {
			entries = append(entries, entry)
		}
	}
	if seen < len(e.below) {
		more, err := w.added(old, e, path)
		if err != nil {
			return plumbing.ZeroHash, err
		}
		entries = append(entries, more...)
	}
	if slices.Equal(entries, old) {
		return base, nil
	}
	if len(entries) == 0 {
		return plumbing.ZeroHash, nil
	}
	return w.save(entries), nil
}

// added returns the entries for edits of names the directory does not have.
func (w *rewriter) added(old []treeEntry, e *edit, path string) ([]treeEntry, error) {
	have := make(map[string]bool, len(old))
	for _, entry := range old {
		have[entry.Name] = true
	}
	var more []treeEntry
	for name, below := range e.below {
		if have[name] {
			continue
		}
		entry, keep, err := w.entry(treeEntry{Name: name}, below, path+name)
		if err != nil {
			return nil, err
		}
		if keep {
			more = append(more, entry)
		}
	}
	return more, nil
}

// entry returns what becomes of one entry; its hash is zero when it does not exist.
func (w *rewriter) entry(old treeEntry, e *edit, path string) (entry treeEntry, keep bool, err error) {
	exists, isDir := !old.Hash.IsZero(), old.Mode == filemode.Dir
	switch {
	case e.write == nil && exists && !isDir:
		return entry, false, agent.Errorf(agent.Invalid, "%s is not a directory in the base commit", path)
	case e.write != nil && e.write.Delete && !exists:
		return entry, false, agent.Errorf(agent.Invalid, "%s is to be deleted, but the base commit has no such file", path)
	case e.write != nil && isDir && (e.below == nil || e.write.Delete):
		return entry, false, agent.Errorf(agent.Invalid, "%s is a directory in the base commit", path)
	}
	if e.below != nil {
		base := plumbing.ZeroHash
		if isDir {
			base = old.Hash
		}
		tree, err := w.tree(base, e, path+"/")
		if err != nil {
			return entry, false, err
		}
		if !tree.IsZero() {
			if e.write != nil && !e.write.Delete {
				return entry, false, agent.Errorf(agent.Invalid, "%s would be a file and a directory", path)
			}
			return treeEntry{Name: old.Name, Mode: filemode.Dir, Hash: tree}, true, nil
		}
	}
	if e.write == nil || e.write.Delete {
		return entry, false, nil
	}
	blob := w.objects.add(plumbing.BlobObject, e.write.Data)
	return treeEntry{Name: old.Name, Mode: filemode.FileMode(e.write.Mode), Hash: blob}, true, nil
}

// save keeps a tree for the flush.
func (w *rewriter) save(entries []treeEntry) plumbing.Hash {
	hash := w.objects.add(plumbing.TreeObject, encodeTree(entries))
	w.repo.mirror.trees.put(hash, entries)
	return hash
}
