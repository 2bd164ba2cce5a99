package patch

// job is one application of a patch. Sections see what the ones before them made, as
// with git. The source of a rename or copy is the file of the tree: one diff says it all
// of the tree as it was. Only what an earlier mail of a series made is taken from there.
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
	by   *File // the last section that had to do with the path
}

// set notes what a section makes of its new path.
func (j *job) set(f *File, mode Mode, data []byte) {
	j.state[f.New] = &state{mode: mode, data: data, by: f}
	w := Write{Path: f.New, Mode: mode, Data: data}
	if i, ok := j.writes[f.New]; ok {
		j.res.Writes[i] = w
		return
	}
	j.writes[f.New] = len(j.res.Writes)
	j.res.Writes = append(j.res.Writes, w)
}

// drop notes that a section takes its old path away; whole: with all that was made of it.
func (j *job) drop(f *File, whole bool) {
	j.state[f.Old] = &state{gone: true, by: f}
	if !whole {
		return
	}
	delete(j.same, f.Old)
	if i, ok := j.writes[f.Old]; ok {
		j.res.Writes[i] = Write{} // place takes it out
		delete(j.writes, f.Old)
	}
}

// earlier returns what the sections above made of the file that f is about, if f sees it.
func (j *job) earlier(f *File) *state {
	s := j.state[f.Old]
	if s == nil || f.Op == Create {
		return nil
	}
	if f.Op == Modify || f.Op == Delete || f.unsaid || s.by.mail != f.mail {
		return s
	}
	return nil
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
