package storetest

import (
	"fmt"
	"strings"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent"
)

func followLaws() []law {
	return []law{
		{name: "follow/waits", rule: "a job that comes after another waits for its result and starts from it", check: followWaits},
		{name: "follow/good", rule: "it starts from what a person picked, else from a proposed result whose checks do not fail", check: followGood},
		{name: "follow/late", rule: "one that is submitted later starts from what is there, or fails at once", check: followLate},
		{name: "follow/bad", rule: "it fails, and says why, when the other has no good result", check: followBad},
		{name: "follow/retried", rule: "the other tried again queues it anew", check: followRetried},
		{name: "follow/picked again", rule: "another pick makes it anew, whether it waits, runs or is done", check: followPickedAgain},
		{name: "follow/lost", rule: "the worker that has it then loses its lease", check: followLost},
		{name: "follow/lapse", timed: true, rule: "and a lease lost so does not lapse on whoever comes next", check: followLapse},
		{name: "follow/settled", rule: "what was delivered, picked or canceled stays", check: followSettled},
		{name: "follow/undone", rule: "once its delivery is undone it follows again", check: followUndone},
		{name: "follow/chain", rule: "those after it follow as well", check: followChain},
		{name: "follow/removed", rule: "a result that was taken outlives the removal of its job; none that comes never does", check: followRemoved},
		{name: "follow/several", rule: "of several all must be good, and the first of the same repository is what it starts from", check: followSeveral},
		{name: "follow/removed of several", rule: "with one removed the others still count", check: followRemovedOfSeveral},
		{name: "follow/elsewhere", rule: "after a job of another repository it starts from its own base", check: followElsewhere},
		{name: "follow/retry", rule: "to retry it while the other is bad fails it again", check: followRetry},
		{name: "follow/start", rule: "it cannot be told to start without a result, and can with one", check: followStart},
		{name: "follow/unknown", rule: "to come after no job is NotFound, or Invalid, and leaves nothing behind", check: followUnknown},
		{name: "follow/enough", rule: "a job stopped because one variant was enough follows like any other", check: followEnough},
	}
}

// result is a commit id for each n.
func result(n int) string { return fmt.Sprintf("%040x", n) }

func good(n int) agent.Outcome { return resulting(agent.Unverified, n) }

func resulting(v agent.Verdict, n int) agent.Outcome {
	o := ended(v)
	o.Commit, o.Reason = result(n), ""
	return o
}

// starts ends the law unless the job starts from result n, 0 meaning that it waits for one.
func (w *world) starts(id agent.ID, n int) agent.Job {
	w.Helper()
	j, want := w.job(id), ""
	if n > 0 {
		want = result(n)
	}
	if j.State != agent.Queued || j.Start != want {
		w.Fatalf("job %s is %s, %s, and starts from %q; want it queued, starting from %q", id, j.State, j.Verdict, j.Start, want)
	}
	if n == 0 && (j.Waiting == nil || j.Waiting.For != agent.WaitParents) {
		w.Fatalf("job %s waits %v", id, j.Waiting)
	}
	return j
}

// failed ends the law unless the job failed by others, for a reason that has these words.
func (w *world) failed(id agent.ID, words ...string) {
	w.Helper()
	j := w.job(id)
	if j.State != agent.Done || j.Verdict != agent.Failed || !strings.HasPrefix(j.Reason, "not begun: ") {
		w.Fatalf("job %s is %s, %s: %s", id, j.State, j.Verdict, j.Reason)
	}
	for _, word := range words {
		if !strings.Contains(j.Reason, word) {
			w.Errorf("job %s failed for the reason %q, which does not speak of %q", id, j.Reason, word)
		}
	}
}

