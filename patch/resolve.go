package patch

import (
	"errors"
	"io/fs"
	"path"
	"strings"
)

const maxListed = 200_000 // paths of the tree that are looked through for a name

// resolver turns the names that a text has for files into paths of the tree.
type resolver struct {
	tree   *tree
	target string
	prefix string // the first part of the new names that is no part of a path
	rooted bool   // the text writes paths of the tree with a slash before them
	listed bool
	paths  []string
}

// known reports whether the tree has a file of that path.
func (r *resolver) known(name string) bool {
	if checkPath(name) != "" {
		return false
	}
	e, stop, err := r.tree.at(name)
	return err == nil && stop == "" && e.mode != 0
}

// dir reports whether the tree has a directory of that path.
func (r *resolver) dir(name string) bool {
	if checkPath(name) != "" {
		return false
	}
	e, stop, err := r.tree.at(name)
	return err == nil && stop == "" && e.dir
}

// throughLink reports whether a symbolic link of the tree is a part of the path.
func (r *resolver) throughLink(name string) bool {
	if checkPath(name) != "" {
		return false
	}
	_, stop, err := r.tree.at(name)
	return err == nil && stop != "" && r.tree.seen[stop].mode == ModeLink
}

// resolve settles the names of all sections. made has the paths that sections before
// it write.
func (r *resolver) resolve(files []File) {
	made := map[string]bool{}
	for i := range files {
		rest, ok := strings.CutPrefix(files[i].Old, "/")
		r.rooted = r.rooted || ok && r.known(rest)
	}
	for i := range files {
		f := &files[i]
		switch f.Op {
		case Create:
			f.New = r.fresh(f)
		case Modify, Delete:
			old := r.there(f, made)
			if rest, ok := strip(plainPath(f.New)); ok && rest == old && f.diff {
				r.prefix, _, _ = strings.Cut(plainPath(f.New), "/")
			}
			f.Old = old
			if f.Op == Modify {
				f.New = old
			}
		case Rename, Copy:
			f.Old = r.there(f, made)
			f.New = plainPath(f.New)
		}
		if f.New != "" {
			made[f.New] = true
		}
	}
}

// readings returns the paths that a name may mean, the likeliest first.
func (f *File) readings(name, other string) []string {
	name = plainPath(name)
	cut, hasCut := strip(name)
	out := []string{name}
	if f.diff && hasCut {
		a, _, _ := strings.Cut(name, "/")
		b, _, _ := strings.Cut(plainPath(other), "/")
		if a == "a" && (b == "b" || other == devNull || other == "") || a == "b" || a+b == "oldnew" || len(a) == 1 && len(b) == 1 && a != b {
			out = []string{cut, name}
		} else {
			out = append(out, cut)
		}
	} else if a, _, _ := strings.Cut(name, "/"); hasCut && (a == "a" || a == "b") {
		out = append(out, cut)
	}
	return out
}

// plainPath cleans a name of what is no part of a path of the tree.
func plainPath(name string) string {
	for strings.HasPrefix(name, "./") {
		name = strings.TrimLeft(name[2:], "/")
	}
	return name
}

// there returns the path of the file that a section changes or removes.
func (r *resolver) there(f *File, made map[string]bool) string {
	var names []string
	names = append(names, f.readings(f.Old, f.New)...)
	if f.New != "" && f.Op == Modify && f.New != f.Old {
		names = append(names, f.readings(f.New, f.Old)...)
	}
	for _, name := range names {
		if made[name] || r.known(name) || r.throughLink(name) {
			return name
		}
	}
	for _, name := range names {
		for _, other := range []string{strings.TrimLeft(name, "/"), strings.ReplaceAll(name, `\`, "/"), strings.TrimPrefix(name, "path/to/")} {
			if other != name && (made[other] || r.known(other)) {
				return other
			}
		}
	}
	if f.Op == Delete || len(f.edits) == 0 {
		return names[0]
	}
	if found := r.bySuffix(names[0]); found != "" {
		return found
	}
	if len(names) > 0 && r.target != "" && path.Base(names[0]) == path.Base(r.target) {
		return r.target
	}
	return names[0]
}

// bySuffix returns the only path of the tree that ends as name does, whole parts of it.
func (r *resolver) bySuffix(name string) string {
	name = strings.ReplaceAll(name, `\`, "/")
	if strings.Contains("/"+name+"/", "/../") {
		return ""
	}
	for rest, ok := name, true; ok; rest, ok = strip(rest) {
		if rest != name && r.known(rest) {
			return rest
		}
		found := ""
		for _, p := range r.list() {
			if strings.HasSuffix(p, "/"+rest) {
				if found != "" {
					return ""
				}
				found = p
			}
		}
		if found != "" {
			return found
		}
	}
	return ""
}

var errEnough = errors.New("enough")

// list returns the paths of the tree's files; none if there are too many.
func (r *resolver) list() []string {
	if r.listed {
		return r.paths
	}
	r.listed = true
	err := fs.WalkDir(r.tree.fs, ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil // what cannot be read has no files for us
		case d.IsDir() && d.Name() == ".git":
			return fs.SkipDir
		case !d.IsDir():
			if r.paths = append(r.paths, p); len(r.paths) > maxListed {
				return errEnough
			}
		}
		return nil
	})
	if err != nil {
		r.paths = nil
	}
	return r.paths
}

// fresh returns the path of a file to create.
func (r *resolver) fresh(f *File) string {
	name := plainPath(f.New)
	if f.diff {
		if a, rest, ok := strings.Cut(name, "/"); ok && a != "" && (a == "b" || a == r.prefix) && rest != "" && !r.dir(a) {
			name = rest
		} else if ok && len(a) == 1 && rest != "" && !r.dir(a) && f.NewID != "" {
			name = rest
		}
	}
	if f.over && !r.known(name) {
		if cut := strings.TrimPrefix(name, "path/to/"); cut != name && r.known(cut) {
			return cut
		}
		if !strings.Contains(name, "/") {
			if found := r.bySuffix(name); found != "" {
				return found
			}
		}
	}
	if rest := strings.TrimLeft(name, "/"); rest != name && rest != "" {
		// A slash that was put before every path of the tree, as by git diff --src-prefix=/, is
		// no path of the machine.
		if first, _, deep := strings.Cut(rest, "/"); r.rooted || f.git || deep && r.dir(first) {
			return rest
		}
	}
	return name
}
