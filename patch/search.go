package patch

import (
	"bytes"
	"hash/maphash"
)

const (
	maxPlaces  = 20      // more are not listed
	maxIndexed = 4 << 20 // lines of a file in which moved hunks are looked for
)

// index finds the lines of a text by their content.
type index struct {
	seed  maphash.Seed
	start []int            // where each line begins; then the text's end
	lines map[uint64]chain // by hash
	next  []int32          // the next line of the same hash; -1: none
}

type chain struct{ first, count int32 }

// newIndex returns nil when text has too many lines.
func newIndex(text []byte) *index {
	n := bytes.Count(text, []byte("\n")) + 1
	if n > maxIndexed {
		return nil
	}
	x := &index{seed: maphash.MakeSeed(), start: make([]int, 0, n+1), lines: make(map[uint64]chain, n)}
	for at := 0; at < len(text); at += len(firstLine(text[at:])) {
		x.start = append(x.start, at)
	}
	x.next = make([]int32, len(x.start))
	x.start = append(x.start, len(text))
	for i := len(x.next) - 1; i >= 0; i-- {
		hash := x.hash(text[x.start[i]:x.start[i+1]])
		c, ok := x.lines[hash]
		if x.next[i] = c.first; !ok {
			x.next[i] = -1
		}
		x.lines[hash] = chain{first: int32(i), count: c.count + 1}
	}
	return x
}

func (x *index) hash(line []byte) uint64 { return maphash.Bytes(x.seed, line) }

// indexed makes the index when it is first needed; nil: the file is too large.
func (m *matcher) indexed() *index {
	if m.index == nil {
		m.index = newIndex(m.old)
	}
	return m.index
}

// search returns the places where text stands and which accept takes, in order, at
// most maxPlaces+1. It looks only where the rarest line of text stands.
func (m *matcher) search(text []byte, accept func(place) bool) ([]place, *Error) {
	x := m.indexed()
	if x == nil {
		return nil, errIn(TooLarge, "", "the file has too many lines to look for it elsewhere")
	}
	rare, offset := chain{first: -1}, 0
	for i, rest := 0, text; len(rest) > 0; i++ {
		line := firstLine(rest)
		rest = rest[len(line):]
		c, ok := x.lines[x.hash(line)]
		if !ok {
			return nil, nil
		}
		if i == 0 || c.count < rare.count {
			rare, offset = c, i
		}
	}
	var places []place
	for i := rare.first; i >= 0 && len(places) <= maxPlaces; i = x.next[i] {
		line := int(i) - offset
		if line < 0 {
			continue
		}
		if m.budget -= len(text) + 64; m.budget < 0 {
			return nil, errIn(TooLarge, "", "too many places look like it")
		}
		p := place{line: line, at: x.start[line]}
		if bytes.HasPrefix(m.old[p.at:], text) && accept(p) {
			places = append(places, p)
		}
	}
	return places, nil
}
