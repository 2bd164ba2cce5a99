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
}

func newBranchCmd(a *app) *cobra.Command {
	o := &branchOptions{app: a}
	cmd := &cobra.Command{
		Use:   "branch ID[/VARIANT] NAME",
		Short: "Make a branch of a result",
		Long: `Make a new branch that points at a result's commit. Your working tree, your index and
the branch you are on stay as they are. "agent undo" deletes the branch again.`,
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
