package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
)

// changeOptions is for the commands that do one thing to each of some jobs.
type changeOptions struct {
	*app
	op   agent.Op
	said string // "job 12 SAID"
	json bool

	more   func(c *agent.Change)                                                      // completes the change; nil: nothing is missing
	change func(ctx context.Context, jobs agent.Jobs, id agent.ID) (agent.Job, error) // what is done instead of the change
}

func newCancelCmd(a *app) *cobra.Command {
	o := &changeOptions{app: a, op: agent.OpCancel, said: "canceled"}
	cmd := &cobra.Command{
		Use:   "cancel ID...",
		Short: "Stop jobs",
		Long:  `Stop jobs that are not done. What runs for them is ended with everything it started.`,
		Example: `  agent cancel 12
  agent cancel $(agent list --state queued --all --json | jq '.jobs[].id')`,
		ValidArgsFunction: a.completeJobs(openJob),
	}
	return o.fill(cmd)
}

func (o *changeOptions) fill(cmd *cobra.Command) *cobra.Command {
	cmd.Args = args(1, -1, "a job's id")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ids, err := jobIDs(args)
		if err != nil {
			return err
		}
		return runChange(cmd.Context(), o, ids)
	}
	addJSON(cmd, &o.json)
	return exits(cmd, talking)
}

// runChange goes on after a job it cannot change, and returns the first error.
func runChange(ctx context.Context, o *changeOptions, ids []agent.ID) error {
	jobs, err := o.jobs(ctx)
	if err != nil {
		return err
	}
	var changed []agent.Job
	var first error
	for _, id := range ids {
		job, err := o.do(ctx, jobs, id)
		switch {
		case err == nil:
			changed = append(changed, job)
			if !o.json {
				fmt.Fprintf(o.out, "job %s %s\n", id, o.said)
			}
		case first == nil:
			first = err
		default:
			complain(o.err, err)
		}
	}
	if o.json {
		if err := o.printJSON(newJobsDoc(changed)); err != nil {
			return err
		}
	}
	return first
}

func (o *changeOptions) do(ctx context.Context, jobs agent.Jobs, id agent.ID) (agent.Job, error) {
	if o.change != nil {
		return o.change(ctx, jobs, id)
	}
	c := agent.Change{Op: o.op, By: o.user()}
	if o.more != nil {
		o.more(&c)
	}
	return jobs.Change(ctx, id, c)
}

type pickOptions struct {
	*app
	ref  agent.Ref
	json bool
}

func newPickCmd(a *app) *cobra.Command {
	o := &pickOptions{app: a}
	cmd := &cobra.Command{
		Use:   "pick ID/VARIANT",
		Short: "Choose one variant of a job",
		Long:  `Choose the variant that "apply", "branch" and "diff" mean when only the job is named.`,
		Example: `  agent pick 12/2
  agent pick 12/2 && agent apply 12`,
		Args: args(1, 1, "ID/VARIANT"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if o.ref, err = agent.ParseRef(args[0]); err != nil {
				return err
			}
			return runPick(cmd.Context(), o)
		},
		ValidArgsFunction: a.completeJobs(resultOf),
	}
	addJSON(cmd, &o.json)
	return exits(cmd, talking)
}

func runPick(ctx context.Context, o *pickOptions) error {
	if o.ref.Variant == 0 {
		return agent.Errorf(agent.Invalid, "%s names no variant", o.ref).WithHint(fmt.Sprintf("agent pick %s/1; agent show %s lists them", o.ref, o.ref))
	}
	jobs, err := o.jobs(ctx)
	if err != nil {
		return err
	}
	job, err := jobs.Change(ctx, o.ref.Job, agent.Change{Op: agent.OpPick, Variant: o.ref.Variant, By: o.user()})
	if err != nil {
		return err
	}
	if o.json {
		return o.printJSON(newJobDoc(job))
	}
	v, _ := job.Variant(o.ref.Variant)
	fmt.Fprintf(o.out, "picked %s: %s\n", o.ref, o.style().Verdict(v.Verdict))
	return nil
}
