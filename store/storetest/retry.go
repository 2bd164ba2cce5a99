package storetest

import (
	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent"
)

func retryLaws() []law {
	return []law{
		{name: "retry/again", rule: "variants without a good result are queued anew; good ones stay", check: retryAgain},
		{name: "retry/follow", rule: "a retried job ends again, and its history has both ends", check: retryFollow},
		{name: "retry/canceled", rule: "a canceled job can be retried and is not stopped any more", check: retryCanceled},
		{name: "retry/poisoned", timed: true, rule: "a retry forgets the claims that were lost", check: retryPoisoned},
		{name: "retry/picked", rule: "a picked result that is retried is picked no more", check: retryPicked},
		{name: "retry/state", rule: "a job that is not Done, or has only good results, is WrongState", check: retryState},
	}
}

func retry() agent.Change { return agent.Change{Op: agent.OpRetry, By: "ada"} }

func retryAgain(w *world) {
	w.done([]agent.Outcome{ended(agent.Failed), unverified(), ended(agent.ChecksFailed)})
	j := w.change(1, retry())
	if j.State != agent.Running || j.Verdict != "" || !j.Ended.IsZero() || j.Proposed != 0 {
		w.Errorf("job is %s, %q, ended %v, proposes %d", j.State, j.Verdict, j.Ended, j.Proposed)
	}
	for _, n := range []int{1, 3} {
		if d := cmp.Diff(agent.Variant{Number: n, State: agent.Queued}, j.Variants[n-1]); d != "" {
			w.Errorf("variant %d (-want +got):\n%s", n, d)
		}
	}
	if j.Variants[1].Verdict != agent.Unverified {
		w.Errorf("variant 2 is %s", j.Variants[1].Verdict)
	}
	for _, n := range []int{1, 3} {
		l := w.claim()
		if l.Variant != n {
			w.Errorf("claimed variant %d, want %d", l.Variant, n)
		}
		w.finish(l, ended(agent.Verified))
	}
	if j := w.job(1); j.State != agent.Done || j.Verdict != agent.Verified || j.Proposed != 1 {
		w.Errorf("job is %s, %s, proposes %d", j.State, j.Verdict, j.Proposed)
	}
}

func retryFollow(w *world) {
	first := w.done([]agent.Outcome{ended(agent.Failed)})
	w.change(1, retry())
	w.finish(w.claim(), unverified())
	want := []told{
		{0, agent.EventRetried, "ada"}, {1, agent.EventClaimed, "worker"},
		{1, agent.EventFinished, "unverified"}, {0, agent.EventDone, "unverified"},
	}
	if d := cmp.Diff(want, tale(w.history(1, first.Events))); d != "" {
		w.Errorf("events (-want +got):\n%s", d)
	}
}

func retryCanceled(w *world) {
	w.submit()
	l := w.claim()
	w.cancel(1)
	w.finish(l, unverified())
	w.change(1, retry())
	l = w.claim()
	w.ok(w.queue.Renew(w.ctx, l, hour))
	w.finish(l, unverified())
	if j := w.job(1); j.Verdict != agent.Unverified {
		w.Errorf("job is %s", j.Verdict)
	}
}

func retryPoisoned(w *world) {
	w.submit()
	for range agent.DefaultMaxClaims {
		w.claim()
		w.pass(hour)
	}
	w.change(1, retry())
	w.claim()
	w.pass(hour)
	if v := w.job(1).Variants[0]; v.State != agent.Queued || v.Claims != 1 {
		w.Errorf("variant is %s with %d claims", v.State, v.Claims)
	}
}

func retryPicked(w *world) {
	w.done([]agent.Outcome{ended(agent.ChecksFailed), unverified()})
	w.change(1, agent.Change{Op: agent.OpPick, Variant: 1})
	if j := w.change(1, retry()); j.Picked != 0 {
		w.Errorf("variant %d is picked", j.Picked)
	}
	w.finish(w.claim(), ended(agent.Failed))
	w.change(1, agent.Change{Op: agent.OpPick, Variant: 2})
	if j := w.change(1, retry()); j.Picked != 2 {
		w.Errorf("variant %d is picked, want 2", j.Picked)
	}
}

func retryState(w *world) {
	w.submit()
	_, err := w.jobs.Change(w.ctx, 1, retry())
	w.refused(err, agent.WrongState)
	w.finish(w.claim(), unverified())
	_, err = w.jobs.Change(w.ctx, 1, retry())
	w.refused(err, agent.WrongState)
}
