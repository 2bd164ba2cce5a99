package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
)

type undoOptions struct {
	*app
	id   agent.ID
	json bool
}

func newUndoCmd(a *app) *cobra.Command {
	o := &undoOptions{app: a}
	cmd := &cobra.Command{
		Use:   "undo ID",
		Short: "Take a delivered result back",
		Long: `Take back the newest delivery of a job: the files as they were before "agent apply", or
the branch gone that "agent branch" made. When the files or the branch were changed
since, nothing is touched and you are told why.`,
		Example: "  agent undo 12",
		Args:    args(1, 1, "a job's id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ids, err := jobIDs(args)
			if err != nil {
				return err
			}
			o.id = ids[0]
			return runUndo(cmd.Context(), o)
		},
		ValidArgsFunction: a.completeJobs(deliveredJob),
	}
	addJSON(cmd, &o.json)
	return exits(cmd, talking)
}

func deliveredJob(job agent.Job) []string {
	if newestDelivery(job) == nil {
		return nil
	}
	return anyJob(job)
}

// newestDelivery is the last one that was not undone, nil when there is none.
func newestDelivery(job agent.Job) *agent.Delivery {
	for i := len(job.Deliveries) - 1; i >= 0; i-- {
		if job.Deliveries[i].Undone.IsZero() {
			return &job.Deliveries[i]
		}
	}
	return nil
}

func runUndo(ctx context.Context, o *undoOptions) error {
	jobs, err := o.jobs(ctx)
	if err != nil {
		return err
	}
	job, err := jobs.Job(ctx, o.id)
	if err != nil {
		return err
	}
	d := newestDelivery(job)
	if d == nil {
		return agent.Errorf(agent.WrongState, "job %s has no delivery to take back", o.id).WithHint("agent show " + o.id.String())
	}
	set, err := o.repos()
	if err != nil {
		return err
	}
	r, err := set.Open(ctx, job.Spec.Repo)
	if err != nil {
		return err
	}
	over := o.doing("taking it out of " + d.Where)
	err = r.Undo(ctx, recordID(job.ID, *d))
	over()
	if err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx) // undone already: an interrupt must not lose the record
	job, err = jobs.Change(ctx, o.id, agent.Change{Op: agent.OpUndo, Delivery: d, By: o.user()})
	if err != nil {
		return err
	}
	if o.json {
		return o.printJSON(newJobDoc(job))
	}
	if d.How == howBranch {
		fmt.Fprintf(o.out, "deleted branch %s, which was %s/%d\n", oneLine(d.Where), o.id, d.Variant)
		return nil
	}
	fmt.Fprintf(o.out, "took %s/%d out of %s again\n", o.id, d.Variant, oneLine(d.Where))
	return nil
}
