package storetest

import (
	"fmt"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"codeagent.dev/agent"
)

func ruleLaws() []law {
	return []law{
		{name: "rule/none", rule: "a new store has one group and no limit", check: ruleNone},
		{name: "rule/parallel", rule: "no more variants run at once than the queue's limit", check: ruleParallel},
		{name: "rule/per repository", rule: "nor of one repository than its limit", check: rulePerRepo},
		{name: "rule/group", rule: "nor of one group than its limit", check: ruleGroup},
		{name: "rule/idle", timed: true, rule: "at a limit nothing can be claimed", check: ruleIdle},
		{name: "rule/raised", rule: "a limit that is raised or taken away lets a waiting Claim go on", check: ruleRaised},
		{name: "rule/lowered", rule: "a limit below what runs ends nothing", check: ruleLowered},
		{name: "rule/pause", rule: "a pause keeps what waits from beginning, says who and why, and ends", check: rulePause},
		{name: "rule/pause group", rule: "a pause of a group is one of no other", check: rulePauseGroup},
		{name: "rule/pause again", rule: "the same pause again changes nothing; another reason is another pause", check: rulePauseAgain},
		{name: "rule/groups", rule: "groups are made, changed and removed, and stand in order", check: ruleGroups},
		{name: "rule/used", rule: "a group that jobs not Done are in is not removed", check: ruleUsed},
		{name: "rule/unknown", rule: "a group that is not there is NotFound, at submit and edit as well", check: ruleUnknown},
		{name: "rule/invalid", rule: "what is no rule is Invalid and changes nothing", check: ruleInvalid},
		{name: "rule/numbers", rule: "the rules count what runs and waits now", check: ruleNumbers},
		{name: "rule/watch", rule: "a Watch yields 0 for a change of the rules", check: ruleWatch},
		{name: "rule/followed", rule: "who follows a job is not troubled by a change of the rules", check: ruleFollowed},
	}
}

func (w *world) rule(c agent.RuleChange) agent.Rules {
	w.Helper()
	r, err := w.jobs.Rule(w.ctx, c)
	w.ok(err)
	return r
}

func (w *world) group(name string, limit int) agent.Rules {
	w.Helper()
	return w.rule(agent.RuleChange{Op: agent.RuleGroup, Group: name, Limit: limit})
}

// ruled ends the law unless the rules are these.
func (w *world) ruled(want agent.Rules, ignore ...cmp.Option) {
	w.Helper()
	got, err := w.jobs.Rules(w.ctx)
	w.ok(err)
	if d := cmp.Diff(want, got, ignore...); d != "" {
		w.Fatalf("rules (-want +got):\n%s", d)
	}
}

func ruleNone(w *world) { w.ruled(agent.NewRules()) }

func ruleParallel(w *world) {
	if r := w.rule(agent.RuleChange{Op: agent.RuleParallel, Limit: 2}); r.Parallel != 2 {
		w.Errorf("parallel is %d", r.Parallel)
	}
	w.submit(variants(2))
	w.submit()
	l := w.begin(1, 1)
	w.waits(2, &agent.Waiting{For: agent.WaitParallel, Have: 2, Limit: 2})
	w.finish(l[1], unverified())
	w.begin(2)
}

func rulePerRepo(w *world) {
	w.rule(agent.RuleChange{Op: agent.RulePerRepo, Limit: 1})
	w.submit(ofPriority(9))
	w.submit(ofPriority(9))
	w.submit(inRepo("/src/two"))
	l := w.begin(1, 3)
	w.waits(2, &agent.Waiting{For: agent.WaitRepo, What: "/src/one", Have: 1, Limit: 1})
	w.ok(w.queue.Release(w.ctx, l[0]))
	w.begin(1)
	w.rule(agent.RuleChange{Op: agent.RulePerRepo})
	w.begin(2)
}

func ruleGroup(w *world) {
	w.group("web", 1)
	w.group(agent.DefaultGroup, 2)
	w.submit(inGroup("web"), ofPriority(9), variants(2))
	w.submit(inGroup(agent.DefaultGroup))
	w.submit(variants(2))
	l := w.begin(1, 2, 3)
	w.waits(1, &agent.Waiting{For: agent.WaitGroup, What: "web", Have: 1, Limit: 1})
	w.waits(3, &agent.Waiting{For: agent.WaitGroup, What: "default", Have: 2, Limit: 2})
	if got := w.job(2).Spec.Group; got != "" {
		w.Errorf("a job of the default group names %q", got)
	}
	w.finish(l[0], unverified())
	w.begin(1)
}

