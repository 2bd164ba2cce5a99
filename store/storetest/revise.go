package storetest

import (
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent"
)

func reviseLaws() []law {
	return []law{
		{name: "revise/add", rule: "a remark adds a variant that goes on from another, and nothing of what is there changes", check: reviseAdd},
		{name: "revise/whole", rule: "what a variant said, used and found is kept whole, and lists leave the long of it out", check: reviseWhole},
		{name: "revise/which", rule: "a remark on a job is about the chosen variant, else the one that asks, else the newest", check: reviseWhich},
		{name: "revise/rank", rule: "of equally good results the revision is proposed", check: reviseRank},
		{name: "revise/waits", rule: "a revision is not begun before the variant it revises is done again", check: reviseWaits},
		{name: "revise/refused", rule: "what nobody can revise is refused and changes nothing", check: reviseRefused},
		{name: "revise/same", rule: "a change that an earlier variant has as well is marked", check: reviseSame},
	}
}

func prompt(s *agent.Spec) { s.Kind, s.Text = agent.Prompt, "do it" }

func remark(n int, text string) agent.Change {
	return agent.Change{Op: agent.OpRevise, Variant: n, Text: text, By: "ada"}
}

func reviseAdd(w *world) {
	w.submit(prompt, variants(2))
	w.finish(w.claim(), unverified())
	w.finish(w.claim(), ended(agent.Failed))
	before := w.job(1)
	j := w.change(1, remark(1, " shorter "))
	if j.State != agent.Running || len(j.Variants) != 3 {
		w.Fatalf("job is %s with %d variants", j.State, len(j.Variants))
	}
	if d := cmp.Diff(before.Variants, j.Variants[:2]); d != "" {
		w.Errorf("variants (-before +after):\n%s", d)
	}
	l := w.claim()
	if v := l.Job.Variants[2]; l.Variant != 3 || v.Revises != 1 || v.Remark != "shorter" {
		w.Errorf("claimed %d: %+v", l.Variant, v)
	}
	w.ok(w.queue.Release(w.ctx, l))
	l = w.claim()
	w.finish(l, unverified())
	if j := w.job(1); j.State != agent.Done || j.Variants[2].Remark != "shorter" || j.Variants[2].Revises != 1 {
		w.Errorf("job is %s: %+v", j.State, j.Variants[2])
	}
	want := []told{
		{3, agent.EventRevised, "shorter"}, {3, agent.EventClaimed, "worker"}, {3, agent.EventReleased, ""},
		{3, agent.EventClaimed, "worker"}, {3, agent.EventFinished, "unverified"}, {0, agent.EventDone, "unverified"},
	}
	if d := cmp.Diff(want, tale(w.history(1, before.Events))); d != "" {
		w.Errorf("events (-want +got):\n%s", d)
	}
}

func reviseWhole(w *world) {
	w.submit(prompt)
	l := w.claim()
	usage := agent.Usage{Requests: 2, Input: 10, CacheRead: 20, CacheWrite: 30, Output: 40, MicroUSD: 50, Unpriced: 1}
	tests := &agent.TestReport{New: []string{"a"}, Fixed: []string{"b"}, Still: 3, OnBase: agent.ChecksFailed,
		Findings: []agent.Finding{{Kind: "test_removed", Path: "a_test.go", Line: 4, Text: "gone", Warning: true}}}
	w.ok(w.queue.Attempt(w.ctx, l, agent.Attempt{Try: 1, Maker: "m", Format: "udiff", Usage: usage, Verdict: agent.Conflict}))
	o := unverified()
	o.Said, o.Usage, o.Tests, o.Print = strings.Repeat("é", agent.MaxSaid), usage, tests, "p"
	w.finish(l, o)
	w.change(1, remark(0, "again"))
	j := w.job(1)
	v := j.Variants[0]
	if len(v.Said) > agent.MaxSaid+len("\uFFFD…") || !strings.HasPrefix(v.Said, "éé") || v.Usage != usage || v.Print != "p" {
		w.Errorf("%d bytes said, usage %+v, print %q", len(v.Said), v.Usage, v.Print)
	}
	if d := cmp.Diff(tests, v.Tests); d != "" {
		w.Errorf("tests (-want +got):\n%s", d)
	}
	if a := v.Attempts[0]; a.Format != "udiff" || a.Usage != usage {
		w.Errorf("attempt is %+v", a)
	}
	page, err := w.jobs.List(w.ctx, agent.Filter{})
	w.ok(err)
	for _, v := range page[0].Variants {
		if v.Said != "" || v.Tests != nil || v.Remark != "" {
			w.Errorf("a list holds %+v", v)
		}
	}
	if page[0].Variants[0].Usage != usage {
		w.Errorf("a list has the usage %+v", page[0].Variants[0].Usage)
	}
}

