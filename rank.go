package agent

import (
	"cmp"
	"slices"
)

// Rank returns the numbers of vs from best to worst: by verdict, then fewer failing
// checks, then fewer checks broken that the base passes, then the smaller change,
// then the lower number. A variant that is not Done comes last.
func Rank(vs []Variant) []int {
	order := slices.Clone(vs)
	slices.SortStableFunc(order, func(a, b Variant) int {
		return cmp.Or(
			cmp.Compare(place(a), place(b)),
			cmp.Compare(a.failing(false), b.failing(false)),
			cmp.Compare(a.failing(true), b.failing(true)),
			cmp.Compare(a.Stat.Added+a.Stat.Removed, b.Stat.Added+b.Stat.Removed),
			cmp.Compare(a.Number, b.Number),
		)
	})
	numbers := make([]int, len(order))
	for i, v := range order {
		numbers[i] = v.Number
	}
	return numbers
}

func place(v Variant) int {
	if p, ok := standing[v.Verdict]; ok {
		return p
	}
	return len(standing) + 1
}

// failing counts the checks that do not pass; broken: only those the base passes.
func (v *Variant) failing(broken bool) int {
	n := 0
	for _, c := range v.Checks {
		if !c.Outcome.OK() && !(broken && c.Outcome == CheckAlready) {
			n++
		}
	}
	return n
}
