package patch

import "strings"

// check refuses what can be refused without a look at the tree, and notes in gone
// the paths that nothing is left at unless it is written anew.
func (j *job) check(p *Patch) error {
	if len(p.Files) == 0 && (j.opt.Strict == nil || !j.opt.Strict.AllowEmpty) {
		return errIn(Empty, "", "no diff in the patch")
	}
	for i := range p.Files {
		f := &p.Files[i]
		if err := f.check(); err != nil {
			return err
		}
		if j.opt.Strict == nil {
			if err := f.complete(); err != nil {
				return err
			}
		}
		if f.Op == Delete || f.Op == Rename && !f.unsaid {
			j.gone[f.Old] = true
			j.unlinked[f.Old] = f.OldMode == ModeLink
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
	return old == h.OldLines && new == h.NewLines && h.OldStart >= 0 && h.NewStart >= 0 && !isOpen(h.Body)
}

// consistent checks that the hunks can be what the header says they are.
func (f *File) consistent() error {
	for i := range f.Hunks {
		switch h := &f.Hunks[i]; {
		case f.Op == Create && h.OldLines > 0:
			return f.errorf(Malformed, f.Path(), "a file to create cannot have old lines")
		case f.Op == Delete && h.NewLines > 0:
			return f.errorf(Malformed, f.Path(), "a file to delete cannot keep lines")
		}
	}
	if f.OldMode == modeSubmodule || f.NewMode == modeSubmodule {
		return f.errorf(Unsupported, f.Path(), "a submodule cannot be changed by a patch")
	}
	if f.OldMode != 0 && f.NewMode != 0 && f.OldMode&modeType != f.NewMode&modeType {
		return f.errorf(Malformed, f.Path(), "mode "+f.OldMode.String()+" cannot become "+f.NewMode.String()+" in one section; delete the file and create it")
	}
	return nil
}

// complete refuses a section that lacks what it should have, though git takes it.
func (f *File) complete() error {
	if len(f.Hunks) > 0 || len(f.edits) > 0 || f.Binary != nil {
		return nil
	}
	if f.Op == Modify && f.OldMode == f.NewMode {
		return f.errorf(Malformed, f.Path(), "the section changes nothing")
	}
	if f.lacks() {
		return f.errorf(Malformed, f.Path(), "the content of the file is missing from the patch")
	}
	return nil
}

// lacks reports whether the index line of a section without content says that the
// content changes. A Delete may leave it out (git diff --irreversible-delete).
func (f *File) lacks() bool {
	if f.NewID == "" || f.Op == Delete {
		return false
	}
	if f.Op == Create {
		return !strings.HasPrefix(blobID(nil, 40), f.NewID) && !strings.HasPrefix(blobID(nil, 64), f.NewID) && strings.Trim(f.NewID, "0") != ""
	}
	return f.OldID != f.NewID
}