func reviseWhich(w *world) {
	for i, c := range []struct {
		outcomes []agent.Verdict
		pick     int
		want     int
	}{
		{[]agent.Verdict{agent.Failed, agent.Unverified, agent.Verified}, 0, 3},
		{[]agent.Verdict{agent.Failed, agent.Unverified, agent.Verified}, 2, 2},
		{[]agent.Verdict{agent.NeedsInput, agent.Failed}, 0, 1},
		{[]agent.Verdict{agent.Failed, agent.Conflict}, 0, 2},
	} {
		id := agent.ID(i + 1)
		w.submit(prompt, variants(len(c.outcomes)))
		for _, v := range c.outcomes {
			w.finish(w.claim(), ended(v))
		}
		if c.pick > 0 {
			w.change(id, agent.Change{Op: agent.OpPick, Variant: c.pick})
		}
		j := w.change(id, remark(0, "more"))
		if got := j.Variants[len(c.outcomes)].Revises; got != c.want || j.Picked != 0 {
			w.Errorf("%v: revises %d, want %d; %d is picked", c.outcomes, got, c.want, j.Picked)
		}
		w.finish(w.claim(), ended(agent.Failed))
	}
}

func reviseRank(w *world) {
	w.submit(prompt, variants(2))
	w.finish(w.claim(), ended(agent.Verified))
	w.finish(w.claim(), ended(agent.Verified))
	w.change(1, remark(2, "more"))
	long := ended(agent.Verified)
	long.Stat.Added = 100
	w.finish(w.claim(), long)
	if j := w.job(1); j.Proposed != 3 {
		w.Errorf("proposes %d", j.Proposed)
	}
}

func reviseRefused(w *world) {
	w.submit()
	w.finish(w.claim(), unverified())
	w.submit(prompt)
	refused := func(id agent.ID, c agent.Change, code agent.Code) {
		w.Helper()
		before := w.job(id)
		_, err := w.jobs.Change(w.ctx, id, c)
		w.refused(err, code)
		if d := cmp.Diff(before, w.job(id)); d != "" {
			w.Errorf("(-before +after):\n%s", d)
		}
	}
	refused(1, remark(0, "more"), agent.Invalid) // a command
	refused(2, remark(0, "more"), agent.WrongState)
	refused(2, remark(2, "more"), agent.NotFound)
	w.finish(w.claim(), unverified())
	refused(2, remark(1, " \n"), agent.Invalid)
	refused(2, remark(1, strings.Repeat("x", agent.MaxRemark+1)), agent.Invalid)
	w.submit(prompt, variants(agent.MaxVariants))
	for range agent.MaxVariants {
		w.finish(w.claim(), unverified())
	}
	refused(3, remark(1, "more"), agent.WrongState)
}

func reviseSame(w *world) {
	w.submit(prompt, variants(4))
	for _, print := range []string{"a", "b", "a", ""} {
		o := unverified()
		o.Print = print
		w.finish(w.claim(), o)
	}
	var same []int
	for _, v := range w.job(1).Variants {
		same = append(same, v.SameAs)
	}
	if !slices.Equal(same, []int{0, 0, 1, 0}) {
		w.Errorf("same as %v", same)
	}
}

func approveLaws() []law {
	return []law{
		{name: "approve/commit", rule: "an approved commit has the verdict its checks earned", check: approveCommit},
		{name: "approve/again", rule: "what has no commit is made again", check: approveAgain},
		{name: "approve/refused", rule: "only what needs approval is approved", check: approveRefused},
	}
}

func tooMuch(earned agent.Verdict) agent.Outcome {
	o := agent.Outcome{Verdict: agent.NeedsApproval, Reason: "30 files of 20", Maker: "m"}
	if earned != "" {
		o.Commit, o.Earned, o.Stat = commit, earned, agent.Stat{Files: 30}
	}
	return o
}

