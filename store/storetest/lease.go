package storetest

import (
	"time"

	"codeagent.dev/agent"
)

func leaseLaws() []law {
	return []law{
		{name: "lease/fenced", rule: "an act with another token, job or variant is Lost and writes nothing", check: leaseFenced},
		{name: "lease/released", rule: "a released variant is as never claimed, and the lease is Lost", check: leaseReleased},
		{name: "lease/release blank", rule: "what a released worker attempted is not counted", check: leaseReleaseBlank},
		{name: "lease/lapses", timed: true, rule: "an unrenewed lease lapses after its ttl, not before; the variant is claimable", check: leaseLapses},
		{name: "lease/lapses alone", timed: true, rule: "a lease lapses and is told of with nobody calling", check: leaseLapsesAlone},
		{name: "lease/lapsed is lost", timed: true, rule: "every act under a lapsed lease is Lost, also after the next claim", check: leaseLapsedIsLost},
		{name: "lease/renew", timed: true, rule: "Renew holds for another ttl from now, longer or shorter", check: leaseRenew},
		{name: "lease/claim wakes", timed: true, rule: "a waiting Claim gets a variant when its lease lapses", check: leaseClaimWakes},
	}
}

// acts are all acts under a lease, by name.
func (w *world) acts(l agent.Lease) map[string]error {
	return map[string]error{
		"Renew":   w.queue.Renew(w.ctx, l, hour),
		"Record":  w.queue.Record(w.ctx, l, agent.EventStep, "x"),
		"Attempt": w.queue.Attempt(w.ctx, l, agent.Attempt{Try: 1, Verdict: agent.NoPatch}),
		"Finish":  w.queue.Finish(w.ctx, l, unverified()),
		"Release": w.queue.Release(w.ctx, l),
	}
}

// lost ends the law unless every act under l is Lost and changes nothing.
func (w *world) lost(l agent.Lease) {
	w.Helper()
	before := w.list(agent.Filter{})
	for act, err := range w.acts(l) {
		if agent.CodeOf(err) != agent.Lost {
			w.Errorf("%s: error %v has code %q, want lost", act, err, agent.CodeOf(err))
		}
	}
	after := w.list(agent.Filter{})
	for i := range before {
		if before[i].Events != after[i].Events || before[i].State != after[i].State {
			w.Errorf("job %s has changed", before[i].ID)
		}
	}
}

func leaseFenced(w *world) {
	w.submit(variants(2))
	l := w.claim()
	for _, edit := range []func(*agent.Lease){
		func(l *agent.Lease) { l.Token++ },
		func(l *agent.Lease) { l.Token = 0 },
		func(l *agent.Lease) { l.Variant = 2 },
		func(l *agent.Lease) { l.Variant = 0 },
		func(l *agent.Lease) { l.Variant = 3 },
		func(l *agent.Lease) { l.Variant = -1 },
		func(l *agent.Lease) { l.Job.ID = 2 },
		func(l *agent.Lease) { l.Job.ID = 0 },
	} {
		other := l
		edit(&other)
		w.lost(other)
	}
	w.finish(l, unverified())
	w.lost(l)
}

func leaseReleased(w *world) {
	w.submit()
	l := w.claim()
	w.ok(w.queue.Release(w.ctx, l))
	v := w.job(1).Variants[0]
	if v.State != agent.Queued || v.Claims != 0 || !v.Started.IsZero() {
		w.Errorf("variant is %+v", v)
	}
	w.lost(l)
	if again := w.claim(); again.Token <= l.Token {
		w.Errorf("token %d after %d", again.Token, l.Token)
	}
	w.lost(l)
}

func leaseReleaseBlank(w *world) {
	w.submit()
	l := w.claim()
	bytes := w.job(1).Bytes
	w.ok(w.queue.Attempt(w.ctx, l, agent.Attempt{Try: 1, Verdict: agent.NoPatch, Report: "long"}))
	w.ok(w.queue.Release(w.ctx, l))
	j := w.job(1)
	if v := j.Variants[0]; len(v.Attempts) != 0 || v.Maker != "" {
		w.Errorf("variant is %+v", v)
	}
	if j.Bytes < bytes {
		w.Errorf("%d bytes kept, %d before the attempt", j.Bytes, bytes)
	}
}

func leaseLapses(w *world) {
	w.submit()
	w.claim()
	w.pass(hour - time.Second)
	if v := w.job(1).Variants[0]; v.State != agent.Running {
		w.Fatalf("variant is %s before its time", v.State)
	}
	w.idle()
	w.pass(time.Second)
	v := w.job(1).Variants[0]
	if v.State != agent.Queued || v.Claims != 1 || !v.Started.IsZero() {
		w.Fatalf("variant is %+v", v)
	}
	if l := w.claim(); l.Job.ID != 1 || l.Job.Variants[0].Claims != 2 {
		w.Errorf("claimed %s with %d claims", l.Job.ID, l.Job.Variants[0].Claims)
	}
}

func leaseLapsesAlone(w *world) {
	w.submit()
	w.claim()
	types := make(chan agent.EventType, 10)
	go func() {
		defer close(types)
		for e, err := range w.jobs.Events(w.ctx, 1, 2) {
			if err != nil {
				w.Errorf("events: %v", err)
				return
			}
			types <- e.Type
		}
	}()
	w.pass(hour)
	select {
	case typ := <-types:
		if typ != agent.EventLapsed {
			w.Errorf("event %s, want lapsed", typ)
		}
	default:
		w.Error("no event was told")
	}
	w.cancel(1)
	for range types {
	}
}

func leaseLapsedIsLost(w *world) {
	w.submit()
	l := w.claim()
	w.pass(hour)
	w.lost(l)
	w.claim()
	w.lost(l)
}

func leaseRenew(w *world) {
	w.submit()
	l := w.claim()
	for range 5 {
		w.pass(hour - time.Second)
		w.ok(w.queue.Renew(w.ctx, l, hour))
	}
	w.ok(w.queue.Renew(w.ctx, l, time.Minute))
	w.pass(time.Minute - time.Second)
	w.ok(w.queue.Record(w.ctx, l, agent.EventStep, "still here"))
	w.pass(time.Second)
	w.lost(l)
}

func leaseClaimWakes(w *world) {
	w.submit()
	w.claim()
	start := time.Now()
	l := w.claim()
	if waited := time.Since(start); waited != hour {
		w.Errorf("claimed after %v, want %v", waited, hour)
	}
	w.finish(l, unverified())
}
