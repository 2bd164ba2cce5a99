package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// tally counts the outcomes of some cases.
type tally struct {
	n                    int // that have a right result
	right, blanks, wrong int
	noop, refused        int
	spared               int // of refused, those whose refusal is as good
	mustRefuse, bad      int // that have none, and those of them that were applied
	policy, policyRight  int // that have a result of their project's choice; in none of the above
	all                  []*outcome
}

func (t *tally) add(o *outcome) {
	t.all = append(t.all, o)
	if o.policy != "" {
		t.policy++
		if o.good() {
			t.policyRight++
		}
		return
	}
	if o.refuse {
		t.mustRefuse++
		if o.verdict == bad {
			t.bad++
		}
		return
	}
	t.n++
	switch o.verdict {
	case right:
		t.right++
	case blanks:
		t.blanks++
	case wrong:
		t.wrong++
	case noop:
		t.noop++
	case refused:
		t.refused++
		if o.mayRefuse {
			t.spared++
		}
	}
}

// rate is the part of the cases that went as well as they can, in per cent.
func (t *tally) rate() float64 {
	if t.n == 0 {
		return 0
	}
	return 100 * float64(t.right+t.spared) / float64(t.n)
}

// share is the part of all cases that went as well as they can, those to be refused
// among them, in per cent.
func (t *tally) share() float64 {
	all := t.n + t.mustRefuse
	if all == 0 {
		return 0
	}
	return 100 * float64(t.right+t.spared+t.mustRefuse-t.bad) / float64(all)
}

// group sorts outcomes into tallies; a case may belong to several.
func group(outcomes []*outcome, of func(*outcome) []string) map[string]*tally {
	groups := map[string]*tally{}
	for _, o := range outcomes {
		for _, name := range of(o) {
			if groups[name] == nil {
				groups[name] = &tally{}
			}
			groups[name].add(o)
		}
	}
	return groups
}

// tables writes what became of the cases: by file and format, by format and damage, and
// how long they took.
func tables(w io.Writer, outcomes []*outcome) {
	table(w, "SOURCE, FORMAT", group(outcomes, func(o *outcome) []string { return []string{o.origin + "\t" + string(o.format)} }))
	damaged := slices.DeleteFunc(slices.Clone(outcomes), func(o *outcome) bool { return len(o.kinds) == 0 })
	if len(damaged) > 0 {
		table(w, "FORMAT, DAMAGE", group(damaged, func(o *outcome) (names []string) {
			for _, kind := range o.kinds {
				names = append(names, string(o.format)+"\t"+kind)
			}
			return names
		}))
	}
	timing(w, outcomes)
}

func table(w io.Writer, title string, groups map[string]*tally) {
	first, second, _ := strings.Cut(title, ", ")
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(tw, "%s\t%s\tN\tOK\t%%\tBLANKS\tWRONG\tNOOP\tREFUSED\tMUST REFUSE\tAPPLIED\tPOLICY\n", first, second)
	names := make([]string, 0, len(groups))
	for name := range groups {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		groups[name].row(tw, name)
	}
	tw.Flush()
	fmt.Fprintln(w)
}

func (t *tally) row(w io.Writer, name string) {
	refused := count(t.refused)
	if t.spared > 0 {
		refused = fmt.Sprintf("%d (%d may be)", t.refused, t.spared)
	}
	policy := "-"
	if t.policy > 0 {
		policy = fmt.Sprintf("%d of %d", t.policyRight, t.policy)
	}
	rate := "-"
	if t.n > 0 {
		rate = fmt.Sprintf("%.1f", t.rate())
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", name, count(t.n), count(t.right), rate,
		count(t.blanks), count(t.wrong), count(t.noop), refused, count(t.mustRefuse), count(t.bad), policy)
}

// count makes a zero easy to overlook.
func count(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

// timing writes how long the cases took, and names the slowest.
func timing(w io.Writer, outcomes []*outcome) {
	if len(outcomes) == 0 {
		return
	}
	t := newTimes(outcomes)
	slowest := slices.MaxFunc(outcomes, func(a, b *outcome) int { return cmp.Compare(a.took, b.took) })
	fmt.Fprintf(w, "%d cases; a case takes %s (median), %s (p99), %s at most (%s)\n",
		len(t), milli(t.at(0.5)), milli(t.at(0.99)), milli(slowest.took), slowest.id)
}
