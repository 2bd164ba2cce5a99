package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
)

func newHoldCmd(a *app) *cobra.Command {
	o := &changeOptions{app: a, op: agent.OpHold, said: "held"}
	return o.fill(&cobra.Command{
		Use:   "hold ID...",
		Short: "Let jobs wait until they are released",
		Long: `Let none of the waiting variants of jobs begin until "agent release". What runs of them
goes on.`,
		Example:           "  agent hold 12\n  agent hold 12 13 && agent list state:queued",
		ValidArgsFunction: a.completeJobs(openJob),
	})
}

func newReleaseCmd(a *app) *cobra.Command {
	o := &changeOptions{app: a, op: agent.OpRelease, said: "released"}
	return o.fill(&cobra.Command{
		Use:               "release ID...",
		Short:             "Let held or delayed jobs begin when their turn comes",
		Long:              `Let jobs that are held, or wait for a time, begin when their turn comes.`,
		Example:           "  agent release 12",
		ValidArgsFunction: a.completeJobs(openJob),
	})
}

func newStartCmd(a *app) *cobra.Command {
	o := &changeOptions{app: a, op: agent.OpRelease, said: "released"}
	now := false
	cmd := &cobra.Command{
		Use:   "start ID... [--now]",
		Short: "Let waiting jobs begin, with --now whatever holds them back",
		Long: `Let jobs that are held, or wait for a time, begin when their turn comes. With --now they
begin at once, beside what runs: pauses, limits and the order of the queue do not count.
Only a job that comes after another has to wait for that one's result all the same.`,
		Example:           "  agent start 12 --now",
		ValidArgsFunction: a.completeJobs(openJob),
		PreRun: func(*cobra.Command, []string) {
			if now {
				o.op, o.said = agent.OpStart, "starts now"
			}
		},
	}
	cmd.Flags().BoolVar(&now, "now", false, "at once, beside what runs")
	return o.fill(cmd)
}

func newPriorityCmd(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "priority NUMBER ID...",
		Short: "Move waiting jobs before those of a lower priority",
		Long: `Set the priority of waiting jobs. Of the jobs that may begin those of the highest number
go first; without one it is 0. Write a negative number after "--".`,
		Example: "  agent priority 10 12\n  agent priority -- -5 13 14",
		Args:    args(2, -1, "a number or a job's id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := strconv.Atoi(args[0])
			if err != nil {
				return usageError(cmd, fmt.Errorf("%q is no priority", args[0]))
			}
			ids, err := jobIDs(args[1:])
			if err != nil {
				return err
			}
			o := &changeOptions{app: a, op: agent.OpPriority, said: "has priority " + args[0], json: asJSON}
			o.more = func(c *agent.Change) { c.Priority = n }
			return runChange(cmd.Context(), o, ids)
		},
		ValidArgsFunction: a.completeJobs(openJob),
	}
	addJSON(cmd, &asJSON)
	return exits(cmd, talking)
}

func newSwitchCmd(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "switch ID ID",
		Short:   "Let two waiting jobs trade places",
		Long:    `Let two jobs that wait trade their places in the queue, priority included.`,
		Example: "  agent switch 12 15",
		Args:    args(2, 2, "a job's id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ids, err := jobIDs(args)
			if err != nil {
				return err
			}
			if len(ids) < 2 {
				return usageError(cmd, fmt.Errorf("job %s cannot trade places with itself", ids[0]))
			}
			o := &changeOptions{app: a, op: agent.OpSwitch, said: "has the place of job " + ids[1].String(), json: asJSON}
			o.more = func(c *agent.Change) { c.With = ids[1] }
			return runChange(cmd.Context(), o, ids[:1])
		},
		ValidArgsFunction: a.completeJobs(openJob),
	}
	addJSON(cmd, &asJSON)
	return exits(cmd, talking)
}

