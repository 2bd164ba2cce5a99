package agent

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Bounds of what is told of a job, in bytes.
const (
	MaxEvent  = 1 << 20   // of Event.Text
	MaxSaid   = 16 << 10  // of Variant.Said
	MaxRemark = 256 << 10 // of Variant.Remark
	maxReason = 2 << 10   // of Variant.Reason: lists read it
	maxName   = 512       // of a test's name
)

// DefaultMaxClaims is how many lost workers end a variant, unless configured.
const DefaultMaxClaims = 3

// Entry is a Job as a store keeps it, with the rules of every act on it. The rules
// are here so that all stores share them; a store adds what only it can know: where
// entries lie, which leases have lapsed, and who waits. Methods either change the
// entry completely or return an error and leave it alone. Entry is not safe for
// concurrent use.
type Entry struct {
	Job    Job
	Tokens []uint64 // Tokens[i] is the lease on Variants[i]; 0: nobody holds it
	Stop   string   // why running variants have to stop; "": they do not

	news []Event
}

// rowBytes is charged for every job, attempt and event beside its texts.
const rowBytes = 64

// NewEntry returns what Submit stores. The Spec must be valid.
func NewEntry(id ID, spec Spec, now time.Time) *Entry {
	e := &Entry{
		Job:    Job{ID: id, Spec: spec, Created: stamp(now), Bytes: rowBytes + int64(len(spec.Text))},
		Tokens: make([]uint64, spec.Variants),
	}
	for n := range spec.Variants {
		e.Job.Variants = append(e.Job.Variants, Variant{Number: n + 1, State: Queued})
	}
	e.tell(0, EventSubmitted, "", now)
	e.Job.Settle()
	return e
}

// Claim gives variant n, which must be Queued, to worker under a new token.
func (e *Entry) Claim(n int, worker string, token uint64, now time.Time) {
	v := &e.Job.Variants[n-1]
	v.State, v.Started, v.Claims = Running, stamp(now), v.Claims+1
	e.Tokens[n-1] = token
	e.tell(n, EventClaimed, worker, now)
	e.Job.Settle()
}

// Held returns nil for the lease that holds its variant, Stopped when it does but the
// job was canceled, and Lost for any other.
func (e *Entry) Held(l Lease) error {
	if l.Variant < 1 || l.Variant > len(e.Tokens) || l.Token == 0 || e.Tokens[l.Variant-1] != l.Token {
		return LostLease(l)
	}
	if e.Stop != "" {
		return Errorf(Stopped, "job %s was %s", e.Job.ID, e.Stop)
	}
	return nil
}

// LostLease is the error for a lease that holds nothing any more.
func LostLease(l Lease) error {
	return Errorf(Lost, "the lease on %s is no longer held", Ref{Job: l.Job.ID, Variant: l.Variant})
}

// Record appends a worker's event.
func (e *Entry) Record(l Lease, typ EventType, text string, now time.Time) error {
	if err := e.Held(l); err != nil {
		return err
	}
	if !slices.Contains(workerEvents, typ) {
		return Errorf(Invalid, "a worker records no event of type %q", typ)
	}
	if len(text) > MaxEvent {
		return Errorf(Invalid, "the event's text is %d KiB long; the limit is %d KiB", len(text)>>10, MaxEvent>>10)
	}
	e.tell(l.Variant, typ, text, now)
	return nil
}

// size is what a job is charged for an attempt.
func (a *Attempt) size() int64 { return rowBytes + int64(len(a.Report)) + a.Rejection.size() }

// Attempt appends to the variant's attempts.
func (e *Entry) Attempt(l Lease, a Attempt, now time.Time) error {
	if err := e.Held(l); err != nil {
		return err
	}
	if !a.Verdict.Valid() {
		return Errorf(Invalid, "unknown verdict %q", a.Verdict)
	}
	a.Report, a.Rejection = strings.ToValidUTF8(a.Report, "\uFFFD"), a.Rejection.stored()
	a.Started, a.Ended = stamp(a.Started), stamp(a.Ended)
	v := &e.Job.Variants[l.Variant-1]
	v.Attempts = append(slices.Clip(v.Attempts), a)
	e.Job.Bytes += a.size()
	e.tell(l.Variant, EventAttempt, string(a.Verdict), now)
	return nil
}

