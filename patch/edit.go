package patch

// edit is one block of changes to a file as a loose text gives it: a hunk, a
// search/replace block, an edit of a JSON list.
type edit struct {
	lines []editLine
	line  int // where it begins in the patch, from 1
	turn  int // edits of one turn are all of the same text; those of the next may be of what it made

	// What the text says about the place, all of it optional.
	marked   bool     // its lines had markers
	stated   int      // the old line it begins at, from 1
	become   int      // the new line it begins at, from 1
	heads    []string // lines above it, outermost first: @@ class A, @@ def f
	anchored bool     // the headings were written to find the place, not by a diff
	stacked  bool     // the headings were given one by one, so each must be found
	cut      bool     // it has fewer lines than were stated
	atEnd    bool     // it reaches the end of the file
	insert   int      // only new lines, to stand before this line of the file, from 1
	all      bool     // every place is meant

	// Of a search/replace, the two texts as they are, for one that is part of a line.
	find, put string
	raw       bool
	byLine    bool    // the format knows whole lines only
	part      bool    // it was made of lines of the file, to change a part of them
	other     []*edit // other ways to read the block, tried in order

	// Derived by prepare.
	old    []string // context and removed lines
	at     []int    // index in lines of each old line
	ins    []bool   // new lines stand before old line i; ins[len(old)]: after the last
	c0, c1 int      // the old lines [c0:c1) hold every removed line and every place of new ones
	known  int      // letters and digits in the old lines: how much they tell
}

// editLine is one line of an edit.
type editLine struct {
	op   byte   // ' ' context, '-' removed, '+' added
	text string // without its line end
	bare bool   // it stood there without a marker
	cr   bool   // its line end is "\r\n"
	open bool   // the file ends here without a newline
}

// prepare derives what matching needs from the lines.
func (e *edit) prepare() *edit {
	e.old, e.at, e.ins = nil, nil, []bool{false}
	e.c0, e.c1, e.known = -1, 0, 0
	for i, l := range e.lines {
		if l.op != ' ' && e.c0 < 0 {
			e.c0 = len(e.old)
		}
		if l.op == '+' {
			e.ins[len(e.old)] = true
		} else {
			e.old, e.at, e.ins = append(e.old, l.text), append(e.at, i), append(e.ins, false)
			e.known += telling(l.text)
		}
		if l.op != ' ' {
			e.c1 = len(e.old)
		}
	}
	return e
}

// removed reports whether old line i is one to remove.
func (e *edit) removed(i int) bool { return e.lines[e.at[i]].op == '-' }

// changes reports whether the edit does anything.
func (e *edit) changes() bool { return e.c0 >= 0 }

// count returns how many lines are added and removed.
func (e *edit) count() (added, removed int) {
	for _, l := range e.lines {
		switch l.op {
		case '+':
			added++
		case '-':
			removed++
		}
	}
	return added, removed
}

// side returns the lines of one side: those not marked with other.
func (e *edit) side(other byte) []string {
	var side []string
	for _, l := range e.lines {
		if l.op != other {
			side = append(side, l.text)
		}
	}
	return side
}

// with returns a copy of the edit with other lines.
func (e *edit) with(lines []editLine) *edit {
	c := *e
	c.lines, c.other = lines, nil
	return c.prepare()
}

// reverse returns the edit that undoes this one. Nothing is known of its place but
// its lines.
func (e *edit) reverse() *edit {
	r := &edit{line: e.line, heads: e.heads, atEnd: e.atEnd, anchored: e.anchored, marked: e.marked, stated: e.become, become: e.stated,
		find: e.put, put: e.find, raw: e.raw, cut: e.cut}
	var added []editLine
	for _, l := range e.lines {
		switch l.op {
		case '+':
			l.op = '-'
			r.lines = append(r.lines, l)
		case '-':
			l.op = '+'
			added = append(added, l)
		default:
			r.lines = append(append(r.lines, added...), l)
			added = nil
		}
	}
	r.lines = append(r.lines, added...)
	return r.prepare()
}

// telling returns how many letters and digits a line has: brackets and blanks stand
// in too many places to tell one from another.
func telling(line string) (n int) {
	for i := range len(line) {
		if c := line[i]; c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' {
			n++
		}
	}
	return n
}

// isWeak reports whether a line is a bracket, an `end` or the like: only its depth tells
// it from others.
func isWeak(line string) bool { return telling(line) <= 3 }