func followWaits(w *world) {
	w.submit()
	j := w.submit(comesAfter(1), ofPriority(9), variants(2))
	if d := cmp.Diff(&agent.Waiting{For: agent.WaitParents, What: "1"}, j.Waiting); d != "" {
		w.Errorf("waiting (-want +got):\n%s", d)
	}
	w.submit()
	l := w.begin(1, 3)
	w.starts(2, 0)
	claimed := w.waiting(agent.Claim{})
	w.finish(l[0], good(1))
	l[0] = w.gets(claimed, 2)
	if got := l[0].Job.From(); got != result(1) {
		w.Errorf("the claimed job starts from %s", got)
	}
	w.finish(l[0], good(2))
	w.finish(w.begin(2)[0], good(3))
	events := tale(w.history(2, 1))
	if want := (told{0, agent.EventFollowed, "starts from " + result(1)[:12]}); events[0] != want {
		w.Errorf("event is %+v", events[0])
	}
}

func followGood(w *world) {
	for i, c := range []struct {
		outcomes []agent.Outcome
		pick     int
		want     int
	}{
		{[]agent.Outcome{good(1), resulting(agent.Verified, 2)}, 0, 2},
		{[]agent.Outcome{good(1), resulting(agent.Verified, 2)}, 1, 1},
		{[]agent.Outcome{resulting(agent.ChecksFailed, 1)}, 1, 1},
		{[]agent.Outcome{ended(agent.Failed), good(2)}, 0, 2},
	} {
		j := w.done(c.outcomes)
		if c.pick > 0 {
			w.change(j.ID, pick(c.pick))
		}
		child := w.submit(comesAfter(j.ID))
		if w.starts(child.ID, c.want); child.Start != result(c.want) {
			w.Errorf("case %d: Submit's answer starts from %q", i, child.Start)
		}
		w.cancel(child.ID)
	}
}

func followLate(w *world) {
	w.done([]agent.Outcome{good(1)})
	w.done([]agent.Outcome{ended(agent.NoPatch)})
	w.submit(comesAfter(1))
	w.starts(3, 1)
	j := w.submit(comesAfter(2))
	if j.State != agent.Done || j.Verdict != agent.Failed || j.Waiting != nil {
		w.Errorf("Submit's answer is %s, %s", j.State, j.Verdict)
	}
	w.failed(4, "2", "no_patch")
	w.gapless(w.history(4, 0), 0, j.Events) // it ends
	w.lists(agent.Filter{Verdicts: []agent.Verdict{agent.Failed}}, 4)
	if st := w.status(); st.Done != 3 || st.Queued != 1 || st.Waiting != 1 {
		w.Errorf("status is %+v", st)
	}
}

func followBad(w *world) {
	for i, v := range []agent.Verdict{agent.Failed, agent.ChecksFailed, agent.NeedsInput, agent.Canceled} {
		id := agent.ID(2*i + 1)
		w.submit()
		w.submit(comesAfter(id), variants(2))
		if v == agent.Canceled {
			w.cancel(id)
		} else {
			w.finish(w.begin(id)[0], ended(v))
		}
		w.failed(id+1, id.String(), string(v))
		for _, variant := range w.job(id + 1).Variants {
			if variant.Verdict != agent.Failed || variant.Claims != 0 {
				w.Errorf("variant is %+v", variant)
			}
		}
		events := tale(w.history(id+1, 1))
		if len(events) != 4 || events[2].Type != agent.EventFollowed || events[3].Type != agent.EventDone {
			w.Errorf("events are %+v", events)
		}
	}
}

func followRetried(w *world) {
	w.submit()
	w.submit(comesAfter(1), variants(2))
	w.finish(w.begin(1)[0], ended(agent.Failed))
	w.failed(2)
	w.change(1, retry())
	w.starts(2, 0)
	w.finish(w.begin(1)[0], good(1))
	w.starts(2, 1)
	w.finish(w.begin(2)[0], good(2))
	w.finish(w.begin(2)[0], good(3))
	w.change(1, agent.Change{Op: agent.OpPick, Variant: 1}) // the same result
	if j := w.job(2); j.State != agent.Done {
		w.Errorf("job is %s, though nothing has changed", j.State)
	}
}

