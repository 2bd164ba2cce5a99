package storetest

import (
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"codeagent.dev/agent"
)

func importLaws() []law {
	return []law{
		{name: "import/whole", rule: "a job comes back as another store had it, under a new id", check: importWhole},
		{name: "import/history", rule: "its history is kept, with times and variants, and numbered anew", check: importHistory},
		{name: "import/unfinished", rule: "what was not Done waits, held, and can be released", check: importUnfinished},
		{name: "import/place", rule: "what was true of the other queue is forgotten", check: importPlace},
		{name: "import/key", rule: "a Key that is known returns the job that has it", check: importKey},
		{name: "import/invalid", rule: "what no store could have had is Invalid and leaves nothing behind", check: importInvalid},
		{name: "import/found", rule: "an imported job is counted and listed like any other", check: importFound},
	}
}

func (w *world) imports(j agent.Job, history ...agent.Event) agent.Job {
	w.Helper()
	got, err := w.jobs.Import(w.ctx, j, history)
	w.ok(err)
	return got
}

// exported makes a job with all that a job can have, and returns it with its history.
func (w *world) exported() (agent.Job, []agent.Event) {
	w.Helper()
	w.submit(madeBy("one"), variants(2), labeled("a", "b"), text("do \xff it"), func(s *agent.Spec) {
		s.Env = map[string]string{"PATH": "/bin"}
		s.Checks = []agent.Check{{Name: "test", Run: "go test ./..."}}
	})
	l := w.claim()
	w.ok(w.queue.Record(w.ctx, l, agent.EventPrompt, "the prompt"))
	w.ok(w.queue.Attempt(w.ctx, l, agent.Attempt{Try: 1, Maker: "one", Verdict: agent.Conflict, Report: "hunk 1"}))
	o := ended(agent.ChecksFailed)
	o.Said, o.Tests = "a remark", &agent.TestReport{New: []string{"TestA"}, Still: 2}
	o.Checks = []agent.CheckResult{{Name: "test", Outcome: agent.CheckBroke, Exit: 1, Tail: "FAIL"}}
	w.finish(l, o)
	w.finish(w.claim(), unverified())
	w.change(1, pick(1))
	w.change(1, deliver("d", 1))
	return w.job(1), w.history(1, 0)
}

func importWhole(w *world) {
	j, history := w.exported()
	if got := w.imports(j, history...); got.ID != 2 || got.Spec.Text != "" {
		w.Errorf("Import's answer is job %s with text %q", got.ID, got.Spec.Text)
	}
	got := w.job(2)
	ignore := cmpopts.IgnoreFields(agent.Job{}, "ID", "Events", "Bytes")
	if d := cmp.Diff(j, got, ignore, cmpopts.EquateEmpty()); d != "" {
		w.Errorf("job (-want +got):\n%s", d)
	}
	if got.Bytes < j.Bytes || got.Bytes > j.Bytes+200 {
		w.Errorf("it has %d bytes, and had %d", got.Bytes, j.Bytes)
	}
	w.change(2, agent.Change{Op: agent.OpRevise, Variant: 1, Text: "more"})
	w.begin(2)
}

func importHistory(w *world) {
	j, history := w.exported()
	w.imports(j, history...)
	got := w.history(2, 0)
	w.gapless(got, 0, uint64(len(history)+1))
	last := got[len(got)-1]
	if last.Type != agent.EventImported || last.Text != "job 1" {
		w.Errorf("the last event is %+v", last)
	}
	ignore := cmpopts.IgnoreFields(agent.Event{}, "Job")
	if d := cmp.Diff(history, got[:len(history)], ignore); d != "" {
		w.Errorf("history (-want +got):\n%s", d)
	}
	for _, e := range got {
		if e.Job != 2 {
			w.Errorf("event is %+v", e)
		}
	}
}

func importUnfinished(w *world) {
	w.submit(variants(3))
	w.finish(w.claim(), unverified())
	w.claim()
	got := w.imports(w.job(1))
	if got.State != agent.Running || !got.Spec.Hold {
		w.Fatalf("job is %s, held %v", got.State, got.Spec.Hold)
	}
	for n, want := range []agent.State{agent.Done, agent.Queued, agent.Queued} {
		if v := got.Variants[n]; v.State != want || v.Claims > 0 && want == agent.Queued {
			w.Errorf("variant %d is %s after %d claims", n+1, v.State, v.Claims)
		}
	}
	w.waits(2, &agent.Waiting{For: agent.WaitRelease})
	w.cancel(1)
	w.change(2, move(agent.OpRelease))
	if l := w.begin(2)[0]; l.Variant != 2 {
		w.Errorf("claimed variant %d", l.Variant)
	}
}

