package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
)

type reviseOptions struct {
	*app
	ref          agent.Ref
	text         string
	wait, follow bool
	json         bool
}

func newReviseCmd(a *app) *cobra.Command {
	o := &reviseOptions{app: a}
	cmd := &cobra.Command{
		Use:   "revise ID[/VARIANT] {TEXT | -}",
		Short: "Answer a maker's question, or say what should be different",
		Long: `Answer a maker's question, or say what should be different about a result. The maker goes
on with the conversation and from the files as it left them; what it makes is a further
variant of the job, and the earlier ones stay.

Without a VARIANT the picked or proposed one is meant, else the one that asks.`,
		Example: `  agent revise 12 "404, and log it"
  agent revise 12/2 - <review.txt
  agent revise 12 "also cover the empty list" -F`,
		Args: args(2, 2, "a job's id and TEXT"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if o.ref, err = agent.ParseRef(args[0]); err != nil {
				return err
			}
			o.text = args[1]
			return runRevise(cmd.Context(), o)
		},
		ValidArgsFunction: a.completeRefs(doneJob),
	}
	addWait(cmd, &o.wait, &o.follow)
	addJSON(cmd, &o.json)
	return exits(cmd, waiting)
}

func runRevise(ctx context.Context, o *reviseOptions) error {
	if o.text == "-" {
		dir, err := o.workDir()
		if err != nil {
			return err
		}
		text, err := o.readInput(ctx, dir, "-", "text", agent.MaxRemark)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, errTooLong):
			return agent.Errorf(agent.Invalid, "the remark is longer than %d KiB", agent.MaxRemark>>10)
		case err != nil:
			return agent.Errorf(agent.Invalid, "cannot read the remark: %w", err)
		}
		o.text = string(text)
	}
	jobs, err := o.jobs(ctx)
	if err != nil {
		return err
	}
	job, err := jobs.Change(ctx, o.ref.Job, agent.Change{Op: agent.OpRevise, Variant: o.ref.Variant, Text: o.text, By: o.user()})
	if err != nil {
		return err
	}
	v := job.Variants[len(job.Variants)-1]
	if o.wait || o.follow {
		w := waitOptions{app: o.app, follow: o.follow, json: o.json, one: true}
		return w.await(ctx, jobs, []agent.ID{job.ID})
	}
	if o.json {
		return o.printJSON(newJobDoc(job))
	}
	fmt.Fprintf(o.out, "%s goes on from %s/%d\n", agent.Ref{Job: job.ID, Variant: v.Number}, job.ID, v.Revises)
	o.say("watch it: agent wait %[1]s -F    look at it: agent show %[1]s", job.ID)
	return nil
}

type approveOptions struct {
	*app
	ref  agent.Ref
	json bool
}

func newApproveCmd(a *app) *cobra.Command {
	o := &approveOptions{app: a}
	cmd := &cobra.Command{
		Use:   "approve ID[/VARIANT]",
		Short: "Take the limit off a result that needs approval",
		Long: `Take the limit off results that need approval. One that is larger than was allowed gets the
verdict that its checks earned. One whose maker used up its tokens or money without a
result is made again, and may use as much once more.`,
		Example: `  agent approve 12
  agent approve 12/2 && agent apply 12/2`,
		Args: args(1, 1, "a job's id"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if o.ref, err = agent.ParseRef(args[0]); err != nil {
				return err
			}
			return runApprove(cmd.Context(), o)
		},
		ValidArgsFunction: a.completeRefs(doneJob),
	}
	addJSON(cmd, &o.json)
	return exits(cmd, talking)
}

func runApprove(ctx context.Context, o *approveOptions) error {
	jobs, err := o.jobs(ctx)
	if err != nil {
		return err
	}
	job, err := jobs.Change(ctx, o.ref.Job, agent.Change{Op: agent.OpApprove, Variant: o.ref.Variant, By: o.user()})
	if err != nil {
		return err
	}
	if o.json {
		return o.printJSON(newJobDoc(job))
	}
	fmt.Fprintf(o.out, "approved %s: %s\n", o.ref, o.standing(job))
	return nil
}

// cost shows what a usage cost.
func cost(u agent.Usage) string {
	switch {
	case u.Requests == 0:
		return "-"
	case u.Unpriced > 0 && u.MicroUSD == 0:
		return "unknown"
	case u.Unpriced > 0:
		return "more than " + money(u.MicroUSD)
	case u.MicroUSD == 0:
		return "free"
	}
	return money(u.MicroUSD)
}
