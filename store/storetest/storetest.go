// Package storetest is the law that every agent.Store obeys, and every agent.Jobs
// before one. A driver's test calls Run; an adapter that cannot live in a synctest
// bubble, because it waits for a network, calls RunReal.
//
// Each law is one subtest, named topic/rule, on an empty store of its own.
package storetest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"codeagent.dev/agent"
)

// Open returns an empty store for one law: jobs is what is tried from a person's
// side, queue from a worker's. They are the two sides of one store with the default
// limits, and may be the same object. Open uses t.Cleanup to let go of them.
type Open func(t *testing.T) (jobs agent.Jobs, queue agent.Queue)

// law is one rule. Timed ones let time pass, which only a bubble can do at once.
type law struct {
	name  string
	rule  string
	timed bool
	check func(w *world)
}

// Run holds a store to every law, each in a synctest bubble: leases of an hour lapse
// at once, and a goroutine that outlives its store is a failure.
func Run(t *testing.T, open Open) {
	for _, l := range laws() {
		t.Run(l.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l.hold(newWorld(t, open, true))
			})
		})
	}
}

// RunReal holds an adapter to every law for which no time has to pass.
func RunReal(t *testing.T, open Open) {
	for _, l := range laws() {
		if l.timed {
			continue
		}
		t.Run(l.name, func(t *testing.T) { l.hold(newWorld(t, open, false)) })
	}
}

func laws() []law {
	var all []law
	for _, topic := range [][]law{
		submitLaws(), keyLaws(), claimLaws(), leaseLaws(), finishLaws(), poisonLaws(), cancelLaws(),
		retryLaws(), reviseLaws(), approveLaws(), untilLaws(), deliverLaws(), removeLaws(), eventLaws(), watchLaws(), listLaws(), statusLaws(),
		turnLaws(), ruleLaws(), waitingLaws(), placeLaws(), editLaws(), followLaws(), importLaws(), searchLaws(),
		concurrencyLaws(),
	} {
		all = append(all, topic...)
	}
	return all
}

func (l law) hold(w *world) {
	w.Helper()
	defer func() {
		if w.Failed() {
			w.Logf("the rule: %s", l.rule)
		}
	}()
	l.check(w)
}

// world is one law's store, with short words for what laws do.
type world struct {
	*testing.T
	ctx    context.Context
	jobs   agent.Jobs
	queue  agent.Queue
	bubble bool
}

func newWorld(t *testing.T, open Open, bubble bool) *world {
	jobs, queue := open(t)
	limit := 20 * time.Second // real time: nothing here takes long
	if bubble {
		limit = 1000 * time.Hour
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return &world{T: t, ctx: ctx, jobs: jobs, queue: queue, bubble: bubble}
}

const (
	hour   = time.Hour
	base   = "0123456789abcdef0123456789abcdef01234567"
	commit = "89abcdef0123456789abcdef0123456789abcdef"
)

// spec is a small valid Spec; each edit changes it.
func spec(edits ...func(*agent.Spec)) agent.Spec {
	s := agent.Spec{Kind: agent.Command, Text: "gofmt -w .", Repo: "/src/one", Base: base}
	for _, edit := range edits {
		edit(&s)
	}
	return s
}

func variants(n int) func(*agent.Spec)    { return func(s *agent.Spec) { s.Variants = n } }
func key(k string) func(*agent.Spec)      { return func(s *agent.Spec) { s.Key = k } }
func inRepo(dir string) func(*agent.Spec) { return func(s *agent.Spec) { s.Repo = dir } }
func text(t string) func(*agent.Spec)     { return func(s *agent.Spec) { s.Text = t } }

// unverified is the outcome of a variant that went well.
func unverified() agent.Outcome {
	return agent.Outcome{Verdict: agent.Unverified, Maker: "command", Commit: commit, Stat: agent.Stat{Files: 1, Added: 2, Removed: 3}}
}

func ended(v agent.Verdict) agent.Outcome {
	o := agent.Outcome{Verdict: v, Maker: "command", Reason: "because"}
	if v.HasCommit() {
		o.Commit = commit
	}
	return o
}

// ok ends the law when something that must work does not.
func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatalf("unexpected error: %v (code %s)", err, agent.CodeOf(err))
	}
}

