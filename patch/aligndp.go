package patch

// alignment gives the line of the file for each old line, -1 where there is none.
type alignment struct {
	score int
	rows  []int
	steps []uint8 // how each old line was matched
}

// run finds the best alignment by dynamic programming: cell (i, j) has the best score
// of the first i old lines within the file up to line j.
func (a *aligner) run() *alignment {
	m, n := len(a.e.old), a.to-a.from
	width := n + 1
	if a.score == nil {
		a.score = make([]int32, (m+1)*width)
		a.step = make([]uint8, (m+1)*width)
		a.jump = make([]int32, (m+1)*width)
	}
	for j := range width {
		a.score[j], a.step[j] = 0, stepStart
	}
	for i := 1; i <= m; i++ {
		a.row(i, a.score[(i-1)*width:i*width], a.score[i*width:(i+1)*width])
	}
	end, best := -1, int32(0)
	for j, score := range a.score[m*width:] {
		if score > best {
			end, best = j, score
		}
	}
	if end < 0 {
		return nil
	}
	return a.trace(m, end, int(best))
}

// row fills the cells of old line i-1.
func (a *aligner) row(i int, above, row []int32) {
	width := len(row)
	steps, jumps := a.step[i*width:(i+1)*width], a.jump[i*width:(i+1)*width]
	line := a.e.old[i-1]
	removed, blank, elision := a.e.removed(i-1), isBlankLine(line), isElision(line)
	missing := int32(costMissing)
	switch {
	case elision:
		missing = 0
	case blank:
		missing = costBlank
	}
	gap := a.gap[i]
	keys := a.s.form(looks).keys
	furthest, from := int32(never), int32(-1)
	for j := range width {
		best, step := int32(never), uint8(stepStart)
		if !removed {
			best, step = above[j]-missing, stepMissing
		}
		if j > 0 {
			if score, how := a.pair(i-1, a.from+j-1, keys, removed, blank); how != stepStart && above[j-1] > never/2 {
				if score += above[j-1]; score > best {
					best, step = score, how
				}
			}
			if gap > gapNone && row[j-1] > never/2 {
				cost := int32(costExtra)
				if isBlankLine(a.s.lines[a.from+j-1]) {
					cost = costBlank
				}
				if elision {
					cost = 0
				}
				if score := row[j-1] - cost; score > best {
					best, step = score, stepExtra
				}
			}
			if gap == gapAny {
				if j > 1 && steps[j-2] != stepJump && steps[j-2] != stepExtra && row[j-2] > furthest {
					furthest, from = row[j-2], int32(j-2)
				}
				if score := furthest - costJump; from >= 0 && score > best {
					best, step = score, stepJump
					jumps[j] = from
				}
			}
		}
		row[j], steps[j] = best, step
	}
}

// pair scores old line i standing at a line of the file.
func (a *aligner) pair(i, at int, keys []uint64, removed, blank bool) (int32, uint8) {
	if a.mask != nil && a.mask[[2]int{i, at}] {
		return 0, stepStart
	}
	if keys[at] == a.keys[i] {
		if a.leveled && !blank && isWeak(a.e.old[i]) && !shiftedBy(indentOf(a.e.old[i]), indentOf(a.s.lines[at]), a.by) {
			return -costOther, stepOther
		}
		if a.e.old[i] == a.s.lines[at] {
			return int32(a.worth[i]) + 1, stepSame
		}
		return int32(a.worth[i]), stepSame
	}
	if removed || blank || a.exists[i] {
		return 0, stepStart // what stands in the file as it is, is no other line
	}
	if a.profiles[i] == nil {
		a.profiles[i] = profileOf(a.e.old[i])
	}
	p := a.file[at-a.from]
	if p == nil {
		p = profileOf(a.s.lines[at])
		a.file[at-a.from] = p
	}
	if len(p.text) == 0 {
		return 0, stepStart
	}
	if slip(a.profiles[i].text, p.text) {
		like := max(alike(a.profiles[i], p, 1), slipWorth)
		return int32(a.worth[i]*like/100 - costLike), stepClose
	}
	if like := alike(a.profiles[i], p, likeEnough); like >= likeEnough {
		return int32(a.worth[i]*like/100 - costLike), stepLike
	}
	return -costOther, stepOther
}

// trace walks back from the last old line at column j.
func (a *aligner) trace(i, j, score int) *alignment {
	width := a.to - a.from + 1
	p := &alignment{score: score, rows: make([]int, i), steps: make([]uint8, i)}
	for i > 0 {
		switch step := a.step[i*width+j]; step {
		case stepSame, stepClose, stepLike, stepOther:
			i, j = i-1, j-1
			p.rows[i], p.steps[i] = a.from+j, step
		case stepMissing:
			i--
			p.rows[i], p.steps[i] = -1, step
		case stepExtra:
			j--
		case stepJump:
			j = int(a.jump[i*width+j])
		default:
			return nil
		}
	}
	return p
}
