package patch

import (
	"hash/maphash"
	"strings"
)

// source is the text of a file as its lines, with one index a normal form, each
// built when it is first asked for.
type source struct {
	text   string
	mark   string   // the byte order mark at its start
	lines  []string // without their line ends
	ends   []string // "\n", "\r\n", or "" for a last line without one
	forms  [forms]*lineIndex
	depths map[string]int // how often lines are indented like that
}

const byteOrderMark = "\ufeff"

func newSource(data []byte) *source {
	s := &source{text: string(data)}
	rest := s.text
	if strings.HasPrefix(rest, byteOrderMark) {
		s.mark, rest = byteOrderMark, rest[len(byteOrderMark):]
	}
	n := strings.Count(rest, "\n") + 1
	s.lines, s.ends = make([]string, 0, n), make([]string, 0, n)
	for len(rest) > 0 {
		line, end := rest, ""
		if i := strings.IndexByte(rest, '\n'); i >= 0 {
			line, end = rest[:i], "\n"
		}
		rest = rest[len(line)+len(end):]
		if end != "" && strings.HasSuffix(line, "\r") {
			line, end = line[:len(line)-1], "\r\n"
		}
		s.lines, s.ends = append(s.lines, line), append(s.ends, end)
	}
	return s
}

// open reports whether the last line has no newline.
func (s *source) open() bool { return len(s.ends) > 0 && s.ends[len(s.ends)-1] == "" }

// lineEnd returns the line end to give a new line that is put before line at: that of
// the line above, else of the line below, else the one that the file has most.
func (s *source) lineEnd(at int) string {
	for _, i := range [...]int{at - 1, at, at - 2} {
		if 0 <= i && i < len(s.ends) && s.ends[i] != "" {
			return s.ends[i]
		}
	}
	return "\n"
}

// form returns the index of the lines in a normal form.
func (s *source) form(f form) *lineIndex {
	if s.forms[f] == nil {
		s.forms[f] = newLineIndex(s.lines, f)
	}
	return s.forms[f]
}

// lineIndex finds lines by their normal form: an open hash table of chains.
type lineIndex struct {
	form  form
	keys  []uint64 // of each line
	table []int32  // slot: the first line of a chain, from 1; 0: none
	next  []int32  // of each line: the next one with the same key; -1: none
	count []int32  // of the first line of each chain: its length
	mask  uint64
}

// seed makes the keys of one process unknowable, so that no text can be made to
// collide.
var seed = maphash.MakeSeed()

func newLineIndex(lines []string, f form) *lineIndex {
	size := 8
	for size < 2*len(lines) {
		size *= 2
	}
	x := &lineIndex{
		form: f, keys: make([]uint64, len(lines)), table: make([]int32, size),
		next: make([]int32, len(lines)), count: make([]int32, len(lines)), mask: uint64(size - 1),
	}
	var buf []byte
	for i := len(lines) - 1; i >= 0; i-- {
		key := x.key(lines[i], &buf)
		x.keys[i], x.next[i] = key, -1
		slot := x.slot(key)
		x.count[i] = 1
		if head := x.table[slot]; head > 0 {
			x.next[i] = head - 1
			x.count[i] = x.count[head-1] + 1
		}
		x.table[slot] = int32(i + 1)
	}
	return x
}

// key returns the key of a line; buf is room to normalise in.
func (x *lineIndex) key(line string, buf *[]byte) uint64 {
	if norm, same := normal(line, x.form, (*buf)[:0]); !same {
		*buf = norm
		return maphash.Bytes(seed, norm)
	}
	return maphash.String(seed, trimmed(line, x.form))
}

// slot returns where the chain of key begins, or would.
func (x *lineIndex) slot(key uint64) uint64 {
	for slot := key & x.mask; ; slot = (slot + 1) & x.mask {
		if head := x.table[slot]; head == 0 || x.keys[head-1] == key {
			return slot
		}
	}
}

// first returns the first line of that key and how many there are; -1, 0: none.
func (x *lineIndex) first(key uint64) (line, count int) {
	head := x.table[x.slot(key)]
	if head == 0 {
		return -1, 0
	}
	return int(head - 1), int(x.count[head-1])
}
