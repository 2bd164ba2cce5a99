package storetest

import (
	"time"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent"
)

func deliverLaws() []law {
	return []law{
		{name: "pick/chooses", rule: "a variant with a commit is picked, told, and can be picked over", check: pickChooses},
		{name: "pick/refused", rule: "no variant named is Invalid, an unknown one NotFound, one without commit WrongState", check: pickRefused},
		{name: "deliver/recorded", rule: "a delivery is recorded with the variant's commit, and told", check: deliverRecorded},
		{name: "deliver/twice", rule: "the same delivery again changes nothing; its id for another is WrongState", check: deliverTwice},
		{name: "deliver/refused", rule: "a delivery without id, way or result is refused", check: deliverRefused},
		{name: "undo/marks", rule: "an undone delivery stays, marked; a second undo is WrongState", check: undoMarks},
		{name: "undo/refused", rule: "no id is Invalid, an unknown one NotFound", check: undoRefused},
	}
}

func pick(n int) agent.Change { return agent.Change{Op: agent.OpPick, Variant: n, By: "ada"} }

func pickChooses(w *world) {
	first := w.done([]agent.Outcome{unverified(), ended(agent.ChecksFailed)})
	if j := w.change(1, pick(2)); j.Picked != 2 || j.Chosen() != 2 || j.Proposed != 1 {
		w.Errorf("picked %d, proposed %d", j.Picked, j.Proposed)
	}
	w.change(1, pick(2))
	if j := w.change(1, pick(1)); j.Picked != 1 {
		w.Errorf("picked %d", j.Picked)
	}
	want := []told{{2, agent.EventPicked, "ada"}, {1, agent.EventPicked, "ada"}}
	if d := cmp.Diff(want, tale(w.history(1, first.Events))); d != "" {
		w.Errorf("events (-want +got):\n%s", d)
	}
}

func pickRefused(w *world) {
	w.done([]agent.Outcome{unverified(), ended(agent.Failed)})
	for n, code := range map[int]agent.Code{0: agent.Invalid, -1: agent.Invalid, 3: agent.NotFound, 2: agent.WrongState} {
		_, err := w.jobs.Change(w.ctx, 1, pick(n))
		w.refused(err, code)
	}
	if j := w.job(1); j.Picked != 0 {
		w.Errorf("picked %d", j.Picked)
	}
}

func deliver(id string, variant int) agent.Change {
	return agent.Change{Op: agent.OpDeliver, Delivery: &agent.Delivery{ID: id, Variant: variant, How: "branch", Where: "fix/it"}}
}

func deliverRecorded(w *world) {
	first := w.done([]agent.Outcome{unverified()})
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	c := deliver("a", 1)
	c.Delivery.At, c.Delivery.Undone = at, at
	w.change(1, c)
	w.change(1, deliver("b", 1))
	got := w.job(1).Deliveries
	if len(got) != 2 || got[1].At.IsZero() {
		w.Fatalf("deliveries are %+v", got)
	}
	want := agent.Delivery{ID: "a", Variant: 1, How: "branch", Where: "fix/it", Commit: commit, At: at}
	if d := cmp.Diff(want, got[0]); d != "" {
		w.Errorf("delivery (-want +got):\n%s", d)
	}
	wantTale := []told{{1, agent.EventDelivered, "branch fix/it"}, {1, agent.EventDelivered, "branch fix/it"}}
	if d := cmp.Diff(wantTale, tale(w.history(1, first.Events))); d != "" {
		w.Errorf("events (-want +got):\n%s", d)
	}
}

func deliverTwice(w *world) {
	w.done([]agent.Outcome{unverified(), unverified()})
	once, twice := w.change(1, deliver("a", 1)), w.change(1, deliver("a", 1))
	if len(twice.Deliveries) != 1 || once.Events != twice.Events {
		w.Errorf("%d deliveries, %d events after %d", len(twice.Deliveries), twice.Events, once.Events)
	}
	_, err := w.jobs.Change(w.ctx, 1, deliver("a", 2))
	w.refused(err, agent.WrongState)
}

func deliverRefused(w *world) {
	w.done([]agent.Outcome{unverified(), ended(agent.Failed)})
	noWay, other := deliver("a", 1), deliver("a", 1)
	noWay.Delivery.How = ""
	other.Delivery.Commit = base
	for _, c := range []struct {
		change agent.Change
		code   agent.Code
	}{
		{agent.Change{Op: agent.OpDeliver}, agent.Invalid},
		{deliver("", 1), agent.Invalid},
		{noWay, agent.Invalid},
		{other, agent.Invalid},
		{deliver("a", 0), agent.Invalid},
		{deliver("a", 2), agent.WrongState},
		{deliver("a", 3), agent.NotFound},
	} {
		_, err := w.jobs.Change(w.ctx, 1, c.change)
		w.refused(err, c.code)
	}
	if j := w.job(1); len(j.Deliveries) != 0 {
		w.Errorf("deliveries are %+v", j.Deliveries)
	}
}

func undo(id string) agent.Change {
	return agent.Change{Op: agent.OpUndo, Delivery: &agent.Delivery{ID: id}}
}

func undoMarks(w *world) {
	w.done([]agent.Outcome{unverified()})
	w.change(1, deliver("a", 1))
	w.change(1, deliver("b", 1))
	j := w.change(1, undo("b"))
	if len(j.Deliveries) != 2 || !j.Deliveries[0].Undone.IsZero() || j.Deliveries[1].Undone.IsZero() {
		w.Errorf("deliveries are %+v", j.Deliveries)
	}
	want := []told{{1, agent.EventUndone, "branch fix/it"}}
	if d := cmp.Diff(want, tale(w.history(1, j.Events-1))); d != "" {
		w.Errorf("events (-want +got):\n%s", d)
	}
	_, err := w.jobs.Change(w.ctx, 1, undo("b"))
	w.refused(err, agent.WrongState)
}

func undoRefused(w *world) {
	w.done([]agent.Outcome{unverified()})
	_, err := w.jobs.Change(w.ctx, 1, agent.Change{Op: agent.OpUndo})
	w.refused(err, agent.Invalid)
	_, err = w.jobs.Change(w.ctx, 1, undo("a"))
	w.refused(err, agent.NotFound)
}
