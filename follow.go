package agent

import (
	"context"
	"slices"
	"strings"
	"time"
)

// A job with Spec.After follows others, its parents. What it does is a function of what
// they are, looked at again whenever one of them changes:
//
//   - one is not done: it waits;
//   - one has no good result: it fails, and says whose fault that is;
//   - all have: it starts from the result of the first in the same repository.
//
// What changes afterwards, because another result was picked or a job tried again, is
// followed as well: unless it was delivered or canceled it waits, or is made anew.

// Follow makes e what its parents, in the order of Spec.After, require. nil stands for a
// job that is no more. News is empty when nothing changed.
func (e *Entry) Follow(parents []*Job, now time.Time) {
	if !e.follows() || e.settled() {
		return
	}
	start, pending, fault := e.source(parents)
	switch {
	case fault != "":
		e.failFollowing(fault, now)
	case pending != 0:
		if e.Job.Start != "" || e.Job.State == Done {
			e.again("", "waits for job "+pending.String()+" again", now)
		}
	case e.Job.Start != start:
		e.again(start, "starts from "+start[:min(12, len(start))], now)
	case e.failedFollowing():
		e.again(start, "is tried again", now)
	}
}

// Followed is what of a job its followers depend on. Stores compare it before and after
// an act to know whether to look at them.
type Followed struct {
	Done   bool
	Commit string
}

// Followed returns it.
func (j *Job) Followed() Followed {
	f := Followed{Done: j.State == Done}
	if f.Done {
		f.Commit = j.good()
	}
	return f
}

// good is the commit that followers start from, empty when there is none: what a person
// picked, else the best result if its checks do not fail.
func (j *Job) good() string {
	if v, ok := j.Variant(j.Picked); ok {
		return v.Commit
	}
	if v, ok := j.Variant(j.Proposed); ok && (v.Verdict == Verified || v.Verdict == Unverified) {
		return v.Commit
	}
	return ""
}

func (e *Entry) follows() bool { return len(e.Job.Spec.After) > 0 }

// settled reports whether a person has had the last word on a job.
func (e *Entry) settled() bool {
	canceled := func(v Variant) bool { return v.Verdict == Canceled && !strings.HasPrefix(v.Reason, enoughStop) }
	if e.Stop != "" && !strings.HasPrefix(e.Stop, enoughStop) || slices.ContainsFunc(e.Job.Variants, canceled) || e.Job.Picked > 0 {
		return true
	}
	return slices.ContainsFunc(e.Job.Deliveries, func(d Delivery) bool { return d.Undone.IsZero() })
}

// source returns the commit to start from, or the first parent that is not done, or why
// there is nothing to start from.
func (e *Entry) source(parents []*Job) (start string, pending ID, fault string) {
	start = e.Job.Spec.Base
	found, gone := false, false
	for i, p := range parents {
		id := e.Job.Spec.After[i].String()
		switch {
		case p == nil && e.Job.Start != "":
			gone = true // it had a result, which the start may be
		case p == nil:
			return "", 0, "job " + id + ", which it comes after, was removed"
		case p.State != Done:
			if pending == 0 {
				pending = p.ID
			}
		case p.good() == "":
			return "", 0, "job " + id + ", which it comes after, ended " + string(p.Verdict)
		case p.Spec.Repo == e.Job.Spec.Repo && !found:
			start, found = p.good(), true
		}
	}
	if gone && pending == 0 {
		start = e.Job.Start
	}
	return start, pending, ""
}

// Needed returns the jobs whose results others wait for or start from: they are not to
// be forgotten yet.
func Needed(ctx context.Context, jobs Jobs) (map[ID]bool, error) {
	needed := map[ID]bool{}
	f := Filter{States: []State{Queued, Running}, Oldest: true, Limit: 1000}
	for {
		page, err := jobs.List(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, j := range page {
			for _, id := range j.Spec.After {
				needed[id] = true
			}
		}
		if len(page) < f.Limit {
			return needed, nil
		}
		f.After = page[len(page)-1].ID
	}
}

// followFault begins the reason of a job that failed by its parents.
const followFault = "not begun: "

func (e *Entry) failedFollowing() bool {
	return e.Job.State == Done && e.Job.Verdict == Failed &&
		len(e.Job.Reason) > len(followFault) && e.Job.Reason[:len(followFault)] == followFault
}

// failFollowing ends what has not begun. What runs, or is done, is worth no less than
// before: its start was good when it was taken.
func (e *Entry) failFollowing(fault string, now time.Time) {
	if e.Job.State != Queued {
		return
	}
	for _, v := range e.Job.Variants {
		e.end(v.Number, Outcome{Verdict: Failed, Reason: followFault + fault}, now)
	}
	e.tell(0, EventFollowed, fault, now)
	e.Job.Settle()
	e.tellDone(now)
}

// again queues every variant anew. Workers that have one learn that it is lost.
func (e *Entry) again(start, what string, now time.Time) {
	fresh := e.Job.State == Queued
	for _, v := range e.Job.Variants {
		if v.State == Queued {
			continue
		}
		e.blank(v.Number)
		e.Job.Variants[v.Number-1].Claims = 0
	}
	e.Job.Start, e.Stop, e.Job.Now = start, "", false
	if !fresh {
		what += ": what it had was made from something else"
	}
	e.tell(0, EventFollowed, what, now)
	e.Job.Settle()
}
