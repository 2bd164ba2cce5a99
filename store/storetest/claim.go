package storetest

import (
	"context"

	"codeagent.dev/agent"
)

func claimLaws() []law {
	return []law{
		{name: "claim/order", rule: "the oldest job's lowest variant is claimed first", check: claimOrder},
		{name: "claim/shows", rule: "a claimed variant is Running, its claim is counted and told", check: claimShows},
		{name: "claim/tokens", rule: "tokens grow with every claim", check: claimTokens},
		{name: "claim/waits", rule: "Claim waits until there is something", check: claimWaits},
		{name: "claim/ends", rule: "a waiting Claim ends with its context and takes nothing", check: claimEnds},
		{name: "claim/passed on", rule: "what an ended Claim was woken for goes to the next one", check: claimPassedOn},
		{name: "claim/invalid", rule: "a lease of no time is Invalid", check: claimInvalid},
	}
}

func claimOrder(w *world) {
	w.submit(variants(2))
	w.submit()
	first := w.claim()
	want := []agent.Ref{{Job: 1, Variant: 2}, {Job: 2, Variant: 1}}
	for _, ref := range want {
		if l := w.claim(); l.Job.ID != ref.Job || l.Variant != ref.Variant {
			w.Fatalf("claimed %s/%d, want %s", l.Job.ID, l.Variant, ref)
		}
	}
	w.submit()
	w.ok(w.queue.Release(w.ctx, first))
	if l := w.claim(); l.Job.ID != 1 || l.Variant != 1 {
		w.Fatalf("claimed %s/%d, want what was given back, 1/1", l.Job.ID, l.Variant)
	}
}

func claimShows(w *world) {
	w.submit(variants(2))
	l := w.claim()
	for name, j := range map[string]agent.Job{"lease": l.Job, "store": w.job(1)} {
		v := j.Variants[0]
		if v.State != agent.Running || v.Claims != 1 || v.Started.IsZero() {
			w.Errorf("%s: variant is %+v", name, v)
		}
		if j.State != agent.Running || j.Variants[1].State != agent.Queued || j.Events != 2 {
			w.Errorf("%s: job is %s, its second variant %s, with %d events", name, j.State, j.Variants[1].State, j.Events)
		}
	}
	for e, err := range w.jobs.Events(w.ctx, 1, 1) {
		w.ok(err)
		if (tale([]agent.Event{e})[0] != told{1, agent.EventClaimed, "worker"}) {
			w.Errorf("event %+v", e)
		}
		break
	}
}

func claimTokens(w *world) {
	last := uint64(0)
	for range 3 {
		w.submit()
		l := w.claim()
		if l.Token <= last {
			w.Fatalf("token %d after %d", l.Token, last)
		}
		last = l.Token
		w.ok(w.queue.Release(w.ctx, l))
	}
}

func claimWaits(w *world) {
	claimed := make(chan agent.Lease)
	go func() {
		defer close(claimed)
		l, err := w.queue.Claim(w.ctx, agent.Claim{Worker: "worker", TTL: hour})
		if err != nil {
			w.Errorf("claim: %v", err)
			return
		}
		claimed <- l
	}()
	w.settle()
	w.submit()
	if l := <-claimed; l.Job.ID != 1 {
		w.Errorf("claimed job %s, want 1", l.Job.ID)
	}
}

func claimEnds(w *world) {
	ctx, cancel := context.WithCancel(w.ctx)
	failed := make(chan error)
	go func() {
		_, err := w.queue.Claim(ctx, agent.Claim{Worker: "worker", TTL: hour})
		failed <- err
	}()
	w.settle()
	cancel()
	w.canceled(<-failed)
	w.submit()
	if l := w.claim(); l.Job.ID != 1 {
		w.Errorf("claimed job %s, want 1", l.Job.ID)
	}
}

func claimPassedOn(w *world) {
	const workers = 8
	ctx, cancel := context.WithCancel(w.ctx)
	ended := make(chan bool, workers)
	for range workers {
		go func() {
			l, err := w.queue.Claim(ctx, agent.Claim{Worker: "worker", TTL: hour})
			if err == nil {
				err = w.queue.Release(w.ctx, l)
			}
			ended <- err == nil
		}()
	}
	w.settle()
	go cancel()
	w.submit()
	for range workers {
		<-ended
	}
	if l := w.claim(); l.Job.ID != 1 {
		w.Errorf("claimed job %s, want 1", l.Job.ID)
	}
}

func claimInvalid(w *world) {
	w.submit()
	_, err := w.queue.Claim(w.ctx, agent.Claim{Worker: "worker", TTL: 0})
	w.refused(err, agent.Invalid)
	w.refused(w.queue.Renew(w.ctx, w.claim(), -1), agent.Invalid)
}
