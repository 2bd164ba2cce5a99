package patch

import (
	"cmp"
	"slices"
)

// place checks that every new file has a free place, deletes included, and fills dels.
func (j *job) place(p *Patch) error {
	written, dropped := map[string]bool{}, map[string]bool{}
	j.res.Writes = slices.DeleteFunc(j.res.Writes, func(w Write) bool { return w.Path == "" })
	for _, w := range j.res.Writes {
		written[w.Path] = true
	}
	for i := range p.Files {
		f := &p.Files[i]
		if (f.Op == Delete || f.Op == Rename) && !written[f.Old] && !j.same[f.Old] && !dropped[f.Old] {
			dropped[f.Old] = true
			e, _, err := j.tree.at(f.Old)
			if err != nil {
				return err
			}
			if e.exists() { // or an earlier section made it
				j.dels = append(j.dels, Write{Path: f.Old, Delete: true})
			}
		}
		if f.Op == Modify || f.Op == Delete {
			continue
		}
		if err := j.free(f); err != nil {
			return err
		}
	}
	return apart(written)
}

// free refuses the new path of f when the tree, as the patch leaves it, has
// something there or no directory to put it in.
func (j *job) free(f *File) error {
	e, stop, err := j.tree.at(f.New)
	switch {
	case err != nil:
		return err
	case stop != "" && (!j.gone[stop] || j.opt.Strict != nil && j.tree.seen[stop].mode == ModeLink && !j.unlinked[stop]):
		return f.errorf(Refused, f.New, j.tree.why(stop))
	case e.dir:
		left, err := j.tree.stays(f.New, j.gone)
		if err != nil {
			return err
		}
		if left != "" {
			return f.errorf(Exists, f.New, "there is a directory of this name")
		}
	case e.exists() && f.unsaid && !j.gone[f.New]:
		return f.errorf(Exists, f.New, "the section changes "+show(f.Old)+" into this file without a line that says it is renamed, and the file is already there")
	case e.exists() && !j.gone[f.New]:
		return f.errorf(Exists, f.New, "the file is already there")
	}
	return nil
}

// apart refuses two written paths of which one would have to be a directory.
func apart(written map[string]bool) error {
	paths := make([]string, 0, len(written))
	for path := range written {
		paths = append(paths, path)
	}
	slices.SortFunc(paths, byTree)
	for i := 1; i < len(paths); i++ {
		if below(paths[i], paths[i-1]) {
			return errIn(Refused, paths[i], "the path leads through %s, which the patch makes a file", show(paths[i-1]))
		}
	}
	return nil
}

// byTree orders paths so that everything below a path follows it at once.
func byTree(a, b string) int {
	for i := range min(len(a), len(b)) {
		switch {
		case a[i] == b[i]:
		case a[i] == '/':
			return -1
		case b[i] == '/':
			return 1
		default:
			return cmp.Compare(a[i], b[i])
		}
	}
	return cmp.Compare(len(a), len(b))
}
