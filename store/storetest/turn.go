package storetest

import (
	"time"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent"
)

func turnLaws() []law {
	return []law{
		{name: "turn/priority", rule: "the highest priority is first, then the oldest", check: turnPriority},
		{name: "turn/burst", rule: "a burst of one repository does not keep another waiting, with one worker", check: turnBurst},
		{name: "turn/burst of many", rule: "nor with several workers", check: turnBurstOfMany},
		{name: "turn/fewest", rule: "the repository that has fewest running is next, though it was served last", check: turnFewest},
		{name: "turn/variants", rule: "variants of one job take turns with other repositories like jobs do", check: turnVariants},
		{name: "turn/given back", rule: "what is given back keeps its place in its repository", check: turnGivenBack},
		{name: "turn/time", timed: true, rule: "a job that waits for a time begins then, also for a Claim that waits already", check: turnTime},
		{name: "turn/hold", rule: "a held job is passed over until it is released, also for a Claim that waits already", check: turnHold},
		{name: "turn/now", rule: "a job told to start passes every limit and pause, and is first", check: turnNow},
		{name: "turn/now ends", rule: "that ends with the job: tried again, it passes nothing", check: turnNowEnds},
		{name: "turn/now alone", rule: "a Claim for such jobs takes no other", check: turnNowAlone},
		{name: "turn/now waits", rule: "a Claim for such jobs waits for one", check: turnNowWaits},
		{name: "turn/without", rule: "a job all of whose makers cannot be asked is passed over", check: turnWithout},
		{name: "turn/other claims", rule: "what one waiting Claim may not have goes to another that may", check: turnOtherClaims},
	}
}

func ofPriority(n int) func(*agent.Spec)        { return func(s *agent.Spec) { s.Priority = n } }
func inGroup(name string) func(*agent.Spec)     { return func(s *agent.Spec) { s.Group = name } }
func onHold(s *agent.Spec)                      { s.Hold = true }
func notBefore(t time.Time) func(*agent.Spec)   { return func(s *agent.Spec) { s.NotBefore = t } }
func labeled(names ...string) func(*agent.Spec) { return func(s *agent.Spec) { s.Labels = names } }
func madeBy(names ...string) func(*agent.Spec) {
	return func(s *agent.Spec) { prompt(s); s.Makers = names }
}
func comesAfter(ids ...agent.ID) func(*agent.Spec) { return func(s *agent.Spec) { s.After = ids } }

func (w *world) take(c agent.Claim) agent.Lease {
	w.Helper()
	c.Worker, c.TTL = "worker", hour
	l, err := w.queue.Claim(w.ctx, c)
	w.ok(err)
	return l
}

func refOf(l agent.Lease) agent.Ref { return agent.Ref{Job: l.Job.ID, Variant: l.Variant} }

// begin claims variants that must come in this order.
func (w *world) begin(want ...agent.ID) (leases []agent.Lease) {
	w.Helper()
	var got []agent.ID
	for range want {
		l := w.claim()
		leases, got = append(leases, l), append(got, l.Job.ID)
	}
	if d := cmp.Diff(want, got); d != "" {
		w.Fatalf("claimed jobs (-want +got):\n%s", d)
	}
	return leases
}

// waiting starts a Claim and returns what it gets.
func (w *world) waiting(c agent.Claim) <-chan agent.Lease {
	got := make(chan agent.Lease, 1)
	c.Worker, c.TTL = "worker", hour
	go func() {
		l, err := w.queue.Claim(w.ctx, c)
		if err != nil {
			w.Errorf("claim: %v", err)
		}
		got <- l
	}()
	w.settle()
	return got
}

// gets ends the law unless a waiting Claim gets this job.
func (w *world) gets(claimed <-chan agent.Lease, id agent.ID) agent.Lease {
	w.Helper()
	l := <-claimed
	if l.Job.ID != id {
		w.Fatalf("claimed job %s, want %s", l.Job.ID, id)
	}
	return l
}

