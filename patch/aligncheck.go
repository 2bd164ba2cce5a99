package patch

// convincing reports whether an alignment says for certain where the edit belongs.
func (a *aligner) convincing(p *alignment) bool {
	e := a.e
	full, lines, hit := 0, 0, 0
	for i := range e.old {
		if isElision(e.old[i]) && p.steps[i] == stepMissing {
			continue
		}
		full += a.worth[i]
		if isBlankLine(e.old[i]) {
			continue
		}
		lines += 2
		if p.steps[i] != stepSame && a.elsewhere(i, p.steps[i]) {
			return false
		}
		switch p.steps[i] {
		case stepSame, stepClose:
			hit += 2
		case stepLike:
			hit++
		}
	}
	if 10*hit < 6*lines || 5*p.score < 2*full || p.score < leastScore {
		return false
	}
	for i := range e.ins {
		if e.ins[i] && !a.held(p, i) {
			return false
		}
	}
	if a.vague(p) || a.disputed(p) || a.beyond(p) || a.stranger(p) {
		return false
	}
	return a.whole(p)
}

// vague reports whether too little of the text is in the file to know the place by it.
func (a *aligner) vague(p *alignment) bool {
	known := 0
	for i, step := range p.steps {
		if (step == stepSame || step == stepClose) && !isWeak(a.e.old[i]) {
			known += telling(a.e.old[i])
		}
	}
	return known < leastTelling
}

const leastTelling = 8 // letters and digits in the lines that are there

// disputed reports whether a context line right beside a change has another text in the
// file: a merge calls that a conflict, too. One wrong word is a slip of who wrote it.
func (a *aligner) disputed(p *alignment) bool {
	e := a.e
	for i := range p.rows {
		if p.steps[i] != stepOther || isWeak(e.old[i]) {
			continue
		}
		if e.ins[i] || e.ins[i+1] || i > 0 && e.removed(i-1) || i+1 < len(p.rows) && e.removed(i+1) {
			return true
		}
	}
	return false
}

// beyond reports whether the text goes on after the end of the file.
func (a *aligner) beyond(p *alignment) bool {
	n, last := 0, -1
	for i, row := range p.rows {
		if row >= 0 {
			n, last = 0, row
		} else if !isBlankLine(a.e.old[i]) && !isElision(a.e.old[i]) {
			n++
		}
	}
	return n > 1 && last == len(a.s.lines)-1
}

// stranger reports whether an alignment rather looks like a copy of the place that was
// meant: more lines differ than slips explain, and no removed line that the file has
// only once says otherwise.
func (a *aligner) stranger(p *alignment) bool {
	e, x := a.e, a.s.form(looks)
	differ, strong := 0, 0
	odd := func(i int) bool {
		return 0 <= i && i < len(p.steps) && p.steps[i] != stepSame && !isWeak(e.old[i]) && !isElision(e.old[i])
	}
	for i := range p.rows {
		if e.removed(i) && telling(e.old[i]) >= 12 {
			if _, count := x.first(a.keys[i]); count == 1 {
				return false
			}
		}
		if !isWeak(e.old[i]) {
			strong++
		}
		if odd(i) {
			differ++
		}
		if e.ins[i] && odd(i-1) && odd(i) {
			return true
		}
	}
	if near := a.spot(p).at + 1 - e.stated; e.stated > 1 && abs(near) <= 4 {
		return false // a copy would hardly stand at the stated line
	}
	return differ > 1+strong/6
}

// whole refuses an alignment in pieces of which one stands elsewhere in the file as it
// is in the text, while here the file has other lines in between.
func (a *aligner) whole(p *alignment) bool {
	from := 0
	for i := 1; i <= len(p.rows); i++ {
		if i < len(p.rows) && (p.rows[i] < 0 || p.rows[i-1] < 0 || p.rows[i]-p.rows[i-1] < 4) {
			continue
		}
		if n := i - from; n > 2 && n < len(p.rows) && p.rows[i-1]-p.rows[from] != n-1 {
			if len(a.s.stands(a.e.old[from:i], looks)) > 0 {
				return false
			}
		}
		from = i
	}
	return true
}

const leastScore = 20 // about one telling line with a slip in it

