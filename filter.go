package agent

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Page sizes of List.
const (
	DefaultLimit = 100
	MaxLimit     = 10_000
)

// Sort is what a list can be ordered by, highest or newest first.
type Sort string

const (
	SortID       Sort = ""
	SortCreated  Sort = "created" // as by id, but for imported jobs
	SortEnded    Sort = "ended"   // those that are not done are the newest
	SortPriority Sort = "priority"
	SortRepo     Sort = "repo"
	SortVerdict  Sort = "verdict" // the best first
	SortCost     Sort = "cost"
	SortTook     Sort = "took" // from the submission to the end; those that are not done are last
)

// Sorts is what Filter.Sort can be, SortID left out.
func Sorts() []Sort {
	return []Sort{SortCreated, SortEnded, SortPriority, SortRepo, SortVerdict, SortCost, SortTook}
}

// Validate sets the default Limit and returns an Invalid error for what no job can
// be: a state or verdict that does not exist, a limit out of range.
func (f *Filter) Validate() error {
	if f.Limit == 0 {
		f.Limit = DefaultLimit
	}
	if f.Limit < 0 || f.Limit > MaxLimit {
		return Errorf(Invalid, "a page of %d jobs asked for; 1 to %d are possible", f.Limit, MaxLimit)
	}
	if f.Skip < 0 {
		return Errorf(Invalid, "a page that leaves out %d jobs asked for", f.Skip)
	}
	for _, s := range f.States {
		if s != Queued && s != Running && s != Done {
			return Errorf(Invalid, "unknown state %q", s).WithHint("states are queued, running and done")
		}
	}
	for _, v := range f.Verdicts {
		if !v.Valid() {
			return Errorf(Invalid, "unknown verdict %q", v)
		}
	}
	if f.Sort != SortID && !slices.Contains(Sorts(), f.Sort) {
		return Errorf(Invalid, "jobs are not sorted by %q", f.Sort).WithHint("by one of " + joinSorts())
	}
	return nil
}

func joinSorts() string {
	var names []string
	for _, s := range Sorts() {
		names = append(names, string(s))
	}
	return strings.Join(names, ", ")
}

// Matches reports whether f chooses j, leaving out the page (After, Skip, Limit).
func (f *Filter) Matches(j *Job) bool {
	return (len(f.States) == 0 || slices.Contains(f.States, j.State)) &&
		(len(f.Verdicts) == 0 || slices.Contains(f.Verdicts, j.Verdict)) &&
		(f.Repo == "" || f.Repo == j.Spec.Repo) &&
		(f.EndedBefore.IsZero() || j.State == Done && j.Ended.Before(f.EndedBefore)) &&
		(!f.Deep() || f.matchesDeep(j))
}

// Deep reports whether f looks at more of a job than its id, state, verdict, repository
// and end, for which stores have indexes.
func (f *Filter) Deep() bool {
	return f.Name != "" || len(f.Groups)+len(f.Labels)+len(f.Makers)+len(f.Words) > 0
}

func (f *Filter) matchesDeep(j *Job) bool {
	if !strings.Contains(strings.ToLower(j.Spec.Repo), strings.ToLower(f.Name)) ||
		len(f.Groups) > 0 && !slices.Contains(f.Groups, cmp.Or(j.Spec.Group, DefaultGroup)) {
		return false
	}
	for _, l := range f.Labels {
		if !slices.Contains(j.Spec.Labels, l) {
			return false
		}
	}
	if len(f.Makers) > 0 && !slices.ContainsFunc(j.Variants, func(v Variant) bool { return slices.Contains(f.Makers, v.Maker) }) {
		return false
	}
	title := strings.ToLower(j.Spec.Title)
	for _, w := range f.Words {
		if !strings.Contains(title, strings.ToLower(w)) {
			return false
		}
	}
	return true
}

// Compare orders two jobs as f.Sort and f.Oldest say: negative when a comes first.
func (f *Filter) Compare(a, b *Job) int {
	order := cmp.Or(f.compare(a, b), cmp.Compare(b.ID, a.ID))
	if f.Oldest {
		return -order
	}
	return order
}

func (f *Filter) compare(a, b *Job) int {
	switch f.Sort {
	case SortCreated:
		return b.Created.Compare(a.Created)
	case SortEnded:
		return endKey(b).Compare(endKey(a))
	case SortPriority:
		return cmp.Compare(b.Spec.Priority, a.Spec.Priority)
	case SortRepo:
		return strings.Compare(a.Spec.Repo, b.Spec.Repo)
	case SortVerdict:
		return cmp.Compare(place(Variant{Verdict: a.Verdict}), place(Variant{Verdict: b.Verdict}))
	case SortCost:
		return cmp.Compare(b.Cost(), a.Cost())
	case SortTook:
		return cmp.Compare(b.took(), a.took())
	}
	return 0
}

func endKey(j *Job) time.Time {
	if j.State != Done {
		return time.Unix(1<<40, 0)
	}
	return j.Ended
}

func (j *Job) took() time.Duration {
	if j.State != Done {
		return -1
	}
	return j.Ended.Sub(j.Created)
}

// Cost is what all variants cost as far as it is known, in millionths of a US dollar.
func (j *Job) Cost() (micro int64) {
	for _, v := range j.Variants {
		micro += v.Usage.MicroUSD
	}
	return micro
}
