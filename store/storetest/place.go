package storetest

import (
	"time"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent"
)

func placeLaws() []law {
	return []law{
		{name: "place/told", rule: "each move is told once, with who asked; what is so already changes nothing", check: placeTold},
		{name: "place/priority", rule: "a new priority counts at once; one out of bounds is Invalid", check: placePriority},
		{name: "place/release", rule: "a release ends a hold and the wait for a time", check: placeRelease},
		{name: "place/switch", rule: "two jobs trade their places, priority included, and switching back undoes it", check: placeSwitch},
		{name: "place/switch refused", rule: "a job trades places with another that waits as well, or with none", check: placeSwitchRefused},
		{name: "place/state", rule: "a job nothing of which waits is WrongState for every move", check: placeState},
		{name: "place/partly", rule: "a job is moved as long as one of its variants waits", check: placePartly},
		{name: "place/listed", rule: "a moved job is listed as it is now", check: placeListed},
	}
}

func move(op agent.Op) agent.Change { return agent.Change{Op: op, By: "ada"} }

func toPriority(n int) agent.Change {
	return agent.Change{Op: agent.OpPriority, Priority: n, By: "ada"}
}

func with(id agent.ID) agent.Change { return agent.Change{Op: agent.OpSwitch, With: id, By: "ada"} }

func placeTold(w *world) {
	w.submit()
	for _, c := range []agent.Change{
		move(agent.OpRelease), move(agent.OpHold), move(agent.OpHold), move(agent.OpRelease), move(agent.OpRelease),
		toPriority(3), toPriority(3), move(agent.OpStart), move(agent.OpStart), move(agent.OpRelease), move(agent.OpHold),
	} {
		w.change(1, c)
	}
	w.submit()
	w.change(1, with(2))
	w.cancel(1)
	w.cancel(2)
	want := []told{
		{0, agent.EventHeld, "ada"}, {0, agent.EventFreed, "ada"}, {0, agent.EventMoved, "priority 3 by ada"},
		{0, agent.EventStarted, "ada"}, {0, agent.EventHeld, "ada"}, {0, agent.EventMoved, "switched with 2 by ada"},
		{0, agent.EventCanceled, "ada"}, {1, agent.EventFinished, "canceled: canceled by ada"}, {0, agent.EventDone, "canceled"},
	}
	if d := cmp.Diff(want, tale(w.history(1, 1))); d != "" {
		w.Errorf("events (-want +got):\n%s", d)
	}
	if got := tale(w.history(2, 1))[0]; (got != told{0, agent.EventMoved, "switched with 1 by ada"}) {
		w.Errorf("the other job is told %+v", got)
	}
}

func placePriority(w *world) {
	w.submit()
	w.submit()
	w.submit()
	if j := w.change(3, toPriority(1)); j.Spec.Priority != 1 {
		w.Errorf("priority is %d", j.Spec.Priority)
	}
	w.change(1, toPriority(-agent.MaxPriority))
	before := w.job(2)
	for _, n := range []int{agent.MaxPriority + 1, -agent.MaxPriority - 1} {
		_, err := w.jobs.Change(w.ctx, 2, toPriority(n))
		w.refused(err, agent.Invalid)
	}
	if d := cmp.Diff(before, w.job(2)); d != "" {
		w.Errorf("job (-before +after):\n%s", d)
	}
	w.begin(3, 2, 1)
}

func placeRelease(w *world) {
	w.submit(onHold, notBefore(time.Now().Add(hour)))
	j := w.change(1, move(agent.OpRelease))
	if j.Spec.Hold || !j.Spec.NotBefore.IsZero() {
		w.Errorf("held %v, not before %v", j.Spec.Hold, j.Spec.NotBefore)
	}
	w.submit(notBefore(time.Now().Add(hour)))
	w.change(2, move(agent.OpRelease))
	w.begin(1, 2)
}

func placeSwitch(w *world) {
	w.submit()
	w.submit()
	w.submit(ofPriority(5))
	if j := w.change(1, with(3)); j.ID != 1 || j.Spec.Priority != 5 {
		w.Errorf("job %s has priority %d", j.ID, j.Spec.Priority)
	}
	if j := w.job(3); j.Spec.Priority != 0 {
		w.Errorf("job 3 has priority %d", j.Spec.Priority)
	}
	l := w.begin(1, 3, 2)
	for i := range l {
		w.ok(w.queue.Release(w.ctx, l[i]))
	}
	w.change(3, with(1))
	w.change(1, with(2))
	w.begin(3, 2, 1)
}

func placeSwitchRefused(w *world) {
	w.submit()
	w.submit()
	w.begin(1)
	w.submit()
	for _, c := range []struct {
		id, with agent.ID
		code     agent.Code
	}{{2, 2, agent.Invalid}, {2, 9, agent.NotFound}, {9, 2, agent.NotFound}, {2, 0, agent.NotFound}, {1, 2, agent.WrongState}, {2, 1, agent.WrongState}} {
		one, two := w.job(1), w.job(2)
		_, err := w.jobs.Change(w.ctx, c.id, with(c.with))
		w.refused(err, c.code)
		if d := cmp.Diff([]agent.Job{one, two}, []agent.Job{w.job(1), w.job(2)}); d != "" {
			w.Errorf("%s with %s (-before +after):\n%s", c.id, c.with, d)
		}
	}
	w.begin(2, 3)
}

func placeState(w *world) {
	w.done([]agent.Outcome{unverified()})
	w.submit()
	w.claim()
	w.submit()
	for _, id := range []agent.ID{1, 2} {
		for _, c := range []agent.Change{move(agent.OpHold), move(agent.OpRelease), move(agent.OpStart), toPriority(1), with(3)} {
			before := w.job(id).Events
			_, err := w.jobs.Change(w.ctx, id, c)
			w.refused(err, agent.WrongState)
			if got := w.job(id).Events; got != before {
				w.Errorf("%s of job %s is told", c.Op, id)
			}
		}
	}
}

func placePartly(w *world) {
	w.submit(variants(2))
	w.submit()
	l := w.begin(1)
	w.change(1, move(agent.OpHold))
	w.begin(2)
	w.ok(w.queue.Renew(w.ctx, l[0], hour)) // what runs goes on
	w.finish(l[0], unverified())
	w.change(1, move(agent.OpRelease))
	w.begin(1)
}

func placeListed(w *world) {
	w.submit()
	w.submit()
	w.change(1, move(agent.OpHold))
	w.change(2, with(1))
	w.change(1, toPriority(7))
	for _, j := range w.list(agent.Filter{}) {
		whole := w.job(j.ID)
		if d := cmp.Diff(whole.Brief(), j); d != "" {
			w.Errorf("job %s (-want +got):\n%s", j.ID, d)
		}
	}
	w.lists(agent.Filter{States: []agent.State{agent.Queued}, Sort: agent.SortPriority}, 1, 2)
}