func approveCommit(w *world) {
	w.submit(variants(2))
	w.finish(w.claim(), tooMuch(agent.Verified))
	w.finish(w.claim(), tooMuch(agent.ChecksFailed))
	if j := w.job(1); j.Verdict != agent.NeedsApproval || j.Proposed != 0 || j.Variants[0].Commit != commit {
		w.Fatalf("job is %s, proposes %d: %+v", j.Verdict, j.Proposed, j.Variants[0])
	}
	seen := w.job(1).Events
	j := w.change(1, agent.Change{Op: agent.OpApprove, Variant: 1, By: "ada"})
	if j.Verdict != agent.Verified || j.Proposed != 1 || j.Variants[1].Verdict != agent.NeedsApproval {
		w.Errorf("job is %s, proposes %d; variant 2 is %s", j.Verdict, j.Proposed, j.Variants[1].Verdict)
	}
	if d := cmp.Diff([]told{{1, agent.EventApproved, "ada"}}, tale(w.history(1, seen))); d != "" {
		w.Errorf("events (-want +got):\n%s", d)
	}
	page, err := w.jobs.List(w.ctx, agent.Filter{Verdicts: []agent.Verdict{agent.Verified}})
	w.ok(err)
	if len(page) != 1 {
		w.Errorf("%d jobs are listed as verified", len(page))
	}
}

func approveAgain(w *world) {
	w.done([]agent.Outcome{tooMuch("")})
	j := w.change(1, agent.Change{Op: agent.OpApprove})
	if j.State != agent.Queued || !j.Variants[0].Approved {
		w.Fatalf("job is %s: %+v", j.State, j.Variants[0])
	}
	l := w.claim()
	if !l.Job.Variants[0].Approved {
		w.Error("the claimed variant is not approved")
	}
	w.finish(l, unverified())
}

func approveRefused(w *world) {
	w.done([]agent.Outcome{unverified()})
	_, err := w.jobs.Change(w.ctx, 1, agent.Change{Op: agent.OpApprove})
	w.refused(err, agent.WrongState)
	_, err = w.jobs.Change(w.ctx, 1, agent.Change{Op: agent.OpApprove, Variant: 2})
	w.refused(err, agent.NotFound)
	w.submit()
	l := w.claim()
	o := tooMuch(agent.Verified)
	o.Earned = ""
	w.refused(w.queue.Finish(w.ctx, l, o), agent.Invalid)
}

func untilLaws() []law {
	return []law{
		{name: "until/verified", rule: "the first verified variant stops the others, if that was asked for", check: untilVerified},
		{name: "until/all", rule: "else it stops none", check: untilAll},
	}
}

func untilVerified(w *world) {
	w.submit(variants(4), func(s *agent.Spec) { s.Until = agent.UntilVerified })
	first, second, third := w.claim(), w.claim(), w.claim()
	w.finish(first, ended(agent.ChecksFailed))
	w.ok(w.queue.Renew(w.ctx, third, hour))
	w.finish(second, ended(agent.Verified))
	w.refused(w.queue.Renew(w.ctx, third, hour), agent.Stopped)
	if v := w.job(1).Variants[3]; v.State != agent.Done || v.Verdict != agent.Canceled || !strings.Contains(v.Reason, "1/2") {
		w.Errorf("the queued variant is %s, %s: %s", v.State, v.Verdict, v.Reason)
	}
	w.finish(third, unverified())
	j := w.job(1)
	if j.State != agent.Done || j.Verdict != agent.Verified || j.Proposed != 2 || j.Variants[2].Verdict != agent.Canceled {
		w.Errorf("job is %s, %s, proposes %d; variant 3 is %s", j.State, j.Verdict, j.Proposed, j.Variants[2].Verdict)
	}
}

func untilAll(w *world) {
	w.submit(variants(2))
	first, second := w.claim(), w.claim()
	w.finish(first, ended(agent.Verified))
	w.ok(w.queue.Renew(w.ctx, second, hour))
	w.finish(second, ended(agent.Verified))
	_, err := w.jobs.Submit(w.ctx, spec(func(s *agent.Spec) { s.Until = "tomorrow" }))
	w.refused(err, agent.Invalid)
}

func reviseWaits(w *world) {
	j := w.submit(func(s *agent.Spec) { s.Kind = agent.Prompt })
	w.finish(w.claim(), ended(agent.ChecksFailed))
	w.change(j.ID, agent.Change{Op: agent.OpRevise, Text: "louder"})
	w.finish(w.claim(), ended(agent.ChecksFailed))
	w.change(j.ID, retry())
	first := w.claim()
	if first.Variant != 1 {
		w.Fatalf("claimed variant %d, want 1", first.Variant)
	}
	other := w.submit()
	if l := w.claim(); l.Job.ID != other.ID {
		w.Fatalf("claimed %s/%d beside the variant that it revises", l.Job.ID, l.Variant)
	}
	w.finish(first, unverified())
	if l := w.claim(); l.Job.ID != j.ID || l.Variant != 2 {
		w.Fatalf("claimed %s/%d, want the revision", l.Job.ID, l.Variant)
	}
}
