package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
	"codeagent.dev/agent/repo"
	"codeagent.dev/agent/tui"
)

type applyOptions struct {
	*app
	ref                    agent.Ref
	threeWay, index, check bool
	paths                  []string
	json                   bool

	text applyText // with -f
}

func newApplyCmd(a *app) *cobra.Command {
	o := &applyOptions{app: a}
	cmd := &cobra.Command{
		Use:   "apply {ID[/VARIANT] | -f FILE}",
		Short: "Put a result, or a patch from a file, into your working tree",
		Long: `Put a result into your working tree: all of it, or nothing.

When local changes are in the way nothing is touched and the files are named; --3way
merges. Without a variant it is the picked one, else the proposed one; a result whose
checks fail has to be named. It goes to the working tree the job came from, wherever
you call it. "agent undo" takes it back.

With -f it is a patch as a person or a model writes it; prose around it is skipped. It
needs no job and no daemon. Its paths begin at the top of the repository you are in, or
at the current directory where there is none. What fits nowhere, or in two places, is
refused with a report of what was expected and what stands there.

  formats   udiff, searchreplace, applypatch, wholefile, json
  tiers     exact, line-ends, trailing, indent, lookalike, fuzzy: how closely the old
            lines match the file. A looser one is tried where none closer fits.

--strict takes a diff as "git apply" does, with its -p and --directory.`,
		Example: `  agent apply 12
  agent apply 12/2 --index
  agent apply 12 --path internal/parser --check
  agent apply -f reply.md --check
  pbpaste | agent apply -f - --target main.go
  agent apply -f fix.patch --reverse`,
		Args: func(cmd *cobra.Command, args []string) error { return o.arguments(cmd, args) },
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if cmd.Flags().Changed("file") {
				o.text.app, o.text.check, o.text.json = a, o.check, o.json
				return runApplyText(cmd.Context(), &o.text)
			}
			if o.ref, err = agent.ParseRef(args[0]); err != nil {
				return err
			}
			return runApply(cmd.Context(), o)
		},
		ValidArgsFunction: a.completeJobs(resultJob),
	}
	f := cmd.Flags()
	f.BoolVar(&o.check, "check", false, "only say whether it could be applied")
	addJSON(cmd, &o.json)
	f.BoolVarP(&o.threeWay, "3way", "3", false, "merge with local changes; conflicts change nothing")
	f.BoolVar(&o.index, "index", false, "stage the change, too")
	f.StringArrayVar(&o.paths, "path", nil, "only this file or directory of the result (repeatable)")
	o.text.flags(cmd)
	return exits(cmd, talking, results)
}

func runApply(ctx context.Context, o *applyOptions) error {
	jobs, err := o.jobs(ctx)
	if err != nil {
		return err
	}
	over := o.doing("applying " + o.ref.String())
	r, d, applied, err := o.deliver(ctx, jobs)
	over()
	if err != nil {
		return err
	}
	return o.tell(r, d, applied)
}

// deliver puts the result into the work tree that its job came from, and records it,
// unless it is only to be checked.
func (o *applyOptions) deliver(ctx context.Context, jobs agent.Jobs) (r result, d agent.Delivery, applied repo.Applied, err error) {
	if r, err = o.openResult(ctx, jobs, o.ref); err != nil {
		return r, d, applied, err
	}
	if err := mayDeliver(r, o.ref); err != nil {
		return r, d, applied, err
	}
	d = newDelivery(r, howApply, r.repo.Root(), o.now())
	applied, err = r.repo.Apply(ctx, repo.Apply{
		Base: r.job.From(), Commit: r.variant.Commit, ThreeWay: o.threeWay, Index: o.index,
		Paths: cleanPaths(o.paths), ID: recordID(r.job.ID, d), Check: o.check,
	})
	if err == nil && !o.check {
		err = o.record(ctx, jobs, r, d)
	}
	return r, d, applied, afterParent(err, r.job)
}

// afterParent explains an error with the result of a job that another's is built upon.
func afterParent(err error, job agent.Job) error {
	if err == nil || len(job.Spec.After) == 0 || job.Start == "" || job.Start == job.Spec.Base {
		return err
	}
	first := job.Spec.After[0]
	return agent.Errorf(agent.CodeOf(err), "%w", err).WithHint(fmt.Sprintf(
		"job %[1]s goes on from job %[2]s: agent apply %[2]s first, or take both: agent branch %[1]s NAME", job.ID, first))
}

func (o *applyOptions) tell(r result, d agent.Delivery, applied repo.Applied) error {
	var files []fileDone
	for _, f := range applied.Files {
		files = append(files, fileDone{f.Path, f.Op, f.How})
	}
	if o.json {
		return o.printJSON(deliveryDoc{docHeader, r.job.ID, r.variant.Verdict, d, o.check, files})
	}
	verb := "applied"
	if o.check {
		verb = "could apply"
	}
	fmt.Fprintf(o.out, "%s %s (%s) to %s: %s\n", verb, r.Ref(), tui.Words(r.variant.Verdict), oneLine(d.Where), tui.Count(len(files), "file"))
	for _, f := range files {
		if f.How != "written" {
			o.say("  %s: %s", oneLine(f.Path), f.How)
		}
	}
	o.doubts(r.variant)
	if !o.check {
		o.say("take it back: agent undo %s", r.job.ID)
	}
	return nil
}