func followPickedAgain(w *world) {
	w.done([]agent.Outcome{good(1), good(2), good(3), good(4)})
	w.submit(comesAfter(1), variants(2))
	w.starts(2, 1)
	w.change(1, pick(2))
	w.starts(2, 2)
	l := w.begin(2)
	w.change(1, pick(3))
	w.starts(2, 3)
	w.refused(w.queue.Finish(w.ctx, l[0], good(9)), agent.Lost)
	w.finish(w.begin(2)[0], good(5))
	w.finish(w.begin(2)[0], good(6))
	seen := w.job(2)
	w.change(1, pick(4))
	j := w.starts(2, 4)
	for n, v := range j.Variants {
		if d := cmp.Diff(agent.Variant{Number: n + 1, State: agent.Queued}, v); d != "" {
			w.Errorf("variant (-want +got):\n%s", d)
		}
	}
	w.cancel(2)
	events := tale(w.history(2, seen.Events))
	if events[0].Type != agent.EventFollowed || !strings.Contains(events[0].Text, "something else") {
		w.Errorf("event is %+v", events[0])
	}
}

func followLost(w *world) {
	w.done([]agent.Outcome{good(1), good(2)})
	w.submit(comesAfter(1))
	l := w.begin(2)[0]
	w.change(1, pick(2))
	again := w.begin(2)[0]
	for name, err := range map[string]error{
		"renew":   w.queue.Renew(w.ctx, l, hour),
		"record":  w.queue.Record(w.ctx, l, agent.EventStep, "x"),
		"attempt": w.queue.Attempt(w.ctx, l, agent.Attempt{Try: 1, Verdict: agent.NoPatch}),
		"release": w.queue.Release(w.ctx, l),
		"finish":  w.queue.Finish(w.ctx, l, good(9)),
	} {
		if agent.CodeOf(err) != agent.Lost {
			w.Errorf("%s under a lease on what was made from something else: %v", name, err)
		}
	}
	w.finish(again, good(3))
	if j := w.job(2); j.Variants[0].Commit != result(3) {
		w.Errorf("the result is %s", j.Variants[0].Commit)
	}
}

func followLapse(w *world) {
	w.done([]agent.Outcome{good(1), good(2)})
	w.submit(comesAfter(1))
	w.begin(2)
	w.pass(hour / 2)
	w.change(1, pick(2))
	l := w.begin(2)[0]
	w.pass(hour * 3 / 4)
	w.ok(w.queue.Renew(w.ctx, l, hour))
	w.finish(l, good(3))
	w.pass(3 * hour)
	if j := w.job(2); j.State != agent.Done || j.Variants[0].Claims != 1 {
		w.Errorf("job is %s after %d claims", j.State, j.Variants[0].Claims)
	}
}

func followSettled(w *world) {
	w.done([]agent.Outcome{good(1), good(2)})
	for range 3 {
		w.submit(comesAfter(1))
	}
	l := w.begin(2, 3, 4)
	w.finish(l[0], good(3))
	w.finish(l[1], good(4))
	w.change(2, deliver("a", 1))
	w.change(3, pick(1))
	w.cancel(4)
	w.submit(comesAfter(1))
	w.cancel(5)
	var before []agent.Job
	for id := agent.ID(2); id <= 5; id++ {
		before = append(before, w.job(id))
	}
	w.change(1, pick(2))
	for _, j := range before {
		if d := cmp.Diff(j, w.job(j.ID)); d != "" {
			w.Errorf("job %s (-before +after):\n%s", j.ID, d)
		}
	}
	w.finish(l[2], good(5))
	if j := w.job(4); j.Verdict != agent.Canceled {
		w.Errorf("job 4 is %s, %s", j.State, j.Verdict)
	}
	w.change(1, pick(1))
	if j := w.job(4); j.Verdict != agent.Canceled {
		w.Errorf("job 4 is %s, %s", j.State, j.Verdict)
	}
	w.change(4, retry()) // which takes the last word back
	w.starts(4, 1)
}

