package storetest

import (
	"fmt"
	"sync"

	"codeagent.dev/agent"
)

func concurrencyLaws() []law {
	return []law{
		{name: "concurrency/group", rule: "a group is not removed while a job is submitted to it", check: concurrencyGroup},
		{name: "concurrency/once", rule: "many workers end every variant of many submitters exactly once", check: concurrencyOnce},
		{name: "concurrency/cancel", rule: "a cancel that races with its worker's Finish ends the job once, either way", check: concurrencyCancel},
	}
}

func concurrencyOnce(w *world) {
	const submitters, each, perJob, workers = 8, 10, 2, 8
	total := submitters * each * perJob
	var wg sync.WaitGroup
	for range submitters {
		wg.Go(func() {
			for range each {
				if _, err := w.jobs.Submit(w.ctx, spec(variants(perJob))); err != nil {
					w.Errorf("submit: %v", err)
				}
			}
		})
	}
	refs := make(chan agent.Ref, total)
	for range workers {
		wg.Go(func() {
			for range total / workers {
				l, err := w.queue.Claim(w.ctx, agent.Claim{Worker: "worker", TTL: hour})
				if err != nil {
					w.Errorf("claim: %v", err)
					return
				}
				if err := w.queue.Record(w.ctx, l, agent.EventOutput, "x"); err != nil {
					w.Errorf("record: %v", err)
				}
				if err := w.queue.Finish(w.ctx, l, unverified()); err != nil {
					w.Errorf("finish: %v", err)
				}
				refs <- agent.Ref{Job: l.Job.ID, Variant: l.Variant}
			}
		})
	}
	wg.Wait()
	close(refs)
	seen := map[agent.Ref]bool{}
	for ref := range refs {
		if seen[ref] {
			w.Errorf("%s was claimed twice", ref)
		}
		seen[ref] = true
	}
	if st := w.status(); len(seen) != total || st.Done != submitters*each || st.Waiting+st.Held+st.Queued+st.Running != 0 {
		w.Errorf("%d variants of %d ended; status is %+v", len(seen), total, st)
	}
	for _, j := range w.list(agent.Filter{}) {
		w.gapless(w.history(j.ID, 0), 0, 1+perJob*3+1)
	}
}

func concurrencyCancel(w *world) {
	for range 20 {
		j := w.submit()
		l := w.claim()
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := w.jobs.Change(w.ctx, j.ID, agent.Change{Op: agent.OpCancel})
			if err != nil && agent.CodeOf(err) != agent.WrongState {
				w.Errorf("cancel: %v", err)
			}
		})
		wg.Go(func() {
			if err := w.queue.Finish(w.ctx, l, unverified()); err != nil {
				w.Errorf("finish: %v", err)
			}
		})
		wg.Wait()
		done := 0
		for _, e := range w.history(j.ID, 0) {
			if e.Type == agent.EventDone {
				done++
			}
		}
		if got := w.job(j.ID); got.State != agent.Done || done != 1 {
			w.Errorf("job is %s with %d ends", got.State, done)
		}
	}
}

func concurrencyGroup(w *world) {
	for n := range 20 {
		name := fmt.Sprint("g", n)
		w.group(name, 0)
		var submitted, removed error
		var wg sync.WaitGroup
		wg.Go(func() { _, submitted = w.jobs.Submit(w.ctx, spec(inGroup(name))) })
		wg.Go(func() { _, removed = w.jobs.Rule(w.ctx, agent.RuleChange{Op: agent.RuleUngroup, Group: name}) })
		wg.Wait()
		if (submitted == nil) == (removed == nil) {
			w.Fatalf("submit: %v, removal: %v", submitted, removed)
		}
		if submitted == nil {
			w.refused(removed, agent.WrongState)
		} else {
			w.refused(submitted, agent.NotFound)
		}
	}
}
