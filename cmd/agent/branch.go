package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
	"codeagent.dev/agent/tui"
)

type branchOptions struct {
	*app
	ref  agent.Ref
	name string
	json bool

	uncommitted bool
}

func newBranchCmd(a *app) *cobra.Command {
	o := &branchOptions{app: a}
	cmd := &cobra.Command{
		Use:   "branch ID[/VARIANT] NAME",
		Short: "Make a branch of a result",
		Long: `Make a new branch that points at a result's commit. Your working tree, your index and
the branch you are on stay as they are. "agent undo" deletes the branch again.

A result of "agent patch --dirty" or "agent watch" stands on what was not committed then.
A branch of it carries that too, as a commit of its own below the result, and is only
made with --with-uncommitted.`,
		Example: `  agent branch 12 fix/unknown-user
  agent branch 12/2 try-2 && git switch try-2`,
		Args: args(2, 2, "the job's id or the branch's name"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if o.ref, err = agent.ParseRef(args[0]); err != nil {
				return err
			}
			o.name = args[1]
			return runBranch(cmd.Context(), o)
		},
		ValidArgsFunction: a.completeJobs(resultJob),
	}
	cmd.Flags().BoolVar(&o.uncommitted, "with-uncommitted", false, "also when the branch carries what was not committed when the job began")
	addJSON(cmd, &o.json)
	return exits(cmd, talking, results)
}

func runBranch(ctx context.Context, o *branchOptions) error {
	jobs, err := o.jobs(ctx)
	if err != nil {
		return err
	}
	r, err := o.openResult(ctx, jobs, o.ref)
	if err != nil {
		return err
	}
	if err := mayDeliver(r, o.ref); err != nil {
		return err
	}
	uncommitted, err := r.repo.Uncommitted(ctx, r.job.Spec.Base)
	if err != nil {
		return err
	}
	if uncommitted && !o.uncommitted {
		return agent.Errorf(agent.WrongState, "%s stands on what was not committed when it was asked for, and a branch would carry that as a commit", r.Ref()).
			WithHint(fmt.Sprintf("put the change alone into your working tree: agent apply %s; or take both: agent branch %s %s --with-uncommitted", r.Ref(), r.Ref(), oneLine(o.name)))
	}
	d := newDelivery(r, howBranch, o.name, o.now())
	over := o.doing("making the branch " + o.name)
	err = r.repo.Branch(ctx, o.name, r.variant.Commit, recordID(r.job.ID, d))
	over()
	if err != nil {
		return err
	}
	if err := o.record(ctx, jobs, r, d); err != nil {
		return err
	}
	if o.json {
		return o.printJSON(deliveryDoc{header: docHeader, Job: r.job.ID, Verdict: r.variant.Verdict, Delivery: d})
	}
	fmt.Fprintf(o.out, "branch %s is %s (%s), commit %s\n", oneLine(o.name), r.Ref(), tui.Words(r.variant.Verdict), tui.Short(r.variant.Commit))
	o.doubts(r.variant)
	o.say("look at it: git switch %s    take it back: agent undo %s", o.name, r.job.ID)
	return nil
}
