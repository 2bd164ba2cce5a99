package agent

import "slices"

// Page sizes of List.
const (
	DefaultLimit = 100
	MaxLimit     = 10_000
)

// Validate sets the default Limit and returns an Invalid error for what no job can
// be: a state or verdict that does not exist, a limit out of range.
func (f *Filter) Validate() error {
	if f.Limit == 0 {
		f.Limit = DefaultLimit
	}
	if f.Limit < 0 || f.Limit > MaxLimit {
		return Errorf(Invalid, "a page of %d jobs asked for; 1 to %d are possible", f.Limit, MaxLimit)
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
	return nil
}

// Matches reports whether f chooses j, leaving out the page (After, Limit).
func (f *Filter) Matches(j *Job) bool {
	return (len(f.States) == 0 || slices.Contains(f.States, j.State)) &&
		(len(f.Verdicts) == 0 || slices.Contains(f.Verdicts, j.Verdict)) &&
		(f.Repo == "" || f.Repo == j.Spec.Repo) &&
		(f.EndedBefore.IsZero() || j.State == Done && j.Ended.Before(f.EndedBefore))
}