func importPlace(w *world) {
	w.group("web", 0)
	w.submit()
	w.submit(comesAfter(1), inGroup("web"))
	j := w.job(2)
	j.Order, j.Now, j.Spec.Group = 1, true, "elsewhere"
	got := w.imports(j)
	if got.Order != 0 || got.Now || len(got.Spec.After) != 0 || got.Spec.Group != "" {
		w.Errorf("job has order %d, now %v, comes after %v, in group %q", got.Order, got.Now, got.Spec.After, got.Spec.Group)
	}
	j.Spec.Group = "web"
	if got := w.imports(j); got.Spec.Group != "web" {
		w.Errorf("group is %q", got.Spec.Group)
	}
}

func importKey(w *world) {
	j := agent.Job{Spec: spec(key("k")), Variants: []agent.Variant{{Number: 1, State: agent.Done, Verdict: agent.Unverified, Commit: commit}}}
	first := w.imports(j)
	j.Spec.Title = "other"
	if again := w.imports(j); again.ID != first.ID || again.Spec.Title != first.Spec.Title {
		w.Errorf("job %s, %q; want %s, %q", again.ID, again.Spec.Title, first.ID, first.Spec.Title)
	}
	if again := w.submit(key("k")); again.ID != first.ID {
		w.Errorf("Submit makes job %s", again.ID)
	}
	w.change(1, remove())
	if again := w.imports(j); again.ID != 2 {
		w.Errorf("after its removal it is job %s", again.ID)
	}
}

func importInvalid(w *world) {
	fine := func() agent.Job {
		return agent.Job{Spec: spec(), Variants: []agent.Variant{{Number: 1, State: agent.Done, Verdict: agent.Unverified, Commit: commit}}}
	}
	for name, spoil := range map[string]func(*agent.Job){
		"no variants":        func(j *agent.Job) { j.Variants = nil },
		"many variants":      func(j *agent.Job) { j.Variants = make([]agent.Variant, agent.MaxVariants+1) },
		"numbers":            func(j *agent.Job) { j.Variants[0].Number = 2 },
		"revises":            func(j *agent.Job) { j.Variants[0].Revises = 1 },
		"verdict":            func(j *agent.Job) { j.Variants[0].Verdict = "fine" },
		"no commit":          func(j *agent.Job) { j.Variants[0].Commit = "" },
		"no full commit":     func(j *agent.Job) { j.Variants[0].Commit = "--help" },
		"start":              func(j *agent.Job) { j.Start = "--help" },
		"text":               func(j *agent.Job) { j.Spec.Text = "" },
		"base":               func(j *agent.Job) { j.Spec.Base = "HEAD" },
		"delivery":           func(j *agent.Job) { j.Deliveries = []agent.Delivery{{ID: "d", Variant: 2, Commit: commit}} },
		"made in the year 1": func(j *agent.Job) { j.Created = time.Date(1, 2, 3, 0, 0, 0, 0, time.UTC) },
	} {
		j := fine()
		spoil(&j)
		_, err := w.jobs.Import(w.ctx, j, nil)
		if agent.CodeOf(err) != agent.Invalid {
			w.Errorf("%s: error %v has code %q, want invalid", name, err, agent.CodeOf(err))
		}
	}
	for _, e := range []agent.Event{
		{Variant: 2, Type: agent.EventStep, Time: time.Now()}, {Variant: -1, Type: agent.EventStep, Time: time.Now()}, {Time: time.Now()},
		{Type: agent.EventStep, Text: string(make([]byte, agent.MaxEvent+1)), Time: time.Now()},
	} {
		_, err := w.jobs.Import(w.ctx, fine(), []agent.Event{e})
		w.refused(err, agent.Invalid)
	}
	if j := w.imports(fine()); j.ID != 1 {
		w.Errorf("the first valid job is %s", j.ID)
	}
}

func importFound(w *world) {
	j, history := w.exported()
	w.imports(j, history...)
	w.lists(agent.Filter{Verdicts: []agent.Verdict{agent.Unverified}}, 2, 1)
	w.lists(agent.Filter{Repo: j.Spec.Repo, Labels: []string{"a"}}, 2, 1)
	st := w.status()
	if st.Done != 2 || st.Bytes != w.job(1).Bytes+w.job(2).Bytes {
		w.Errorf("status is %+v", st)
	}
	w.change(2, remove())
	if got := w.status(); got.Done != 1 || got.Bytes != w.job(1).Bytes {
		w.Errorf("after its removal: %+v", got)
	}
}
