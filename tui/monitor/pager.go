package monitor

import (
	"strings"
)

// doc is lines that a pager shows. Line is safe to print and may carry colours; Plain is
// what is searched. Neither has a tab or a line end.
type doc interface {
	Len() int
	Line(i int) string
	Plain(i int) string
}

// backed is a doc whose lines have backgrounds, which go on to the edge of the screen.
type backed interface {
	Back(i int) string // as an SGR code
}

// lines is a doc that is there as a whole.
type lines []string

func (l lines) Len() int           { return len(l) }
func (l lines) Line(i int) string  { return l[i] }
func (l lines) Plain(i int) string { return plain(l[i]) }

// asLines splits a text that is safe to print.
func asLines(text string) lines {
	l := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i := range l {
		l[i] = tabs(l[i])
	}
	return l
}

// pager is where in a doc the screen is. It counts rows only around what it shows, so
// that the length of a doc costs nothing.
type pager struct {
	top    int  // the first line shown
	sub    int  // rows of it that are above the screen, when lines are wrapped
	left   int  // cells of each line that are to the left of the screen, when they are not
	wrap   bool // long lines go on in the next row
	tail   bool // stay at the end while the doc grows
	cursor bool // there is a line that keys act on
	at     int  // that line
	find   string
	width  int
	height int
}

// rowsOf is how many rows a line takes.
func (p *pager) rowsOf(d doc, i int) int {
	if !p.wrap || p.width <= 0 {
		return 1
	}
	return max(1, (cells(d.Line(i))+p.width-1)/p.width)
}

// clamp brings the position back into the doc.
func (p *pager) clamp(d doc) {
	n := d.Len()
	p.at = max(0, min(p.at, n-1))
	if p.top >= n {
		p.top, p.sub = max(0, n-1), 0
	}
	p.sub = min(p.sub, p.rowsOfSafe(d, p.top)-1)
	endTop, endSub := p.end(d)
	if p.tail || p.top > endTop || p.top == endTop && p.sub > endSub {
		p.top, p.sub = endTop, endSub
	}
}

func (p *pager) rowsOfSafe(d doc, i int) int {
	if i >= d.Len() {
		return 1
	}
	return p.rowsOf(d, i)
}

// end is the position at which the last row of the doc is the last of the screen.
func (p *pager) end(d doc) (top, sub int) {
	left := p.height
	for i := d.Len() - 1; i >= 0; i-- {
		n := p.rowsOf(d, i)
		if n >= left {
			return i, n - left
		}
		left -= n
	}
	return 0, 0
}

// scroll moves the screen by n rows, or the cursor by n lines.
func (p *pager) scroll(d doc, n int) {
	p.leaveTail(d)
	if p.cursor {
		p.at += n
		p.clamp(d)
		p.show(d, p.at)
		return
	}
	p.shift(d, n)
}

// leaveTail ends following where the screen is then.
func (p *pager) leaveTail(d doc) {
	p.clamp(d)
	p.tail = false
}

// atEnd reports whether the last row is on the screen.
func (p *pager) atEnd(d doc) bool {
	top, sub := p.end(d)
	return p.top > top || p.top == top && p.sub >= sub
}

// shift moves the screen by n rows.
func (p *pager) shift(d doc, n int) {
	for ; n > 0; n-- {
		if p.sub+1 < p.rowsOfSafe(d, p.top) {
			p.sub++
		} else if p.top+1 < d.Len() {
			p.top, p.sub = p.top+1, 0
		}
	}
	for ; n < 0; n++ {
		if p.sub > 0 {
			p.sub--
		} else if p.top > 0 {
			p.top--
			p.sub = p.rowsOf(d, p.top) - 1
		}
	}
	p.clamp(d)
}

// wheel moves the screen, and the cursor only as far as it must.
func (p *pager) wheel(d doc, n int) {
	p.leaveTail(d)
	p.shift(d, n)
	if p.cursor {
		p.at = max(p.top, min(p.at, p.top+p.height-1))
		p.clamp(d)
	}
}

// first and last go to the ends.
func (p *pager) first(d doc) {
	p.tail = false
	p.top, p.sub, p.at, p.left = 0, 0, 0, 0
	p.clamp(d)
}

