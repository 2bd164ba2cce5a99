package storetest

import (
	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent"
)

func cancelLaws() []law {
	return []law{
		{name: "cancel/queued", rule: "queued variants end at once as Canceled, and are not claimed", check: cancelQueued},
		{name: "cancel/running", rule: "a worker learns Stopped at its next act; Finish ends Canceled whatever it says", check: cancelRunning},
		{name: "cancel/release", rule: "a canceled variant that is given back ends Canceled", check: cancelRelease},
		{name: "cancel/lapse", timed: true, rule: "a canceled variant whose lease lapses ends Canceled", check: cancelLapse},
		{name: "cancel/mixed", rule: "variants that ended before keep their verdict", check: cancelMixed},
		{name: "cancel/twice", rule: "a second cancel of a job that is stopping changes nothing", check: cancelTwice},
		{name: "cancel/done", rule: "a Done job is WrongState", check: cancelDone},
		{name: "cancel/unknown", rule: "an unknown change is Invalid", check: cancelUnknown},
	}
}

func cancelQueued(w *world) {
	w.submit(variants(2))
	w.submit()
	j := w.cancel(1)
	if j.State != agent.Done || j.Verdict != agent.Canceled || j.Reason != "canceled by ada" || j.Ended.IsZero() {
		w.Errorf("job is %s, %s, %q", j.State, j.Verdict, j.Reason)
	}
	want := []told{
		{0, agent.EventSubmitted, ""}, {0, agent.EventCanceled, "ada"},
		{1, agent.EventFinished, "canceled: canceled by ada"}, {2, agent.EventFinished, "canceled: canceled by ada"},
		{0, agent.EventDone, "canceled"},
	}
	if d := cmp.Diff(want, tale(w.history(1, 0))); d != "" {
		w.Errorf("events (-want +got):\n%s", d)
	}
	if l := w.claim(); l.Job.ID != 2 {
		w.Errorf("claimed job %s", l.Job.ID)
	}
	if st := w.status(); st.Waiting != 0 || st.Held != 1 {
		w.Errorf("status is %+v", st)
	}
}

func cancelRunning(w *world) {
	w.submit()
	l := w.claim()
	if j := w.cancel(1); j.State != agent.Running {
		w.Errorf("job is %s with a worker on it", j.State)
	}
	before := w.job(1).Events
	for act, err := range map[string]error{
		"Renew":   w.queue.Renew(w.ctx, l, hour),
		"Record":  w.queue.Record(w.ctx, l, agent.EventStep, "x"),
		"Attempt": w.queue.Attempt(w.ctx, l, agent.Attempt{Try: 1, Verdict: agent.NoPatch}),
	} {
		if agent.CodeOf(err) != agent.Stopped {
			w.Errorf("%s: error %v has code %q, want stopped", act, err, agent.CodeOf(err))
		}
	}
	if after := w.job(1).Events; after != before {
		w.Errorf("%d events were written", after-before)
	}
	w.finish(l, unverified())
	v := w.job(1).Variants[0]
	if v.Verdict != agent.Canceled || v.Reason != "canceled by ada" || v.Commit != "" {
		w.Errorf("variant is %+v", v)
	}
	w.lost(l)
}

func cancelRelease(w *world) {
	w.submit()
	l := w.claim()
	w.cancel(1)
	w.ok(w.queue.Release(w.ctx, l))
	if j := w.job(1); j.State != agent.Done || j.Verdict != agent.Canceled {
		w.Errorf("job is %s, %s", j.State, j.Verdict)
	}
}

func cancelLapse(w *world) {
	w.submit()
	l := w.claim()
	w.cancel(1)
	w.pass(hour)
	if j := w.job(1); j.State != agent.Done || j.Verdict != agent.Canceled {
		w.Errorf("job is %s, %s", j.State, j.Verdict)
	}
	w.lost(l)
	w.idle()
}

func cancelMixed(w *world) {
	w.submit(variants(3))
	w.finish(w.claim(), unverified())
	l := w.claim()
	w.cancel(1)
	w.finish(l, unverified())
	j := w.job(1)
	if j.Verdict != agent.Unverified || j.Proposed != 1 {
		w.Errorf("job is %s, proposes %d", j.Verdict, j.Proposed)
	}
	for _, v := range j.Variants[1:] {
		if v.Verdict != agent.Canceled {
			w.Errorf("variant %d is %s", v.Number, v.Verdict)
		}
	}
}

func cancelTwice(w *world) {
	w.submit()
	w.claim()
	once, twice := w.cancel(1), w.cancel(1)
	if once.Events != twice.Events {
		w.Errorf("%d events after %d", twice.Events, once.Events)
	}
}

func cancelDone(w *world) {
	w.done([]agent.Outcome{unverified()})
	_, err := w.jobs.Change(w.ctx, 1, agent.Change{Op: agent.OpCancel})
	w.refused(err, agent.WrongState)
}

func cancelUnknown(w *world) {
	w.submit()
	_, err := w.jobs.Change(w.ctx, 1, agent.Change{Op: "explode"})
	w.refused(err, agent.Invalid)
}
