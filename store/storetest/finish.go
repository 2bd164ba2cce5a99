package storetest

import (
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"codeagent.dev/agent"
)

func finishLaws() []law {
	return []law{
		{name: "finish/ends", rule: "the outcome is the variant's; the last variant's end is the job's", check: finishEnds},
		{name: "finish/best", rule: "a job's verdict and reason are its best variant's", check: finishBest},
		{name: "finish/invalid", rule: "an unknown verdict, or one that lacks its commit, is Invalid and the lease stays", check: finishInvalid},
		{name: "finish/no commit", rule: "a verdict without a result keeps no commit", check: finishNoCommit},
		{name: "attempt/kept", rule: "attempts are kept in order and told", check: attemptKept},
		{name: "attempt/invalid", rule: "an attempt with an unknown verdict is Invalid", check: attemptInvalid},
	}
}

func finishEnds(w *world) {
	w.submit(variants(2))
	one, two := w.claim(), w.claim()
	checks := []agent.CheckResult{
		{Name: "vet", Outcome: agent.CheckPassed, Took: agent.Duration(time.Second)},
		{Name: "test", Outcome: agent.CheckBroke, Exit: 1, Reason: "exit status 1", Tail: "FAIL\n\xffx"},
	}
	w.finish(two, agent.Outcome{
		Verdict: agent.ChecksFailed, Reason: "test\nfailed", Maker: "m", Commit: commit,
		Stat: agent.Stat{Files: 1, Added: 2, Removed: 3}, Checks: checks,
	})
	if j := w.job(1); j.State != agent.Running || j.Verdict != "" || !j.Ended.IsZero() {
		w.Errorf("job is %s, %q, ended %v, with a variant running", j.State, j.Verdict, j.Ended)
	}
	w.finish(one, ended(agent.NoPatch))

	j := w.job(1)
	if j.State != agent.Done || j.Verdict != agent.ChecksFailed || j.Reason != "test failed" || j.Proposed != 2 || j.Ended.IsZero() {
		w.Errorf("job is %s, %s, %q, proposes %d, ended %v", j.State, j.Verdict, j.Reason, j.Proposed, j.Ended)
	}
	checks[1].Tail = "FAIL\n\uFFFDx"
	want := []agent.Variant{
		{Number: 1, State: agent.Done, Verdict: agent.NoPatch, Reason: "because", Claims: 1, Maker: "command"},
		{
			Number: 2, State: agent.Done, Verdict: agent.ChecksFailed, Reason: "test failed", Claims: 1, Maker: "m",
			Commit: commit, Stat: agent.Stat{Files: 1, Added: 2, Removed: 3}, Checks: checks,
		},
	}
	if d := cmp.Diff(want, j.Variants, cmpopts.IgnoreFields(agent.Variant{}, "Started", "Ended")); d != "" {
		w.Errorf("variants (-want +got):\n%s", d)
	}
	for _, v := range j.Variants {
		if v.Started.IsZero() || v.Ended.IsZero() {
			w.Errorf("variant %d started %v, ended %v", v.Number, v.Started, v.Ended)
		}
	}
	wantTale := []told{
		{0, agent.EventSubmitted, ""}, {1, agent.EventClaimed, "worker"}, {2, agent.EventClaimed, "worker"},
		{2, agent.EventFinished, "checks_failed: test failed"}, {1, agent.EventFinished, "no_patch: because"},
		{0, agent.EventDone, "checks_failed"},
	}
	if d := cmp.Diff(wantTale, tale(w.history(1, 0))); d != "" {
		w.Errorf("events (-want +got):\n%s", d)
	}
}

func finishBest(w *world) {
	for _, c := range []struct {
		outcomes []agent.Outcome
		verdict  agent.Verdict
		proposed int
	}{
		{[]agent.Outcome{ended(agent.Failed), ended(agent.Verified), ended(agent.Unverified)}, agent.Verified, 2},
		{[]agent.Outcome{ended(agent.Failed), ended(agent.Refused)}, agent.Refused, 0},
		{[]agent.Outcome{ended(agent.Canceled)}, agent.Canceled, 0},
	} {
		if j := w.done(c.outcomes); j.Verdict != c.verdict || j.Proposed != c.proposed {
			w.Errorf("verdict %s, proposes %d; want %s, %d", j.Verdict, j.Proposed, c.verdict, c.proposed)
		}
	}
}

func finishInvalid(w *world) {
	w.submit()
	l := w.claim()
	w.refused(w.queue.Finish(w.ctx, l, agent.Outcome{}), agent.Invalid)
	w.refused(w.queue.Finish(w.ctx, l, agent.Outcome{Verdict: "splendid"}), agent.Invalid)
	w.refused(w.queue.Finish(w.ctx, l, agent.Outcome{Verdict: agent.Verified}), agent.Invalid)
	w.refused(w.queue.Finish(w.ctx, l, agent.Outcome{Verdict: agent.Verified, Commit: "HEAD"}), agent.Invalid)
	if j := w.job(1); j.State != agent.Running || j.Events != 2 {
		w.Errorf("job is %s with %d events", j.State, j.Events)
	}
	w.finish(l, unverified())
}

func finishNoCommit(w *world) {
	o := unverified()
	o.Verdict = agent.Refused
	if v := w.done([]agent.Outcome{o}).Variants[0]; v.Commit != "" || v.Stat != (agent.Stat{}) || v.Maker != "command" {
		w.Errorf("variant is %+v", v)
	}
}

func attemptKept(w *world) {
	w.submit()
	l := w.claim()
	at := time.Date(2026, 11, 23, 12, 0, 0, 5000, time.UTC)
	want := []agent.Attempt{
		{Try: 1, Maker: "m", Verdict: agent.Conflict, Report: "hunk 1\nfailed \U0001f642", Started: at, Ended: at.Add(time.Second)},
		{Try: 2, Maker: "m", Verdict: agent.Conflict, Started: at, Ended: at, Rejection: &agent.Rejection{
			Kind: "conflict", Path: "a.go", Hunk: 2, Line: 9, Reason: "its old text stands nowhere", Expected: []string{"a", ""},
			Found: []string{"b\t<&>", "\u2028"}, At: 7, Similarity: 50, Differs: 1, Places: []int{3, 4},
		}},
		{Try: 3, Maker: "m", Verdict: agent.Unverified, Started: at, Ended: at},
	}
	for _, a := range want {
		w.ok(w.queue.Attempt(w.ctx, l, a))
	}
	w.finish(l, unverified())
	if d := cmp.Diff(want, w.job(1).Variants[0].Attempts); d != "" {
		w.Errorf("attempts (-want +got):\n%s", d)
	}
	wantTale := []told{{1, agent.EventAttempt, "conflict"}, {1, agent.EventAttempt, "conflict"}, {1, agent.EventAttempt, "unverified"}}
	if d := cmp.Diff(wantTale, tale(w.history(1, 2))[:3]); d != "" {
		w.Errorf("events (-want +got):\n%s", d)
	}
}

func attemptInvalid(w *world) {
	w.submit()
	l := w.claim()
	w.refused(w.queue.Attempt(w.ctx, l, agent.Attempt{Try: 1}), agent.Invalid)
	if j := w.job(1); j.Events != 2 || len(j.Variants[0].Attempts) != 0 {
		w.Errorf("%d events, %d attempts", j.Events, len(j.Variants[0].Attempts))
	}
}
