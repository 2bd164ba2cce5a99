package patch

import (
	"bytes"
	"cmp"
	"errors"
	"io/fs"
	"slices"
	"strings"
)

// Options say how a patch is applied. There is nothing to choose yet: the zero
// value, and with it every value, means strict.
type Options struct{}

// Write is one change to a tree. A rename is a delete and a write.
type Write struct {
	Path   string
	Delete bool
	Mode   Mode   // of a file that is not deleted
	Data   []byte // the content; for ModeLink the target
}

// FileReport says what was done to one file.
type FileReport struct {
	Path           string // after the change, or before it for a Delete
	Old            string // the path before, for a Rename or Copy
	Op             Op
	Hunks          int
	Added, Removed int // lines
	Moved          []Move
}

// Move is a hunk that was found at another line than the stated one.
type Move struct {
	Hunk  int // from 1
	Lines int // how far down it was found; negative: up
}

// Result is what a patch does to a tree. Writes names no path twice; deletes
// come first, and both groups are in the patch's order.
type Result struct {
	Writes []Write
	Files  []FileReport
}

// Apply parses text and applies it to tree. It touches nothing: the caller carries
// out the writes, all of them. The error is an *Error unless tree cannot be read.
//
// tree must show links as links (fs.ReadLinkFS) and take names that are not valid
// UTF-8 if the patch may hold such.
func Apply(text []byte, tree fs.FS, opt Options) (Result, error) {
	p, err := Parse(text)
	if err != nil {
		return Result{}, err
	}
	return p.Apply(tree, opt)
}

// Apply applies a parsed patch; see the function Apply.
func (p *Patch) Apply(fsys fs.FS, _ Options) (Result, error) {
	res, err := p.apply(fsys)
	e, ok := errors.AsType[*Error](err)
	if !ok || len(e.Places) > 0 || (e.Kind != Conflict && e.Kind != Exists && e.Kind != Missing) {
		return res, err
	}
	if back, rerr := p.Reverse(); rerr == nil {
		if _, rerr := back.apply(fsys); rerr == nil {
			return Result{}, errIn(AlreadyApplied, e.Path, "the change is already there; all of the patch is applied")
		}
	}
	return res, err
}

// job is one application of a patch.
type job struct {
	tree  *tree
	gone  map[string]bool // paths that were deleted or renamed away
	total int             // bytes of all new contents
	res   Result
	dels  []Write
}

func (p *Patch) apply(fsys fs.FS) (Result, error) {
	j := &job{
		tree: &tree{fs: fsys, seen: map[string]entry{}},
		gone: map[string]bool{},
	}
	if err := p.check(j.gone); err != nil {
		return Result{}, err
	}
	modes := false
	for i := range p.Files {
		if err := j.file(&p.Files[i]); err != nil {
			return Result{}, err
		}
		modes = modes || p.Files[i].OldMode != p.Files[i].NewMode
	}
	if err := j.place(p); err != nil {
		return Result{}, err
	}
	if len(j.res.Writes)+len(j.dels) == 0 {
		if modes {
			return Result{}, errIn(AlreadyApplied, "", "the change is already there; all of the patch is applied")
		}
		return Result{}, errIn(Empty, "", "the patch changes nothing")
	}
	j.res.Writes = append(j.dels, j.res.Writes...)
	return j.res, nil
}

// check refuses what can be refused without a look at the tree, and notes in gone
// the paths that nothing is left at unless it is written anew.
func (p *Patch) check(gone map[string]bool) error {
	if len(p.Files) == 0 {
		return errIn(Empty, "", "no diff in the patch")
	}
	from, to := map[string]bool{}, map[string]bool{}
	for i := range p.Files {
		f := &p.Files[i]
		if err := f.check(); err != nil {
			return err
		}
		// A type change is a delete and a create of one path, a swap two renames; but
		// nothing can be changed, removed or made twice.
		if f.Op != Copy && f.Old != "" {
			if from[f.Old] {
				return f.errorf(Duplicate, f.Old, "the patch has two sections for this file")
			}
			from[f.Old] = true
		}
		if f.New != "" {
			if to[f.New] {
				return f.errorf(Duplicate, f.New, "the patch has two sections for this file")
			}
			to[f.New] = true
		}
		if f.Op == Delete || f.Op == Rename {
			gone[f.Old] = true
		}
	}
	return nil
}