func newRetryCmd(a *app) *cobra.Command {
	o := &retryOptions{changeOptions: changeOptions{app: a, op: agent.OpRetry, said: "queued again"}}
	cmd := &cobra.Command{
		Use:   "retry {ID... | --failed}",
		Short: "Make the failed variants of jobs again",
		Long: `Queue the variants of a done job again that are neither verified nor unverified, on the
same base and with the same checks. With --as-new the job stays as it is, and a new one
asks for the same.`,
		Example: `  agent retry 12
  agent retry 12 --with claude && agent wait 12
  agent retry --failed`,
		Args: func(cmd *cobra.Command, words []string) error {
			if o.failed && len(words) == 0 {
				return nil
			}
			return args(1, -1, "a job's id, or --failed,")(cmd, words)
		},
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if o.ids, err = jobIDs(args); err != nil {
				return err
			}
			return runRetry(cmd.Context(), o)
		},
		ValidArgsFunction: a.completeJobs(doneJob),
	}
	f := cmd.Flags()
	f.BoolVar(&o.failed, "failed", false, "all jobs that ended without a usable patch and were not canceled")
	f.Bool("in-place", true, "the same job anew; this is what happens without --as-new")
	f.BoolVar(&o.asNew, "as-new", false, "a new job that asks for the same")
	f.StringArrayVar(&o.with, "with", nil, "this `maker` from now on (repeatable)")
	addJSON(cmd, &o.json)
	exclusive(cmd, "in-place", "as-new")
	completeWith(cmd, "with", a.completeMakers)
	return exits(cmd, talking)
}

type retryOptions struct {
	changeOptions
	ids    []agent.ID
	failed bool
	asNew  bool
	with   []string
}

func runRetry(ctx context.Context, o *retryOptions) error {
	dir, err := o.workDir()
	if err != nil {
		return err
	}
	for i, m := range o.with {
		o.with[i] = absMaker(dir, m)
	}
	if o.failed {
		if err := o.findFailed(ctx); err != nil {
			return err
		}
	}
	o.more = func(c *agent.Change) { c.Makers = o.with }
	switch {
	case o.asNew:
		o.change = o.again
	case o.failed:
		o.change = o.unlessQueued
	}
	return runChange(ctx, &o.changeOptions, o.ids)
}

// findFailed adds the jobs that ended without a usable patch.
func (o *retryOptions) findFailed(ctx context.Context) error {
	jobs, err := o.jobs(ctx)
	if err != nil {
		return err
	}
	failed := agent.Filter{Limit: pageSize, Oldest: true, Verdicts: []agent.Verdict{agent.ChecksFailed, agent.Conflict, agent.NoPatch, agent.Refused, agent.Failed}}
	found, err := listPages(ctx, jobs, failed, true)
	if err != nil {
		return err
	}
	seen := map[agent.ID]bool{}
	for _, id := range o.ids {
		seen[id] = true
	}
	for _, job := range found {
		if !seen[job.ID] {
			o.ids = append(o.ids, job.ID)
		}
	}
	if len(o.ids) == 0 {
		o.say("no job has failed")
	}
	return nil
}

// unlessQueued retries a job, but for one that is queued by now because one that it
// comes after was retried.
func (o *retryOptions) unlessQueued(ctx context.Context, jobs agent.Jobs, id agent.ID) (agent.Job, error) {
	job, err := jobs.Change(ctx, id, agent.Change{Op: agent.OpRetry, By: o.user(), Makers: o.with})
	if agent.CodeOf(err) == agent.WrongState {
		if now, other := jobs.Job(ctx, id); other == nil && now.State != agent.Done {
			return now, nil
		}
	}
	return job, err
}

// again submits what a job asked for once more.
func (o *retryOptions) again(ctx context.Context, jobs agent.Jobs, id agent.ID) (agent.Job, error) {
	old, err := jobs.Job(ctx, id)
	if err != nil {
		return agent.Job{}, err
	}
	spec := old.Spec
	spec.Key, spec.Origin, spec.Hold = "", o.origin(), false
	if len(o.with) > 0 {
		spec.Makers = o.with
	}
	job, err := jobs.Submit(ctx, spec)
	o.said = "asked for again as job " + job.ID.String()
	return job, err
}
