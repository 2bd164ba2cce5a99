package bolt_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent"
	"codeagent.dev/agent/store/bolt"
)

func result(n int) string { return fmt.Sprintf("%040x", n) }

// at is a job of a repository, with what else edit says.
func at(repo string, edit func(s *agent.Spec)) agent.Spec {
	s := spec("in " + repo)
	s.Repo = "/src/" + repo
	if edit != nil {
		edit(&s)
	}
	return s
}

func claim(t testing.TB, s agent.Queue) agent.Lease {
	t.Helper()
	return must[agent.Lease](t)(s.Claim(t.Context(), agent.Claim{Worker: "w", TTL: time.Hour}))
}

func finish(t testing.TB, s agent.Queue, l agent.Lease, n int) {
	t.Helper()
	if err := s.Finish(t.Context(), l, agent.Outcome{Verdict: agent.Unverified, Commit: result(n)}); err != nil {
		t.Fatal(err)
	}
}

func change(t testing.TB, s agent.Jobs, id agent.ID, c agent.Change) agent.Job {
	t.Helper()
	return must[agent.Job](t)(s.Change(t.Context(), id, c))
}

// fill makes a queue with rules, turns, places and followers, nothing of which runs.
func fill(t testing.TB, s *bolt.Store) {
	t.Helper()
	for _, c := range []agent.RuleChange{
		{Op: agent.RuleParallel, Limit: 9}, {Op: agent.RulePerRepo, Limit: 4}, {Op: agent.RuleGroup, Group: "web", Limit: 2},
		{Op: agent.RuleGroup, Group: "gone"}, {Op: agent.RuleUngroup, Group: "gone"},
		{Op: agent.RulePause, Group: "web", By: "alice", Why: "release"}, {Op: agent.RulePause}, {Op: agent.RuleResume},
	} {
		must[agent.Rules](t)(s.Rule(t.Context(), c))
	}
	submit := func(repo string, edit func(s *agent.Spec)) {
		must[agent.Job](t)(s.Submit(t.Context(), at(repo, edit)))
	}
	for range 3 {
		submit("one", nil) // 1, 2, 3
	}
	submit("two", nil)                                                  // 4
	submit("three", nil)                                                // 5
	submit("one", func(s *agent.Spec) { s.After = []agent.ID{1} })      // 6
	submit("one", func(s *agent.Spec) { s.After = []agent.ID{2} })      // 7
	submit("one", func(s *agent.Spec) { s.Group = "web" })              // 8
	submit("two", func(s *agent.Spec) { s.Hold, s.Priority = true, 3 }) // 9
	submit("two", func(s *agent.Spec) { s.NotBefore = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC) })
	finish(t, s, claim(t, s), 1) // job 1, so that job 6 has a start
	finish(t, s, claim(t, s), 2) // job 4
	change(t, s, 9, agent.Change{Op: agent.OpRelease})
	change(t, s, 9, agent.Change{Op: agent.OpSwitch, With: 3})
	edited := at("three", func(s *agent.Spec) { s.Labels, s.Priority = []string{"edited"}, -1 })
	change(t, s, 5, agent.Change{Op: agent.OpEdit, Spec: &edited, Text: "edited"})
	change(t, s, 2, agent.Change{Op: agent.OpHold})
	change(t, s, 2, agent.Change{Op: agent.OpStart})
}

// order drains what may begin, one at a time.
func order(t testing.TB, s *bolt.Store) (ids []agent.ID) {
	t.Helper()
	for range 6 {
		l := claim(t, s)
		ids = append(ids, l.Job.ID)
		finish(t, s, l, 100+int(l.Job.ID))
	}
	return ids
}

// rulesOf are the rules without what is counted.
func rulesOf(t testing.TB, s agent.Jobs) agent.Rules {
	t.Helper()
	return must[agent.Rules](t)(s.Rules(t.Context()))
}

