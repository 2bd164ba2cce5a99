package patch

import (
	"bytes"
	"fmt"
	"strings"
)

// text returns what the hunks make of old.
func (f *File) text(old []byte, rep *FileReport) ([]byte, error) {
	if isBinary(old) {
		return nil, f.errorf(BinaryFile, f.Path(), "the file is binary, and the patch has lines for it")
	}
	size := len(old)
	for i := range f.Hunks {
		size += len(f.Hunks[i].Body)
	}
	m := &matcher{file: f, old: old, out: make([]byte, 0, size), budget: maxSearch}
	for i := range f.Hunks {
		h := &f.Hunks[i]
		added, removed := h.Count()
		rep.Added += added
		rep.Removed += removed
		moved, err := m.hunk(h)
		if err != nil {
			err.Path, err.Hunk, err.Line = f.Path(), i+1, h.line
			return nil, err
		}
		if moved != 0 {
			rep.Moved = append(rep.Moved, Move{Hunk: i + 1, Lines: moved})
		}
	}
	return append(m.out, old[m.end:]...), nil
}

// isBinary guesses as git does: a NUL among the first 8000 bytes.
func isBinary(data []byte) bool { return bytes.IndexByte(data[:min(len(data), 8000)], 0) >= 0 }

// matcher carries one file through its hunks. Everything is matched against the
// old content; what is before end is done.
type matcher struct {
	file *File
	old  []byte
	out  []byte
	end  int // in old: where the last hunk ended

	line, at int // a line of old, from 0, and where it begins: the last one sought

	moved  bool // a hunk was found elsewhere than stated
	index  *index
	hashed bool // same is known
	same   bool // old is the content the index line names
	budget int  // bytes that may still be compared in searches
}

// place is where a hunk stands in the old content.
type place struct {
	line int // from 0
	at   int // offset
}

// side is a hunk with its two texts.
type side struct {
	*Hunk
	old, new      []byte
	lead, trail   int  // context lines before the first and after the last change
	anyContext    bool // at least one context line
	begins, ends  bool // a move must keep it at the file's first or last line
	endsWhereItIs bool // also at the stated line it must reach the file's end
	closed        bool // nothing may follow: one of the texts has no final newline
}

func newSide(h *Hunk) side {
	s := side{Hunk: h, old: h.Old(), new: h.New()}
	changed := false
	for line := range h.Lines() {
		switch {
		case line.Op != ' ':
			changed, s.trail = true, 0
		case !changed:
			s.lead++
		default:
			s.trail++
		}
		s.anyContext = s.anyContext || line.Op == ' '
	}
	// Less context on one side means that the file ended there. git holds a hunk to
	// that even at the stated line when it has no context at all on the one side.
	s.begins = h.OldStart <= 1 && s.lead < s.trail
	s.ends = s.trail < s.lead
	s.endsWhereItIs = s.trail == 0 && s.lead > 0
	s.closed = isOpen(s.old) || isOpen(s.new)
	return s
}

// isOpen reports whether text ends inside a line.
func isOpen(text []byte) bool { return len(text) > 0 && text[len(text)-1] != '\n' }

// hunk applies one hunk and returns how many lines it was moved.
func (m *matcher) hunk(h *Hunk) (moved int, err *Error) {
	s := newSide(h)
	p, err := m.find(&s)
	if err != nil {
		return 0, err
	}
	m.out = append(m.out, m.old[m.end:p.at]...)
	if isOpen(m.out) && len(s.new) > 0 {
		return 0, errIn(Conflict, "", "it adds lines after a last line that has no newline")
	}
	m.out = append(m.out, s.new...)
	m.end = p.at + len(s.old)
	moved = p.line - h.first()
	m.moved = m.moved || moved != 0
	return moved, nil
}

// find returns the one place where the hunk's old text stands: the stated line, or
// the only other one. Once a hunk above has moved, the stated line proves little,
// and so it does for a hunk without context (git diff -U0) unless the index line
// says that the file is the one the patch was made for. Then the text must be
// unique in the file.
func (m *matcher) find(s *side) (place, *Error) {
	stated, ok := m.seek(s.first())
	fits := ok && stated.at >= m.end && m.fits(s, stated.at) && (!s.endsWhereItIs || stated.at+len(s.old) == len(m.old))
	if len(s.old) == 0 {
		if fits && (len(m.old) == 0 || m.proved()) {
			return stated, nil
		}
		return place{}, m.conflict(s, "it has no old lines, so nothing shows where its new lines belong; make the patch with context")
	}
	if fits && !m.moved && (s.lead+s.trail > 0 || stated.at+len(s.old) == len(m.old) || m.proved()) {
		return stated, nil
	}
	places, err := m.search(s.old, s.stands(m))
	switch {
	case err != nil:
		err.Reason = fmt.Sprintf("its old text is not at line %d, and %s", s.OldStart, err.Reason)
		return place{}, err
	case len(places) > 1:
		return place{}, m.ambiguous(s, places)
	case len(places) == 0:
		return place{}, m.nowhere(s)
	case places[0].line == s.first() && fits:
		return places[0], nil
	case places[0].at < m.end:
		return place{}, m.conflict(s, "its old text stands only at line %d, before the end of the hunk above it", places[0].line+1)
	case !s.anyContext || !informative(s.old):
		return place{}, m.conflict(s, "its old text is not at line %d, and too little to be sure of line %d", s.OldStart, places[0].line+1)
	}
	return places[0], m.notTwice(s, places[0])
}

// notTwice refuses to move a hunk whose new text is in the file already: the place
// that was meant may be that one, and the one that was found only its like.
func (m *matcher) notTwice(s *side, found place) *Error {
	there, err := m.search(s.new, func(place) bool { return true })
	switch {
	case err != nil:
		return err
	case len(there) > 0:
		return m.conflict(s, "its old text is not at line %d but at line %d, and its new text already stands at line %d", s.OldStart, found.line+1, there[0].line+1)
	}
	return nil
}

// proved reports whether the file is the one the index line names. Seven digits of
// the id will do, because this only confirms a place that the text fits.
func (m *matcher) proved() bool {
	if !m.hashed {
		id := m.file.OldID
		m.hashed, m.same = true, len(id) >= 7 && strings.HasPrefix(blobID(m.old, len(id)), id)
	}
	return m.same
}

// seek returns where a line begins; the end of the file counts as a line.
func (m *matcher) seek(line int) (place, bool) {
	if line < m.line {
		m.line, m.at = 0, 0
	}
	for m.line < line {
		if m.at == len(m.old) {
			return place{}, false
		}
		m.at += len(firstLine(m.old[m.at:]))
		m.line++
	}
	return place{line: m.line, at: m.at}, true
}

// fits reports whether the old text stands at an offset, which begins a line.
func (m *matcher) fits(s *side, at int) bool {
	return bytes.HasPrefix(m.old[at:], s.old) && (!s.closed || at+len(s.old) == len(m.old))
}

// stands returns what a search asks of a place whose text is the wanted one.
func (s *side) stands(m *matcher) func(p place) bool {
	return func(p place) bool {
		end := p.at + len(s.old)
		return (!s.begins || p.at == 0) && (!s.ends && !s.closed || end == len(m.old))
	}
}

// informative reports whether text has a letter or digit in any of its lines.
// Brackets and blanks alone stand in too many files.
func informative(text []byte) bool {
	return bytes.ContainsFunc(text, func(r rune) bool {
		return r >= 0x80 || '0' <= r && r <= '9' || 'a' <= r|0x20 && r|0x20 <= 'z'
	})
}
