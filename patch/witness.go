package patch

import (
	"fmt"
	"strings"
)

// Letters and digits in the old lines; with fewer a place needs a second witness.
const (
	littleKnown = 6
	someKnown   = 40 // where the hunk says that it was made at an end of the file, and is not
)

// doubtful refuses a place that the old lines say too little about, unless something
// else says the same.
func (c *chooser) doubtful(f *File, i int) *Error {
	p := &c.spots[i][0]
	e := p.read
	if p.tier == TierFuzzy && escapes(e) && !hasEntity(c.src.text) {
		return f.conflictIn(e, i, "its new lines are escaped for HTML, and the file has no such escapes")
	}
	if p.tier == TierFuzzy && c.astray(i) {
		return f.conflictIn(e, i, fmt.Sprintf("only line %d is like its old text, and the line numbers of the other hunks speak against that", p.at+1))
	}
	if p.tier >= TierIndent && e.stated > 0 && e.known < someKnown && c.leavesEnd(p) && (!c.asStated(i) || c.endsAlike(p)) {
		return f.conflictIn(e, i, fmt.Sprintf("it is like the text at line %d only but for blanks, and it was made at an end of the file", p.at+1))
	}
	if len(e.old) == 0 || e.known >= littleKnown || len(c.src.lines) == len(e.old) || e.insert > 0 {
		return nil
	}
	if p.at == 0 || p.row(len(e.old)-1) == len(c.src.lines)-1 {
		return nil
	}
	if e.anchored && len(e.heads) > 0 {
		return nil
	}
	if e.stated > 0 && c.asStated(i) {
		return nil
	}
	if e.stated == 0 && (p.tier <= TierTrailing && e.known > 0 || p.tier == TierIndent && e.known > 3) {
		return nil // all that such a format can say
	}
	return f.conflictIn(e, i, fmt.Sprintf("its old lines say too little to be sure of line %d", p.at+1))
}

// asStated reports whether an edit stands where its number and the other hunks say.
func (c *chooser) asStated(i int) bool {
	p := &c.spots[i][0]
	lo, hi, _ := c.drift(i)
	off := p.at + 1 - p.read.stated
	return lo-3 <= off && off <= hi+3
}

// leavesEnd reports whether an edit has context on one side only, as at an end of a
// file, and its place is not there.
func (c *chooser) leavesEnd(p *spot) bool {
	if p.read.cut {
		return false
	}
	n := len(p.read.lines)
	begins, ends := p.read.lines[0].op != ' ', p.read.lines[n-1].op != ' '
	return begins && !ends && p.at > 0 || ends && !begins && p.row(len(p.read.old)-1) < len(c.src.lines)-1
}

// endsAlike reports whether the end of the file that an edit was made at has its outer
// old line too: then that may be the place, and what is between has changed.
func (c *chooser) endsAlike(p *spot) bool {
	e, lines := p.read, c.src.lines
	if e.lines[0].op != ' ' {
		return strings.TrimSpace(lines[0]) == strings.TrimSpace(e.old[0])
	}
	return strings.TrimSpace(lines[len(lines)-1]) == strings.TrimSpace(e.old[len(e.old)-1])
}

// astray reports whether the place of an edit is out of order with the others, by the
// lines they state, or far from where these have moved to.
func (c *chooser) astray(i int) bool {
	e, p := c.edits[i], &c.spots[i][0]
	lo, hi, sure := c.drift(i)
	if e.stated == 0 || !sure || !c.numbered() {
		return false
	}
	for k, o := range c.edits {
		if k == i || o.stated == 0 || o.stated == e.stated || len(c.spots[k]) != 1 {
			continue
		}
		if (o.stated < e.stated) != (c.spots[k][0].at < p.at) {
			return true
		}
	}
	off := p.at + 1 - e.stated
	return off < lo-maxDrift || off > hi+maxDrift
}

const maxDrift = 30 // lines that a loose match may be off where the hunks beside it agree

// escapes reports whether the new lines have HTML escapes, and none of the characters
// that these stand for.
func escapes(e *edit) bool {
	some := false
	for _, l := range e.lines {
		if l.op == '+' {
			if strings.ContainsAny(l.text, "<>") {
				return false
			}
			some = some || hasEntity(l.text)
		}
	}
	return some
}

func hasEntity(text string) bool {
	return strings.Contains(text, "&lt;") || strings.Contains(text, "&gt;") || strings.Contains(text, "&amp;")
}

