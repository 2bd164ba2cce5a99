package watch

import (
	"bytes"
	"slices"
	"sort"
)

// lineStarts returns where each line begins.
func lineStarts(content []byte) []int {
	starts := []int{0}
	for i, b := range content {
		if b == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// lineOf is the line, from 0, that the byte stands on.
func (f *finder) lineOf(at int) int { return sort.SearchInts(f.lines, at+1) - 1 }

// lineEnd is where the line after the one of the byte begins.
func (f *finder) lineEnd(at int) int {
	if next := f.lineOf(at) + 1; next < len(f.lines) {
		return f.lines[next]
	}
	return len(f.content)
}

func blank(text []byte) bool { return len(bytes.TrimSpace(text)) == 0 }

// alone reports whether nothing else stands on the lines of the bytes.
func (f *finder) alone(start, end int) bool {
	return blank(f.content[f.lines[f.lineOf(start)]:start]) && blank(f.content[end:f.lineEnd(end)])
}

// widen makes of a comment's extent what should go with it: its lines, where nothing
// else stands on them, or the white space that parted it from what does.
func (f *finder) widen(start, end int) (int, int) {
	if f.alone(start, end) {
		return f.wholeLines(start, end)
	}
	before := len(bytes.TrimRight(f.content[f.lines[f.lineOf(start)]:start], " \t")) + f.lines[f.lineOf(start)]
	rest := f.content[end:f.lineEnd(end)]
	if blank(rest) { // behind code
		return before, end
	}
	after := end + len(rest) - len(bytes.TrimLeft(rest, " \t"))
	if blank(f.content[f.lines[f.lineOf(start)]:start]) { // before code, whose indent stays
		return start, after
	}
	if before < start || start > 0 && slices.Contains([]byte("([{,"), f.content[start-1]) {
		return start, after
	}
	return start, end
}

// wholeLines takes the lines from start to end. Of empty lines on both sides as many
// go as leave the larger number, for formatters do not take the sum.
func (f *finder) wholeLines(start, end int) (int, int) {
	first, next := f.lineOf(start), f.lineOf(end)+1
	above, below := 0, 0
	for first-above > 0 && f.emptyLine(first-above-1) {
		above++
	}
	for next+below < len(f.lines)-1 && f.emptyLine(next+below) {
		below++
	}
	if first-above == 0 { // the file's first line: no empty one begins it
		above = below
	}
	next += min(above, below)
	if next >= len(f.lines) {
		return f.lines[first], len(f.content)
	}
	return f.lines[first], f.lines[next]
}

func (f *finder) emptyLine(i int) bool { return blank(f.content[f.lines[i]:f.lineEnd(f.lines[i])]) }

// part is the extent of some lines inside a block comment, from the first piece's
// start to the last one's end.
func (f *finder) part(start, end int) (int, int) {
	if begin := f.lines[f.lineOf(start)]; begin == start { // not on the line that opens the comment
		if rest := f.content[end:f.lineEnd(end)]; blank(rest) {
			return begin, f.lineEnd(end)
		}
	}
	return start, end
}

// container is the extent of a block comment with what exists only to hold it: the
// braces of JSX, where they are surely that.
func (f *finder) container(c comment) (int, int) {
	if !c.braces {
		return c.start, c.end
	}
	left := bytes.TrimRight(f.content[:c.start], " \t\r\n")
	right := bytes.TrimLeft(f.content[c.end:], " \t\r\n")
	if !bytes.HasSuffix(left, []byte("{")) || !bytes.HasPrefix(right, []byte("}")) {
		return c.start, c.end
	}
	start, end := len(left)-1, len(f.content)-len(right)+1
	before := bytes.TrimRight(f.content[:start], " \t\r\n")
	element := bytes.HasSuffix(before, []byte(">")) && !bytes.HasSuffix(before, []byte("=>"))
	if element || bytes.HasSuffix(before, []byte("}")) { // a child after an element or another expression
		return start, end
	}
	return c.start, c.end // it may be the body of a function
}