func (f *File) errorf(kind Kind, path, reason string) *Error {
	return &Error{Kind: kind, Path: path, Line: f.line, Reason: reason, First: -1}
}

// check refuses paths and shapes that no tree can make good.
func (f *File) check() error {
	names := []string{f.Old, f.New}
	switch {
	case f.Op == Create && f.Old == "":
		names = names[1:]
	case f.Op == Delete && f.New == "":
		names = names[:1]
	case f.Op == Modify && f.Old == f.New, f.Op == Rename && f.Old != f.New, f.Op == Copy && f.Old != f.New:
	default:
		return f.errorf(Malformed, f.Path(), "the names do not fit a section that does "+string(f.Op))
	}
	for _, name := range names {
		if reason := checkPath(name); reason != "" {
			return f.errorf(Refused, name, reason)
		}
	}
	for _, m := range []Mode{f.OldMode, f.NewMode} {
		if m != 0 && m != ModeFile && m != ModeExec && m != ModeLink {
			return f.errorf(Unsupported, f.Path(), "files of mode "+m.String()+" cannot be changed by a patch")
		}
	}
	if f.Binary != nil && len(f.Hunks) > 0 {
		return f.errorf(Malformed, f.Path(), "the section has both hunks and binary data")
	}
	for i := range f.Hunks {
		if !f.Hunks[i].sound() {
			return f.errorf(Malformed, f.Path(), "the counts of a hunk are not those of its body")
		}
	}
	return f.consistent()
}

// sound reports whether the counts are those of the body. Parse makes no other
// hunks, but a caller might.
func (h *Hunk) sound() bool {
	old, new := 0, 0
	for line := range h.Lines() {
		switch line.Op {
		case ' ':
			old++
			new++
		case '-':
			old++
		case '+':
			new++
		default:
			return false
		}
	}
	return old == h.OldLines && new == h.NewLines && h.first() >= 0 && !isOpen(h.Body)
}

// file makes the new content of one file.
func (j *job) file(f *File) error {
	rep := FileReport{Path: f.Path(), Op: f.Op, Hunks: len(f.Hunks)}
	if f.Op == Rename || f.Op == Copy {
		rep.Old = f.Old
	}
	var old []byte
	var was entry
	if f.Op != Create {
		var err error
		if was, old, err = j.source(f); err != nil {
			return err
		}
		if !was.exists() {
			rep.Op, was.mode = Create, ModeFile
		}
	}
	data, err := f.content(old, &rep)
	if err != nil {
		return err
	}
	j.res.Files = append(j.res.Files, rep)
	if j.total += len(data); len(data) > MaxFile || j.total > MaxTotal {
		return f.errorf(TooLarge, f.Path(), "the patch makes more than may be written")
	}
	if f.Op == Delete {
		if len(data) > 0 {
			return f.errorf(Conflict, f.Old, "the file to delete holds more than the patch removes")
		}
		return nil
	}
	mode := was.mode
	if f.NewMode != 0 && f.NewMode != f.OldMode {
		mode = f.NewMode
	}
	if f.Op == Modify && mode == was.mode && bytes.Equal(data, old) {
		return nil
	}
	if mode == ModeLink {
		if reason := checkLink(f.New, string(data)); reason != "" {
			return f.errorf(Refused, f.New, reason)
		}
	}
	j.res.Writes = append(j.res.Writes, Write{Path: f.New, Mode: mode, Data: data})
	return nil
}

