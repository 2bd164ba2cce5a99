package patch

import (
	"bytes"
	"fmt"
	"strings"
)

const (
	maxVotes = 1 << 20 // lines looked at to find the nearest place
	commonly = 64      // a line that stands more often tells nothing of the place
)

// conflict makes a Conflict that shows the nearest place.
func (m *matcher) conflict(s *side, format string, args ...any) *Error {
	e := errIn(Conflict, "", format, args...)
	m.nearest(s, e)
	return e
}

func (m *matcher) ambiguous(s *side, places []place) *Error {
	e := errIn(Conflict, "", "")
	lines := make([]string, 0, len(places))
	for _, p := range places[:min(len(places), maxPlaces)] {
		e.Places = append(e.Places, p.line+1)
		lines = append(lines, fmt.Sprint(p.line+1))
	}
	e.Reason = "its old text stands at several places, lines " + strings.Join(lines, ", ")
	if len(places) > maxPlaces {
		e.Reason += " and more"
	}
	if m.moved {
		e.Reason += ", and a hunk above it has moved"
	}
	e.Wanted = shownLines(s.old)
	return e
}

// nowhere says why there is no place for the hunk.
func (m *matcher) nowhere(s *side) *Error {
	p, ok := m.seek(s.first())
	switch {
	case ok && p.at < m.end:
		return m.conflict(s, "its line %d lies before the end of the hunk above it, which has moved", s.OldStart)
	case ok && bytes.HasPrefix(m.old[p.at:], s.old):
		return m.conflict(s, "its old text stands at line %d, but the patch says that the file ends with it", s.OldStart)
	}
	if s.anyContext && informative(s.new) {
		there, err := m.search(s.new, func(p place) bool { return !s.closed || p.at+len(s.new) == len(m.old) })
		if err == nil && len(there) > 0 {
			return m.conflict(s, "its old text is nowhere in the file, and its new text already stands at line %d", there[0].line+1)
		}
	}
	return m.conflict(s, "its old text is neither at line %d nor anywhere else in the file", s.OldStart)
}

// nearest fills in what stands where the hunk most likely belongs: each of its
// lines that is not common votes for the place it would give the hunk.
func (m *matcher) nearest(s *side, e *Error) {
	e.Wanted = shownLines(s.old)
	line := s.first()
	if x := m.indexed(); x != nil {
		line = min(line, len(x.next))
		votes, best, left := map[int]int{}, 0, maxVotes
		i := -1
		for rest := s.old; len(rest) > 0 && left > 0; {
			text := firstLine(rest)
			rest = rest[len(text):]
			i++
			c, ok := x.lines[x.hash(text)]
			if !ok || c.count > commonly {
				continue
			}
			weight := 1
			if informative(text) {
				weight = 4
			}
			for j := c.first; j >= 0; j = x.next[j] {
				left--
				at := max(int(j)-i, 0)
				votes[at] += weight
				if n := votes[at]; n > best || n == best && abs(at-s.first()) < abs(line-s.first()) {
					best, line = n, at
				}
			}
		}
	}
	p, ok := m.seek(line)
	for !ok && line > 0 { // beyond the end of a file that is too large for an index
		line /= 2
		p, ok = m.seek(line)
	}
	e.At = p.line + 1
	end := p.at
	for range splitLines(s.old) {
		end += len(firstLine(m.old[end:]))
	}
	e.Found = shownLines(m.old[p.at:end])
	e.First = firstDifference(e.Wanted, e.Found)
}

func abs(n int) int { return max(n, -n) }

// firstDifference returns the index of the first line that differs; -1: none.
func firstDifference(a, b []string) int {
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			return i
		}
	}
	return -1
}

// openMark stands after a last line without a newline.
const openMark = `\ No newline at end of file`

// shownLines returns the lines of text, and openMark if it ends inside a line.
func shownLines(text []byte) []string {
	lines := splitLines(text)
	if isOpen(text) {
		lines = append(lines, openMark)
	}
	return lines
}

// splitLines returns the lines of text without their newlines.
func splitLines(text []byte) []string {
	if len(text) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}