// Finish ends the variant. A job that has to stop ends it Canceled, whatever o says.
func (e *Entry) Finish(l Lease, o Outcome, now time.Time) error {
	switch err := e.Held(l); {
	case CodeOf(err) == Stopped:
		o = Outcome{Verdict: Canceled, Reason: e.Stop, Maker: o.Maker, Usage: o.Usage}
	case err != nil:
		return err
	case !o.Verdict.Valid():
		return Errorf(Invalid, "unknown verdict %q", o.Verdict)
	case o.Verdict.HasCommit() && !IsCommitID(o.Commit):
		return Errorf(Invalid, "verdict %s needs a full commit id, not %q", o.Verdict, o.Commit)
	case o.Verdict == NeedsApproval && o.Commit != "" && !(IsCommitID(o.Commit) && o.Earned.HasCommit()):
		return Errorf(Invalid, "a commit that needs approval is a full id, with the verdict it earned, not %q and %q", o.Commit, o.Earned)
	}
	e.end(l.Variant, o, now)
	if o.Verdict == Verified && e.Job.Spec.Until == UntilVerified {
		e.enough(l.Variant, now)
	}
	e.Job.Settle()
	e.tellDone(now)
	return nil
}

// Release puts the variant back as if it had never been claimed; when the job has to
// stop it ends Canceled instead.
func (e *Entry) Release(l Lease, now time.Time) error {
	if err := e.Held(l); err != nil && CodeOf(err) != Stopped {
		return err
	}
	e.Job.Variants[l.Variant-1].Claims--
	e.giveBack(l.Variant, EventReleased, "", now)
	return nil
}

// Lapse takes variant n from a worker that is gone. The variant is queued again, or
// it ends: Canceled when the job has to stop, Failed after maxClaims lost workers.
func (e *Entry) Lapse(n, maxClaims int, now time.Time) {
	v := &e.Job.Variants[n-1]
	if v.Claims < maxClaims || e.Stop != "" {
		e.giveBack(n, EventLapsed, "", now)
		return
	}
	e.tell(n, EventLapsed, "", now)
	e.end(n, Outcome{Verdict: Failed, Reason: "its worker was lost " + times(v.Claims)}, now)
	e.Job.Settle()
	e.tellDone(now)
}

// enoughStop begins Entry.Stop, and the reason of a variant, where nobody canceled it.
const enoughStop = "not needed: "

// enough stops the other variants, because variant n is all that was wanted.
func (e *Entry) enough(n int, now time.Time) {
	if e.Stop == "" {
		e.Stop = enoughStop + Ref{Job: e.Job.ID, Variant: n}.String() + " is verified"
	}
	e.endQueued(now)
}

// endQueued ends the variants that nobody works on as e.Stop says.
func (e *Entry) endQueued(now time.Time) {
	for _, v := range e.Job.Variants {
		if v.State == Queued {
			e.end(v.Number, Outcome{Verdict: Canceled, Reason: e.Stop}, now)
		}
	}
}

// giveBack ends a running variant's lease without a result.
func (e *Entry) giveBack(n int, typ EventType, text string, now time.Time) {
	e.tell(n, typ, text, now)
	if e.Stop != "" {
		e.end(n, Outcome{Verdict: Canceled, Reason: e.Stop}, now)
	} else {
		e.blank(n)
	}
	e.Job.Settle()
	e.tellDone(now)
}

// blank queues variant n anew; of what was there only the number of claims stays.
func (e *Entry) blank(n int) {
	v := &e.Job.Variants[n-1]
	for _, a := range v.Attempts {
		e.Job.Bytes -= a.size()
	}
	for _, c := range v.Checks {
		e.Job.Bytes -= int64(len(c.Tail))
	}
	e.Job.Bytes -= int64(len(v.Said)) + v.Tests.size()
	*v = Variant{Number: n, State: Queued, Claims: v.Claims, Revises: v.Revises, Remark: v.Remark, Approved: v.Approved}
	e.Tokens[n-1] = 0
}

