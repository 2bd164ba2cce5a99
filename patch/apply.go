package patch

import (
	"errors"
	"io/fs"
)

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
	Tier           Tier     // the loosest that a hunk needed; 0 where nothing had to be found
	Placed         []Placed // where each hunk went
}

// Placed says where a hunk went.
type Placed struct {
	Hunk  int // from 1
	Line  int // of the file before, from 1
	Moved int // how far below the stated line that is; 0 if none was stated
	Tier  Tier
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
	if opt.Strict != nil {
		p, err := Parse(text)
		if err != nil {
			return Result{}, err
		}
		return p.Apply(tree, opt)
	}
	p, err := readFor(text, tree, opt)
	if err != nil {
		return Result{}, err
	}
	return p.apply(tree)
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
