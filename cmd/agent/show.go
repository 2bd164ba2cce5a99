package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
	"codeagent.dev/agent/brief"
	"codeagent.dev/agent/maker"
	"codeagent.dev/agent/tui"
)

type showOptions struct {
	*app
	ref    agent.Ref
	json   bool
	prompt bool
	answer bool
	shown  bool
}

func newShowCmd(a *app) *cobra.Command {
	o := &showOptions{app: a}
	cmd := &cobra.Command{
		Use:   "show ID[/VARIANT]",
		Short: "Show one job: verdict, checks, what to do next",
		Long: `Show one job: what was asked for, its verdict and what that means, every variant with
its checks, and the commands that lead on.

Checks are compared with the base: "passed", "fixed" (failed before), "failed" (passed
before), "already failing" (failed before, too).

--prompt, --answer and --context print what the last try of a variant was made from: what
was sent, what came back, and the files that were shown, with their blob ids.`,
		Example: `  agent show 12
  agent show 12/2
  agent show 12/1 --prompt
  agent show 12 --json | jq -r .job.verdict`,
		Args: args(1, 1, "a job's id"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if o.ref, err = agent.ParseRef(args[0]); err != nil {
				return err
			}
			return runShow(cmd.Context(), o)
		},
		ValidArgsFunction: a.completeRefs(anyJob),
	}
	addJSON(cmd, &o.json)
	f := cmd.Flags()
	f.BoolVar(&o.prompt, "prompt", false, "print what was sent to the maker")
	f.BoolVar(&o.answer, "answer", false, "print what the maker answered")
	f.BoolVar(&o.shown, "context", false, "print which files a model was shown")
	cmd.MarkFlagsMutuallyExclusive("prompt", "answer", "context")
	return exits(cmd, talking)
}

func runShow(ctx context.Context, o *showOptions) error {
	jobs, err := o.jobs(ctx)
	if err != nil {
		return err
	}
	job, err := jobs.Job(ctx, o.ref.Job)
	if err != nil {
		return err
	}
	if err := hasVariant(job, o.ref); err != nil {
		return err
	}
	if o.prompt || o.answer || o.shown {
		return o.kept(ctx, jobs, job)
	}
	if o.json {
		return o.printJSON(newJobDoc(job))
	}
	return tui.Card(o.out, o.style(), job, o.ref.Variant, o.now())
}

// kept prints what a variant was made from.
func (o *showOptions) kept(ctx context.Context, jobs agent.Jobs, job agent.Job) error {
	number := o.ref.Variant
	if number == 0 {
		number = max(job.Chosen(), 1)
	}
	turns, err := job.Turns(jobs.Events(ctx, job.ID, 0), number)
	if err != nil {
		return err
	}
	ref := agent.Ref{Job: job.ID, Variant: number}
	what, text := "what was sent", lastKept(turns, func(t agent.Turn) string { return t.Prompt })
	if o.answer {
		what, text = "what was answered", lastKept(turns, func(t agent.Turn) string { return t.Answer })
	} else if o.shown {
		what, text = "what was shown", lastKept(turns, func(t agent.Turn) string { return t.Context })
	}
	if text == "" {
		return agent.Errorf(agent.NotFound, "nothing is kept of %s for %s", what, ref).WithHint("agent logs " + ref.String())
	}
	if o.json {
		doc := struct {
			header
			Ref  agent.Ref       `json:"ref"`
			Kept json.RawMessage `json:"kept,omitempty"`
			Text string          `json:"text,omitempty"`
		}{header: docHeader, Ref: ref}
		if o.answer {
			doc.Text = text
		} else {
			doc.Kept = json.RawMessage(text)
		}
		return o.printJSON(doc)
	}
	switch {
	case o.answer:
		return o.printText(text)
	case o.prompt:
		var p maker.Prompt
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			return err
		}
		return o.printText(p.String())
	}
	var m brief.Manifest
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return err
	}
	t := tui.Table{Head: []string{"TOKENS", "BLOB", "FILE", "WHY"}}
	for _, f := range append(m.Guidance, m.Files...) {
		t.Add(fmt.Sprint(f.Tokens), tui.Short(f.ID), oneLine(f.Path), oneLine(f.Why))
	}
	return t.Write(o.out, o.style(), o.width())
}

// lastKept is the last text of its kind that is not empty.
func lastKept(turns []agent.Turn, of func(agent.Turn) string) string {
	for _, t := range slices.Backward(turns) {
		if text := of(t); text != "" {
			return text
		}
	}
	return ""
}

// printText prints a text as it is, but for what would steer a terminal.
func (o *showOptions) printText(text string) error {
	if isTerminal(o.out) {
		text = tui.Clean(text)
	}
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	_, err := io.WriteString(o.out, text)
	return err
}

// hasVariant refuses a ref to a variant the job does not have.
func hasVariant(job agent.Job, ref agent.Ref) error {
	if _, ok := job.Variant(ref.Variant); ref.Variant != 0 && !ok {
		return agent.Errorf(agent.NotFound, "job %s has no variant %d, only %s", ref.Job, ref.Variant, tui.Count(len(job.Variants), "variant")).
			WithHint("agent show " + ref.Job.String())
	}
	return nil
}