// refused ends the law unless err has the code.
func (w *world) refused(err error, code agent.Code) {
	w.Helper()
	if err == nil {
		w.Fatalf("no error, want code %s", code)
	}
	if got := agent.CodeOf(err); got != code {
		w.Fatalf("error %v has code %s, want %s", err, got, code)
	}
	if text := err.Error(); text == "" || strings.HasSuffix(text, ".") {
		w.Fatalf("error text %q is empty or ends with a full stop", text)
	}
}

// canceled ends the law unless err is the context's.
func (w *world) canceled(err error) {
	w.Helper()
	if !errors.Is(err, context.Canceled) {
		w.Fatalf("error %v, want that of the canceled context", err)
	}
}

func (w *world) submit(edits ...func(*agent.Spec)) agent.Job {
	w.Helper()
	j, err := w.jobs.Submit(w.ctx, spec(edits...))
	w.ok(err)
	return j
}

func (w *world) job(id agent.ID) agent.Job {
	w.Helper()
	j, err := w.jobs.Job(w.ctx, id)
	w.ok(err)
	return j
}

func (w *world) claim() agent.Lease {
	w.Helper()
	l, err := w.queue.Claim(w.ctx, agent.Claim{Worker: "worker", TTL: hour})
	w.ok(err)
	return l
}

func (w *world) finish(l agent.Lease, o agent.Outcome) {
	w.Helper()
	w.ok(w.queue.Finish(w.ctx, l, o))
}

// done submits a job and ends its variants with these outcomes, in order.
func (w *world) done(outcomes []agent.Outcome, edits ...func(*agent.Spec)) agent.Job {
	w.Helper()
	j := w.submit(append(edits, variants(len(outcomes)))...)
	for _, o := range outcomes {
		w.finish(w.claim(), o)
	}
	return w.job(j.ID)
}

func (w *world) change(id agent.ID, c agent.Change) agent.Job {
	w.Helper()
	j, err := w.jobs.Change(w.ctx, id, c)
	w.ok(err)
	return j
}

func (w *world) cancel(id agent.ID) agent.Job {
	w.Helper()
	return w.change(id, agent.Change{Op: agent.OpCancel, By: "ada"})
}

func (w *world) status() agent.Status {
	w.Helper()
	st, err := w.jobs.Status(w.ctx)
	w.ok(err)
	return st
}

func (w *world) list(f agent.Filter) []agent.Job {
	w.Helper()
	page, err := w.jobs.List(w.ctx, f)
	w.ok(err)
	return page
}

// history reads the events of a job that is done.
func (w *world) history(id agent.ID, after uint64) []agent.Event {
	w.Helper()
	var all []agent.Event
	for e, err := range w.jobs.Events(w.ctx, id, after) {
		w.ok(err)
		all = append(all, e)
	}
	return all
}

// told is an event without what differs between runs.
type told struct {
	Variant int
	Type    agent.EventType
	Text    string
}

func tale(events []agent.Event) []told {
	var all []told
	for _, e := range events {
		all = append(all, told{e.Variant, e.Type, e.Text})
	}
	return all
}

// settle lets every other goroutine get as far as it can, where that can be known.
func (w *world) settle() {
	if w.bubble {
		synctest.Wait()
	}
}

// pass lets time go by.
func (w *world) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// idle ends the law if a variant can be claimed now. Only for timed laws.
func (w *world) idle() {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, time.Millisecond)
	defer cancel()
	if l, err := w.queue.Claim(ctx, agent.Claim{Worker: "worker", TTL: hour}); err == nil {
		w.Fatalf("%s could be claimed", agent.Ref{Job: l.Job.ID, Variant: l.Variant})
	}
}