func turnPriority(w *world) {
	for _, p := range []int{0, 5, -1, 5, agent.MaxPriority, -agent.MaxPriority} {
		w.submit(ofPriority(p))
	}
	w.begin(5, 2, 4, 1, 3, 6)
	_, err := w.jobs.Submit(w.ctx, spec(ofPriority(agent.MaxPriority+1)))
	w.refused(err, agent.Invalid)
}

// burst submits five jobs of one repository, two of another and one of a third.
func (w *world) burst() {
	for range 5 {
		w.submit()
	}
	w.submit(inRepo("/src/two"))
	w.submit(inRepo("/src/two"))
	w.submit(inRepo("/src/three"))
}

func turnBurst(w *world) {
	w.burst()
	for _, id := range []agent.ID{1, 6, 8, 2, 7, 3, 4, 5} {
		w.finish(w.begin(id)[0], unverified())
	}
}

func turnBurstOfMany(w *world) {
	w.burst()
	w.begin(1, 6, 8, 2, 7, 3, 4, 5)
}

func turnFewest(w *world) {
	for range 4 {
		w.submit()
	}
	for range 4 {
		w.submit(inRepo("/src/two"))
	}
	l := w.begin(1, 5, 2, 6)
	w.finish(l[0], unverified())
	w.finish(l[2], unverified())
	w.begin(3, 4, 7) // none against two running, one against two, two against two
}

func turnVariants(w *world) {
	w.submit(variants(3))
	w.submit(inRepo("/src/two"))
	w.submit()
	var got []agent.Ref
	for range 5 {
		got = append(got, refOf(w.claim()))
	}
	want := []agent.Ref{{Job: 1, Variant: 1}, {Job: 2, Variant: 1}, {Job: 1, Variant: 2}, {Job: 1, Variant: 3}, {Job: 3, Variant: 1}}
	if d := cmp.Diff(want, got); d != "" {
		w.Errorf("claims (-want +got):\n%s", d)
	}
}

func turnGivenBack(w *world) {
	w.submit(variants(2))
	w.submit()
	l := w.claim()
	w.ok(w.queue.Release(w.ctx, l))
	if again := w.claim(); refOf(again) != refOf(l) {
		w.Errorf("claimed %s, want %s again", refOf(again), refOf(l))
	}
}

func turnTime(w *world) {
	w.submit(notBefore(time.Now().Add(3*hour)), ofPriority(9))
	w.submit(notBefore(time.Now().Add(2 * hour)))
	w.submit(notBefore(time.Now().Add(-hour)))
	w.finish(w.begin(3)[0], unverified())
	w.idle()
	claimed := w.waiting(agent.Claim{})
	start := time.Now()
	w.gets(claimed, 2)
	if took := time.Since(start); took < 2*hour-time.Second || took > 2*hour+time.Minute {
		w.Errorf("it began after %v", took)
	}
	w.pass(hour / 2)
	w.idle()
	w.pass(hour)
	w.begin(1)
	_, err := w.jobs.Submit(w.ctx, spec(notBefore(time.Date(2900, 1, 1, 0, 0, 0, 0, time.UTC))))
	w.refused(err, agent.Invalid)
}

func turnHold(w *world) {
	w.submit(onHold)
	w.submit()
	w.submit()
	w.begin(2)
	w.change(3, agent.Change{Op: agent.OpHold})
	claimed := w.waiting(agent.Claim{})
	w.change(3, agent.Change{Op: agent.OpRelease})
	w.gets(claimed, 3)
	w.change(1, agent.Change{Op: agent.OpRelease})
	w.begin(1)
}

