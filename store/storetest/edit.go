package storetest

import (
	"strings"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent"
)

func editLaws() []law {
	return []law{
		{name: "edit/text", rule: "a new text is what Job and Claim give, byte for byte, and its size is counted", check: editText},
		{name: "edit/whole", rule: "all that can be asked for can be changed, and the place is kept", check: editWhole},
		{name: "edit/stays", rule: "kind, repository, base and key stay; who asked and the environment as well", check: editStays},
		{name: "edit/begun", rule: "a job with a variant that has begun is WrongState", check: editBegun},
		{name: "edit/invalid", rule: "what makes no sense is Invalid and changes nothing", check: editInvalid},
		{name: "edit/order", rule: "what a job comes after is changed, but to older jobs only", check: editOrder},
		{name: "edit/told", rule: "an edit is told, and again when it is the same", check: editTold},
	}
}

// edit is the change of a Spec to another.
func edit(edits ...func(*agent.Spec)) agent.Change {
	s := spec(edits...)
	return agent.Change{Op: agent.OpEdit, Spec: &s, Text: s.Text, By: "ada"}
}

func editText(w *world) {
	w.submit(text(strings.Repeat("x", 5000)))
	before := w.job(1)
	want := "gofmt\x00\xff -w ."
	j := w.change(1, edit(text(want)))
	if j.Spec.Text != "" {
		w.Errorf("Change's answer has text %q", j.Spec.Text)
	}
	got := w.job(1)
	if got.Spec.Text != want {
		w.Errorf("Job has text %q", got.Spec.Text)
	}
	if d := got.Bytes - before.Bytes; d > -4000 {
		w.Errorf("the text is 5,000 bytes shorter, and the job %d", -d)
	}
	if st := w.status(); st.Bytes != got.Bytes {
		w.Errorf("the job has %d bytes, the status says %d", got.Bytes, st.Bytes)
	}
	l := w.claim()
	if l.Job.Spec.Text != want {
		w.Errorf("Claim has text %q", l.Job.Spec.Text)
	}
	w.finish(l, unverified())
	if got := w.job(1).Spec.Text; got != want {
		w.Errorf("in the end Job has text %q", got)
	}
}

func editWhole(w *world) {
	w.group("web", 0)
	w.submit(madeBy("one"), variants(3), labeled("old"))
	w.submit(inRepo("/src/two"))
	all := func(s *agent.Spec) {
		s.Kind, s.Text, s.Makers, s.Variants, s.Tries = agent.Prompt, "another", []string{"two", "three"}, 2, 4
		s.Checks = []agent.Check{{Name: "test", Run: "go test ./..."}}
		s.Limits = agent.Limits{Files: 3, Paths: []string{"a"}}
		s.Group, s.Priority, s.Labels, s.Hold = "web", 4, []string{"new"}, true
		s.Until, s.Author = agent.UntilVerified, "Ada <ada@example.org>"
	}
	c := edit(all)
	w.change(1, c)
	c.Spec.Checks[0].Run, c.Spec.Labels[0], c.Spec.Makers[0] = "changed", "changed", "changed"
	want := spec(all)
	want.Title = "another"
	if d := cmp.Diff(want, w.job(1).Spec); d != "" {
		w.Errorf("Spec (-want +got):\n%s", d)
	}
	if j := w.job(1); len(j.Variants) != 2 || j.State != agent.Queued {
		w.Errorf("job is %s with %d variants", j.State, len(j.Variants))
	}
	if st := w.status(); st.Waiting != 3 || st.Queued != 2 {
		w.Errorf("status is %+v", st)
	}
	w.lists(agent.Filter{Groups: []string{"web"}}, 1)
	w.waits(1, &agent.Waiting{For: agent.WaitRelease})
	w.change(1, move(agent.OpRelease))
	if l := w.take(agent.Claim{Without: []string{"three"}}); l.Job.ID != 1 {
		w.Errorf("claimed job %s", l.Job.ID)
	}
	if l := w.take(agent.Claim{Without: []string{"two", "three"}}); l.Job.ID != 2 {
		w.Errorf("claimed job %s", l.Job.ID)
	}
}

