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

// Apply reads text and applies it to tree. It touches nothing: the caller carries
// out the writes, all of them. The error is an *Error unless tree cannot be read.
//
// tree must show links as links (fs.ReadLinkFS) and take names that are not valid
// UTF-8 if the patch may hold such.
func Apply(text []byte, tree fs.FS, opt Options) (Result, error) {
	if opt.Strict == nil {
		p, err := readFor(text, tree, opt)
		if err != nil {
			return Result{}, err
		}
		return p.apply(tree, opt)
	}
	p, err := opt.Strict.parse(text)
	if err != nil {
		return Result{}, err
	}
	if opt.Reverse {
		p = p.turned()
	}
	return p.Apply(tree, opt)
}

// Apply applies a parsed patch by git's rules; see the function Apply.
func (p *Patch) Apply(fsys fs.FS, opt Options) (Result, error) {
	if opt.Strict == nil {
		opt.Strict = &Strict{}
	}
	res, err := p.apply(fsys, opt)
	e, ok := errors.AsType[*Error](err)
	if !ok || len(e.Places) > 0 || (e.Kind != Conflict && e.Kind != Exists && e.Kind != Missing) {
		return res, err
	}
	if back, rerr := p.Reverse(); rerr == nil {
		if _, rerr := back.apply(fsys, opt); rerr == nil {
			return Result{}, errIn(AlreadyApplied, e.Path, "the change is already there; all of the patch is applied")
		}
	}
	return res, err
}

func (p *Patch) apply(fsys fs.FS, opt Options) (Result, error) {
	j := &job{
		tree: &tree{fs: fsys, seen: map[string]entry{}}, opt: opt,
		gone: map[string]bool{}, unlinked: map[string]bool{}, state: map[string]*state{}, writes: map[string]int{}, same: map[string]bool{},
	}
	if err := j.check(p); err != nil {
		return Result{}, err
	}
	var there *Error // the first file that has the change already
	modes := false
	for i := range p.Files {
		err := j.file(&p.Files[i])
		if e, ok := errors.AsType[*Error](err); ok && e.Kind == AlreadyApplied && opt.Strict == nil {
			if there == nil {
				there = e
			}
			err = nil
		}
		if err != nil {
			return Result{}, err
		}
		modes = modes || p.Files[i].OldMode != p.Files[i].NewMode
	}
	if there != nil {
		if len(j.res.Writes) > 0 || len(j.dels) > 0 {
			there.Kind = Conflict // a part of the patch is there, and another is not
		}
		return Result{}, there
	}
	if err := j.place(p); err != nil {
		return Result{}, err
	}
	return j.done(modes)
}
