package patch

// check refuses what can be refused without a look at the tree, and notes in gone
// the paths that nothing is left at unless it is written anew.
func (p *Patch) check(gone map[string]bool) error {
	if len(p.Files) == 0 {
		return errIn(Empty, "", "no diff in the patch")
	}
	for i := range p.Files {
		f := &p.Files[i]
		if err := f.check(); err != nil {
			return err
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
