package storetest

import (
	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent"
)

func poisonLaws() []law {
	return []law{
		{name: "poison/limit", timed: true, rule: "a variant that loses its third worker ends Failed and says why", check: poisonLimit},
		{name: "poison/released", timed: true, rule: "a released claim does not count", check: poisonReleased},
		{name: "poison/one variant", timed: true, rule: "the limit counts for each variant apart", check: poisonOneVariant},
	}
}

func poisonLimit(w *world) {
	w.submit()
	for range agent.DefaultMaxClaims {
		w.claim()
		w.pass(hour)
	}
	j := w.job(1)
	v := j.Variants[0]
	if j.State != agent.Done || v.Verdict != agent.Failed || v.Reason != "its worker was lost 3 times" || v.Claims != agent.DefaultMaxClaims {
		w.Errorf("job is %s, variant %+v", j.State, v)
	}
	want := []told{
		{1, agent.EventClaimed, "worker"}, {1, agent.EventLapsed, ""},
		{1, agent.EventFinished, "failed: its worker was lost 3 times"}, {0, agent.EventDone, "failed"},
	}
	if d := cmp.Diff(want, tale(w.history(1, 5))); d != "" {
		w.Errorf("events (-want +got):\n%s", d)
	}
	w.idle()
}

func poisonReleased(w *world) {
	w.submit()
	for range 2 * agent.DefaultMaxClaims {
		w.ok(w.queue.Release(w.ctx, w.claim()))
	}
	for range agent.DefaultMaxClaims - 1 {
		w.claim()
		w.pass(hour)
		w.ok(w.queue.Release(w.ctx, w.claim()))
	}
	if v := w.job(1).Variants[0]; v.State != agent.Queued || v.Claims != agent.DefaultMaxClaims-1 {
		w.Errorf("variant is %s with %d claims", v.State, v.Claims)
	}
}

func poisonOneVariant(w *world) {
	w.submit(variants(2))
	for range agent.DefaultMaxClaims {
		bad, good := w.claim(), w.claim()
		w.ok(w.queue.Release(w.ctx, good))
		if bad.Variant != 1 {
			w.Fatalf("claimed variant %d first", bad.Variant)
		}
		w.pass(hour)
	}
	j := w.job(1)
	if j.Variants[0].Verdict != agent.Failed || j.Variants[1].State != agent.Queued {
		w.Errorf("variants are %+v", j.Variants)
	}
	w.finish(w.claim(), unverified())
	if j := w.job(1); j.Verdict != agent.Unverified || j.Proposed != 2 {
		w.Errorf("job is %s, proposes %d", j.Verdict, j.Proposed)
	}
}
