package patch

import (
	"slices"
	"strings"
)

// choice is an edit and the one place it goes to.
type choice struct {
	*spot
	edit int // its number in the file's edits, from 0
}

// outLine is a line of the new text.
type outLine struct {
	text, end string
	fresh     bool // an edit adds it
}

// compose makes the new text of a file. The choices are in the order of their places
// and do not overlap.
func (s *source) compose(choices []choice) string {
	out := make([]outLine, 0, len(s.lines)+16)
	next := 0 // the first line of the file that is not yet in out
	upTo := func(row int) {
		for ; next < row; next++ {
			out = append(out, outLine{text: s.lines[next], end: s.ends[next]})
		}
	}
	var others []indentPair
	for _, c := range choices {
		if c.tier >= TierIndent {
			others = append(others, s.pairs(c.spot).pairs...)
		}
	}
	marked := false // an edit says whether the file ends in a newline
	for _, c := range choices {
		fresh, verbatim := s.fresh(c.spot, others)
		i, k := 0, 0
		for _, l := range c.read.lines {
			marked = marked || l.open
			switch l.op {
			case '+':
				upTo(max(c.before(i), next))
				line := outLine{text: fresh[k], end: s.lineEnd(next), fresh: true}
				if verbatim {
					line.end = map[bool]string{true: "\r\n", false: "\n"}[l.cr]
				}
				if l.open {
					line.end = ""
				}
				out = append(out, line)
				k++
				continue
			case '-':
				if row := c.row(i); row >= 0 {
					upTo(row)
					next = max(next, row+1)
				}
			}
			i++
		}
	}
	upTo(len(s.lines))
	return s.finish(out, marked)
}

// finish settles the line ends: a file keeps its final newline, or the lack of one,
// unless the patch says otherwise.
func (s *source) finish(out []outLine, marked bool) string {
	var b strings.Builder
	size := len(s.mark)
	for _, l := range out {
		size += len(l.text) + 2
	}
	b.Grow(size)
	b.WriteString(s.mark)
	for i, l := range out {
		last := i == len(out)-1
		switch {
		case !last && l.end == "":
			l.end = s.lineEnd(len(s.lines))
		case last && l.fresh && !marked && s.open():
			l.end = ""
		}
		b.WriteString(l.text)
		b.WriteString(l.end)
	}
	return b.String()
}

// fresh returns the new lines of an edit as they go into the file: indented as the
// lines around them, or where all of these are blank as the other edits of the file.
// They are verbatim where the old lines matched byte for byte.
func (s *source) fresh(p *spot, others []indentPair) (lines []string, verbatim bool) {
	for _, l := range p.read.lines {
		if l.op == '+' {
			lines = append(lines, l.text)
		}
	}
	in := s.pairs(p)
	mute := len(in.pairs) == 0 && len(p.read.old) > 0 && len(others) > 0
	if p.tier < TierIndent && !mute {
		return lines, p.tier == TierExact && (len(p.read.old) > 0 || len(s.lines) == 0)
	}
	if in.depths = s.depthsOf(); mute {
		in.pairs = others
	}
	var fresh []string
	for _, line := range lines {
		if !isBlankLine(line) {
			fresh = append(fresh, depthOf(line))
		}
	}
	rule := in.rule(fresh)
	n := 0
	for k, l := range p.read.lines {
		if l.op != '+' {
			continue
		}
		text := indentOf(l.text)
		if !isBlankLine(l.text) || rule != nil && rule.tabs {
			lines[n] = in.indent(rule, k, text) + l.text[len(text):]
		}
		n++
	}
	return lines, false
}

// inOrder sorts choices by their places and returns the numbers of two edits that
// want to change the same lines; -1, -1: there are none.
func inOrder(choices []choice) (one, two int) {
	slices.SortStableFunc(choices, func(a, b choice) int {
		from, to := a.core()
		otherFrom, otherTo := b.core()
		if from != otherFrom {
			return from - otherFrom
		}
		return to - otherTo
	})
	end := 0
	for i, c := range choices {
		from, to := c.core()
		if from < end {
			return choices[i-1].edit, c.edit
		}
		end = to
	}
	return -1, -1
}