func followUndone(w *world) {
	w.done([]agent.Outcome{good(1), good(2)})
	w.submit(comesAfter(1))
	w.finish(w.begin(2)[0], good(3))
	w.change(2, deliver("a", 1))
	w.change(1, pick(2))
	c := deliver("a", 1)
	c.Op = agent.OpUndo
	if j := w.change(2, c); j.State != agent.Queued || j.Start != result(2) {
		w.Errorf("job is %s and starts from %q", j.State, j.Start)
	}
}

func followChain(w *world) {
	w.submit(variants(2))
	w.submit(comesAfter(1))
	w.submit(comesAfter(2))
	w.submit(comesAfter(1, 3))
	l := w.begin(1, 1)
	w.finish(l[0], good(1))
	w.finish(l[1], good(2))
	w.finish(w.begin(2)[0], good(3))
	w.finish(w.begin(3)[0], good(4))
	w.starts(4, 1)
	w.finish(w.begin(4)[0], good(5))
	w.change(1, pick(2))
	w.starts(2, 2)
	w.starts(3, 0)
	w.starts(4, 0)
	w.finish(w.begin(2)[0], ended(agent.Failed))
	w.failed(3, "2", "failed")
	w.failed(4, "3", "failed")
	w.change(2, retry())
	w.starts(3, 0)
	w.starts(4, 0)
}

func followRetry(w *world) {
	w.done([]agent.Outcome{ended(agent.Failed)})
	w.submit(comesAfter(1))
	w.failed(2)
	j := w.change(2, retry())
	if j.State != agent.Done || j.Verdict != agent.Failed {
		w.Errorf("Change's answer is %s, %s", j.State, j.Verdict)
	}
	w.failed(2, "1")
	if st := w.status(); st.Waiting != 0 || st.Done != 2 {
		w.Errorf("status is %+v", st)
	}
}

func followStart(w *world) {
	w.submit()
	w.submit(comesAfter(1), onHold)
	_, err := w.jobs.Change(w.ctx, 2, move(agent.OpStart))
	w.refused(err, agent.WrongState)
	w.starts(2, 0)
	w.finish(w.begin(1)[0], good(1))
	w.change(2, move(agent.OpStart))
	if l := w.take(agent.Claim{Now: true}); l.Job.ID != 2 || l.Job.Start != result(1) {
		w.Errorf("claimed job %s, which starts from %q", l.Job.ID, l.Job.Start)
	}
}

func followUnknown(w *world) {
	w.submit()
	for _, c := range []struct {
		ids  []agent.ID
		code agent.Code
	}{{[]agent.ID{2}, agent.NotFound}, {[]agent.ID{1, 7}, agent.NotFound}, {[]agent.ID{0}, agent.Invalid}, {[]agent.ID{1, 1}, agent.Invalid}, {[]agent.ID{-1}, agent.Invalid}} {
		_, err := w.jobs.Submit(w.ctx, spec(comesAfter(c.ids...)))
		w.refused(err, c.code)
	}
	if j := w.submit(comesAfter(1)); j.ID != 2 {
		w.Errorf("the next job is %s", j.ID)
	}
}

func followEnough(w *world) {
	w.done([]agent.Outcome{good(1), good(2), good(3)})
	w.submit(comesAfter(1), variants(2), func(s *agent.Spec) { s.Until = agent.UntilVerified })
	l := w.begin(2, 2)
	w.finish(l[0], resulting(agent.Verified, 4))
	w.change(1, pick(2)) // while the other is being stopped
	w.starts(2, 2)
	w.refused(w.queue.Renew(w.ctx, l[1], hour), agent.Lost)
	w.finish(w.begin(2)[0], resulting(agent.Verified, 5))
	w.change(1, pick(3)) // after it was
	w.starts(2, 3)
}
