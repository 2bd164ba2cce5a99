package patch

import "slices"

// job is one application of a patch. Sections see what the ones before them made, as
// with git: only the source of a rename or copy is always the file of the tree.
type job struct {
	tree     *tree
	opt      Options
	gone     map[string]bool   // paths that a section deletes or renames away
	unlinked map[string]bool   // those of gone that the patch knows for links
	state    map[string]*state // what the sections so far made of a path
	writes   map[string]int    // index in res.Writes of a path's content
	same     map[string]bool   // paths that a section leaves as they are
	total    int               // bytes of all new contents
	res      Result
	dels     []Write
}

// state is what a path holds after the sections so far.
type state struct {
	gone bool
	mode Mode
	data []byte
}

// set notes what a section makes of a path.
func (j *job) set(path string, mode Mode, data []byte) {
	j.state[path] = &state{mode: mode, data: data}
	w := Write{Path: path, Mode: mode, Data: data}
	if i, ok := j.writes[path]; ok {
		j.res.Writes[i] = w
		return
	}
	j.writes[path] = len(j.res.Writes)
	j.res.Writes = append(j.res.Writes, w)
}

// drop notes that a section takes a path away; whole: with all that was made of it.
func (j *job) drop(path string, whole bool) {
	j.state[path] = &state{gone: true}
	if whole {
		delete(j.same, path)
	}
	if i, ok := j.writes[path]; ok && whole {
		j.res.Writes = slices.Delete(j.res.Writes, i, i+1)
		delete(j.writes, path)
		for other, k := range j.writes {
			if k > i {
				j.writes[other] = k - 1
			}
		}
	}
}

// done puts the deletes before the writes. That nothing is left to do is no error by
// git's rules.
func (j *job) done(modes bool) (Result, error) {
	if len(j.res.Writes)+len(j.dels) == 0 && j.opt.Strict == nil {
		if modes {
			return Result{}, errIn(AlreadyApplied, "", "the change is already there; all of the patch is applied")
		}
		return Result{}, errIn(Empty, "", "the patch changes nothing")
	}
	j.res.Writes = append(j.dels, j.res.Writes...)
	return j.res, nil
}
