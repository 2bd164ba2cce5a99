package patch

import (
	"bytes"
	"slices"
)

// image is a file while its hunks are applied by git's rules, one after the other.
type image struct {
	rules *Strict

	// The lines are parted where the last hunk stood, so that the next one, which is
	// mostly near, moves few of them.
	above []imageLine
	below []imageLine // the last line first

	budget int // how much may still be compared
}

const maxCompared = 1 << 25

type imageLine struct {
	text    []byte // with its newline
	patched bool   // a hunk above put it there, so no other may match it
}

func newImage(data []byte, rules *Strict) *image {
	m := &image{rules: rules, budget: maxCompared}
	m.below = make([]imageLine, 0, bytes.Count(data, []byte("\n"))+1)
	for len(data) > 0 {
		line := firstLine(data)
		data = data[len(line):]
		m.below = append(m.below, imageLine{text: line})
	}
	slices.Reverse(m.below)
	return m
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

// bytes returns the text as it is now.
func (m *image) bytes() []byte {
	m.part(m.len())
	size := 0
	for _, l := range m.above {
		size += len(l.text)
	}
	out := make([]byte, 0, size)
	for _, l := range m.above {
		out = append(out, l.text...)
	}
	return out
}

// fragment is a hunk while its place is looked for, perhaps with some of its context cut off.
type fragment struct {
	old, new     []imageLine
	context      []int // index in old of each line of new; -1: an added line
	lead, trail  int   // context lines at its ends
	stated       int   // where it should begin, from 0
	begins, ends bool  // it stands at the begin, at the end of the file
}

func newFragment(h *Hunk, rules *Strict) *fragment {
	c := &fragment{}
	changed := false
	for line := range h.Lines() {
		switch line.Op {
		case ' ':
			if c.trail++; !changed {
				c.lead++
			}
			c.context = append(c.context, len(c.old))
			c.old, c.new = append(c.old, imageLine{text: line.Text}), append(c.new, imageLine{text: line.Text, patched: true})
		case '-':
			c.old, changed, c.trail = append(c.old, imageLine{text: line.Text}), true, 0
		case '+':
			c.context = append(c.context, -1)
			c.new, changed, c.trail = append(c.new, imageLine{text: line.Text, patched: true}), true, 0
		}
	}
	c.stated = max(h.NewStart-1, 0)
	// Without leading context the first line is meant, unless there was none asked for:
	// then a hunk that adds before the second line has the same numbers.
	c.begins = h.OldStart == 0 || h.OldStart == 1 && !rules.ZeroContext
	c.ends = !rules.ZeroContext && c.trail == 0
	return c
}

// reduce gives up a condition, or some context down to least lines; false: there is
// nothing left to give up.
func (c *fragment) reduce(least int) bool {
	if c.lead <= least && c.trail <= least {
		return false
	}
	if c.begins || c.ends {
		c.begins, c.ends = false, false
		return true
	}
	if c.lead >= c.trail {
		c.old, c.new, c.context = c.old[1:], c.new[1:], c.context[1:]
		for i := range c.context {
			c.context[i] = max(c.context[i]-1, -1)
		}
		c.stated--
		c.lead--
	}
	if c.trail > c.lead {
		c.old, c.new, c.context = c.old[:len(c.old)-1], c.new[:len(c.new)-1], c.context[:len(c.context)-1]
		c.trail--
	}
	return true
}

// apply makes one hunk and returns the line, from 0, at which its old text stood.
func (m *image) apply(h *Hunk) (at int, ok bool) {
	c := newFragment(h, m.rules)
	lead := c.lead
	for {
		if at, ok = m.find(c); ok {
			break
		}
		if m.rules.Context == 0 || !c.reduce(max(m.rules.Context, 0)) {
			return 0, false
		}
	}
	for i, k := range c.context {
		if k >= 0 {
			c.new[i].text = m.line(at + k).text // its blanks may differ
		}
	}
	if n := len(c.new); n > 0 && isOpen(c.new[n-1].text) && at+len(c.old) < m.len() {
		return 0, false // the file goes on, and git would join its next line to this one
	}
	m.part(at)
	m.below = m.below[:len(m.below)-len(c.old)]
	m.above = append(m.above, c.new...)
	return at - (lead - c.lead), true
}

// find returns the line nearest to the stated one at which a fragment stands; of two as
// near, the lower.
func (m *image) find(c *fragment) (int, bool) {
	last := m.len() - len(c.old)
	switch {
	case last < 0:
		return 0, false
	case c.begins:
		return 0, (!c.ends || last == 0) && m.stands(c.old, 0)
	case c.ends:
		return last, m.stands(c.old, last)
	}
	stated := c.stated
	if stated < 0 || stated > m.len() {
		stated = m.len() // git has it so for what would be before the first line
	}
	for off := 0; m.budget >= 0 && (stated+off <= last || stated-off >= 0); off++ {
		if at := stated + off; at <= last && m.stands(c.old, at) {
			return at, true
		}
		if at := stated - off; off > 0 && at >= 0 && at <= last && m.stands(c.old, at) {
			return at, true
		}
	}
	return 0, false
}

// stands reports whether old stands at a line that no hunk above has touched.
func (m *image) stands(old []imageLine, at int) bool {
	for i := range old {
		there := m.line(at + i)
		if m.budget -= 1 + len(old[i].text)/64; m.budget < 0 {
			return false
		}
		if there.patched || !bytes.Equal(old[i].text, there.text) && !(m.rules.IgnoreBlanks && sameInWords(old[i].text, there.text)) {
			return false
		}
	}
	return true
}

// sameInWords compares two lines as git does when it ignores changes of white space: their
// ends are no matter, and elsewhere a blank stands for any number of them. Blanks at the
// end of only one of them do matter.
func sameInWords(a, b []byte) bool {
	a, b = bytes.TrimRight(a, "\r\n"), bytes.TrimRight(b, "\r\n")
	for len(a) > 0 && len(b) > 0 {
		switch {
		case isSpace(a[0]):
			if !isSpace(b[0]) {
				return false
			}
			a, b = bytes.TrimLeft(a, " \t\r\n"), bytes.TrimLeft(b, " \t\r\n")
		case a[0] != b[0]:
			return false
		default:
			a, b = a[1:], b[1:]
		}
	}
	return len(a) == 0 && len(b) == 0
}

// isOpen reports whether text ends inside a line.
func isOpen(text []byte) bool { return len(text) > 0 && text[len(text)-1] != '\n' }
