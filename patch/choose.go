package patch

import "slices"

// chooser finds the one place of every edit of a file.
type chooser struct {
	src     *source
	edits   []*edit
	loosest Tier
	spots   [][]spot    // of each edit, those that are left
	proved  func() bool // the file is the one that the diff's index line names
	again   []bool      // edits that only say again what one before them says
	work    int         // cells that alignments may still compare
}

const maxWork = 24 << 20

func newChooser(src *source, edits []*edit, loosest Tier) *chooser {
	if loosest == 0 {
		loosest = TierFuzzy
	}
	return &chooser{
		src: src, edits: edits, loosest: loosest, work: maxWork,
		proved: func() bool { return false }, spots: make([][]spot, len(edits)), again: make([]bool, len(edits)),
	}
}

// find collects the places of every edit, and narrows them down.
func (c *chooser) find() {
	for i, e := range c.edits {
		c.spots[i] = c.places(e)
	}
	for i, e := range c.edits { // those that a loose match has to find come last
		if len(c.spots[i]) == 0 {
			c.spots[i] = c.loose(e)
		}
	}
	c.alike()
	for i, e := range c.edits {
		if len(c.spots[i]) > 1 || e.anchored && len(c.spots[i]) > 0 {
			c.narrow(i)
		}
	}
	for i := range c.edits { // what is settled now helps the others
		if len(c.spots[i]) > 1 {
			c.narrow(i)
		}
	}
}

// places returns where the edit stands as a whole.
func (c *chooser) places(e *edit) []spot {
	if e.insert > 0 {
		return []spot{{at: min(e.insert-1, len(c.src.lines)), tier: TierExact, read: e}}
	}
	if e.all {
		return c.src.everywhere(e)
	}
	if len(e.old) == 0 {
		return c.floating(e)
	}
	var spots []spot
	for _, read := range append([]*edit{e}, e.other...) { // the one that says most
		if found := c.src.ladder(read, c.loosest); len(found) > 0 && (len(spots) == 0 || len(read.old) > len(spots[0].read.old)) {
			spots = found
		}
	}
	if len(spots) == 1 && e.raw && !e.byLine && spots[0].tier > TierLineEnds {
		if inside := c.src.inside(e); len(inside) == 1 {
			return inside
		}
	}
	if len(spots) > 0 {
		return spots
	}
	if e.raw {
		return c.src.inside(e)
	}
	return nil
}

// floating returns the place of an edit without old lines: in an empty file, at the
// end, below the line it was anchored to, or at the stated line of a file that is known
// to be the one the diff was made of.
func (c *chooser) floating(e *edit) []spot {
	n := len(c.src.lines)
	switch {
	case n == 0, e.atEnd:
		return []spot{{at: n, tier: TierExact, read: e}}
	case e.anchored && len(e.heads) > 0:
		if rows := c.src.headings(e.heads); len(rows) == 1 {
			return []spot{{at: rows[0] + 1, tier: TierExact, read: e}}
		}
	case e.stated > 0 && e.stated <= n+1 && c.proved():
		return []spot{{at: e.stated - 1, tier: TierExact, read: e}}
	}
	return nil
}

// loose returns the place of an edit that stands nowhere as a whole: without the
// blank lines or the prose at its ends, or with some of its context not as stated.
func (c *chooser) loose(e *edit) []spot {
	var trimmed *edit
	for _, ends := range [...][2]bool{{false, true}, {true, false}, {true, true}} {
		if trimmed = e.trimmed(ends[0], ends[1]); trimmed == nil {
			continue
		}
		if spots := c.src.ladder(trimmed, c.loosest); len(spots) > 0 {
			return spots
		}
	}
	if c.loosest < TierFuzzy {
		return nil
	}
	spots := c.src.align(c.likeliest(e), &c.work)
	if len(spots) == 0 && trimmed != nil {
		spots = c.src.align(c.likeliest(trimmed), &c.work)
	}
	return spots
}

