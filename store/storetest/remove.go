package storetest

import "codeagent.dev/agent"

func removeLaws() []law {
	return []law{
		{name: "remove/forgets", rule: "a removed job, its events and its bytes are gone; its number is not used again", check: removeForgets},
		{name: "remove/state", rule: "a job that is not Done is WrongState", check: removeState},
		{name: "remove/others", rule: "the neighbours of a removed job stay whole", check: removeOthers},
	}
}

func remove() agent.Change { return agent.Change{Op: agent.OpRemove} }

func removeForgets(w *world) {
	before := w.status()
	w.done([]agent.Outcome{ended(agent.ChecksFailed)})
	if j := w.change(1, remove()); j.ID != 1 || j.State != agent.Done {
		w.Errorf("answer is job %s, %s", j.ID, j.State)
	}
	_, err := w.jobs.Job(w.ctx, 1)
	w.refused(err, agent.NotFound)
	_, err = w.jobs.Change(w.ctx, 1, remove())
	w.refused(err, agent.NotFound)
	for _, err := range w.jobs.Events(w.ctx, 1, 0) {
		w.refused(err, agent.NotFound)
	}
	if page := w.list(agent.Filter{}); len(page) != 0 {
		w.Errorf("%d jobs are listed", len(page))
	}
	if after := w.status(); after != before {
		w.Errorf("status is %+v, want %+v", after, before)
	}
	if j := w.submit(); j.ID != 2 {
		w.Errorf("the next job is %s", j.ID)
	}
}

func removeState(w *world) {
	w.submit()
	_, err := w.jobs.Change(w.ctx, 1, remove())
	w.refused(err, agent.WrongState)
	w.claim()
	_, err = w.jobs.Change(w.ctx, 1, remove())
	w.refused(err, agent.WrongState)
}

func removeOthers(w *world) {
	for range 3 {
		w.done([]agent.Outcome{unverified()}, text("a text"))
	}
	w.change(2, remove())
	for _, id := range []agent.ID{1, 3} {
		if j := w.job(id); j.Spec.Text != "a text" || len(w.history(id, 0)) != int(j.Events) {
			w.Errorf("job %s: text %q, %d events of %d", id, j.Spec.Text, len(w.history(id, 0)), j.Events)
		}
	}
}
