package patch

import "slices"

// Reverse returns the patch that undoes p. A copy cannot be undone without the
// file's content, nor a binary change that came without its other half: that is
// an Unsupported error.
func (p *Patch) Reverse() (*Patch, error) {
	back := &Patch{Files: make([]File, 0, len(p.Files))}
	for i := len(p.Files) - 1; i >= 0; i-- {
		f, err := p.Files[i].reverse()
		if err != nil {
			return nil, err
		}
		back.Files = append(back.Files, f)
	}
	return back, nil
}

// turned returns the patch as `git apply -R` takes it: with all its numbers as they are
// stated. What cannot be undone is refused when it is applied.
func (p *Patch) turned() *Patch {
	back := &Patch{Files: make([]File, 0, len(p.Files))}
	for i := len(p.Files) - 1; i >= 0; i-- {
		f := p.Files[i].turned()
		for k := range f.Hunks {
			f.Hunks[k] = f.Hunks[k].turned()
		}
		back.Files = append(back.Files, f)
	}
	return back
}

// turned returns the file with its two sides changed for each other, those of hunks and
// edits aside.
func (f *File) turned() File {
	r := *f
	r.Old, r.New = f.New, f.Old
	r.OldMode, r.NewMode = f.NewMode, f.OldMode
	r.OldID, r.NewID = f.NewID, f.OldID
	switch f.Op {
	case Create:
		r.Op = Delete
	case Delete:
		r.Op = Create
	}
	if f.Binary != nil {
		r.Binary = &Binary{Forward: f.Binary.Back, Back: f.Binary.Forward}
	}
	r.Hunks = slices.Clone(f.Hunks)
	return r
}

func (f *File) reverse() (File, error) {
	r := f.turned()
	if f.Op == Copy {
		return r, f.errorf(Unsupported, f.New, "a patch that copies a file cannot be reversed")
	}
	if f.Binary != nil && f.Binary.Back == nil {
		return r, f.errorf(Unsupported, f.Path(), "a binary change without its other half cannot be reversed")
	}
	if f.named || f.fill {
		return r, f.errorf(Unsupported, f.Path(), "a text that does not have the old content cannot be reversed")
	}
	r.edits = make([]*edit, 0, len(f.edits))
	for _, e := range f.edits {
		if len(e.other) > 0 || e.insert > 0 || e.all {
			return r, f.errorf(Unsupported, f.Path(), "this edit cannot be reversed")
		}
		r.edits = append(r.edits, e.reverse())
	}
	shift := 0
	for i := range f.Hunks {
		h := &f.Hunks[i]
		r.Hunks[i] = h.reverse(shift)
		shift += h.NewLines - h.OldLines
	}
	if r.Op == Create && len(r.Hunks) == 0 && len(r.edits) == 0 && r.Binary == nil && r.lacks() {
		return r, f.errorf(Unsupported, f.Old, "a delete that leaves out the content cannot be reversed")
	}
	return r, nil
}

// reverse returns the hunk that undoes h; shift is how far the hunks above h have
// moved it. NewStart is not trusted for that: nothing that applies h looks at it.
func (h *Hunk) reverse(shift int) Hunk {
	r := h.turned()
	if r.OldStart = h.first() + shift; h.NewLines > 0 {
		r.OldStart++
	}
	return r
}

// turned returns the hunk with its two sides changed for each other.
func (h *Hunk) turned() Hunk {
	r := *h
	r.OldStart, r.OldLines, r.NewStart, r.NewLines = h.NewStart, h.NewLines, h.OldStart, h.OldLines
	r.Body = make([]byte, 0, len(h.Body))
	// Within a block of changes the removed lines come first, as diffs have them.
	var added []byte
	for rest := h.Body; len(rest) > 0; {
		raw := firstLine(rest)
		rest = rest[len(raw):]
		op := raw[0]
		if len(rest) > 0 && rest[0] == '\\' {
			raw = slices.Concat(raw, firstLine(rest))
			rest = rest[len(firstLine(rest)):]
		}
		switch op {
		case '+':
			r.Body = append(append(r.Body, '-'), raw[1:]...)
		case '-':
			added = append(append(added, '+'), raw[1:]...)
		default:
			r.Body = append(append(r.Body, added...), raw...)
			added = added[:0]
		}
	}
	r.Body = append(r.Body, added...)
	return r
}
