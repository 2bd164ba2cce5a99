package storetest

import (
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"codeagent.dev/agent"
)

func statusLaws() []law {
	return []law{
		{name: "status/counts", rule: "jobs by state, variants waiting and held are counted exactly", check: statusCounts},
		{name: "status/oldest", timed: true, rule: "Oldest is when the oldest job with a waiting variant was submitted", check: statusOldest},
		{name: "status/bytes", rule: "Bytes is the sum over the jobs, which grow with all that is kept", check: statusBytes},
	}
}

func statusCounts(w *world) {
	expect := func(want agent.Status) {
		w.Helper()
		if d := cmp.Diff(want, w.status(), cmpopts.IgnoreFields(agent.Status{}, "Oldest", "Bytes")); d != "" {
			w.Errorf("status (-want +got):\n%s", d)
		}
	}
	expect(agent.Status{})
	w.submit(variants(2))
	w.submit()
	expect(agent.Status{Queued: 2, Waiting: 3})
	one, two, three := w.claim(), w.claim(), w.claim()
	expect(agent.Status{Running: 2, Held: 3})
	w.ok(w.queue.Release(w.ctx, three))
	expect(agent.Status{Queued: 1, Running: 1, Waiting: 1, Held: 2})
	w.finish(one, unverified())
	expect(agent.Status{Queued: 1, Running: 1, Waiting: 1, Held: 1})
	w.finish(two, ended(agent.Failed))
	expect(agent.Status{Queued: 1, Done: 1, Waiting: 1})
	w.change(1, retry())
	expect(agent.Status{Queued: 1, Running: 1, Waiting: 2})
	w.cancel(2)
	w.cancel(1)
	expect(agent.Status{Done: 2})
	w.change(1, remove())
	expect(agent.Status{Done: 1})
}

func statusOldest(w *world) {
	if st := w.status(); !st.Oldest.IsZero() {
		w.Errorf("oldest is %v in an empty store", st.Oldest)
	}
	first := w.submit()
	w.pass(time.Minute)
	second := w.submit()
	expect := func(want time.Time) {
		w.Helper()
		if got := w.status().Oldest; !got.Equal(want) {
			w.Errorf("oldest is %v, want %v", got, want)
		}
	}
	expect(first.Created)
	l := w.claim()
	expect(second.Created)
	w.ok(w.queue.Release(w.ctx, l))
	expect(first.Created)
	w.cancel(first.ID)
	expect(second.Created)
	w.cancel(second.ID)
	expect(time.Time{})
}

func statusBytes(w *world) {
	last := int64(0)
	grows := func(what string, by int) {
		w.Helper()
		sum := int64(0)
		for _, j := range w.list(agent.Filter{}) {
			sum += j.Bytes
		}
		if got := w.status().Bytes; got != sum {
			w.Errorf("after %s: status says %d bytes, the jobs %d", what, got, sum)
		}
		if sum < last+int64(by) {
			w.Errorf("after %s: %d bytes, %d before", what, sum, last)
		}
		last = sum
	}
	long := string(make([]byte, 1000)) + "x"
	w.submit(text(long))
	grows("submit", 1000)
	w.submit()
	grows("another", 10)
	l := w.claim()
	w.ok(w.queue.Record(w.ctx, l, agent.EventOutput, long))
	grows("record", 1000)
	w.ok(w.queue.Attempt(w.ctx, l, agent.Attempt{Try: 1, Verdict: agent.NoPatch, Report: long}))
	grows("attempt", 1000)
	o := ended(agent.ChecksFailed)
	o.Checks = []agent.CheckResult{{Name: "test", Outcome: agent.CheckBroke, Tail: long}}
	w.finish(l, o)
	grows("finish", 1000)
}
