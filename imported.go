package agent

import (
	"slices"
	"time"
)

// NewImported returns what Import stores: the job with its history under a new id. What
// it came after has other ids here, or none, and is forgotten. Its variants that were
// not Done are queued, and the job is held.
func NewImported(id ID, j Job, history []Event, now time.Time) (*Entry, error) {
	old := j.ID
	j = j.Clone()
	j.Spec.Checks, j.Spec.Labels = slices.Clone(j.Spec.Checks), slices.Clone(j.Spec.Labels)
	if len(j.Variants) == 0 || len(j.Variants) > MaxVariants {
		return nil, Errorf(Invalid, "the job has %d variants; 1 to %d are possible", len(j.Variants), MaxVariants)
	}
	if j.Start != "" && !IsCommitID(j.Start) {
		return nil, Errorf(Invalid, "the job starts from %q, which is no full commit id", j.Start)
	}
	wanted := j.Spec.Variants
	if err := j.Spec.Validate(); err != nil {
		return nil, err
	}
	j.Spec.Variants = wanted
	j.ID, j.Order, j.Now, j.Waiting, j.Events, j.Bytes = id, 0, false, nil, 0, rowBytes+int64(len(j.Spec.Text))
	j.Spec.After = nil
	e := &Entry{Job: j, Tokens: make([]uint64, len(j.Variants))}
	if err := e.adopt(now); err != nil {
		return nil, err
	}
	for i, ev := range history {
		if ev.Variant < 0 || ev.Variant > len(j.Variants) || len(ev.Text) > MaxEvent || ev.Type == "" || len(ev.Type) > 40 || !storable(ev.Time) {
			return nil, Errorf(Invalid, "event %d of the job's history is none", i+1)
		}
		if ev.Time.IsZero() {
			ev.Time = now
		}
		e.tell(ev.Variant, ev.Type, ev.Text, ev.Time)
	}
	e.tell(0, EventImported, "job "+old.String(), now)
	picked := e.Job.Picked
	e.Job.Settle()
	if v, ok := e.Job.Variant(picked); !ok || v.Commit == "" {
		e.Job.Picked = 0
	}
	if e.Job.State != Done {
		e.Job.Spec.Hold = true
	}
	return e, nil
}

// adopt checks the variants and counts what they hold.
func (e *Entry) adopt(now time.Time) error {
	if e.Job.Created.IsZero() {
		e.Job.Created = now
	}
	if e.Job.Created = stamp(e.Job.Created); !storable(e.Job.Created) {
		return Errorf(Invalid, "the job was made at %v", e.Job.Created)
	}
	for _, d := range e.Job.Deliveries {
		if _, ok := e.Job.Variant(d.Variant); !ok || d.ID == "" || !IsCommitID(d.Commit) || !storable(d.At) || !storable(d.Undone) {
			return Errorf(Invalid, "delivery %q of the job is none", d.ID)
		}
	}
	for i := range e.Job.Variants {
		v := &e.Job.Variants[i]
		switch {
		case v.Number != i+1 || v.Revises < 0 || v.Revises > i:
			return Errorf(Invalid, "the job's variants are not numbered from 1")
		case v.State != Done:
			*v = Variant{Number: i + 1, State: Queued, Revises: v.Revises, Remark: v.Remark}
			continue
		case !v.Verdict.Valid() || v.Commit != "" && !IsCommitID(v.Commit) || v.Verdict.HasCommit() && v.Commit == "",
			v.Verdict == NeedsApproval && v.Commit != "" && !v.Earned.HasCommit():
			return Errorf(Invalid, "variant %d of the job has verdict %q and commit %q", i+1, v.Verdict, v.Commit)
		case !storable(v.Started) || !storable(v.Ended):
			return Errorf(Invalid, "variant %d of the job began at %v and ended at %v", i+1, v.Started, v.Ended)
		}
		v.Started, v.Ended = stamp(v.Started), stamp(v.Ended)
		e.Job.Bytes += int64(len(v.Said)+len(v.Remark)) + v.Tests.size()
		for _, a := range v.Attempts {
			e.Job.Bytes += a.size()
		}
		for _, c := range v.Checks {
			e.Job.Bytes += int64(len(c.Tail))
		}
	}
	return nil
}
