package agent

import (
	"cmp"
	"slices"
	"time"
)

// Change does what a person asks. OpRemove only checks that the job may be removed;
// the store then forgets it. News is empty when nothing changed, which is no error:
// a repeated cancel, a delivery recorded twice.
func (e *Entry) Change(c Change, now time.Time) error {
	switch c.Op {
	case OpCancel:
		return e.cancel(c.By, now)
	case OpRetry:
		return e.retry(c, now)
	case OpHold, OpRelease, OpPriority, OpStart:
		return e.move(c, now)
	case OpEdit:
		return e.edit(c, now)
	case OpSwitch:
		return Errorf(Invalid, "job %s cannot trade places by itself", e.Job.ID)
	case OpRevise:
		return e.revise(c, now)
	case OpApprove:
		return e.approve(c, now)
	case OpPick:
		return e.pick(c, now)
	case OpDeliver:
		return e.deliver(c, now)
	case OpUndo:
		return e.undo(c, now)
	case OpRemove:
		if e.Job.State != Done {
			return Errorf(WrongState, "job %s is %s", e.Job.ID, e.Job.State).WithHint("agent cancel " + e.Job.ID.String())
		}
		return nil
	}
	return Errorf(Invalid, "unknown change %q", c.Op)
}

// cancel ends what is queued at once; workers learn it at their next act.
func (e *Entry) cancel(by string, now time.Time) error {
	if e.Job.State == Done {
		return Errorf(WrongState, "job %s is done already", e.Job.ID).WithHint("agent show " + e.Job.ID.String())
	}
	if e.Stop != "" {
		return nil
	}
	e.Stop = "canceled"
	if by != "" {
		e.Stop = oneLine("canceled by " + by)
	}
	e.tell(0, EventCanceled, by, now)
	e.endQueued(now)
	e.Job.Settle()
	e.tellDone(now)
	return nil
}

func (e *Entry) retry(c Change, now time.Time) error {
	if len(c.Makers) > 0 && e.Job.Spec.Kind != Prompt {
		return Errorf(Invalid, "job %s needs no maker: it is a %s", e.Job.ID, e.Job.Spec.Kind)
	}
	if e.Job.State != Done {
		return Errorf(WrongState, "job %s is %s", e.Job.ID, e.Job.State).WithHint("agent cancel " + e.Job.ID.String())
	}
	again := 0
	for _, v := range e.Job.Variants {
		if v.Verdict == Verified || v.Verdict == Unverified {
			continue
		}
		again++
		e.blank(v.Number)
		e.Job.Variants[v.Number-1].Claims = 0
		if e.Job.Picked == v.Number {
			e.Job.Picked = 0
		}
	}
	if again == 0 {
		return Errorf(WrongState, "job %s has nothing to retry: each variant has a good result", e.Job.ID).WithHint("agent show " + e.Job.ID.String())
	}
	if len(c.Makers) > 0 {
		e.Job.Spec.Makers = slices.Clone(c.Makers)
	}
	e.tell(0, EventRetried, c.By, now)
	e.Job.Settle()
	return nil
}

func (e *Entry) pick(c Change, now time.Time) error {
	if _, err := e.result(c.Variant); err != nil {
		return err
	}
	if e.Job.Picked == c.Variant {
		return nil
	}
	e.Job.Picked = c.Variant
	e.tell(c.Variant, EventPicked, c.By, now)
	return nil
}

// result returns variant n, which must have a commit.
func (e *Entry) result(n int) (*Variant, error) {
	if n < 1 {
		return nil, Errorf(Invalid, "no variant of job %s named", e.Job.ID)
	}
	v, ok := e.Job.Variant(n)
	if !ok {
		return nil, Errorf(NotFound, "job %s has no variant %d", e.Job.ID, n).WithHint("agent show " + e.Job.ID.String())
	}
	if v.Commit == "" {
		return nil, Errorf(WrongState, "variant %s has no commit", Ref{Job: e.Job.ID, Variant: n}).WithHint("agent show " + e.Job.ID.String())
	}
	return v, nil
}

func (e *Entry) deliver(c Change, now time.Time) error {
	if c.Delivery == nil || c.Delivery.ID == "" || c.Delivery.How == "" {
		return Errorf(Invalid, "a delivery needs an id and a way")
	}
	d := *c.Delivery
	v, err := e.result(d.Variant)
	if err != nil {
		return err
	}
	d.Commit = cmp.Or(d.Commit, v.Commit)
	if d.Commit != v.Commit {
		return Errorf(Invalid, "commit %s is not the result of %s", d.Commit, Ref{Job: e.Job.ID, Variant: d.Variant})
	}
	if old, ok := e.delivery(d.ID); ok {
		if old.Variant == d.Variant && old.How == d.How && old.Where == d.Where && old.Commit == d.Commit {
			return nil // the answer to the first request was lost
		}
		return Errorf(WrongState, "job %s has another delivery %s", e.Job.ID, d.ID)
	}
	if d.At.IsZero() {
		d.At = now
	}
	d.At, d.Undone = stamp(d.At), time.Time{}
	e.Job.Deliveries = append(slices.Clip(e.Job.Deliveries), d)
	e.tell(d.Variant, EventDelivered, oneLine(d.How+" "+d.Where), now)
	return nil
}

func (e *Entry) undo(c Change, now time.Time) error {
	if c.Delivery == nil || c.Delivery.ID == "" {
		return Errorf(Invalid, "no delivery of job %s named", e.Job.ID)
	}
	d, ok := e.delivery(c.Delivery.ID)
	switch {
	case !ok:
		return Errorf(NotFound, "job %s has no delivery %s", e.Job.ID, c.Delivery.ID)
	case !d.Undone.IsZero():
		return Errorf(WrongState, "delivery %s of job %s is undone already", d.ID, e.Job.ID)
	}
	d.Undone = stamp(now)
	e.tell(d.Variant, EventUndone, oneLine(d.How+" "+d.Where), now)
	return nil
}

func (e *Entry) delivery(id string) (*Delivery, bool) {
	for i := range e.Job.Deliveries {
		if e.Job.Deliveries[i].ID == id {
			return &e.Job.Deliveries[i], true
		}
	}
	return nil, false
}