func ruleIdle(w *world) {
	w.rule(agent.RuleChange{Op: agent.RuleParallel, Limit: 1})
	w.submit(variants(2))
	l := w.begin(1)
	w.idle()
	w.pass(hour) // the lease lapses, and its place is free
	w.refused(w.queue.Renew(w.ctx, l[0], hour), agent.Lost)
	l = w.begin(1)
	w.idle()
	w.cancel(1)
	w.submit()
	w.idle() // a canceled job runs until its worker lets go
	w.finish(l[0], unverified())
	w.begin(2)
}

func ruleRaised(w *world) {
	id := agent.ID(0)
	for name, step := range map[string]struct{ limit, lift agent.RuleChange }{
		"parallel": {agent.RuleChange{Op: agent.RuleParallel, Limit: 1}, agent.RuleChange{Op: agent.RuleParallel, Limit: 2}},
		"per repo": {agent.RuleChange{Op: agent.RulePerRepo, Limit: 1}, agent.RuleChange{Op: agent.RulePerRepo}},
		"group":    {agent.RuleChange{Op: agent.RuleGroup, Group: "default", Limit: 1}, agent.RuleChange{Op: agent.RuleGroup, Group: "default", Limit: 3}},
		"pause":    {agent.RuleChange{Op: agent.RulePause}, agent.RuleChange{Op: agent.RuleResume}},
		"paused":   {agent.RuleChange{Op: agent.RulePause, Group: "default"}, agent.RuleChange{Op: agent.RuleResume, Group: "default"}},
	} {
		id++
		w.submit(variants(2))
		first := w.begin(id)
		w.rule(step.limit)
		claimed := w.waiting(agent.Claim{})
		w.rule(step.lift)
		l := w.gets(claimed, id)
		w.finish(first[0], unverified())
		w.finish(l, unverified())
		w.rule(agent.RuleChange{Op: agent.RuleParallel})
		if w.Failed() {
			w.Fatal(name)
		}
	}
}

func ruleLowered(w *world) {
	w.submit(variants(4))
	l := w.begin(1, 1, 1)
	w.rule(agent.RuleChange{Op: agent.RuleParallel, Limit: 1})
	w.waits(1, &agent.Waiting{For: agent.WaitParallel, Have: 3, Limit: 1})
	w.finish(l[0], unverified())
	w.ok(w.queue.Renew(w.ctx, l[1], hour))
	w.waits(1, &agent.Waiting{For: agent.WaitParallel, Have: 2, Limit: 1})
	w.finish(l[1], unverified())
	w.finish(l[2], unverified())
	w.begin(1)
}

func rulePause(w *world) {
	w.submit(variants(2))
	l := w.begin(1)
	r := w.rule(agent.RuleChange{Op: agent.RulePause, By: "alice", Why: "the\nrelease "})
	if p := r.Pause; p == nil || p.By != "alice" || p.Why != "the release" || p.At.IsZero() {
		w.Fatalf("pause is %+v", p)
	}
	w.waits(1, &agent.Waiting{For: agent.WaitResume, By: "alice", Why: "the release"})
	w.finish(l[0], unverified())
	claimed := w.waiting(agent.Claim{})
	if r := w.rule(agent.RuleChange{Op: agent.RuleResume}); r.Pause != nil {
		w.Errorf("pause is %+v", r.Pause)
	}
	w.gets(claimed, 1)
	w.rule(agent.RuleChange{Op: agent.RuleResume}) // is so already
}

func rulePauseGroup(w *world) {
	w.group("web", 0)
	w.submit(inGroup("web"), ofPriority(9))
	w.submit()
	w.rule(agent.RuleChange{Op: agent.RulePause, Group: "web", By: "alice"})
	w.waits(1, &agent.Waiting{For: agent.WaitResume, What: "web", By: "alice"})
	w.begin(2)
	w.group("web", 3) // a new limit is no end of the pause
	w.waits(1, &agent.Waiting{For: agent.WaitResume, What: "web", By: "alice"})
	w.rule(agent.RuleChange{Op: agent.RuleResume}) // nor is that of another
	w.waits(1, &agent.Waiting{For: agent.WaitResume, What: "web", By: "alice"})
	w.rule(agent.RuleChange{Op: agent.RuleResume, Group: "web"})
	w.begin(1)
}

func rulePauseAgain(w *world) {
	c := agent.RuleChange{Op: agent.RulePause, By: "alice", Why: "x"}
	first := *w.rule(c).Pause
	if again := *w.rule(c).Pause; again != first {
		w.Errorf("pause is %+v, was %+v", again, first)
	}
	c.By = "bob"
	if other := *w.rule(c).Pause; other.By != "bob" || other.Why != "x" {
		w.Errorf("pause is %+v", other)
	}
}