// What the queue is made of, its rules, turns, places and who follows whom, is the same
// after a good end as after a crash that left it in the journal, and as if nothing had
// happened.
func TestReopenKeepsTheQueue(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "agent.db"))
	fill(t, s)
	rules, want := rulesOf(t, s), order(t, s)
	closeStore(t, s)
	if d := cmp.Diff([]agent.ID{2, 3, 9, 6, 7, 5}, want); d != "" {
		t.Fatalf("without a crash (-want +got):\n%s", d)
	}

	closed := filepath.Join(t.TempDir(), "agent.db")
	s = openAt(t, closed)
	fill(t, s)
	closeStore(t, s)
	journaled := crashed(t, func(s *bolt.Store) { fill(t, s) })
	applied := crashed(t, func(s *bolt.Store) {
		fill(t, s)
		must[[]agent.Job](t)(s.List(t.Context(), agent.Filter{}))
	})
	for name, path := range map[string]string{"closed": closed, "in the journal": journaled, "in the database": applied} {
		t.Run(name, func(t *testing.T) {
			s := openAt(t, path)
			got := rulesOf(t, s)
			ignore := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".At" }, cmp.Ignore())
			if d := cmp.Diff(rules, got, ignore); d != "" {
				t.Errorf("rules (-want +got):\n%s", d)
			}
			j := must[agent.Job](t)(s.Job(t.Context(), 5))
			if j.Spec.Text != "edited" || j.Spec.Priority != -1 || j.Start != "" {
				t.Errorf("the edited job has text %q and priority %d", j.Spec.Text, j.Spec.Priority)
			}
			for id, want := range map[agent.ID]agent.WaitFor{7: agent.WaitParents, 8: agent.WaitResume, 10: agent.WaitTime, 6: agent.WaitWorker} {
				if j := must[agent.Job](t)(s.Job(t.Context(), id)); j.Waiting == nil || j.Waiting.For != want {
					t.Errorf("job %s waits %v, want %s", id, j.Waiting, want)
				}
			}
			if d := cmp.Diff(want, order(t, s)); d != "" {
				t.Errorf("turns (-want +got):\n%s", d)
			}
			if err := s.Check(t.Context()); err != nil {
				t.Error(err)
			}
			closeStore(t, s)
			s = openAt(t, path) // what was journaled is in the file now
			defer closeStore(t, s)
			if j := must[agent.Job](t)(s.Job(t.Context(), 7)); j.Start != result(102) {
				t.Errorf("job 7 starts from %q", j.Start)
			}
		})
	}
}

// A torn journal ends before an act, and never within one: two jobs that traded places
// have both or neither.
func TestTornJournalKeepsActsWhole(t *testing.T) {
	type state struct {
		Parallel int
		Places   []int
		Text     string
	}
	look := func(t *testing.T, path string) state {
		s := openAt(t, path)
		defer closeStore(t, s)
		st := state{Parallel: rulesOf(t, s).Parallel}
		for id := agent.ID(1); id <= 2; id++ {
			j := must[agent.Job](t)(s.Job(t.Context(), id))
			st.Places = append(st.Places, j.Spec.Priority, int(j.Order))
			st.Text = j.Spec.Text
		}
		return st
	}
	acts := func(s *bolt.Store) {
		must[agent.Job](t)(s.Submit(t.Context(), at("one", nil)))                                     // record 1
		must[agent.Job](t)(s.Submit(t.Context(), at("two", func(s *agent.Spec) { s.Priority = 7 })))  // 2
		must[agent.Rules](t)(s.Rule(t.Context(), agent.RuleChange{Op: agent.RuleParallel, Limit: 5})) // 3
		change(t, s, 1, agent.Change{Op: agent.OpSwitch, With: 2})                                    // 4
		edited := at("two", nil)
		change(t, s, 2, agent.Change{Op: agent.OpEdit, Spec: &edited, Text: "edited"}) // 5
	}
	whole := []state{
		{0, []int{0, 0, 7, 0}, "in two"},
		{5, []int{0, 0, 7, 0}, "in two"},
		{5, []int{7, 2, 0, 1}, "in two"},
		{5, []int{7, 2, 0, 1}, "edited"},
	}
	for n, want := range whole {
		t.Run(fmt.Sprint(n+3), func(t *testing.T) {
			path := crashed(t, acts)
			if n < len(whole)-1 {
				for later := 5; later > n+3; later-- {
					editRecord(t, path, later, func(record []byte) { clear(record) })
				}
				editRecord(t, path, n+3, func(record []byte) { clear(record[len(record)/2:]) })
			}
			if d := cmp.Diff(want, look(t, path)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}
