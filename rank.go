package agent

import (
	"cmp"
	"slices"
)

// Rank returns the numbers of vs from best to worst: by verdict, then fewer failing
// checks, then fewer checks broken that the base passes, then a revision before what
// it revises, then one whose tests are not made weaker, then the smaller change, then
// the lower number. A variant that is not Done comes last.
func Rank(vs []Variant) []int {
	order := slices.Clone(vs)
	slices.SortStableFunc(order, func(a, b Variant) int {
		return cmp.Or(
			cmp.Compare(place(a), place(b)),
			cmp.Compare(a.failing(false), b.failing(false)),
			cmp.Compare(a.failing(true), b.failing(true)),
			cmp.Compare(revision(vs, b), revision(vs, a)),
			cmp.Compare(a.Tests.doubts(), b.Tests.doubts()),
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

// revision is how many variants v goes back to, one through the other.
func revision(vs []Variant, v Variant) (n int) {
	for ; v.Revises > 0 && v.Revises < v.Number && v.Revises <= len(vs); n++ {
		v = vs[v.Revises-1]
	}
	return n
}

// Warnings counts the findings that may have made tests or checks weaker.
func (t *TestReport) Warnings() (n int) {
	for _, f := range t.Findings {
		if f.Warning {
			n++
		}
	}
	return n
}

// doubts counts what speaks against a result whose checks pass; a report that was not
// made has none.
func (t *TestReport) doubts() int {
	if t == nil {
		return 0
	}
	n := t.Warnings()
	if t.OnBase != "" && t.OnBase != Verified {
		n++
	}
	return n
}
