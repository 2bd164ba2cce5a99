package repo

import (
	"io/fs"
	"slices"
	"strings"
)

// dirEntry is an entry of a directory; its size is asked for only by Info.
type dirEntry struct {
	snapshot *Snapshot
	entry    treeEntry
}

func (e *dirEntry) Name() string               { return e.entry.Name }
func (e *dirEntry) IsDir() bool                { return e.Type().IsDir() }
func (e *dirEntry) Type() fs.FileMode          { return fileMode(e.entry.Mode).Type() }
func (e *dirEntry) Info() (fs.FileInfo, error) { return e.snapshot.sized(e.entry.Name, e.entry) }
func (e *dirEntry) ID() string                 { return e.entry.Hash.String() } // of its object
func (e *dirEntry) String() string             { return fs.FormatDirEntry(e) }

// dirEntries orders entries by name, as fs.ReadDirFS promises: git orders a
// directory as if its name ended in a slash.
func (s *Snapshot) dirEntries(entries []treeEntry) []fs.DirEntry {
	list := make([]fs.DirEntry, len(entries))
	for i, e := range entries {
		list[i] = &dirEntry{snapshot: s, entry: e}
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list
}