func (p *pager) last(d doc) {
	p.at = d.Len() - 1
	p.top, p.sub = p.end(d)
	p.clamp(d)
}

// show brings line i onto the screen.
func (p *pager) show(d doc, i int) {
	i = max(0, min(i, d.Len()-1))
	switch {
	case i < p.top || i == p.top && p.sub > 0:
		p.top, p.sub = i, 0
	case i >= p.top+p.height:
		p.top, p.sub = i-p.height+1, 0
	}
	if p.wrap && d.Len() > 0 {
		for rows, k := 0, i; k >= p.top; k-- {
			if rows += p.rowsOf(d, k); rows > p.height {
				p.top, p.sub = min(k+1, i), 0
				break
			}
		}
	}
	p.clamp(d)
}

// jump shows line i near the upper edge, with the cursor on it.
func (p *pager) jump(d doc, i int) {
	p.tail = false
	p.at, p.top, p.sub = i, max(0, i-min(3, p.height/4)), 0
	if p.cursor {
		p.top = max(0, i-min(1, p.height-1))
	}
	p.clamp(d)
}

// search goes to the next line that contains what is looked for, ignoring case; step is 1
// or -1. It reports whether there is one, and goes round at the end.
func (p *pager) search(d doc, step int, here bool) bool {
	n := d.Len()
	if p.find == "" || n == 0 {
		return false
	}
	from := p.top
	if p.cursor || p.at >= p.top && p.at < p.top+p.height {
		from = p.at
	}
	want := strings.ToLower(p.find)
	for k := range n {
		if !here {
			k++
		}
		i := ((from+step*k)%n + n) % n
		if contains(d.Plain(i), want) {
			p.jump(d, i)
			return true
		}
	}
	return false
}

// contains is strings.Contains of the lower-case text, without making one of plain text
// that has no upper case.
func contains(text, lower string) bool {
	return strings.Contains(strings.ToLower(text), lower)
}

// draw writes exactly height rows of exactly width cells.
func (p *pager) draw(d doc, c paint, focus bool) []string {
	p.clamp(d)
	out := make([]string, 0, p.height)
	for i, sub := p.top, p.sub; i < d.Len() && len(out) < p.height; i, sub = i+1, 0 {
		line := d.Line(i)
		if p.find != "" && contains(d.Plain(i), strings.ToLower(p.find)) {
			line = p.found(d.Plain(i), line, c)
		}
		if !p.wrap {
			out = append(out, p.row(d, span(line, p.left, p.left+p.width), i, c, focus))
			continue
		}
		for n := p.rowsOf(d, i); sub < n && len(out) < p.height; sub++ {
			out = append(out, p.row(d, span(line, sub*p.width, (sub+1)*p.width), i, c, focus))
		}
	}
	for len(out) < p.height {
		out = append(out, blanks(p.width))
	}
	return out
}

func (p *pager) row(d doc, text string, i int, c paint, focus bool) string {
	if p.cursor && focus && i == p.at {
		return c.chosen(plain(fit(text, p.width)))
	}
	if b, ok := d.(backed); ok {
		text += c.sgr(b.Back(i), blanks(p.width-cells(text)))
	}
	return fit(text, p.width)
}

// found shows a line in which what is looked for stands: marked, in place of its colours.
func (p *pager) found(text, line string, c paint) string {
	lower := strings.ToLower(text)
	if !c.Color || len(lower) != len(text) {
		return line
	}
	var b strings.Builder
	want := strings.ToLower(p.find)
	for {
		i := strings.Index(lower, want)
		if i < 0 {
			break
		}
		b.WriteString(text[:i] + c.sgr("30;43", text[i:i+len(want)]))
		text, lower = text[i+len(want):], lower[i+len(want):]
	}
	return b.String() + text
}

// percent says where the screen is.
func (p *pager) percent(d doc) string {
	top, sub := p.end(d)
	switch {
	case top == 0 && sub == 0:
		return "all"
	case p.top == 0 && p.sub == 0:
		return "top"
	case p.atEnd(d):
		return "end"
	}
	return itoa(100*p.top/max(1, top)) + "%"
}