func ruleGroups(w *world) {
	w.group("web", 2)
	w.group("api/v1.2", 1)
	w.group("web", 5)
	w.ruled(agent.Rules{Groups: []agent.Group{{Name: "default"}, {Name: "api/v1.2", Limit: 1}, {Name: "web", Limit: 5}}})
	w.rule(agent.RuleChange{Op: agent.RuleUngroup, Group: "web"})
	w.ruled(agent.Rules{Groups: []agent.Group{{Name: "default"}, {Name: "api/v1.2", Limit: 1}}})
	_, err := w.jobs.Rule(w.ctx, agent.RuleChange{Op: agent.RuleUngroup, Group: "default"})
	w.refused(err, agent.Invalid)
}

func ruleUsed(w *world) {
	w.group("web", 0)
	ungroup := agent.RuleChange{Op: agent.RuleUngroup, Group: "web"}
	w.submit(inGroup("web"))
	refused := func() {
		w.Helper()
		_, err := w.jobs.Rule(w.ctx, ungroup)
		w.refused(err, agent.WrongState)
	}
	refused()
	l := w.begin(1)
	refused()
	w.finish(l[0], ended(agent.Failed))
	w.rule(ungroup)
	w.change(1, retry()) // what names it still is bound by no group
	w.waits(1, &agent.Waiting{For: agent.WaitWorker})
	w.begin(1)
}

func ruleUnknown(w *world) {
	_, err := w.jobs.Submit(w.ctx, spec(inGroup("web")))
	w.refused(err, agent.NotFound)
	w.submit()
	s := spec(inGroup("web"))
	_, err = w.jobs.Change(w.ctx, 1, agent.Change{Op: agent.OpEdit, Spec: &s, Text: s.Text})
	w.refused(err, agent.NotFound)
	for _, op := range []agent.RuleOp{agent.RulePause, agent.RuleResume, agent.RuleUngroup} {
		_, err := w.jobs.Rule(w.ctx, agent.RuleChange{Op: op, Group: "web"})
		w.refused(err, agent.NotFound)
	}
	if j := w.submit(); j.ID != 2 {
		w.Errorf("the next job is %s", j.ID)
	}
}

func ruleInvalid(w *world) {
	w.group("web", 1)
	before, err := w.jobs.Rules(w.ctx)
	w.ok(err)
	for _, c := range []agent.RuleChange{
		{}, {Op: "forbid"},
		{Op: agent.RuleParallel, Limit: -1}, {Op: agent.RuleParallel, Limit: agent.MaxParallel + 1},
		{Op: agent.RulePerRepo, Limit: -1}, {Op: agent.RuleGroup, Group: "web", Limit: -1},
		{Op: agent.RuleGroup}, {Op: agent.RuleGroup, Group: "two words"}, {Op: agent.RuleGroup, Group: "-x"}, {Op: agent.RuleGroup, Group: "größe"},
		{Op: agent.RulePause, Why: fmt.Sprintf("%9000d", 1)},
	} {
		_, err := w.jobs.Rule(w.ctx, c)
		w.refused(err, agent.Invalid)
	}
	w.ruled(before)
}

func ruleNumbers(w *world) {
	w.group("web", 0)
	w.submit(inGroup("web"), variants(3))
	w.submit(variants(2))
	w.submit(onHold)
	w.begin(1, 1, 1, 2)
	w.ruled(agent.Rules{Running: 4, Groups: []agent.Group{{Name: "default", Running: 1, Waiting: 2}, {Name: "web", Running: 3}}})
	w.cancel(2) // which its worker does not know yet
	w.ruled(agent.Rules{Running: 4, Groups: []agent.Group{{Name: "default", Running: 1, Waiting: 1}, {Name: "web", Running: 3}}})
	w.change(3, agent.Change{Op: agent.OpCancel})
	w.ruled(agent.Rules{Running: 4, Groups: []agent.Group{{Name: "default", Running: 1}, {Name: "web", Running: 3}}}, cmpopts.EquateEmpty())
}

func ruleWatch(w *world) {
	ids, stop := w.watching()
	w.settle()
	w.rule(agent.RuleChange{Op: agent.RuleParallel, Limit: 3})
	select {
	case id := <-ids:
		if id != 0 {
			w.Errorf("yielded %s, want 0", id)
		}
	case <-w.ctx.Done():
		w.Error("nothing was yielded")
	}
	w.canceled(stop())
}

func ruleFollowed(w *world) {
	w.submit()
	w.rule(agent.RuleChange{Op: agent.RulePause})
	w.change(1, agent.Change{Op: agent.OpHold, By: "ada"})
	w.rule(agent.RuleChange{Op: agent.RuleResume})
	var events []agent.Event
	for e, err := range w.jobs.Events(w.ctx, 1, 0) {
		w.ok(err)
		if events = append(events, e); e.Seq == 2 {
			w.rule(agent.RuleChange{Op: agent.RuleParallel, Limit: 1})
			w.cancel(1)
		}
	}
	w.gapless(events, 0, w.job(1).Events)
}
