package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
	"codeagent.dev/agent/tui"
)

type cleanOptions struct {
	*app
	ids      []agent.ID
	olderAge string
	verdicts []string
	all      bool
	dryRun   bool
	json     bool
}

func newCleanCmd(a *app) *cobra.Command {
	o := &cleanOptions{app: a}
	cmd := &cobra.Command{
		Use:   "clean {ID... | --older-than TIME | --verdict V | --all}",
		Short: "Forget finished jobs",
		Long: `Forget finished jobs: their record, their logs, and the results they keep. What was
delivered stays where it is, but can no longer be taken back with "agent undo".

Several conditions narrow the choice. The daemon does this by itself after the time
that "agent config get keep.age" says.`,
		Example: `  agent clean 12 13
  agent clean --older-than 7d --verdict no_patch,conflict
  agent clean --all --dry-run`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if o.ids, err = jobIDs(args); err != nil {
				return err
			}
			return runClean(cmd.Context(), o)
		},
		ValidArgsFunction: a.completeJobs(doneJob),
	}
	f := cmd.Flags()
	f.StringVar(&o.olderAge, "older-than", "", "only jobs that ended this `time` ago, as in 90m, 12h, 7d")
	f.StringSliceVar(&o.verdicts, "verdict", nil, "only jobs with this `verdict` (repeatable)")
	f.BoolVar(&o.all, "all", false, "all finished jobs")
	f.BoolVarP(&o.dryRun, "dry-run", "n", false, "only say which")
	addJSON(cmd, &o.json)
	complete(cmd, "verdict", verdictNames()...)
	return exits(cmd, talking)
}

type cleanDoc struct {
	header
	Removed []agent.ID `json:"removed"`
	Bytes   int64      `json:"bytes"`
	DryRun  bool       `json:"dry_run"`
}

func runClean(ctx context.Context, o *cleanOptions) error {
	if len(o.ids) == 0 && !o.all && o.olderAge == "" && len(o.verdicts) == 0 {
		return agent.Errorf(agent.Invalid, "say which jobs to forget").WithHint("agent clean --older-than 7d, or agent clean --all --dry-run")
	}
	f := agent.Filter{States: []agent.State{agent.Done}}
	var err error
	if f.Verdicts, err = parseVerdicts(o.verdicts); err != nil {
		return err
	}
	if o.olderAge != "" {
		age, err := parseAge(o.olderAge)
		if err != nil {
			return err
		}
		f.EndedBefore = o.now().Add(-age)
	}
	jobs, err := o.jobs(ctx)
	if err != nil {
		return err
	}
	found, err := o.choose(ctx, jobs, f)
	if err != nil {
		return err
	}
	needed, err := agent.Needed(ctx, jobs)
	if err != nil {
		return err
	}
	found = slices.DeleteFunc(found, func(job agent.Job) bool {
		if needed[job.ID] {
			o.say("job %s stays: others that are not done come after it", job.ID)
		}
		return needed[job.ID]
	})
	doc := cleanDoc{header: docHeader, Removed: []agent.ID{}, DryRun: o.dryRun}
	if err := o.forgetAll(ctx, jobs, found, &doc); err != nil {
		return err
	}
	if o.json {
		return o.printJSON(doc)
	}
	verb := "forgot"
	if o.dryRun {
		verb = "would forget"
	}
	o.say("%s %s, %s", verb, tui.Count(len(found), "job"), tui.Bytes(doc.Bytes))
	return nil
}

// forgetAll forgets jobs, and notes and tells which. On a terminal the lines themselves
// say how far it is.
func (o *cleanOptions) forgetAll(ctx context.Context, jobs agent.Jobs, found []agent.Job, doc *cleanDoc) error {
	if o.json || !isTerminal(o.out) {
		defer o.doing("forgetting jobs")()
	}
	for i, job := range found {
		o.busy.Step(i, len(found), "forgetting job "+job.ID.String())
		if !o.dryRun {
			if err := o.forget(ctx, jobs, job); err != nil {
				return err
			}
		}
		doc.Removed = append(doc.Removed, job.ID)
		doc.Bytes += job.Bytes
		if !o.json {
			fmt.Fprintf(o.out, "%s  %s  %s\n", job.ID, tui.Words(job.Verdict), oneLine(job.Spec.Title))
		}
	}
	return nil
}

// choose lists the jobs to forget. Named ones must be done, and match as well.
func (o *cleanOptions) choose(ctx context.Context, jobs agent.Jobs, f agent.Filter) ([]agent.Job, error) {
	if len(o.ids) == 0 {
		return listPages(ctx, jobs, f, true)
	}
	var found []agent.Job
	for _, id := range o.ids {
		job, err := jobs.Job(ctx, id)
		if err != nil {
			return nil, err
		}
		if job.State != agent.Done {
			return nil, agent.Errorf(agent.WrongState, "job %s is %s", id, job.State).WithHint(fmt.Sprintf("agent cancel %[1]s && agent wait %[1]s", id))
		}
		if matches(job, f) {
			found = append(found, job)
		}
	}
	return found, nil
}

func matches(job agent.Job, f agent.Filter) bool {
	if !f.EndedBefore.IsZero() && !job.Ended.Before(f.EndedBefore) {
		return false
	}
	for _, v := range f.Verdicts {
		if job.Verdict == v {
			return true
		}
	}
	return len(f.Verdicts) == 0
}

// forget lets go of a job's results and then of the job. When the process ends in
// between, the job is still there and can be forgotten again.
func (o *cleanOptions) forget(ctx context.Context, jobs agent.Jobs, job agent.Job) error {
	set, err := o.repos()
	if err != nil {
		return err
	}
	if err := set.Forget(ctx, job); err != nil {
		return err
	}
	_, err = jobs.Change(ctx, job.ID, agent.Change{Op: agent.OpRemove, By: o.user()})
	return err
}

// parseAge reads a time with days and weeks: 90m, 12h, 7d, 2w.
func parseAge(text string) (time.Duration, error) {
	for unit, length := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if n, err := strconv.ParseUint(strings.TrimSuffix(text, unit), 10, 16); err == nil && strings.HasSuffix(text, unit) {
			return time.Duration(n) * length, nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, agent.Errorf(agent.Invalid, "%q is no time", text).WithHint("write it as in 90m, 12h, 7d or 2w")
	}
	return d, nil
}
