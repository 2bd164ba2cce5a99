package patch

import "slices"

// spot is one place at which an edit can be made: the line of the file at which each
// of its old lines stands.
type spot struct {
	at   int   // of the first old line, from 0; where the new lines go if there is no old line
	rows []int // of each old line, -1 where it does not stand in the file; nil: at, at+1, …
	tier Tier
	read *edit // the edit as it was read to stand here

	steps []uint8 // of an alignment: how each old line was matched
}

// sure reports whether old line i is the line of the file that it stands at, a slip aside.
func (p *spot) sure(i int) bool {
	return p.row(i) >= 0 && (p.steps == nil || p.steps[i] == stepSame || p.steps[i] == stepClose)
}

// row returns the line of the file at which old line i stands; -1: nowhere.
func (p *spot) row(i int) int {
	if p.rows == nil {
		return p.at + i
	}
	return p.rows[i]
}

// core returns the lines [from:to) of the file that the edit changes; of an edit that
// only adds, both are the line its new lines come before.
func (p *spot) core() (from, to int) {
	e := p.read
	if p.rows == nil {
		return p.at + e.c0, p.at + e.c1
	}
	return p.before(e.c0), max(p.before(e.c1), p.before(e.c0))
}

// before returns the line of the file that what stands before old line i goes before.
func (p *spot) before(i int) int {
	if p.rows == nil {
		return p.at + i
	}
	for k := i - 1; k >= 0 && k >= i-1; k-- {
		if p.rows[k] >= 0 {
			return p.rows[k] + 1
		}
	}
	for k := i; k < len(p.rows); k++ {
		if p.rows[k] >= 0 {
			return p.rows[k]
		}
	}
	for k := i - 1; k >= 0; k-- {
		if p.rows[k] >= 0 {
			return p.rows[k] + 1
		}
	}
	return p.at
}

const (
	maxSpots = 256     // places looked at for one edit; with more of them it says nothing
	maxTries = 1 << 22 // lines compared for one edit
)

// steps are the forms in which all old lines together are looked for, closest first.
var steps = [...]struct {
	form form
	tier Tier
}{{asIs, TierExact}, {trailing, TierTrailing}, {blanks, TierIndent}, {looks, TierLookalike}}

// ladder returns all places of an edit at the closest tier that has any.
func (s *source) ladder(e *edit, loosest Tier) []spot {
	if len(e.old) == 0 {
		return nil
	}
	if spots := s.climb(e, loosest); len(spots) > 0 {
		return spots
	}
	if loosest < TierLookalike {
		return nil
	}
	for _, other := range e.rewrites() {
		if spots := s.climb(other, loosest); len(spots) > 0 {
			for i := range spots {
				spots[i].tier = TierLookalike
			}
			return spots
		}
	}
	return nil
}

func (s *source) climb(e *edit, loosest Tier) []spot {
	for _, step := range steps {
		if step.tier > loosest {
			break
		}
		found := s.stands(e.old, step.form)
		if len(found) == 0 {
			continue
		}
		if at := e.stated - 1; len(found) == maxSpots && at > found[maxSpots-1] && s.standsAt(e.old, step.form, at) {
			found = append(found, at) // not all places are known, but the one that is meant
		}
		spots := make([]spot, 0, len(found))
		for _, at := range found {
			tier := step.tier
			if tier == TierExact && !s.sameEnds(e, at) {
				tier = TierLineEnds
			}
			spots = append(spots, spot{at: at, tier: tier, read: e})
		}
		if spots = s.shifted(spots, loosest, step.form); len(spots) > 0 {
			return spots
		}
	}
	return nil
}

// shifted prefers, of places that differ in indentation, those where the block as a
// whole is shifted, and drops what is beyond the loosest tier.
func (s *source) shifted(spots []spot, loosest Tier, f form) []spot {
	spots = slices.DeleteFunc(spots, func(p spot) bool { return p.tier > loosest })
	if f < blanks {
		return spots
	}
	spots = slices.DeleteFunc(spots, func(p spot) bool { return !s.pairs(&p).plausible() })
	var block []spot
	for _, p := range spots {
		if s.pairs(&p).functional() {
			block = append(block, p)
		}
	}
	if len(block) > 0 {
		return block
	}
	return spots
}

// sameEnds reports whether the old lines have the line ends of the file at a place.
func (s *source) sameEnds(e *edit, at int) bool {
	for i, k := range e.at {
		l, end := e.lines[k], s.ends[at+i]
		if l.open != (end == "") || l.cr != (end == "\r\n") {
			return false
		}
	}
	return true
}

// stands returns the lines at which all of old stands in a normal form, in order.
func (s *source) stands(old []string, f form) []int {
	x := s.form(f)
	keys := make([]uint64, len(old))
	var buf []byte
	rare, offset, most := -1, 0, 0
	for i, line := range old {
		keys[i] = x.key(line, &buf)
		first, count := x.first(keys[i])
		if count == 0 {
			return nil
		}
		if rare < 0 || count < most {
			rare, offset, most = first, i, count
		}
	}
	var found []int
	tries := maxTries
	for line := rare; line >= 0 && len(found) < maxSpots && tries > 0; line = int(x.next[line]) {
		at := line - offset
		if at < 0 || at+len(old) > len(x.keys) {
			continue
		}
		k := 0
		for k < len(keys) && x.keys[at+k] == keys[k] {
			k++
		}
		if tries -= k + 1; k == len(keys) {
			found = append(found, at)
		}
	}
	if tries <= 0 { // not all were looked at, so none can be called the only one
		for len(found) < 2 && len(found) > 0 {
			found = append(found, found[0])
		}
	}
	return found
}

// standsAt reports whether all of old stands at a line in a normal form.
func (s *source) standsAt(old []string, f form, at int) bool {
	x := s.form(f)
	if at < 0 || at+len(old) > len(x.keys) {
		return false
	}
	var buf []byte
	for i, line := range old {
		if x.keys[at+i] != x.key(line, &buf) {
			return false
		}
	}
	return true
}
