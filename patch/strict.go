package patch

import (
	"bytes"
	"path"
	"slices"
	"strings"
)

// parse reads a patch by git's rules and settles its names.
func (s *Strict) parse(text []byte) (*Patch, error) {
	p, err := parse(text, s.Strip == -1)
	if e, ok := err.(*Error); ok && e.Kind == Empty && s.AllowEmpty {
		return &Patch{}, nil
	}
	if err != nil {
		return nil, err
	}
	for i := range p.Files {
		f := &p.Files[i]
		for _, name := range []*string{&f.Old, &f.New} {
			if *name == "" {
				continue
			}
			for n := 1; n < s.Strip; n++ {
				rest, ok := strip(*name)
				if !ok {
					return nil, f.errorf(Malformed, *name, "the name has too few parts for the strip level")
				}
				*name = rest
			}
			if s.Directory != "" {
				*name = path.Join(s.Directory, *name)
			}
		}
	}
	return p, nil
}

// strictly returns what the hunks make of old by git's rules: a hunk stands at the
// line it states or at the nearest other one, and its context must match.
func (f *File) strictly(old []byte, s *Strict, rep *FileReport) ([]byte, error) {
	if isBinary(old) {
		return nil, f.errorf(BinaryFile, f.Path(), "the file is binary, and the patch has lines for it")
	}
	m := &image{rules: s, budget: maxCompared}
	for rest := old; len(rest) > 0; {
		line := firstLine(rest)
		rest = rest[len(line):]
		m.below = append(m.below, imageLine{text: line})
	}
	slices.Reverse(m.below)
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
		line := at - shift // of the file before
		moved := line - h.first()
		rep.Placed = append(rep.Placed, Placed{Hunk: i + 1, Line: line + 1, Moved: moved, Tier: TierExact})
		rep.Tier = TierExact
		if moved != 0 {
			rep.Moved = append(rep.Moved, Move{Hunk: i + 1, Lines: moved})
		}
		shift += h.NewLines - h.OldLines
	}
	m.part(m.len())
	size := 0
	for _, l := range m.above {
		size += len(l.text)
	}
	out := make([]byte, 0, size)
	for _, l := range m.above {
		out = append(out, l.text...)
	}
	return out, nil
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

// image is a file while its hunks are applied, one after the other.
type image struct {
	rules *Strict

	// The lines are parted where the last hunk stood, so that the next one, which is
	// mostly near, moves few of them.
	above []imageLine
	below []imageLine // the last line first

	budget int // lines that may still be compared
}

func (m *image) len() int { return len(m.above) + len(m.below) }

func (m *image) line(i int) imageLine {
	if i < len(m.above) {
		return m.above[i]
	}
	return m.below[m.len()-1-i]
}

// part moves lines until n of them are above.
func (m *image) part(n int) {
	for len(m.above) < n {
		last := len(m.below) - 1
		m.above, m.below = append(m.above, m.below[last]), m.below[:last]
	}
	for len(m.above) > n {
		last := len(m.above) - 1
		m.above, m.below = m.above[:last], append(m.below, m.above[last])
	}
}

const maxCompared = 1 << 25

type imageLine struct {
	text    []byte // with its newline
	patched bool   // a hunk above put it there, so no other may match it
}

// apply makes one hunk and returns the line, from 0, at which its old text stood.
func (m *image) apply(h *Hunk) (at int, ok bool) {
	var old, new []imageLine
	lead, trail, changed := 0, 0, false
	var context []int // index in old of each context line of new; -1: an added line
	for line := range h.Lines() {
		switch line.Op {
		case ' ':
			if trail++; !changed {
				lead++
			}
			context = append(context, len(old))
			old, new = append(old, imageLine{text: line.Text}), append(new, imageLine{text: line.Text, patched: true})
		case '-':
			old, changed, trail = append(old, imageLine{text: line.Text}), true, 0
		case '+':
			context = append(context, -1)
			new, changed, trail = append(new, imageLine{text: line.Text, patched: true}), true, 0
		}
	}
	stated := max(h.NewStart-1, 0)
	begins := h.OldStart == 0 || h.OldStart == 1 && !m.rules.ZeroContext
	ends := !m.rules.ZeroContext && trail == 0
	least := m.rules.Context
	if least == 0 {
		least = len(old) + 1
	}
	for {
		if at, ok = m.find(old, stated, begins, ends); ok {
			break
		}
		if lead <= least && trail <= least {
			return 0, false
		}
		if begins || ends {
			begins, ends = false, false
			continue
		}
		if lead >= trail {
			old, new, context = old[1:], new[1:], dropFirst(context)
			stated--
			lead--
		}
		if trail > lead {
			old, new, context = old[:len(old)-1], new[:len(new)-1], context[:len(context)-1]
			trail--
		}
	}
	for i, k := range context {
		if k >= 0 {
			new[i].text = m.line(at + k).text // its blanks may differ
		}
	}
	m.part(at)
	m.below = m.below[:len(m.below)-len(old)]
	m.above = append(m.above, new...)
	return at, true
}

// dropFirst drops the first context line, which is old line 0.
func dropFirst(context []int) []int {
	out := make([]int, 0, len(context)-1)
	for _, k := range context[1:] {
		out = append(out, max(k-1, -1))
	}
	return out
}

// find returns the line nearest to the stated one at which old stands.
func (m *image) find(old []imageLine, stated int, begins, ends bool) (int, bool) {
	last := m.len() - len(old)
	if last < 0 {
		return 0, false
	}
	if begins {
		return 0, m.stands(old, 0) && (!ends || last == 0)
	}
	if ends {
		return last, m.stands(old, last)
	}
	stated = min(max(stated, 0), m.len())
	for off := 0; m.budget >= 0 && (stated+off <= last || stated-off >= 0); off++ {
		if at := stated + off; at <= last && m.stands(old, at) {
			return at, true
		}
		if at := stated - off; off > 0 && at >= 0 && at <= last && m.stands(old, at) {
			return at, true
		}
	}
	return 0, false
}

// stands reports whether old stands at a line that no hunk above has touched.
func (m *image) stands(old []imageLine, at int) bool {
	for i := range old {
		if m.budget--; m.budget < 0 {
			return false
		}
		if line := m.line(at + i); line.patched || !m.same(old[i].text, line.text) {
			return false
		}
	}
	return true
}

func (m *image) same(want, got []byte) bool {
	if bytes.Equal(want, got) {
		return true
	}
	return m.rules.IgnoreBlanks && isOpen(want) == isOpen(got) && foldBlanks(want) == foldBlanks(got)
}

// foldBlanks makes each run of blanks one, and drops those at the end.
func foldBlanks(line []byte) string {
	var b strings.Builder
	blank := false
	for _, c := range line {
		if isBlank(rune(c)) || c == '\n' {
			blank = true
			continue
		}
		if blank {
			b.WriteByte(' ')
			blank = false
		}
		b.WriteByte(c)
	}
	return b.String()
}

// isOpen reports whether text ends inside a line.
func isOpen(text []byte) bool { return len(text) > 0 && text[len(text)-1] != '\n' }