// already returns the line from 1 on which the new text of an edit stands, when the
// edit is done already; -1: it is not.
func (c *chooser) already(i int) int {
	e := c.edits[i]
	if e.all || e.insert > 0 {
		return -1
	}
	fresh := e.side('-')
	if e.raw && strings.Contains(e.put, e.find) && e.find != "" &&
		strings.Count(c.src.text, e.put)*strings.Count(e.put, e.find) == strings.Count(c.src.text, e.find) && strings.Contains(c.src.text, e.put) {
		return strings.Count(c.src.text[:strings.Index(c.src.text, e.put)], "\n") + 1
	}
	if len(c.spots[i]) == 0 {
		if len(fresh) == 0 || e.known == 0 && tellingAll(fresh) == 0 {
			return -1
		}
		for _, f := range [...]form{trailing, blanks, looks} {
			if found := c.src.stands(fresh, f); len(found) > 0 {
				return found[0] + 1
			}
		}
		return -1
	}
	if line := c.twin(i, fresh); line >= 0 {
		return line
	}
	if c.spots[i][0].read.part && len(e.old) == 1 && tellingAll(fresh) > 3 {
		if found := c.src.stands(fresh, trailing); len(found) > 0 {
			return found[0] + 1 // the whole line is changed; a part of another one is not meant
		}
	}
	for k := range c.spots[i] {
		p := &c.spots[i][k]
		if line := c.beside(p); line >= 0 {
			return line
		}
		if line := c.around(p); line >= 0 {
			return line
		}
	}
	return -1
}

// twin returns the line at which the new text of an edit stands exactly where the text
// says the place is, while its old text stands only elsewhere; -1: it does not. The old
// text is then that of another place like it.
func (c *chooser) twin(i int, fresh []string) int {
	e := c.edits[i]
	if e.c0 == e.c1 || tellingAll(fresh) == 0 || len(fresh) == 0 {
		return -1
	}
	meant := c.meant(i)
	if meant == nil {
		return -1
	}
	for _, p := range c.spots[i] {
		if meant(p.at, len(p.read.old)) {
			return -1
		}
	}
	for _, at := range c.src.stands(fresh, trailing) {
		if meant(at, len(fresh)) {
			return at + 1
		}
	}
	return -1
}

// meant returns what tells whether a text of n lines at a line is where an edit says its
// place is: at the end of the file, right below its heading, or at its line; nil: it does
// not say.
func (c *chooser) meant(i int) func(at, n int) bool {
	e := c.edits[i]
	if e.atEnd {
		return func(at, n int) bool { return at+n == len(c.src.lines) }
	}
	if len(e.heads) > 0 {
		if rows := c.src.headings(e.heads); len(rows) == 1 && (e.anchored || e.stated == 0) {
			return func(at, _ int) bool { return at > rows[0] && at <= rows[0]+nearHeading }
		}
	}
	if lo, hi, sure := c.drift(i); e.stated > 1 && (sure || len(c.edits) == 1 && lo == hi) {
		return func(at, _ int) bool { return e.stated+lo-1 <= at && at <= e.stated+hi-1 }
	}
	return nil
}

const nearHeading = 3 // lines below a heading that are right below it

// around returns the line at which the new text of an edit, context and all, stands
// about the place where it would go; -1: it does not. What an edit adds may end like the
// context before it, so that its old lines stand in the result, too.
func (c *chooser) around(p *spot) int {
	e := p.read
	pure := e.c0 == e.c1
	fresh := e.side('-')
	if p.tier < TierFuzzy && (!pure && (p.tier < TierIndent || len(fresh) < len(e.old)) || tellingAll(fresh) == e.known) || tellingAll(fresh) == 0 {
		return -1
	}
	reach := len(fresh)
	form := trailing
	if p.tier == TierIndent || p.tier == TierFuzzy {
		form = blanks
	}
	for _, at := range c.src.stands(fresh, form) {
		if at > p.at-reach && at < p.at+reach {
			return at + 1
		}
	}
	return -1
}

func tellingAll(lines []string) (n int) {
	for _, line := range lines {
		n += telling(line)
	}
	return n
}

// beside returns the line at which the new lines of an edit stand right where it would
// put them; -1: they do not. Only an edit that removes nothing and lacks context on
// one side can be there already.
func (c *chooser) beside(p *spot) int {
	e := p.read
	if e.c0 != e.c1 || e.c0 > 0 && e.c0 < len(e.old) && p.rows == nil {
		return -1
	}
	var added []string
	for _, l := range e.lines {
		if l.op == '+' {
			added = append(added, flatten(l.text))
		}
	}
	if tellingAll(added) == 0 {
		return -1
	}
	at := p.before(e.c0)
	if e.c0 == len(e.old) && c.same(added, at) {
		return at + 1
	}
	if e.c0 == 0 && c.same(added, at-len(added)) {
		return at - len(added) + 1
	}
	if p.rows != nil && (c.same(added, at) || c.same(added, at-len(added))) {
		return at + 1
	}
	return -1
}

// same reports whether flattened lines stand at a line of the file.
func (c *chooser) same(flat []string, at int) bool {
	if at < 0 || at+len(flat) > len(c.src.lines) {
		return false
	}
	for i, line := range flat {
		if flatten(c.src.lines[at+i]) != line {
			return false
		}
	}
	return true
}
