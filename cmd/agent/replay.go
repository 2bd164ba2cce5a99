package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
	"codeagent.dev/agent/maker"
)

type replayOptions struct {
	*app
	ref          agent.Ref
	with         []string
	wait, follow bool
	json         bool
}

func newReplayCmd(a *app) *cobra.Command {
	o := &replayOptions{app: a}
	cmd := &cobra.Command{
		Use:   "replay ID[/VARIANT]",
		Short: "Apply a stored answer again, or ask another maker the same",
		Long: `Apply the answer that a model gave, as it is kept, to the same base again, as a new job: no
model is asked. With --with another maker is asked instead, in the same words, and
shown the same files.`,
		Example: `  agent replay 12
  agent replay 12/2 --with ollama/qwen2.5-coder:14b -F`,
		Args: args(1, 1, "a job's id"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if o.ref, err = agent.ParseRef(args[0]); err != nil {
				return err
			}
			return runReplay(cmd.Context(), o)
		},
		ValidArgsFunction: a.completeRefs(doneJob),
	}
	f := cmd.Flags()
	f.StringArrayVar(&o.with, "with", nil, "ask this `maker` instead (repeatable)")
	completeWith(cmd, "with", a.completeMakers)
	addWait(cmd, &o.wait, &o.follow)
	addJSON(cmd, &o.json)
	return exits(cmd, waiting)
}

func runReplay(ctx context.Context, o *replayOptions) error {
	jobs, err := o.jobs(ctx)
	if err != nil {
		return err
	}
	job, err := jobs.Job(ctx, o.ref.Job)
	if err != nil {
		return err
	}
	spec, err := o.again(ctx, jobs, job)
	if err != nil {
		return err
	}
	next, err := jobs.Submit(ctx, spec)
	if err != nil {
		return err
	}
	if o.wait || o.follow {
		w := waitOptions{app: o.app, follow: o.follow, json: o.json, one: true}
		return w.await(ctx, jobs, []agent.ID{next.ID})
	}
	if o.json {
		return o.printJSON(newJobDoc(next))
	}
	fmt.Fprintf(o.out, "job %s %s: %s\n", next.ID, o.standing(next), oneLine(next.Spec.Title))
	return nil
}

// again is the Spec of a replay.
func (o *replayOptions) again(ctx context.Context, jobs agent.Jobs, job agent.Job) (agent.Spec, error) {
	spec := job.Spec
	if spec.Kind != agent.Prompt {
		return spec, agent.Errorf(agent.Invalid, "job %s was not asked for in words", job.ID).WithHint("agent retry " + job.ID.String())
	}
	if err := hasVariant(job, o.ref); err != nil {
		return spec, err
	}
	number := o.ref.Variant
	if number == 0 {
		number = max(job.Chosen(), 1)
	}
	ref := agent.Ref{Job: job.ID, Variant: number}
	spec.Key, spec.Variants, spec.Origin = "", 1, o.origin()
	if len(o.with) > 0 {
		dir, err := o.workDir()
		if err != nil {
			return spec, err
		}
		spec.Makers, spec.Spread = nil, false
		for _, m := range o.with {
			spec.Makers = append(spec.Makers, absMaker(dir, m))
		}
		turns, err := job.Turns(jobs.Events(ctx, job.ID, 0), number)
		if err != nil {
			return spec, err
		}
		if lastKept(turns, func(t agent.Turn) string { return t.Context }) != "" {
			spec.Like = ref
		}
		spec.Title = fmt.Sprintf("%s again: %s", ref, spec.Title)
		return spec, nil
	}
	answer, err := answers(ctx, jobs, job, number)
	if err != nil {
		return spec, err
	}
	if strings.TrimSpace(answer) == "" {
		return spec, agent.Errorf(agent.NotFound, "no answer of %s is kept that could be applied", ref).
			WithHint(fmt.Sprintf("agent replay %s --with MAKER", ref))
	}
	spec.Kind, spec.Text, spec.Makers, spec.Tries, spec.Like = agent.Diff, answer, nil, 1, agent.Ref{}
	spec.Title = fmt.Sprintf("the answer of %s again: %s", ref, spec.Title)
	return spec, nil
}

// answers are the edits that a model answered for a variant, one answer after the
// other: those that were applied, of what it goes on from first; else the last.
func answers(ctx context.Context, jobs agent.Jobs, job agent.Job, number int) (string, error) {
	var applied []string
	for n := number; n > 0; n = job.Variants[n-1].Revises {
		of, err := answersOf(ctx, jobs, job, n)
		if err != nil {
			return "", err
		}
		if job.Variants[n-1].Commit == "" && n != number {
			break // a question; nothing was applied
		}
		applied = append(of, applied...)
	}
	return strings.Join(applied, "\n\n"), nil
}

// answersOf are those of one variant.
func answersOf(ctx context.Context, jobs agent.Jobs, job agent.Job, number int) (applied []string, err error) {
	turns, err := job.Turns(jobs.Events(ctx, job.ID, 0), number)
	if err != nil {
		return nil, err
	}
	edits := false
	for _, t := range turns {
		if t.Verdict == "" {
			continue
		}
		var p maker.Prompt
		if err := json.Unmarshal([]byte(t.Prompt), &p); err != nil {
			return nil, fmt.Errorf("what %s was sent cannot be read: %w", agent.Ref{Job: job.ID, Variant: number}, err)
		}
		if p.Format == "" {
			continue // an agent edits by itself; what it says is no edit
		}
		if edits = true; t.Verdict.HasCommit() {
			applied = append(applied, t.Answer)
		}
	}
	if last := len(turns) - 1; len(applied) == 0 && edits && turns[last].Answer != "" {
		applied = []string{turns[last].Answer}
	}
	return applied, nil
}