// source returns the file that f changes, copies or removes.
func (j *job) source(f *File) (entry, []byte, error) {
	e, stop, err := j.tree.at(f.Old)
	switch {
	case err != nil:
		return e, nil, err
	case stop != "" && j.tree.seen[stop].mode == ModeFile, stop != "" && j.tree.seen[stop].mode == ModeExec:
		return e, nil, f.errorf(Missing, f.Old, "there is no such file; "+j.tree.why(stop))
	case stop != "":
		return e, nil, f.errorf(Refused, f.Old, j.tree.why(stop))
	case e.odd:
		return e, nil, f.errorf(Unsupported, f.Old, "a submodule cannot be changed by a patch")
	case e.dir:
		return e, nil, f.errorf(Missing, f.Old, "this is a directory, not a file")
	case !e.exists() && f.fromNothing():
		return e, nil, nil
	case !e.exists():
		return e, nil, f.errorf(Missing, f.Old, "there is no such file")
	}
	if f.OldMode != 0 && f.OldMode&modeType != e.mode&modeType {
		return e, nil, f.errorf(Conflict, f.Old, "the file has mode "+e.mode.String()+", and the patch is for "+f.OldMode.String())
	}
	data, err := j.tree.read(f.Old, e)
	return e, data, err
}

// fromNothing reports whether a plain diff may mean to create a file, though it
// does not say so with /dev/null: its only hunk is for an empty file.
func (f *File) fromNothing() bool {
	return f.Op == Modify && f.OldMode == 0 && f.OldID == "" && len(f.Hunks) == 1 && f.Hunks[0].OldStart == 0 && f.Hunks[0].OldLines == 0
}

// content returns what the section makes of old.
func (f *File) content(old []byte, rep *FileReport) ([]byte, error) {
	switch {
	case f.Binary != nil:
		return f.binary(old)
	case len(f.Hunks) > 0:
		return f.text(old, rep)
	case f.Op == Delete && len(old) > 0 && f.proved(old):
		return nil, nil // `git diff --irreversible-delete`
	}
	return old, nil
}

// proved reports whether the index line names exactly this content.
func (f *File) proved(old []byte) bool {
	return isWhole(f.OldID) && blobID(old, len(f.OldID)) == f.OldID
}

// binary returns the new content of a binary file. The old one must be known to
// be the one the patch was made for: by the id in the index line, or because the
// patch's other half makes it.
func (f *File) binary(old []byte) ([]byte, error) {
	if f.Binary.Forward == nil {
		return nil, f.errorf(BinaryFile, f.Path(), "the patch lacks the data of a binary file; make it with git diff --binary")
	}
	proved := f.Op == Create || f.proved(old)
	if !proved && isWhole(f.OldID) {
		return nil, f.errorf(Conflict, f.Path(), "the binary file is not the one the patch was made for")
	}
	data, err := f.Binary.Forward.content(old)
	if err != nil {
		return nil, f.errorf(Conflict, f.Path(), err.Error())
	}
	if isWhole(f.NewID) && strings.Trim(f.NewID, "0") != "" && blobID(data, len(f.NewID)) != f.NewID {
		return nil, f.errorf(Malformed, f.Path(), "the binary patch does not make the file its index line names")
	}
	if !proved && f.Binary.Back != nil {
		before, err := f.Binary.Back.content(data)
		if err != nil || !bytes.Equal(before, old) {
			return nil, f.errorf(Conflict, f.Path(), "the binary file is not the one the patch was made for")
		}
		proved = true
	}
	if !proved {
		return nil, f.errorf(Conflict, f.Path(), "the binary patch does not say which content it was made for; make it with git diff --binary")
	}
	return data, nil
}

// place checks that every new file has a free place, deletes included, and fills dels.
func (j *job) place(p *Patch) error {
	written := map[string]bool{}
	for _, w := range j.res.Writes {
		written[w.Path] = true
	}
	for i := range p.Files {
		f := &p.Files[i]
		if (f.Op == Delete || f.Op == Rename) && !written[f.Old] {
			j.dels = append(j.dels, Write{Path: f.Old, Delete: true})
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
	case stop != "" && !j.gone[stop]:
		return f.errorf(Refused, f.New, j.tree.why(stop))
	case e.dir:
		left, err := j.tree.stays(f.New, j.gone)
		if err != nil {
			return err
		}
		if left != "" {
			return f.errorf(Exists, f.New, "there is a directory of this name")
		}
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
