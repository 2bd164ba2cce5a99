package patch

// maxDiff bounds the lines that two texts may differ by before everything between
// their common ends counts as changed.
const maxDiff = 1000

// diffPieces is diffLines for texts that leave lines out: what stands between two such
// places on one side belongs to what stands there on the other.
func diffPieces(old, new []editLine) []editLine {
	a, b := elisions(old), elisions(new)
	if len(a) == 0 || len(a) != len(b) {
		return diffLines(old, new)
	}
	var lines []editLine
	i, k := 0, 0
	for n := range a {
		lines = append(lines, diffLines(old[i:a[n]], new[k:b[n]])...)
		mark := old[a[n]]
		mark.op = ' '
		lines = append(lines, mark)
		i, k = a[n]+1, b[n]+1
	}
	return append(lines, diffLines(old[i:], new[k:])...)
}

// elisions returns the numbers of the lines that only stand for others.
func elisions(lines []editLine) (at []int) {
	for i, l := range lines {
		if isElision(l.text) {
			at = append(at, i)
		}
	}
	return at
}

// diffLines returns the lines that make new of old, by Myers' algorithm. What stands
// in both is context, so that the bytes of the file stay where nothing changes.
func diffLines(old, new []editLine) []editLine {
	same := func(a, b editLine) bool { return a.text == b.text }
	head := 0
	for head < min(len(old), len(new)) && same(old[head], new[head]) {
		head++
	}
	tail := 0
	for tail < min(len(old), len(new))-head && same(old[len(old)-1-tail], new[len(new)-1-tail]) {
		tail++
	}
	lines := make([]editLine, 0, len(old)+len(new))
	add := func(op byte, part []editLine) {
		for _, l := range part {
			l.op = op
			lines = append(lines, l)
		}
	}
	add(' ', old[:head])
	a, b := old[head:len(old)-tail], new[head:len(new)-tail]
	i, k := 0, 0
	for _, run := range commonRuns(len(a), len(b), func(i, k int) bool { return same(a[i], b[k]) }) {
		add('-', a[i:run.a])
		add('+', b[k:run.b])
		add(' ', a[run.a:run.a+run.n])
		i, k = run.a+run.n, run.b+run.n
	}
	add('-', a[i:])
	add('+', b[k:])
	add(' ', old[len(old)-tail:])
	slideDown(lines)
	return lines
}

// slideDown moves every run of added or of removed lines as far down as it stays the
// same change, as git does: the run ends where its context does.
func slideDown(lines []editLine) {
	for i := 0; i < len(lines); {
		op := lines[i].op
		k := i
		for k < len(lines) && lines[k].op == op {
			k++
		}
		if op == ' ' || i > 0 && lines[i-1].op != ' ' || k < len(lines) && lines[k].op != ' ' {
			i = k
			continue
		}
		for k < len(lines) && lines[k].op == ' ' && lines[k].text == lines[i].text {
			lines[i].op, lines[k].op = ' ', op
			i, k = i+1, k+1
		}
		i = k
	}
}

// run is a stretch of n equal lines.
type run struct{ a, b, n int }

// commonRuns returns the equal stretches of two sequences, in order; nil when they
// differ by more than maxDiff.
func commonRuns(n, m int, same func(i, k int) bool) []run {
	if n == 0 || m == 0 {
		return nil
	}
	most := min(n+m, maxDiff)
	v := make([]int, 2*most+3)
	var trace [][]int
	off := most + 1
	for d := 0; d <= most; d++ {
		trace = append(trace, append([]int(nil), v[off-d-1:off+d+2]...))
		for k := -d; k <= d; k += 2 {
			x := v[off+k-1] + 1
			if k == -d || k != d && v[off+k-1] < v[off+k+1] {
				x = v[off+k+1]
			}
			for x < n && x-k < m && same(x, x-k) {
				x++
			}
			v[off+k] = x
			if x >= n && x-k >= m {
				return backtrack(trace, n, m)
			}
		}
	}
	return nil
}

// backtrack walks from the end over the furthest points of every depth.
func backtrack(trace [][]int, x, y int) []run {
	var runs []run
	for d := len(trace) - 1; d >= 0; d-- {
		v, off := trace[d], d+1
		k := x - y
		prev := k - 1
		if k == -d || k != d && v[off+k-1] < v[off+k+1] {
			prev = k + 1
		}
		px := v[off+prev]
		py := px - prev
		if d == 0 {
			px, py = 0, 0
		}
		n := min(x-px, y-py)
		if n > 0 {
			runs = append(runs, run{x - n, y - n, n})
		}
		x, y = px, py
	}
	for i, k := 0, len(runs)-1; i < k; i, k = i+1, k-1 {
		runs[i], runs[k] = runs[k], runs[i]
	}
	return runs
}
