package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
	"codeagent.dev/agent/tui"
)

type waitOptions struct {
	*app
	follow  bool
	timeout time.Duration
	json    bool
	one     bool // the JSON document is of one job, not of a list
	silent  bool // only the exit status counts
	any     bool // the first to end is enough
	group   string
}

func newWaitCmd(a *app) *cobra.Command {
	o := &waitOptions{app: a}
	all := false
	cmd := &cobra.Command{
		Use:   "wait {ID... | --all | --group NAME}",
		Short: "Wait for the verdicts of jobs",
		Long: `Wait until the jobs are done and print the table of their verdicts.

The exit status tells the verdict; with several jobs it is the highest of theirs. An
interrupt or --timeout ends the waiting, never the jobs.`,
		Example: `  agent wait 12
  agent wait 12 13 14 --follow
  agent wait 12 13 --any
  agent wait --group web
  agent wait 12 --timeout 10m && agent apply 12`,
		Args: func(cmd *cobra.Command, words []string) error {
			if (all || o.group != "") && len(words) == 0 {
				return nil
			}
			return args(1, -1, "a job's id")(cmd, words)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			ids, err := jobIDs(args)
			if err != nil {
				return err
			}
			jobs, err := o.jobs(cmd.Context())
			if err != nil {
				return err
			}
			if all || o.group != "" {
				if ids, err = o.open(cmd.Context(), jobs, ids); err != nil {
					return err
				}
				if len(ids) == 0 {
					o.say("there is nothing to wait for")
					return nil
				}
			}
			return o.await(cmd.Context(), jobs, ids)
		},
		ValidArgsFunction: a.completeJobs(anyJob),
	}
	cmd.Flags().BoolVar(&o.any, "any", false, "until the first of them is done")
	cmd.Flags().BoolVar(&all, "all", false, "for all jobs that are not done now")
	cmd.Flags().StringVarP(&o.group, "group", "g", "", "for all of this `group` that are not done now")
	completeWith(cmd, "group", a.completeGroups)
	cmd.Flags().BoolVarP(&o.follow, "follow", "F", false, "watch them live")
	cmd.Flags().DurationVar(&o.timeout, "timeout", 0, "stop waiting after this `time`; the jobs go on")
	addJSON(cmd, &o.json)
	return exits(cmd, waiting)
}

// await waits for jobs, tells their progress, and shows how they ended. Its error
// carries the exit status.
func (o *waitOptions) await(ctx context.Context, jobs agent.Jobs, ids []agent.ID) error {
	if o.timeout > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, o.timeout)
		defer stop()
	}
	if o.any && len(ids) > 1 {
		return o.awaitAny(ctx, jobs, ids)
	}
	var done []agent.Job
	var err error
	live := o.follow && isTerminal(o.out) && !o.json && !o.silent
	if live {
		done, err = tui.Follow(ctx, jobs, ids, o.out, o.style())
	} else {
		over := o.waiting(ids)
		done, err = tui.Progress(ctx, jobs, ids, o.talk())
		over()
	}
	if err != nil {
		return o.left(ctx, ids, err)
	}
	if err := o.showEnds(done, live); err != nil {
		return err
	}
	o.ring(done)
	end := &ended{}
	for _, job := range done {
		end.verdicts = append(end.verdicts, job.Verdict)
	}
	return end
}

// awaitAny waits for the first of several jobs, and shows that one.
func (o *waitOptions) awaitAny(ctx context.Context, jobs agent.Jobs, ids []agent.ID) error {
	watching := *o
	watching.any = false
	first, err := firstDone(ctx, jobs, ids)
	if err != nil {
		return o.left(ctx, ids, err)
	}
	return watching.await(ctx, jobs, []agent.ID{first})
}

