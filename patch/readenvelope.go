package patch

import "strings"

// The lines that `*** Begin Patch` texts are made of.
const (
	envelopeBegin  = "*** Begin Patch"
	envelopeEnd    = "*** End Patch"
	envelopeAdd    = "*** Add File:"
	envelopeUpdate = "*** Update File:"
	envelopeDelete = "*** Delete File:"
	envelopeMove   = "*** Move to:"
	envelopeEOF    = "*** End of File"
)

// envelopeLine returns which section a line begins; empty if none.
func envelopeLine(line string) string {
	for _, key := range [...]string{envelopeAdd, envelopeUpdate, envelopeDelete} {
		if strings.HasPrefix(line, key) {
			return key
		}
	}
	return ""
}

// envelope reads the format of `*** Begin Patch`.
func (r *reader) envelope() *Error {
	begun, ended, start := false, false, 0
	for r.at < len(r.lines) {
		line := strings.TrimSpace(r.line(r.at))
		switch key := envelopeLine(line); {
		case line == envelopeBegin:
			begun, start = true, r.at+1
		case line == envelopeEnd:
			ended = true
		case key != "":
			if err := r.envelopeSection(key, strings.TrimSpace(line[len(key):])); err != nil {
				return err
			}
			continue
		case ended:
			if err := r.foreign(r.at, Envelope); err != nil {
				return err
			}
		}
		r.at++
	}
	if begun && !ended {
		return errAt(Malformed, start, "the patch has no line %q, so it may be cut off", envelopeEnd)
	}
	return nil
}

func (r *reader) envelopeSection(key, name string) *Error {
	if name = strings.Trim(name, "`\"'"); name == "" {
		return errAt(Malformed, r.at+1, "the line %q names no file", key)
	}
	f := File{Op: Modify, Old: name, New: name, line: r.at + 1}
	r.at++
	switch key {
	case envelopeAdd:
		f.Op, f.Old, f.NewMode = Create, "", ModeFile
		lines, err := r.envelopeNew(name)
		if err != nil {
			return err
		}
		f.edits = []*edit{(&edit{lines: lines, line: f.line}).prepare()}
	case envelopeDelete:
		f.Op, f.New, f.OldMode, f.named = Delete, "", ModeFile, true
	case envelopeUpdate:
		if to, ok := strings.CutPrefix(strings.TrimSpace(r.line(r.at)), envelopeMove); ok {
			f.Op, f.New = Rename, strings.TrimSpace(to)
			r.at++
		}
		f.edits = r.envelopeHunks()
		if len(f.edits) == 0 && f.Op == Modify {
			return errAt(Malformed, f.line, "the section of %s changes nothing", show(name))
		}
	}
	r.files = append(r.files, f)
	return nil
}

// envelopeOver reports whether a line ends a section.
func envelopeOver(line string) bool {
	t := strings.TrimSpace(line)
	return t == envelopeEnd || t == envelopeBegin || envelopeLine(t) != "" && strings.HasPrefix(line, "***")
}

// envelopeNew reads the lines of a new file, each with a plus.
func (r *reader) envelopeNew(name string) ([]editLine, *Error) {
	var lines []editLine
	for ; r.at < len(r.lines); r.at++ {
		l := r.lines[r.at]
		text, ok := strings.CutPrefix(l.text, "+")
		switch {
		case envelopeOver(l.text):
			return lines, nil
		case ok:
			lines = append(lines, editLine{op: '+', text: text, cr: l.cr})
		case isBlankLine(l.text):
			lines = append(lines, editLine{op: '+', cr: l.cr, bare: true})
		case r.closing(r.at):
			return dropBare(lines), nil
		default:
			return nil, errAt(Malformed, r.at+1, "a line of the new file %s begins with '+', not with %q", show(name), l.text[:1])
		}
	}
	return dropBare(lines), nil
}

// dropBare cuts off empty lines at the end that had no marker.
func dropBare(lines []editLine) []editLine {
	for len(lines) > 0 && lines[len(lines)-1].bare && isBlankLine(lines[len(lines)-1].text) {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// closing reports whether a line cannot be part of a body: the end of a fence or of a
// shell's here-document around the patch.
func (r *reader) closing(i int) bool {
	line := r.line(i)
	switch strings.TrimRight(line, " \t") {
	case "EOF", "PATCH", "END":
		return true
	}
	f, ok := fenceOf(line)
	return ok && f.info == "" && indentOf(line) == ""
}

// envelopeHunks reads the hunks of an update.
func (r *reader) envelopeHunks() []*edit {
	var edits []*edit
	e := &edit{line: r.at + 1, marked: true}
	done := func() {
		e.lines = dropBare(e.lines)
		if e.prepare(); e.changes() {
			edits = append(edits, e)
		}
		e = &edit{line: r.at + 1, marked: true}
	}
	closed := false // by what was around the patch
	for ; r.at < len(r.lines) && !envelopeOver(r.line(r.at)); r.at++ {
		l := r.lines[r.at]
		switch {
		case strings.HasPrefix(l.text, "@@"):
			if len(e.lines) > 0 {
				done()
			}
			e.anchor(l.text)
		case strings.TrimSpace(l.text) == envelopeEOF:
			e.atEnd = true
			done()
		case l.text == `\ No newline at end of file`:
			if n := len(e.lines); n > 0 {
				e.lines[n-1].open = true
			}
		default:
			closed = closed || r.closing(r.at) && r.nothingAfter(r.at+1)
			if !closed {
				e.lines = append(e.lines, bodyLine(l))
			}
		}
	}
	if len(e.lines) > 0 {
		done()
	}
	return edits
}

// nothingAfter reports whether no line from i on to the end of the section belongs to
// a hunk.
func (r *reader) nothingAfter(i int) bool {
	for ; r.ahead(i) && !envelopeOver(r.line(i)); i++ {
		t := r.line(i)
		if strings.HasPrefix(t, "@@") || strings.HasPrefix(t, "+") || strings.HasPrefix(t, " ") && !isBlankLine(t) {
			return false
		}
		if strings.HasPrefix(t, "-") && !strings.HasPrefix(t, "- ") {
			return false
		}
	}
	return true
}

// anchor notes what follows the @@ of an envelope: a line above the hunk, or the line
// numbers of a unified diff.
func (e *edit) anchor(line string) {
	text := strings.TrimPrefix(line, "@@")
	if h, ok := looseHeader(line); ok && h.numbered {
		e.stated = h.start
		text = " " + h.section
	}
	text = strings.TrimPrefix(text, " ")
	text = strings.TrimSuffix(strings.TrimRight(text, " \t"), " @@")
	if e.stacked = e.stacked || len(e.heads) > 0; strings.TrimSpace(text) != "" && text != "@@" && text != "..." {
		e.heads = append(e.heads, text)
		e.anchored = !strings.HasPrefix(text, "-")
	}
}

// bodyLine reads a line of a hunk: its marker and its text. What has no marker is
// context.
func bodyLine(l textLine) editLine {
	if l.text != "" {
		switch c := l.text[0]; c {
		case ' ', '+', '-':
			return editLine{op: c, text: l.text[1:], cr: l.cr}
		}
	}
	return editLine{op: ' ', text: l.text, cr: l.cr, bare: true}
}
