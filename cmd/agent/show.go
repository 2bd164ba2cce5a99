package main

import (
	"context"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
	"codeagent.dev/agent/tui"
)

type showOptions struct {
	*app
	ref  agent.Ref
	json bool
}

func newShowCmd(a *app) *cobra.Command {
	o := &showOptions{app: a}
	cmd := &cobra.Command{
		Use:   "show ID[/VARIANT]",
		Short: "Show one job: verdict, checks, what to do next",
		Long: `Show one job: what was asked for, its verdict and what that means, every variant with
its checks, and the commands that lead on.

Checks are compared with the base: "passed", "fixed" (failed before), "failed" (passed
before), "already failing" (failed before, too).`,
		Example: `  agent show 12
  agent show 12/2
  agent show 12 --json | jq -r .job.verdict`,
		Args: args(1, 1, "a job's id"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if o.ref, err = agent.ParseRef(args[0]); err != nil {
				return err
			}
			return runShow(cmd.Context(), o)
		},
		ValidArgsFunction: a.completeJobs(anyJob),
	}
	addJSON(cmd, &o.json)
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
	if o.json {
		return o.printJSON(newJobDoc(job))
	}
	return tui.Card(o.out, o.style(), job, o.ref.Variant, o.now())
}

// hasVariant refuses a ref to a variant the job does not have.
func hasVariant(job agent.Job, ref agent.Ref) error {
	if _, ok := job.Variant(ref.Variant); ref.Variant != 0 && !ok {
		return agent.Errorf(agent.NotFound, "job %s has no variant %d, only %s", ref.Job, ref.Variant, tui.Count(len(job.Variants), "variant")).
			WithHint("agent show " + ref.Job.String())
	}
	return nil
}
