package patch

import (
	"bytes"
	"strings"
)

// parse reads a patch by git's rules.
func (s *Strict) parse(text []byte) (*Patch, error) {
	rule, guess, reason := newNameRule(s.Strip, s.Directory)
	if reason != "" {
		return nil, errIn(Refused, s.Directory, "%s", reason)
	}
	p := &parser{text: text, line: 1, names: rule, guess: guess}
	files, err := p.files()
	switch {
	case err != nil:
		return nil, err
	case len(files) > 0 || s.AllowEmpty:
		return &Patch{Files: files}, nil
	case p.odd != nil:
		return nil, p.odd
	}
	return nil, errAt(Empty, 0, "no diff in the text")
}

// strictly returns what the hunks make of old by git's rules: a hunk stands at the
// line it states or at the nearest other one, and its context must match.
func (f *File) strictly(old []byte, s *Strict, rep *FileReport) ([]byte, error) {
	m := newImage(old, s)
	shift := 0
	for i := range f.Hunks {
		h := &f.Hunks[i]
		added, removed := h.Count()
		rep.Added += added
		rep.Removed += removed
		at, ok := m.apply(h)
		if !ok {
			err := f.unplaced(h, i, old)
			if m.budget < 0 {
				err.Kind, err.Reason = TooLarge, "too many places look like its old text"
			}
			return nil, err
		}
		line := max(at-shift, 0) // of the file before; context that was given up may lie before its first
		moved := line - h.first()
		rep.Placed = append(rep.Placed, Placed{Hunk: i + 1, Line: line + 1, Moved: moved, Tier: TierExact})
		rep.Tier = TierExact
		if moved != 0 {
			rep.Moved = append(rep.Moved, Move{Hunk: i + 1, Lines: moved})
		}
		shift += h.NewLines - h.OldLines
	}
	return m.bytes(), nil
}

// unplaced makes the Conflict of a hunk that stands nowhere.
func (f *File) unplaced(h *Hunk, i int, old []byte) *Error {
	e := &edit{line: h.line, stated: h.first() + 1}
	for line := range h.Lines() {
		e.lines = append(e.lines, editLine{op: line.Op, text: strings.TrimSuffix(string(line.Text), "\n")})
	}
	err := f.conflictIn(e.prepare(), i, "its old text is neither at the stated line nor anywhere else it may stand")
	newSource(old).nearest(e, err)
	return err
}

// binaryStrictly returns the new content of a binary file by git's rules: the index line
// must name both contents in full, and the file must have the old one.
func (f *File) binaryStrictly(old []byte) ([]byte, error) {
	if !isWhole(f.OldID) || !isWhole(f.NewID) {
		if f.Binary.Forward == nil {
			return nil, f.errorf(BinaryFile, f.Path(), "the patch lacks the data of a binary file; make it with git diff --binary")
		}
		return nil, f.errorf(Conflict, f.Path(), "the binary patch does not say in full which content it was made for; make it with git diff --binary")
	}
	if f.Op != Create && !f.proved(old) || len(old) == 0 && f.Op == Create && strings.Trim(f.OldID, "0") != "" && !f.proved(old) {
		return nil, f.errorf(Conflict, f.Path(), "the binary file is not the one the patch was made for")
	}
	if strings.Trim(f.NewID, "0") == "" {
		return nil, nil // the file goes, so no data is needed
	}
	switch {
	case f.Binary.Forward == nil && f.Binary.Back != nil:
		return nil, f.errorf(Unsupported, f.Path(), "a binary change without its other half cannot be reversed")
	case f.Binary.Forward == nil:
		return nil, f.errorf(BinaryFile, f.Path(), "the patch lacks the data of a binary file; make it with git diff --binary")
	}
	data, err := f.Binary.Forward.content(old)
	if err != nil {
		return nil, f.errorf(Conflict, f.Path(), err.Error())
	}
	if blobID(data, len(f.NewID)) != f.NewID {
		return nil, f.errorf(Malformed, f.Path(), "the binary patch does not make the file its index line names")
	}
	return bytes.Clone(data), nil
}
