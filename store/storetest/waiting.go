package storetest

import (
	"time"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent"
)

func waitingLaws() []law {
	return []law{
		{name: "waiting/worker", rule: "a job that nothing holds back waits for a worker", check: waitingWorker},
		{name: "waiting/none", rule: "a job none of whose variants is queued waits for nothing", check: waitingNone},
		{name: "waiting/held", rule: "a held job waits for its release", check: waitingHeld},
		{name: "waiting/time", rule: "a job with a time waits for it, and says when", check: waitingTime},
		{name: "waiting/parents", rule: "a job that comes after others names them", check: waitingParents},
		{name: "waiting/first", rule: "of several reasons the one is said that is the job's own", check: waitingFirst},
		{name: "waiting/everywhere", rule: "Submit, Job, List and Change say the same", check: waitingEverywhere},
		{name: "waiting/now", rule: "a job told to start waits for a worker alone", check: waitingNow},
	}
}

// waits ends the law unless Job and List say that the job waits so.
func (w *world) waits(id agent.ID, want *agent.Waiting) {
	w.Helper()
	if d := cmp.Diff(want, w.job(id).Waiting); d != "" {
		w.Fatalf("job %s waits (-want +got):\n%s", id, d)
	}
	for _, j := range w.list(agent.Filter{}) {
		if d := cmp.Diff(want, j.Waiting); j.ID == id && d != "" {
			w.Fatalf("job %s is listed to wait (-want +got):\n%s", id, d)
		}
	}
}

func worker() *agent.Waiting { return &agent.Waiting{For: agent.WaitWorker} }

func waitingWorker(w *world) {
	w.submit(variants(2))
	w.waits(1, worker())
	l := w.claim()
	w.waits(1, worker()) // the second variant does
	w.claim()
	w.waits(1, nil)
	w.ok(w.queue.Release(w.ctx, l))
	w.waits(1, worker())
}

func waitingNone(w *world) {
	if j := w.done([]agent.Outcome{ended(agent.Failed)}); j.Waiting != nil {
		w.Errorf("a job that is done waits: %v", j.Waiting)
	}
	if j := w.change(1, retry()); j.Waiting == nil {
		w.Error("a job that is retried does not wait")
	}
	if j := w.cancel(1); j.Waiting != nil {
		w.Errorf("a canceled job waits: %v", j.Waiting)
	}
	if j := w.change(1, remove()); j.Waiting != nil {
		w.Errorf("a removed job waits: %v", j.Waiting)
	}
}

func waitingHeld(w *world) {
	w.submit(onHold)
	w.waits(1, &agent.Waiting{For: agent.WaitRelease})
	w.change(1, agent.Change{Op: agent.OpRelease})
	w.waits(1, worker())
}

func waitingTime(w *world) {
	at := time.Now().Add(hour)
	w.submit(notBefore(at))
	w.waits(1, &agent.Waiting{For: agent.WaitTime, Until: at.Round(0).UTC()})
	w.submit(notBefore(time.Now().Add(-hour)))
	w.waits(2, worker())
}

func waitingParents(w *world) {
	w.submit()
	w.submit()
	w.submit(comesAfter(2, 1))
	w.waits(3, &agent.Waiting{For: agent.WaitParents, What: "2, 1"})
}

func waitingFirst(w *world) {
	w.rule(agent.RuleChange{Op: agent.RulePause, By: "alice"})
	w.group("web", 0)
	w.rule(agent.RuleChange{Op: agent.RulePause, Group: "web", By: "bob"})
	w.submit(onHold, notBefore(time.Now().Add(hour)), inGroup("web"))
	w.submit(comesAfter(1), onHold)
	w.waits(2, &agent.Waiting{For: agent.WaitParents, What: "1"})
	w.waits(1, &agent.Waiting{For: agent.WaitRelease})
	w.change(1, agent.Change{Op: agent.OpRelease}) // also from its time
	w.waits(1, &agent.Waiting{For: agent.WaitResume, By: "alice"})
	w.rule(agent.RuleChange{Op: agent.RuleResume})
	w.waits(1, &agent.Waiting{For: agent.WaitResume, What: "web", By: "bob"})
}

func waitingEverywhere(w *world) {
	w.rule(agent.RuleChange{Op: agent.RulePause, By: "alice", Why: "x"})
	want := &agent.Waiting{For: agent.WaitResume, By: "alice", Why: "x"}
	if d := cmp.Diff(want, w.submit(key("k")).Waiting); d != "" {
		w.Errorf("Submit (-want +got):\n%s", d)
	}
	if d := cmp.Diff(want, w.submit(key("k")).Waiting); d != "" {
		w.Errorf("Submit of a known key (-want +got):\n%s", d)
	}
	w.waits(1, want)
	if d := cmp.Diff(want, w.change(1, agent.Change{Op: agent.OpPriority, Priority: 3}).Waiting); d != "" {
		w.Errorf("Change (-want +got):\n%s", d)
	}
	want = &agent.Waiting{For: agent.WaitRelease}
	if d := cmp.Diff(want, w.change(1, agent.Change{Op: agent.OpHold}).Waiting); d != "" {
		w.Errorf("Change (-want +got):\n%s", d)
	}
	for _, f := range []agent.Filter{{Sort: agent.SortPriority}, {Groups: []string{"default"}}, {States: []agent.State{agent.Queued}}} {
		if d := cmp.Diff(want, w.list(f)[0].Waiting); d != "" {
			w.Errorf("List of %+v (-want +got):\n%s", f, d)
		}
	}
	j := w.job(1)
	j.Waiting.For = "changed"
	w.waits(1, want)
}

func waitingNow(w *world) {
	w.rule(agent.RuleChange{Op: agent.RulePause})
	w.submit(onHold)
	w.change(1, agent.Change{Op: agent.OpStart})
	w.waits(1, worker())
	w.change(1, agent.Change{Op: agent.OpHold})
	w.waits(1, &agent.Waiting{For: agent.WaitRelease})
}