// likeliest returns the reading of an edit of which most lines stand in the file.
func (c *chooser) likeliest(e *edit) *edit {
	x := c.src.form(looks)
	var buf []byte
	if lines, ok := unnumbered(e); ok {
		e = e.with(lines)
	}
	best, most := e, -1
	for _, read := range append(append([]*edit{e}, e.rewrites()...), e.other...) {
		n := 0
		for _, line := range read.old {
			if _, count := x.first(x.key(line, &buf)); count > 0 && telling(line) > 0 {
				n++
			}
		}
		if n > most {
			best, most = read, n
		}
	}
	return best
}

// alike settles edits that say the same: as many of them as there are places go to one
// each, and with one place only the first counts.
func (c *chooser) alike() {
	seen := make([]bool, len(c.edits))
	for i, e := range c.edits {
		if seen[i] || len(c.spots[i]) == 0 || len(e.old) == 0 {
			continue
		}
		same := []int{i}
		for k := i + 1; k < len(c.edits); k++ {
			if o := c.edits[k]; slices.Equal(e.lines, o.lines) && e.find == o.find {
				same, seen[k] = append(same, k), true
			}
		}
		if len(same) < 2 {
			continue
		}
		spots := c.spots[i]
		for n, k := range same {
			switch {
			case len(spots) == len(same):
				c.spots[k] = spots[n : n+1]
			case len(spots) == 1 && n > 0:
				c.again[k] = true
			}
		}
	}
}

// trimmed returns the edit without blank lines at its head or tail, which are often only
// there for the eye; nil if it has none.
func (e *edit) trimmed(head, tail bool) *edit {
	layout := func(l editLine) bool { return isBlankLine(l.text) && (l.op == ' ' || l.op == '-' && !e.marked) }
	from, to := 0, len(e.lines)
	for head && from < to && layout(e.lines[from]) {
		from++
	}
	for tail && to > from && layout(e.lines[to-1]) {
		to--
	}
	if from == 0 && to == len(e.lines) || from == to {
		return nil
	}
	if t := e.with(e.lines[from:to]); len(t.old) > 0 && t.changes() {
		return t
	}
	return nil
}

// narrow drops places that what the text says about the place speaks against.
func (c *chooser) narrow(i int) {
	e := c.edits[i]
	if e.all || e.insert > 0 {
		return
	}
	keep := func(good func(*spot) bool) {
		var left []spot
		for _, p := range c.spots[i] {
			if good(&p) {
				left = append(left, p)
			}
		}
		if len(left) > 0 {
			c.spots[i] = left
		}
	}
	if e.anchored {
		if rows := c.src.headings(e.heads); len(rows) > 0 {
			c.spots[i] = slices.DeleteFunc(c.spots[i], func(p spot) bool { return p.at < rows[0] })
			if len(c.spots[i]) < 2 {
				return
			}
		}
	}
	keep(func(p *spot) bool { return !c.taken(i, p) })
	if e.atEnd {
		keep(func(p *spot) bool { return p.at+len(p.read.old) == len(c.src.lines) })
	}
	if len(e.heads) > 0 && len(c.spots[i]) > 1 {
		if rows := c.src.headings(e.heads); len(rows) > 0 {
			c.below(i, rows)
		}
	}
	if len(c.spots[i]) > 1 && e.stated > 0 {
		if p := c.byNumber(i); p != nil {
			c.spots[i] = []spot{*p}
		}
	}
	if len(c.spots[i]) > 1 && e.stated == 0 {
		if p := c.between(i); p != nil {
			c.spots[i] = []spot{*p}
		}
	}
}

// taken reports whether another edit, which has no other place, changes lines that
// edit i would change at p.
func (c *chooser) taken(i int, p *spot) bool {
	from, to := p.core()
	for k := range c.edits {
		if k == i || len(c.spots[k]) != 1 || c.again[k] || !c.edits[k].changes() {
			continue
		}
		if a, b := c.spots[k][0].core(); a < to && from < b || a == from && b == to {
			return true
		}
	}
	return false
}