// end makes variant n Done.
func (e *Entry) end(n int, o Outcome, now time.Time) {
	v := &e.Job.Variants[n-1]
	v.State, v.Verdict, v.Ended = Done, o.Verdict, stamp(now)
	v.Reason = bounded(oneLine(o.Reason), maxReason)
	v.Maker, v.Usage = o.Maker, o.Usage
	v.Said = bounded(o.Said, MaxSaid)
	v.Tests = o.Tests.stored()
	if o.Verdict.HasCommit() || o.Verdict == NeedsApproval {
		v.Commit, v.Stat, v.Print = o.Commit, o.Stat, o.Print
	}
	if o.Verdict == NeedsApproval {
		v.Earned = o.Earned
	}
	e.Job.Bytes += int64(len(v.Said)) + v.Tests.size()
	v.Checks = slices.Clone(o.Checks)
	for i := range v.Checks {
		v.Checks[i].Tail = strings.ToValidUTF8(v.Checks[i].Tail, "\uFFFD")
		e.Job.Bytes += int64(len(v.Checks[i].Tail))
	}
	e.Tokens[n-1] = 0
	text := string(v.Verdict)
	if v.Reason != "" {
		text += ": " + v.Reason
	}
	e.tell(n, EventFinished, text, now)
}

// tellDone adds the event for a job that has just become Done.
func (e *Entry) tellDone(now time.Time) {
	if e.Job.State == Done {
		e.Stop, e.Job.Now = "", false
		e.tell(0, EventDone, string(e.Job.Verdict), now)
	}
}

func (e *Entry) tell(variant int, typ EventType, text string, now time.Time) {
	text = strings.ToValidUTF8(text, "\uFFFD")
	e.Job.Events++
	e.Job.Bytes += rowBytes + int64(len(text))
	e.news = append(e.news, Event{Job: e.Job.ID, Variant: variant, Seq: e.Job.Events, Time: stamp(now), Type: typ, Text: text})
}

// News returns the events of the acts since it was last called. A store writes them
// together with the entry.
func (e *Entry) News() []Event {
	news := e.news
	e.news = nil
	return news
}

// Clone returns a copy that shares nothing an act can change.
func (e *Entry) Clone() *Entry {
	return &Entry{Job: e.Job.Clone(), Tokens: slices.Clone(e.Tokens), Stop: e.Stop, news: slices.Clone(e.news)}
}

// Clone returns a copy that shares nothing an act can change; the Spec is frozen and
// shared.
func (j *Job) Clone() Job {
	c := *j
	c.Variants = slices.Clone(j.Variants)
	for i := range c.Variants {
		c.Variants[i].Attempts = slices.Clone(c.Variants[i].Attempts)
		c.Variants[i].Checks = slices.Clone(c.Variants[i].Checks)
	}
	c.Deliveries = slices.Clone(j.Deliveries)
	return c
}

// Brief returns the job as List does: without Spec.Text, Spec.Env, attempts, remarks,
// test reports and the output of checks, which can be large.
func (j *Job) Brief() Job {
	c := j.Clone()
	c.Spec.Text, c.Spec.Env = "", nil
	for i := range c.Variants {
		c.Variants[i].Attempts, c.Variants[i].Remark, c.Variants[i].Said, c.Variants[i].Tests = nil, "", "", nil
		for k := range c.Variants[i].Checks {
			c.Variants[i].Checks[k].Tail = ""
		}
	}
	return c
}

// stamp is a time as it is stored: UTC, and no clock that a restart would reset.
func stamp(t time.Time) time.Time { return t.Round(0).UTC() }

// storable reports whether a time, or none, is one that every store can keep: as
// nanoseconds from 1970, in 64 bits.
func storable(t time.Time) bool {
	return t.IsZero() || t.Year() >= 1970 && t.Year() < 2262
}

// bounded cuts a text to what is kept of it.
func bounded(s string, limit int) string {
	if len(s) > limit {
		s = s[:limit] + "…"
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

func oneLine(s string) string {
	return strings.Join(strings.Fields(strings.ToValidUTF8(s, "\uFFFD")), " ")
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return strconv.Itoa(n) + " times"
}
