package patch

// What a line is worth, and what it costs where the text and the file differ.
const (
	worthBlank   = 2
	worthBracket = 4
	worthLine    = 10 // and more for what it tells, up to worthMost
	worthMost    = 40

	costMissing = 9  // a context line that the file does not have
	costExtra   = 12 // a line of the file that the text leaves out
	costBlank   = 3  // either, if it is blank
	costLike    = 5  // a line that is only like the one it stands for
	costJump    = 40 // any number of lines left out between two pieces
	costOther   = 14 // a context line in the place of another line of the file

	likeEnough = 72      // per cent in common of a context line and the line it stands for
	slipWorth  = 60      // per cent that a line with another word in it is worth at least
	maxCells   = 6 << 20 // old lines times lines of the file that are compared at once
	maxMasked  = 8       // times the alignment is made again to see that it is the only one

	nearly = 10 // less in score that still makes another place as good
	never  = -1 << 28
)

// align looks for the edit where some of its context is not in the file as it stands
// in the text: a line is missing, extra, or has another word. Every removed line must
// stand there, and every new line must touch a line that does. It returns all places
// that are about as good as the best.
func (s *source) align(e *edit, work *int) []spot {
	if len(e.old) == 0 || !e.changes() {
		return nil
	}
	a := newAligner(s, e)
	if a == nil {
		return nil
	}
	run := func() *alignment {
		if *work -= a.cells(); *work < 0 {
			return nil
		}
		return a.run()
	}
	best := run()
	if best != nil && a.level(best) {
		best = run()
	}
	if best == nil || !a.convincing(best) {
		return nil
	}
	found := []spot{*a.spot(best)}
	for _, mask := range a.masks(best) {
		a.mask = mask
		other := run()
		if *work < 0 {
			return nil
		}
		if other == nil || !a.rivals(best, other) || a.sameOutcome(best, other) {
			continue
		}
		found = append(found, *a.spot(other))
		if !a.shares(best, other) { // the whole edit fits elsewhere: perhaps in more places
			return a.others(best, []*alignment{best, other}, run)
		}
	}
	return found
}

const maxRivals = 8

// others collects the places of an edit that fits in several as a whole.
func (a *aligner) others(best *alignment, known []*alignment, run func() *alignment) []spot {
	a.mask = map[[2]int]bool{}
	for n := 0; n < len(known); n++ {
		for i, row := range known[n].rows {
			a.mask[[2]int{i, row}] = true
		}
		if n < len(known)-1 || len(known) >= maxRivals {
			continue
		}
		if other := run(); other != nil && a.rivals(best, other) {
			known = append(known, other)
		}
	}
	spots := make([]spot, 0, len(known))
	for _, p := range known {
		spots = append(spots, *a.spot(p))
	}
	return spots
}

// rivals reports whether other is as good a place as best, or nearly so where it is
// another place altogether.
func (a *aligner) rivals(best, other *alignment) bool {
	least := best.score - nearly
	switch {
	case a.shares(best, other):
		least = best.score
	case a.clean(best) && !a.clean(other):
		least = best.score - nearly/2
	}
	return other.score >= least && a.convincing(other)
}

// sameOutcome reports whether two alignments leave the same lines: to remove the first or
// the second of two blank lines is one change.
func (a *aligner) sameOutcome(p, other *alignment) bool {
	lo, hi := len(a.s.lines), 0
	for i := range p.rows {
		for _, row := range [...]int{p.rows[i], other.rows[i]} {
			if row >= 0 {
				lo, hi = min(lo, row), max(hi, row+1)
			}
		}
	}
	if lo >= hi || hi-lo > 4*len(p.rows)+64 {
		return false
	}
	part := &source{lines: a.s.lines[lo:hi], ends: a.s.ends[lo:hi]}
	outcome := func(p *alignment) string {
		rows := make([]int, len(p.rows))
		for i, row := range p.rows {
			if rows[i] = row; row >= 0 {
				rows[i] = row - lo
			}
		}
		return part.compose([]choice{{spot: &spot{rows: rows, tier: TierFuzzy, read: a.e}}})
	}
	return outcome(p) == outcome(other)
}

