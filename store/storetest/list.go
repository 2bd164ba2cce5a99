package storetest

import (
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent"
)

func listLaws() []law {
	return []law{
		{name: "list/brief", rule: "a listed job is the stored one without what is large", check: listBrief},
		{name: "list/order", rule: "newest first, or oldest first when asked", check: listOrder},
		{name: "list/filters", rule: "each filter restricts, and all of them together", check: listFilters},
		{name: "list/moves", rule: "a job is found under what it is now, not what it was", check: listMoves},
		{name: "list/pages", rule: "pages follow each other without gap or repeat, in both orders", check: listPages},
		{name: "list/ended", timed: true, rule: "EndedBefore chooses Done jobs that ended earlier", check: listEnded},
		{name: "list/invalid", rule: "an impossible limit, state or verdict is Invalid", check: listInvalid},
	}
}

func ids(page []agent.Job) []agent.ID {
	all := []agent.ID{}
	for _, j := range page {
		all = append(all, j.ID)
	}
	return all
}

func (w *world) lists(f agent.Filter, want ...agent.ID) {
	w.Helper()
	if d := cmp.Diff(append([]agent.ID{}, want...), ids(w.list(f))); d != "" {
		w.Errorf("%+v (-want +got):\n%s", f, d)
	}
}

func listBrief(w *world) {
	w.submit(text("long"), func(s *agent.Spec) { s.Env = map[string]string{"A": "b"} })
	l := w.claim()
	w.ok(w.queue.Attempt(w.ctx, l, agent.Attempt{Try: 1, Verdict: agent.Conflict, Report: "long"}))
	o := ended(agent.ChecksFailed)
	o.Checks = []agent.CheckResult{{Name: "test", Outcome: agent.CheckBroke, Exit: 1, Tail: "long"}}
	w.finish(l, o)
	j := w.job(1)
	if d := cmp.Diff(j.Brief(), w.list(agent.Filter{})[0]); d != "" {
		w.Errorf("job (-want +got):\n%s", d)
	}
	if j.Variants[0].Attempts[0].Report != "long" || j.Variants[0].Checks[0].Tail != "long" || j.Spec.Env["A"] != "b" {
		w.Error("listing has cut the job itself")
	}
}

func listOrder(w *world) {
	w.lists(agent.Filter{})
	for range 3 {
		w.submit()
	}
	w.lists(agent.Filter{}, 3, 2, 1)
	w.lists(agent.Filter{Oldest: true}, 1, 2, 3)
}

func listFilters(w *world) {
	w.done([]agent.Outcome{unverified()})                              // 1
	w.done([]agent.Outcome{ended(agent.Failed)}, inRepo("/src/two"))   // 2
	w.done([]agent.Outcome{ended(agent.Verified)}, inRepo("/src/two")) // 3
	w.submit(inRepo("/src/two"))                                       // 4: running
	w.claim()
	w.submit() // 5: queued
	w.submit(inRepo("/src/tw"))

	w.lists(agent.Filter{States: []agent.State{agent.Done}}, 3, 2, 1)
	w.lists(agent.Filter{States: []agent.State{agent.Queued, agent.Running}}, 6, 5, 4)
	w.lists(agent.Filter{States: []agent.State{agent.Running, agent.Running}}, 4)
	w.lists(agent.Filter{Verdicts: []agent.Verdict{agent.Failed, agent.Verified}}, 3, 2)
	w.lists(agent.Filter{Verdicts: []agent.Verdict{agent.Refused}})
	w.lists(agent.Filter{Repo: "/src/two"}, 4, 3, 2)
	w.lists(agent.Filter{Repo: "/src/nowhere"})
	w.lists(agent.Filter{Repo: "/src/two", States: []agent.State{agent.Done}, Oldest: true}, 2, 3)
	w.lists(agent.Filter{Repo: "/src/one", Verdicts: []agent.Verdict{agent.Unverified, agent.Failed}}, 1)
	w.lists(agent.Filter{States: []agent.State{agent.Queued}, Verdicts: []agent.Verdict{agent.Failed}})
	w.lists(agent.Filter{Repo: "/src/two", After: 4, Limit: 1}, 3)
}

func listMoves(w *world) {
	w.submit()
	w.lists(agent.Filter{States: []agent.State{agent.Queued}}, 1)
	l := w.claim()
	w.lists(agent.Filter{States: []agent.State{agent.Queued}})
	w.lists(agent.Filter{States: []agent.State{agent.Running}}, 1)
	w.finish(l, ended(agent.Failed))
	w.lists(agent.Filter{States: []agent.State{agent.Running}})
	w.lists(agent.Filter{Verdicts: []agent.Verdict{agent.Failed}}, 1)
	w.change(1, retry())
	w.lists(agent.Filter{Verdicts: []agent.Verdict{agent.Failed}})
	w.lists(agent.Filter{States: []agent.State{agent.Queued}, Repo: "/src/one"}, 1)
	w.cancel(1)
	w.lists(agent.Filter{Verdicts: []agent.Verdict{agent.Canceled}}, 1)
	w.change(1, remove())
	w.lists(agent.Filter{Repo: "/src/one"})
}

func listPages(w *world) {
	const n = 25
	var want []agent.ID
	for i := range n {
		j := w.submit()
		if i%3 == 0 {
			w.cancel(j.ID)
		}
		want = append(want, j.ID)
	}
	for _, oldest := range []bool{true, false} {
		if !oldest {
			slices.Reverse(want)
		}
		for _, size := range []int{1, 7, n, 100} {
			var got []agent.ID
			f := agent.Filter{Oldest: oldest, Limit: size}
			for {
				page := ids(w.list(f))
				if len(page) == 0 {
					break
				}
				got = append(got, page...)
				f.After = page[len(page)-1]
			}
			if !slices.Equal(got, want) {
				w.Errorf("oldest %v, pages of %d: %v", oldest, size, got)
			}
		}
	}
}

func listEnded(w *world) {
	var marks []time.Time
	for range 4 {
		w.submit()
	}
	for range 4 { // the jobs end in the order 1 … 4, an hour apart; but 2 ends last
		marks = append(marks, time.Now())
		l := w.claim()
		if l.Job.ID == 2 && len(marks) == 2 {
			l = w.claim()
		}
		w.finish(l, unverified())
		w.pass(hour / 2)
	}
	done := w.list(agent.Filter{States: []agent.State{agent.Done}, Oldest: true})
	for _, mark := range append(marks, time.Now(), time.Now().Add(hour)) {
		for _, oldest := range []bool{true, false} {
			var want []agent.ID
			for _, j := range done {
				if j.Ended.Before(mark) {
					want = append(want, j.ID)
				}
			}
			if !oldest {
				slices.Reverse(want)
			}
			w.lists(agent.Filter{EndedBefore: mark, Oldest: oldest}, want...)
			w.lists(agent.Filter{EndedBefore: mark, Oldest: oldest, Verdicts: []agent.Verdict{agent.Failed}})
			w.lists(agent.Filter{EndedBefore: mark, Oldest: oldest, Repo: "/src/two"})
			if len(want) > 1 {
				w.lists(agent.Filter{EndedBefore: mark, Oldest: oldest, After: want[0], Limit: 1}, want[1])
			}
		}
	}
}

func listInvalid(w *world) {
	for _, f := range []agent.Filter{
		{Limit: -1},
		{Limit: agent.MaxLimit + 1},
		{States: []agent.State{"asleep"}},
		{Verdicts: []agent.Verdict{""}},
	} {
		_, err := w.jobs.List(w.ctx, f)
		w.refused(err, agent.Invalid)
	}
}
