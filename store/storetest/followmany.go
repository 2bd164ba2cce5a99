package storetest

import "codeagent.dev/agent"

func followRemoved(w *world) {
	w.done([]agent.Outcome{good(1)})
	w.submit(comesAfter(1))
	w.change(1, remove())
	w.starts(2, 1)
	w.finish(w.begin(2)[0], ended(agent.Failed))
	w.change(2, retry())
	w.starts(2, 1)
	w.cancel(2)

	w.done([]agent.Outcome{good(3)})
	w.submit()
	w.submit(comesAfter(3, 4))
	w.change(3, remove())
	w.failed(5, "3", "removed")
	w.change(5, remove())
	w.finish(w.begin(4)[0], good(4)) // nobody follows any more
}

func followSeveral(w *world) {
	w.submit(inRepo("/src/two"))
	w.submit()
	w.submit()
	w.submit(comesAfter(1, 3, 2))
	w.finish(w.begin(1)[0], good(1))
	w.starts(4, 0)
	w.finish(w.begin(2)[0], good(2))
	w.starts(4, 0)
	w.finish(w.begin(3)[0], good(3))
	w.starts(4, 3)

	w.submit()
	w.submit(comesAfter(2, 5))
	w.starts(6, 0)
	w.cancel(5)
	w.failed(6, "5", "canceled")
}

func followRemovedOfSeveral(w *world) {
	w.done([]agent.Outcome{unverified()})
	w.done([]agent.Outcome{ended(agent.ChecksFailed)})
	w.change(2, agent.Change{Op: agent.OpPick, Variant: 1})
	w.submit(func(s *agent.Spec) { s.After, s.Hold = []agent.ID{1, 2}, true })
	w.change(1, agent.Change{Op: agent.OpRemove})
	if j := w.job(3); j.State != agent.Queued || j.Start == "" {
		w.Fatalf("after the removal of one it is %s and starts from %q", j.State, j.Start)
	}
	w.change(2, retry())
	if j := w.job(3); j.Start != "" || j.Waiting == nil || j.Waiting.For != agent.WaitParents {
		w.Errorf("while the other is made anew it starts from %q and waits for %v", j.Start, j.Waiting)
	}
	w.finish(w.claim(), ended(agent.Failed))
	if j := w.job(3); j.State != agent.Done || j.Verdict != agent.Failed {
		w.Errorf("once the other has failed it is %s, %s", j.State, j.Verdict)
	}
}

func followElsewhere(w *world) {
	w.submit(inRepo("/src/two"))
	w.submit(comesAfter(1))
	w.finish(w.begin(1)[0], good(1))
	if j := w.job(2); j.Start != base || j.From() != base {
		w.Errorf("job starts from %q", j.Start)
	}
	w.begin(2)
}
