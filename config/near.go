package config

import (
	"cmp"
	"slices"
	"strings"
)

// nearest returns the name that differs least from the word, or "" when none is near.
func nearest(word string, names []string) string {
	type guess struct {
		name string
		cost int
	}
	var guesses []guess
	for _, n := range names {
		cost := distance(word, n)
		if _, last, ok := strings.Cut(n, "."); ok && last == word {
			cost = 1
		}
		if cost <= max(2, len(word)/3) {
			guesses = append(guesses, guess{n, cost})
		}
	}
	if len(guesses) == 0 {
		return ""
	}
	return slices.MinFunc(guesses, func(a, b guess) int { return cmp.Compare(a.cost, b.cost) }).name
}

// distance counts the letters to insert, delete, replace or swap with a neighbour
// that turn a into b.
func distance(a, b string) int {
	if len(a) > 64 {
		return len(a)
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			same := 1
			if a[i-1] == b[j-1] {
				same = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+same)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