// below keeps the places for which the nearest line above that reads like the innermost
// heading is one of rows; right below such a line is better than further down.
func (c *chooser) below(i int, rows []int) {
	e := c.edits[i]
	all := c.src.heading(e.heads[len(e.heads)-1], 0)
	var left, next []spot
	for _, p := range c.spots[i] {
		k := len(all) - 1
		for k >= 0 && all[k] > p.at {
			k--
		}
		if k < 0 || !slices.Contains(rows, all[k]) {
			continue
		}
		left = append(left, p)
		if e.anchored && all[k]+1 == p.at {
			next = append(next, p)
		}
	}
	switch {
	case len(next) == 1:
		c.spots[i] = next
	case len(left) > 0:
		c.spots[i] = left
	}
}

// headings returns the lines on which the innermost of the headings stands, each after
// the ones outside it.
func (s *source) headings(heads []string) []int {
	var rows []int
	from := 0
	for n, head := range heads {
		found := s.heading(head, from)
		if len(found) == 0 {
			return nil
		}
		if n == len(heads)-1 {
			if n > 0 {
				return found[:1]
			}
			rows = found
			break
		}
		from = found[0] + 1
	}
	return rows
}

// heading returns the lines from a given one on that a heading names: equal to it, or
// beginning with it where it may have been cut.
func (s *source) heading(head string, from int) []int {
	x := s.form(looks)
	var buf []byte
	var rows []int
	line, _ := x.first(x.key(head, &buf))
	for ; line >= 0; line = int(x.next[line]) {
		if line >= from {
			rows = append(rows, line)
		}
	}
	return rows
}

// byNumber returns the place that the stated line means, if that is beyond doubt.
func (c *chooser) byNumber(i int) *spot {
	if !c.numbered() {
		return nil
	}
	lo, hi, sure := c.drift(i)
	dist := func(p *spot) int {
		off := p.at + 1 - c.edits[i].stated
		return max(lo-off, off-hi, 0)
	}
	spots := slices.Clone(c.spots[i])
	slices.SortStableFunc(spots, func(a, b spot) int { return dist(&a) - dist(&b) })
	near, far := dist(&spots[0]), dist(&spots[1])
	switch {
	case near == far:
		return nil
	case near == 0 && lo == 0 && hi == 0:
		return &spots[0]
	case sure && far >= 12+4*near:
		return &spots[0]
	}
	return nil
}

// numbered reports whether the stated lines can be meant: not all the same.
func (c *chooser) numbered() bool {
	first := c.edits[0].stated
	for _, e := range c.edits {
		if e.stated != first {
			return true
		}
	}
	return len(c.edits) == 1 && first > 1
}

// drift returns between which offsets the stated lines about edit i are off, by the
// nearest edits that have one place only; sure: two of them agree, or one is not off.
func (c *chooser) drift(i int) (lo, hi int, sure bool) {
	n := 0
	for _, step := range [...]int{-1, 1} {
		side := 0
		for k := i + step; 0 <= k && k < len(c.edits) && side < 2; k += step {
			if len(c.spots[k]) != 1 || c.edits[k].stated == 0 {
				continue
			}
			off := c.spots[k][0].at + 1 - c.edits[k].stated
			if n == 0 {
				lo, hi = off, off
			}
			lo, hi = min(lo, off), max(hi, off)
			n++
			side++
		}
	}
	return lo, hi, n > 0 && lo == 0 && hi == 0 || n > 1 && hi-lo <= 3
}

// between returns the only place that lies between those of the edits before and
// after, which must be there and in order.
func (c *chooser) between(i int) *spot {
	if i == 0 || i == len(c.edits)-1 || len(c.spots[i-1]) != 1 || len(c.spots[i+1]) != 1 {
		return nil
	}
	_, from := c.spots[i-1][0].core()
	to, _ := c.spots[i+1][0].core()
	var only *spot
	for k := range c.spots[i] {
		if a, b := c.spots[i][k].core(); from <= a && b <= to {
			if only != nil {
				return nil
			}
			only = &c.spots[i][k]
		}
	}
	return only
}
