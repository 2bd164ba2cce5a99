package agent

import (
	"slices"
	"strconv"
	"time"
)

// move changes when a job's turn comes.
func (e *Entry) move(c Change, now time.Time) error {
	if err := e.waits(); err != nil {
		return err
	}
	spec := &e.Job.Spec
	switch c.Op {
	case OpHold:
		if spec.Hold && !e.Job.Now {
			return nil
		}
		spec.Hold, e.Job.Now = true, false
		e.tell(0, EventHeld, c.By, now)
	case OpRelease:
		if !spec.Hold && !spec.NotBefore.After(now) {
			return nil
		}
		spec.Hold, spec.NotBefore = false, time.Time{}
		e.tell(0, EventFreed, c.By, now)
	case OpPriority:
		if c.Priority < -MaxPriority || c.Priority > MaxPriority {
			return Errorf(Invalid, "priority %d is not within -%d and %d", c.Priority, MaxPriority, MaxPriority)
		}
		if spec.Priority == c.Priority {
			return nil
		}
		spec.Priority = c.Priority
		e.tell(0, EventMoved, by("priority "+strconv.Itoa(c.Priority), c.By), now)
	case OpStart:
		return e.startNow(c.By, now)
	}
	return nil
}

func (e *Entry) startNow(who string, now time.Time) error {
	if e.follows() && e.Job.Start == "" {
		return Errorf(WrongState, "job %s comes after %s, whose result it needs", e.Job.ID, idList(e.Job.Spec.After)).
			WithHint("agent edit " + e.Job.ID.String() + ", and take out what it comes after")
	}
	if e.Job.Now {
		return nil
	}
	e.Job.Now, e.Job.Spec.Hold, e.Job.Spec.NotBefore = true, false, time.Time{}
	e.tell(0, EventStarted, who, now)
	return nil
}

// waits returns an error unless a variant of the job is queued.
func (e *Entry) waits() error {
	if e.Stop == "" && slices.ContainsFunc(e.Job.Variants, func(v Variant) bool { return v.State == Queued }) {
		return nil
	}
	return Errorf(WrongState, "nothing of job %s waits: it is %s", e.Job.ID, e.Job.State).WithHint("agent show " + e.Job.ID.String())
}

func by(what, who string) string {
	if who == "" {
		return what
	}
	return oneLine(what + " by " + who)
}

// Switch lets two jobs that wait trade their places, priority included.
func Switch(a, b *Entry, who string, now time.Time) error {
	if err := a.waits(); err != nil {
		return err
	}
	if err := b.waits(); err != nil {
		return err
	}
	if a.Job.ID == b.Job.ID {
		return Errorf(Invalid, "job %s cannot trade places with itself", a.Job.ID)
	}
	pa, pb := a.Job.place(), b.Job.place()
	a.Job.Order, b.Job.Order = pb, pa
	a.Job.Spec.Priority, b.Job.Spec.Priority = b.Job.Spec.Priority, a.Job.Spec.Priority
	a.tell(0, EventMoved, by("switched with "+b.Job.ID.String(), who), now)
	b.tell(0, EventMoved, by("switched with "+a.Job.ID.String(), who), now)
	return nil
}

// Editable returns a WrongState error for a job that OpEdit would refuse because one of
// its variants has begun.
func (j *Job) Editable() error {
	for _, v := range j.Variants {
		if v.State != Queued || v.Claims > 0 || v.Revises > 0 {
			return Errorf(WrongState, "job %s has begun, and can no longer be edited", j.ID).
				WithHint("agent cancel " + j.ID.String() + ", or agent revise it")
		}
	}
	return nil
}

// edit replaces what is asked for, as long as nobody has begun with it. Stores that
// keep texts apart have put the old one into the entry's Spec.Text, and find the new one
// there.
func (e *Entry) edit(c Change, now time.Time) error {
	if c.Spec == nil {
		return Errorf(Invalid, "nothing to change job %s to", e.Job.ID)
	}
	if err := e.Job.Editable(); err != nil {
		return err
	}
	old, spec := &e.Job.Spec, *c.Spec
	spec.Text = c.Text
	spec.Checks, spec.Labels, spec.After = slices.Clone(spec.Checks), slices.Clone(spec.Labels), slices.Clone(spec.After)
	spec.Makers = slices.Clone(spec.Makers)
	if spec.Kind != old.Kind || spec.Repo != old.Repo || spec.Base != old.Base || spec.Key != old.Key {
		return Errorf(Invalid, "kind, repository, base and key of job %s stay what they are", e.Job.ID)
	}
	spec.Origin, spec.Env = old.Origin, old.Env
	size := int64(len(spec.Text) - len(old.Text))
	if spec.Title == old.Title {
		spec.Title = "" // made from the text anew
	}
	if err := spec.Validate(); err != nil {
		return err
	}
	if slices.ContainsFunc(spec.After, func(id ID) bool { return id >= e.Job.ID }) {
		return Errorf(Invalid, "job %s can come after older jobs only", e.Job.ID) // so that none waits for itself
	}
	if !slices.Equal(old.After, spec.After) {
		e.Job.Start = ""
	}
	e.Job.Spec = spec
	e.Job.Bytes += size
	e.Job.Variants, e.Tokens = nil, make([]uint64, spec.Variants)
	for n := range spec.Variants {
		e.Job.Variants = append(e.Job.Variants, Variant{Number: n + 1, State: Queued})
	}
	e.tell(0, EventEdited, c.By, now)
	return nil
}
