package storetest

import (
	"sync"

	"codeagent.dev/agent"
)

func keyLaws() []law {
	return []law{
		{name: "key/same", rule: "a second Submit with the same Key returns the first job unchanged", check: keySame},
		{name: "key/none", rule: "jobs without a Key are never the same", check: keyNone},
		{name: "key/invalid", rule: "a Spec that makes no sense is Invalid whatever its Key, and does not use it up", check: keyInvalid},
		{name: "key/removed", rule: "OpRemove frees the Key", check: keyRemoved},
		{name: "key/concurrent", rule: "of many Submits with one Key at once, one makes a job", check: keyConcurrent},
	}
}

func keySame(w *world) {
	first := w.submit(key("k"), text("one"))
	w.finish(w.claim(), unverified())
	again := w.submit(key("k"), text("two"), variants(3))
	if again.ID != first.ID || again.State != agent.Done || len(again.Variants) != 1 {
		w.Fatalf("got job %s, %s, with %d variants; want job %s, done, with 1", again.ID, again.State, len(again.Variants), first.ID)
	}
	if got := w.job(first.ID); got.Spec.Text != "one" || got.Events != again.Events {
		w.Errorf("the first job has changed: text %q, %d events", got.Spec.Text, got.Events)
	}
	if next := w.submit(key("other")); next.ID != first.ID+1 {
		w.Errorf("next job is %s: a known key used up a number", next.ID)
	}
}

func keyNone(w *world) {
	if a, b := w.submit(), w.submit(); a.ID == b.ID {
		w.Errorf("both jobs are %s", a.ID)
	}
}

func keyInvalid(w *world) {
	_, err := w.jobs.Submit(w.ctx, spec(key("k"), text("")))
	w.refused(err, agent.Invalid)
	first := w.submit(key("k"))
	_, err = w.jobs.Submit(w.ctx, spec(key("k"), text("")))
	w.refused(err, agent.Invalid)
	if first.ID != 1 {
		w.Errorf("job %s, want 1", first.ID)
	}
}

func keyRemoved(w *world) {
	first := w.done([]agent.Outcome{unverified()}, key("k"))
	w.change(first.ID, agent.Change{Op: agent.OpRemove})
	if again := w.submit(key("k")); again.ID != first.ID+1 {
		w.Errorf("job %s, want a new one, %s", again.ID, first.ID+1)
	}
}

func keyConcurrent(w *world) {
	ids := make([]agent.ID, 16)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			j, err := w.jobs.Submit(w.ctx, spec(key("k")))
			if err != nil {
				w.Errorf("submit: %v", err)
			}
			ids[i] = j.ID
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] {
			w.Fatalf("jobs %v, want one", ids)
		}
	}
	if st := w.status(); st.Queued != 1 {
		w.Errorf("%d jobs are queued, want 1", st.Queued)
	}
}