// firstDone returns the first of the jobs that is done, in their order if several are.
func firstDone(ctx context.Context, jobs agent.Jobs, ids []agent.ID) (agent.ID, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	hints := jobs.Watch(ctx) // before the first look, so that no end is missed
	done := func(id agent.ID) (bool, error) {
		job, err := jobs.Job(ctx, id)
		return job.State == agent.Done, err
	}
	for _, id := range ids {
		if is, err := done(id); err != nil || is {
			return id, err
		}
	}
	for id, err := range hints {
		if err != nil {
			return 0, err
		}
		if !slices.Contains(ids, id) {
			continue
		}
		if is, err := done(id); err != nil || is {
			return id, err
		}
	}
	return 0, ctx.Err()
}

// open adds the jobs that are not done, of the group if one is named.
func (o *waitOptions) open(ctx context.Context, jobs agent.Jobs, ids []agent.ID) ([]agent.ID, error) {
	f := agent.Filter{States: []agent.State{agent.Queued, agent.Running}, Oldest: true}
	if o.group != "" {
		f.Groups = []string{o.group}
	}
	found, err := listPages(ctx, jobs, f, true)
	for _, job := range found {
		if !slices.Contains(ids, job.ID) {
			ids = append(ids, job.ID)
		}
	}
	return ids, err
}

func (o *waitOptions) showEnds(done []agent.Job, shown bool) error {
	switch {
	case o.silent:
		return nil
	case o.json && o.one:
		return o.printJSON(newJobDoc(done[0]))
	case o.json:
		return o.printJSON(newJobsDoc(done))
	}
	if !shown {
		if err := tui.WriteVerdicts(o.out, o.style(), o.width(), o.now(), done...); err != nil {
			return err
		}
	}
	for _, job := range done {
		if means := tui.Explain(job.Verdict); means != "" {
			o.say("job %s: %s, %s", job.ID, tui.Words(job.Verdict), means)
		}
		if steps := tui.Next(job, 0); len(done) == 1 {
			for _, s := range steps {
				o.say("  %-28s %s", s.Command, s.Does)
			}
		}
	}
	return nil
}

// left says that the jobs go on when only the waiting has ended.
func (o *waitOptions) left(ctx context.Context, ids []agent.ID, err error) error {
	if !tui.ErrLeft(err) {
		return err
	}
	list := idList(ids)
	goes := fmt.Sprintf("job %s goes on", list)
	if len(ids) > 1 {
		goes = fmt.Sprintf("jobs %s go on", list)
	}
	why := errInterrupted
	text := "stopped waiting; " + goes
	if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		why = agent.Errorf(agent.TimedOut, "not done after %s", o.timeout)
		text = fmt.Sprintf("not done after %s; %s", o.timeout, goes)
	}
	fmt.Fprintf(o.err, "agent: %s\nhint: come back with `agent wait %s`, or end it with `agent cancel %s`\n", text, list, list)
	return &stopped{why}
}

// waiting says on a terminal for how long. Elsewhere the steps of the jobs are enough.
func (o *waitOptions) waiting(ids []agent.ID) (over func()) {
	if !isTerminal(o.err) || o.silent {
		return func() {}
	}
	if len(ids) == 1 {
		return o.doing("waiting for job " + ids[0].String())
	}
	return o.doing("waiting for " + tui.Count(len(ids), "job"))
}

// talk is where progress goes.
func (a *app) talk() io.Writer {
	if a.quiet {
		return nil
	}
	return a.talks()
}

func idList(ids []agent.ID) string {
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = id.String()
	}
	return strings.Join(words, " ")
}

// jobIDs reads the ids of whole jobs, each once.
func jobIDs(args []string) ([]agent.ID, error) {
	var ids []agent.ID
	seen := map[agent.ID]bool{}
	for _, arg := range args {
		ref, err := agent.ParseRef(arg)
		if err != nil {
			return nil, err
		}
		if ref.Variant != 0 {
			return nil, agent.Errorf(agent.Invalid, "%s names a variant, and this is for whole jobs", arg).WithHint("use " + ref.Job.String())
		}
		if !seen[ref.Job] {
			seen[ref.Job] = true
			ids = append(ids, ref.Job)
		}
	}
	return ids, nil
}