func turnNow(w *world) {
	w.rule(agent.RuleChange{Op: agent.RuleGroup, Group: "web", Limit: 1})
	w.rule(agent.RuleChange{Op: agent.RulePerRepo, Limit: 1})
	w.rule(agent.RuleChange{Op: agent.RuleParallel, Limit: 1})
	w.submit(inGroup("web"))
	w.begin(1)
	w.rule(agent.RuleChange{Op: agent.RulePause, Group: "web"})
	w.rule(agent.RuleChange{Op: agent.RulePause})
	w.submit(ofPriority(9))
	w.submit(inGroup("web"), onHold)
	w.submit(inGroup("web"), notBefore(time.Now().Add(hour)))
	j := w.change(3, agent.Change{Op: agent.OpStart, By: "ada"})
	if !j.Now || j.Spec.Hold {
		w.Errorf("started job: now %v, held %v", j.Now, j.Spec.Hold)
	}
	if j := w.change(4, agent.Change{Op: agent.OpStart, By: "ada"}); !j.Spec.NotBefore.IsZero() {
		w.Errorf("started job: not before %v", j.Spec.NotBefore)
	}
	w.begin(3)
	if l := w.take(agent.Claim{Now: true}); l.Job.ID != 4 {
		w.Errorf("claimed job %s, want 4", l.Job.ID)
	}
	if w.job(2).Waiting == nil {
		w.Error("job 2 does not wait")
	}
}

func turnNowAlone(w *world) {
	w.submit(ofPriority(9))
	w.submit()
	w.submit()
	w.change(3, agent.Change{Op: agent.OpStart})
	if l := w.take(agent.Claim{Now: true}); l.Job.ID != 3 {
		w.Errorf("claimed job %s, want 3", l.Job.ID)
	}
	w.change(2, agent.Change{Op: agent.OpStart})
	w.begin(2, 1) // a plain Claim takes it as well, and first
}

func turnNowWaits(w *world) {
	w.submit()
	w.submit()
	claimed := w.waiting(agent.Claim{Now: true})
	w.submit()
	w.change(2, agent.Change{Op: agent.OpStart})
	w.gets(claimed, 2)
	w.begin(1, 3)
}

func turnWithout(w *world) {
	w.submit(madeBy("one"))
	w.submit(madeBy("one", "two"))
	w.submit(madeBy())
	w.submit() // needs none
	for _, step := range []struct {
		without []string
		want    agent.ID
	}{
		{[]string{"one", "two", ""}, 4},
		{[]string{"one", "two"}, 3},
		{[]string{"one", ""}, 2},
		{[]string{"two", ""}, 1},
	} {
		if l := w.take(agent.Claim{Without: step.without}); l.Job.ID != step.want {
			w.Errorf("without %q: claimed job %s, want %s", step.without, l.Job.ID, step.want)
		}
	}
	w.submit(madeBy("one"))
	w.submit(madeBy("two"))
	w.change(5, agent.Change{Op: agent.OpStart})
	if l := w.take(agent.Claim{Without: []string{"one"}}); l.Job.ID != 6 {
		w.Errorf("claimed job %s: to start now does not help where nobody can be asked", l.Job.ID)
	}
}

func turnOtherClaims(w *world) {
	first := w.waiting(agent.Claim{Without: []string{"one"}})
	second := w.waiting(agent.Claim{})
	w.submit(madeBy("one"))
	w.gets(second, 1)
	w.submit(madeBy("two"))
	w.gets(first, 2)
}

func turnNowEnds(w *world) {
	j := w.submit()
	w.change(j.ID, agent.Change{Op: agent.OpStart})
	w.finish(w.claim(), ended(agent.Failed))
	if _, err := w.jobs.Rule(w.ctx, agent.RuleChange{Op: agent.RulePause, Why: "lunch"}); err != nil {
		w.Fatal(err)
	}
	if got := w.change(j.ID, retry()); got.Now || got.Waiting == nil || got.Waiting.For != agent.WaitResume {
		w.Errorf("tried again it waits for %v, now: %v", got.Waiting, got.Now)
	}
}