// clean reports whether every line is there, a slip in it aside.
func (a *aligner) clean(p *alignment) bool {
	for _, step := range p.steps {
		if step != stepSame && step != stepClose {
			return false
		}
	}
	return true
}

// shares reports whether two alignments find a line that says something in the same place.
func (a *aligner) shares(p, other *alignment) bool {
	for i, row := range p.rows {
		if row >= 0 && row == other.rows[i] && !isWeak(a.e.old[i]) {
			return true
		}
	}
	return false
}

// aligner compares the old lines of an edit with a range of the file.
type aligner struct {
	s        *source
	e        *edit
	from, to int // the lines of the file that are looked at
	keys     []uint64
	worth    []int
	exists   []bool // the line says something and stands somewhere in the file
	gap      []int8 // what may be left out before old line i: see gapNone
	profiles []*profile
	file     []*profile
	mask     map[[2]int]bool // pairs (old line, line of the file) that are not allowed

	leveled bool // by is known
	by      int  // how much deeper the file is indented than the text

	score []int32
	step  []uint8
	jump  []int32 // where a jump came from
}

const (
	gapNone  = iota // nothing: new lines or removed lines on both sides
	gapSmall        // single lines
	gapAny          // any number of lines
)

const (
	stepStart = iota
	stepSame
	stepClose
	stepLike
	stepOther
	stepMissing
	stepExtra
	stepJump
)

func newAligner(s *source, e *edit) *aligner {
	a := &aligner{s: s, e: e, to: len(s.lines)}
	x := s.form(looks)
	var buf []byte
	lo, hi, rare := len(s.lines), -1, 0
	for i, line := range e.old {
		key := x.key(line, &buf)
		first, count := x.first(key)
		if count == 0 && e.removed(i) {
			return nil
		}
		a.keys = append(a.keys, key)
		a.worth = append(a.worth, worth(line, count))
		a.exists = append(a.exists, count > 0 && !isWeak(line))
		if count > 0 && count <= 8 && telling(line) >= 4 {
			rare++
			for k := first; k >= 0; k = int(x.next[k]) {
				lo, hi = min(lo, k-i), max(hi, k+len(e.old)-i)
			}
		}
	}
	slack := len(e.old) + 20
	if len(s.lines) > 400 && rare > 0 {
		a.from, a.to = max(0, lo-slack), min(len(s.lines), hi+slack)
	}
	if (a.to-a.from+1)*(len(e.old)+1) > maxCells {
		return nil
	}
	a.gaps()
	a.profiles = make([]*profile, len(e.old))
	a.file = make([]*profile, a.to-a.from)
	return a
}

func (a *aligner) cells() int { return (a.to - a.from + 1) * (len(a.e.old) + 1) }

// worth returns what it says about the place that a line is there.
func worth(line string, count int) int {
	n := telling(line)
	switch {
	case isBlankLine(line):
		return worthBlank
	case n == 0:
		return worthBracket
	}
	w := min(worthLine+2*n, worthMost)
	if count > 12 {
		w /= 2
	}
	return w
}

// gaps says between which old lines the file may have lines that the text leaves out.
// Beside a place of new lines that would leave open where they go.
func (a *aligner) gaps() {
	e := a.e
	a.gap = make([]int8, len(e.old)+1)
	for i := 1; i < len(e.old); i++ {
		switch before, after := e.removed(i-1), e.removed(i); {
		case e.ins[i], before && after:
			a.gap[i] = gapNone
		case before, after:
			a.gap[i] = gapSmall
		default:
			a.gap[i] = gapAny
		}
		if isElision(e.old[i-1]) && !e.ins[i] {
			a.gap[i] = gapAny
		}
	}
}

// isElision reports whether a line only stands for others that are left out.
func isElision(line string) bool {
	switch trimmed(line, blanks) {
	case "...", "…", "# ...", "// ...", "/* ... */", "<!-- ... -->", "-- ...", "; ...", "....":
		return true
	}
	return false
}