func editStays(w *world) {
	asked := func(s *agent.Spec) {
		s.Key, s.Origin, s.Env = "k", agent.Origin{Via: "cli", User: "ada"}, map[string]string{"PATH": "/bin"}
	}
	w.submit(asked)
	before := w.job(1)
	for _, other := range []func(*agent.Spec){
		func(s *agent.Spec) { s.Kind = agent.Diff },
		func(s *agent.Spec) { s.Repo = "/src/two" },
		func(s *agent.Spec) { s.Base = commit },
		func(s *agent.Spec) { s.Key = "other" },
		func(s *agent.Spec) { s.Key = "" },
	} {
		_, err := w.jobs.Change(w.ctx, 1, edit(asked, other))
		w.refused(err, agent.Invalid)
	}
	if d := cmp.Diff(before, w.job(1)); d != "" {
		w.Errorf("job (-before +after):\n%s", d)
	}
	w.change(1, edit(key("k")))
	got := w.job(1).Spec
	if got.Origin != before.Spec.Origin || got.Env["PATH"] != "/bin" || got.Text != before.Spec.Text {
		w.Errorf("Spec is %+v", got)
	}
	if j := w.submit(key("k")); j.ID != 1 {
		w.Errorf("the key makes another job, %s", j.ID)
	}
}

func editBegun(w *world) {
	w.submit(variants(2))
	l := w.claim()
	for _, do := range []func(){
		func() {},
		func() { w.finish(l, unverified()) },
		func() { w.finish(w.claim(), ended(agent.Failed)) },
	} {
		do()
		before := w.job(1)
		_, err := w.jobs.Change(w.ctx, 1, edit(text("other")))
		w.refused(err, agent.WrongState)
		if d := cmp.Diff(before, w.job(1)); d != "" {
			w.Errorf("job (-before +after):\n%s", d)
		}
	}
	w.submit()
	w.ok(w.queue.Release(w.ctx, w.claim())) // as if it had never been claimed
	w.change(2, edit(text("other")))
	w.submit()
	w.begin(2)
	w.cancel(3)
	_, err := w.jobs.Change(w.ctx, 3, edit())
	w.refused(err, agent.WrongState)
}

func editInvalid(w *world) {
	w.submit(text("one"))
	w.submit()
	before := w.job(1)
	for _, c := range []agent.Change{
		{Op: agent.OpEdit, Text: "two"},
		edit(text(" \n")),
		edit(variants(agent.MaxVariants + 1)),
		edit(ofPriority(agent.MaxPriority + 1)),
		edit(labeled("two words")),
		edit(comesAfter(1)),
		edit(comesAfter(2)),
	} {
		_, err := w.jobs.Change(w.ctx, 1, c)
		w.refused(err, agent.Invalid)
	}
	_, err := w.jobs.Change(w.ctx, 1, edit(comesAfter(9)))
	w.refused(err, agent.NotFound)
	if d := cmp.Diff(before, w.job(1)); d != "" {
		w.Errorf("job (-before +after):\n%s", d)
	}
}

func editOrder(w *world) {
	w.submit(ofPriority(-1))
	w.submit()
	w.change(2, edit(comesAfter(1)))
	w.waits(2, &agent.Waiting{For: agent.WaitParents, What: "1"})
	w.finish(w.begin(1)[0], unverified())
	if j := w.job(2); j.Start != commit || j.From() != commit {
		w.Errorf("job starts from %q", j.Start)
	}
	w.change(2, edit(text("other")))
	if j := w.job(2); j.Start != "" || j.From() != base || len(j.Spec.After) != 0 {
		w.Errorf("job comes after %v and starts from %q", j.Spec.After, j.Start)
	}
	w.change(1, remove())
	if j := w.job(2); j.State != agent.Queued {
		w.Errorf("job is %s: it does not come after job 1 any more", j.State)
	}
	w.submit()
	w.change(3, edit(comesAfter(2)))
	w.finish(w.begin(2)[0], ended(agent.Failed))
	if j := w.job(3); j.Verdict != agent.Failed {
		w.Errorf("job is %s, %s", j.State, j.Verdict)
	}
}

func editTold(w *world) {
	w.submit()
	w.change(1, edit())
	w.change(1, edit())
	w.finish(w.claim(), unverified())
	want := []told{
		{0, agent.EventEdited, "ada"}, {0, agent.EventEdited, "ada"}, {1, agent.EventClaimed, "worker"},
		{1, agent.EventFinished, "unverified"}, {0, agent.EventDone, "unverified"},
	}
	if d := cmp.Diff(want, tale(w.history(1, 1))); d != "" {
		w.Errorf("events (-want +got):\n%s", d)
	}
}