// level finds out by how much the lines that say something are shifted, if all of them
// are shifted alike and a bracket is not; another run then takes brackets by their depth.
func (a *aligner) level(p *alignment) bool {
	first, odd := true, false
	if strong := a.strong(p); len(strong) == 1 && strong[0] == 0 && indentOf(a.e.old[0]) == "" {
		first, a.by = false, 0 // the first line lost its indentation, and the brackets did not
		for i, step := range p.steps {
			if step == stepSame && isWeak(a.e.old[i]) && indentOf(a.e.old[i]) != "" {
				a.leveled = true
			}
		}
		return a.leveled
	}
	for _, weak := range [...]bool{false, true} {
		for i, row := range p.rows {
			if p.steps[i] != stepSame && p.steps[i] != stepClose || isBlankLine(a.e.old[i]) || weak != isWeak(a.e.old[i]) {
				continue
			}
			by := len(indentOf(a.s.lines[row])) - len(indentOf(a.e.old[i]))
			switch {
			case weak:
				odd = odd || !shiftedBy(indentOf(a.e.old[i]), indentOf(a.s.lines[row]), a.by)
			case first:
				a.by, first = by, false
			case by != a.by:
				return false
			}
		}
	}
	a.leveled = !first && odd
	return a.leveled
}

// strong returns the old lines that say something and are found.
func (a *aligner) strong(p *alignment) (lines []int) {
	for i, step := range p.steps {
		if (step == stepSame || step == stepClose) && !isWeak(a.e.old[i]) {
			lines = append(lines, i)
		}
	}
	return lines
}

// elsewhere reports whether old line i, which the alignment does not find where it
// should be, stands in the file as it is, and not often: then the place is wrong.
func (a *aligner) elsewhere(i int, step uint8) bool {
	_, count := a.s.form(looks).first(a.keys[i])
	n := telling(a.e.old[i])
	switch step {
	case stepOther:
		return count > 0 && n > 0
	case stepClose, stepLike:
		return count > 0 && n >= 10
	}
	return count > 0 && count <= 3 && n >= 10
}

// held reports whether the place of the new lines before old line i is certain: the
// lines on both sides of it stand in the file, or one that says something does, and
// nothing unknown lies between the lines of the file on its two sides.
func (a *aligner) held(p *alignment, i int) bool {
	m := len(p.rows)
	stands := func(k int) bool {
		return 0 <= k && k < m && (p.steps[k] == stepSame || p.steps[k] == stepClose || p.steps[k] == stepLike)
	}
	tells := func(k int) bool { return stands(k) && !isWeak(a.e.old[k]) }
	before, after := i-1, i
	for before >= 0 && p.rows[before] < 0 {
		before--
	}
	for after < m && p.rows[after] < 0 {
		after++
	}
	switch {
	case before < 0 && after >= m:
		return false
	case before < 0:
		return stands(i) && (i == 0 || tells(i))
	case after >= m:
		return stands(i-1) && (i == m || tells(i-1))
	}
	return p.rows[after] == p.rows[before]+1 && (stands(i-1) && stands(i) || tells(i-1) || tells(i))
}

// masks returns, for each block of changes that could perhaps be elsewhere, the pairs
// without which the alignment has to find another place for it.
func (a *aligner) masks(p *alignment) []map[[2]int]bool {
	var masks []map[[2]int]bool
	e := a.e
	x := a.s.form(looks)
	for i := 0; i <= len(e.old); {
		mask, sure := map[[2]int]bool{}, false
		k := i
		for ; k < len(e.old) && e.removed(k); k++ {
			mask[[2]int{k, p.rows[k]}] = true
			_, count := x.first(a.keys[k])
			sure = sure || count == 1
		}
		if k == i && e.ins[i] { // only new lines: the lines beside them
			for _, n := range [...]int{i - 1, i} {
				if 0 <= n && n < len(p.rows) && p.rows[n] >= 0 && p.steps[n] != stepOther {
					mask[[2]int{n, p.rows[n]}] = true
					_, count := x.first(a.keys[n])
					sure = sure || count == 1 && p.steps[n] == stepSame
				}
			}
		}
		if len(mask) > 0 && !sure {
			masks = append(masks, mask)
		}
		i = max(k, i+1)
	}
	if len(masks) > maxMasked { // all at once: at least one of them has to move
		all := map[[2]int]bool{}
		for _, mask := range masks {
			for pair := range mask {
				all[pair] = true
			}
		}
		masks = []map[[2]int]bool{all}
	}
	return masks
}

// spot returns the place an alignment found.
func (a *aligner) spot(p *alignment) *spot {
	at := 0
	for _, row := range p.rows {
		if row >= 0 {
			at = row
			break
		}
	}
	return &spot{at: at, rows: p.rows, steps: p.steps, tier: TierFuzzy, read: a.e}
}
