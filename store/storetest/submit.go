package storetest

import (
	"context"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"codeagent.dev/agent"
)

func submitLaws() []law {
	return []law{
		{name: "submit/numbers", rule: "jobs are numbered from 1 in the order they are submitted", check: submitNumbers},
		{name: "submit/fields", rule: "a job is given back as it was asked for, with the defaults filled in", check: submitFields},
		{name: "submit/bytes", rule: "Spec.Text is kept byte for byte", check: submitBytes},
		{name: "submit/large", rule: "a text of many megabytes is kept", check: submitLarge},
		{name: "submit/invalid", rule: "a Spec that makes no sense is Invalid and leaves nothing behind", check: submitInvalid},
		{name: "submit/frozen", rule: "what the caller does to its Spec later changes nothing", check: submitFrozen},
		{name: "submit/canceled", rule: "an ended context stores nothing", check: submitCanceled},
		{name: "submit/unknown", rule: "a job that does not exist is NotFound", check: submitUnknown},
	}
}

func submitNumbers(w *world) {
	for want := agent.ID(1); want <= 3; want++ {
		if j := w.submit(); j.ID != want {
			w.Fatalf("job %s, want %s", j.ID, want)
		}
	}
}

func submitFields(w *world) {
	asked := agent.Spec{
		Kind: agent.Prompt, Text: "return 404\nplease", Repo: "/src/größe", Base: base,
		Makers: []string{"a", "b"}, Variants: 2, Tries: 3,
		Checks: []agent.Check{{Run: "go vet ./..."}, {Name: "test", Run: "go test ./...", Dir: "sub", Time: agent.Duration(time.Minute)}},
		Limits: agent.Limits{Make: agent.Duration(time.Second), Output: 7, Paths: []string{"a/b"}},
		Author: "Ada <ada@example.org>", Env: map[string]string{"PATH": "/bin", "EMPTY": ""},
		Origin: agent.Origin{Via: "cli", User: "ada"}, Key: "k",
	}
	before := time.Now().Add(-time.Second)
	sent, err := w.jobs.Submit(w.ctx, asked)
	w.ok(err)
	got := w.job(sent.ID)

	want := asked
	want.Title = "return 404"
	want.Checks = []agent.Check{asked.Checks[0], asked.Checks[1]}
	want.Checks[0].Name = "go vet ./..."
	if d := cmp.Diff(want, got.Spec); d != "" {
		w.Errorf("Spec (-want +got):\n%s", d)
	}
	wantJob := agent.Job{
		ID: 1, State: agent.Queued, Events: 1, Waiting: &agent.Waiting{For: agent.WaitWorker},
		Variants: []agent.Variant{{Number: 1, State: agent.Queued}, {Number: 2, State: agent.Queued}},
	}
	ignore := cmpopts.IgnoreFields(agent.Job{}, "Spec", "Created", "Bytes")
	if d := cmp.Diff(wantJob, got, ignore); d != "" {
		w.Errorf("Job (-want +got):\n%s", d)
	}
	if got.Created.Before(before) || got.Created.After(time.Now().Add(time.Second)) || got.Created.Location() != time.UTC {
		w.Errorf("created %v, want about now in UTC", got.Created)
	}
	got.Spec.Text, sent.Spec.Text = "", ""
	if d := cmp.Diff(got, sent); d != "" {
		w.Errorf("Submit's answer differs from Job's (-Job +Submit):\n%s", d)
	}
}

func submitBytes(w *world) {
	want := "diff\x00\xff\xfe\r\n \u2028 \"quoted\" \xc3"
	j := w.submit(text(want))
	if got := w.job(j.ID).Spec.Text; got != want {
		w.Errorf("Job has text %q, want %q", got, want)
	}
	if got := w.claim().Job.Spec.Text; got != want {
		w.Errorf("Claim has text %q, want %q", got, want)
	}
}

func submitLarge(w *world) {
	want := strings.Repeat("0123456789abcde\n", 5<<20/16)
	j := w.submit(text(want))
	if w.job(j.ID).Spec.Text != want {
		w.Error("the text came back changed")
	}
}

func submitInvalid(w *world) {
	for name, edit := range map[string]func(*agent.Spec){
		"kind":     func(s *agent.Spec) { s.Kind = "poem" },
		"text":     func(s *agent.Spec) { s.Text = " \n" },
		"base":     func(s *agent.Spec) { s.Base = "HEAD" },
		"variants": func(s *agent.Spec) { s.Variants = agent.MaxVariants + 1 },
		"checks":   func(s *agent.Spec) { s.Checks = []agent.Check{{Run: "true", Dir: "../x"}} },
	} {
		_, err := w.jobs.Submit(w.ctx, spec(edit))
		if agent.CodeOf(err) != agent.Invalid {
			w.Errorf("%s: error %v has code %s, want invalid", name, err, agent.CodeOf(err))
		}
	}
	if page := w.list(agent.Filter{}); len(page) != 0 {
		w.Errorf("%d jobs are stored", len(page))
	}
	if j := w.submit(); j.ID != 1 {
		w.Errorf("the first valid job is %s, want 1", j.ID)
	}
}

func submitFrozen(w *world) {
	asked := spec(func(s *agent.Spec) { s.Checks = []agent.Check{{Run: "true"}} })
	j, err := w.jobs.Submit(w.ctx, asked)
	w.ok(err)
	if asked.Checks[0].Name != "" {
		w.Errorf("Submit named the caller's check %q", asked.Checks[0].Name)
	}
	got := w.job(j.ID)
	got.Variants[0].State = agent.Done
	if again := w.job(j.ID); again.Variants[0].State != agent.Queued {
		w.Error("a returned job shares its variants with the store")
	}
}

func submitCanceled(w *world) {
	ctx, cancel := context.WithCancel(w.ctx)
	cancel()
	_, err := w.jobs.Submit(ctx, spec())
	w.canceled(err)
	if page := w.list(agent.Filter{}); len(page) != 0 {
		w.Errorf("%d jobs are stored", len(page))
	}
}

func submitUnknown(w *world) {
	w.submit()
	for _, id := range []agent.ID{2, 0, -1} {
		_, err := w.jobs.Job(w.ctx, id)
		w.refused(err, agent.NotFound)
		_, err = w.jobs.Change(w.ctx, id, agent.Change{Op: agent.OpCancel})
		w.refused(err, agent.NotFound)
	}
}
