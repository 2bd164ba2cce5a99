package monitor

import "unicode/utf8"

// Bounds of a comparison of two lines word by word; beyond them it costs more than it
// shows.
const (
	maxWords = 400
	maxPairs = 2500 // of removed and added lines in one run; beyond it the first go with the first
	minAlike = 0.35 // of two lines, in bytes; below it all of them changed
)

// changedWords says of each byte of two lines whether it belongs to a word that only one
// of them has. It is nil, nil for lines that have too little in common.
func changedWords(old, new string) (inOld, inNew []bool) {
	a, b := splitWords(old), splitWords(new)
	if len(a) > maxWords || len(b) > maxWords {
		return nil, nil
	}
	inOld, inNew = changed(len(old)), changed(len(new))
	alike := 0
	for _, pair := range common(a, b) {
		x, y := a[pair[0]], b[pair[1]]
		clear(inOld[x.from:x.to])
		clear(inNew[y.from:y.to])
		if !x.blank {
			alike += x.to - x.from
		}
	}
	if longer := max(visible(a), visible(b)); longer == 0 || float64(alike) < minAlike*float64(longer) {
		return nil, nil
	}
	return inOld, inNew
}

// pairLines says which removed lines became which added ones: in order, and so that as
// much as possible is alike.
func pairLines(old, new []diffLine) (pairs [][2]int) {
	n, m := len(old), len(new)
	if n*m > maxPairs || n == 1 && m == 1 {
		for i := range min(n, m) {
			pairs = append(pairs, [2]int{i, i})
		}
		return pairs
	}
	a, b := bags(old), bags(new)
	best := make([][]int, n+1) // what the lines from i and from k on have in common at most
	for i := range best {
		best[i] = make([]int, m+1)
	}
	for i := n - 1; i >= 0; i-- {
		for k := m - 1; k >= 0; k-- {
			best[i][k] = max(best[i+1][k], best[i][k+1], best[i+1][k+1]+a[i].alike(b[k]))
		}
	}
	for i, k := 0, 0; i < n && k < m; {
		switch {
		case best[i][k] == best[i+1][k]:
			i++
		case best[i][k] == best[i][k+1]:
			k++
		default:
			pairs = append(pairs, [2]int{i, k})
			i, k = i+1, k+1
		}
	}
	return pairs
}

// bag is the words of a line, each with how many bytes of it there are.
type bag struct {
	words map[string]int
	bytes int
}

func bags(ls []diffLine) []bag {
	out := make([]bag, len(ls))
	for i, l := range ls {
		out[i].words = map[string]int{}
		for _, p := range splitWords(l.text) {
			if !p.blank {
				out[i].words[p.text] += len(p.text)
				out[i].bytes += len(p.text)
			}
		}
	}
	return out
}

// alike is how many bytes of words two lines share; 0 when that is too little of them.
func (b bag) alike(o bag) (shared int) {
	for w, n := range b.words {
		shared += min(n, o.words[w])
	}
	if float64(shared) < minAlike*float64(max(b.bytes, o.bytes)) {
		return 0
	}
	return shared
}

func changed(n int) []bool {
	all := make([]bool, n)
	for i := range all {
		all[i] = true
	}
	return all
}

type piece struct {
	from, to int
	text     string
	blank    bool
}

func visible(ps []piece) (n int) {
	for _, p := range ps {
		if !p.blank {
			n += p.to - p.from
		}
	}
	return n
}

// splitWords splits a line into words, runs of blanks, and single other characters.
func splitWords(line string) (ps []piece) {
	for i := 0; i < len(line); {
		n, blank := 1, line[i] == ' '
		switch {
		case blank:
			for i+n < len(line) && line[i+n] == ' ' {
				n++
			}
		case wordByte(line[i]) && line[i] < utf8.RuneSelf:
			n = wordLen(line[i:])
		case line[i] >= utf8.RuneSelf:
			n = wordLen(line[i:])
		}
		ps = append(ps, piece{i, i + n, line[i : i+n], blank})
		i += n
	}
	return ps
}

// common pairs the pieces that both lines have, in order, as many as possible.
func common(a, b []piece) (pairs [][2]int) {
	n, m := len(a), len(b)
	best := make([][]int16, n+1)
	cells := make([]int16, (n+1)*(m+1))
	for i := range best {
		best[i] = cells[i*(m+1) : (i+1)*(m+1)]
	}
	for i := n - 1; i >= 0; i-- {
		for k := m - 1; k >= 0; k-- {
			if a[i].text == b[k].text {
				best[i][k] = best[i+1][k+1] + 1
			} else {
				best[i][k] = max(best[i+1][k], best[i][k+1])
			}
		}
	}
	for i, k := 0, 0; i < n && k < m; {
		switch {
		case a[i].text == b[k].text:
			pairs = append(pairs, [2]int{i, k})
			i, k = i+1, k+1
		case best[i+1][k] >= best[i][k+1]:
			i++
		default:
			k++
		}
	}
	return pairs
}
