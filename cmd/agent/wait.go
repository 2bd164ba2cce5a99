package main

import (
	"context"
	"errors"
	"fmt"
	"io"
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
}

func newWaitCmd(a *app) *cobra.Command {
	o := &waitOptions{app: a}
	cmd := &cobra.Command{
		Use:   "wait ID...",
		Short: "Wait for the verdicts of jobs",
		Long: `Wait until the jobs are done and print the table of their verdicts.

The exit status tells the verdict; with several jobs it is the highest of theirs. An
interrupt or --timeout ends the waiting, never the jobs.`,
		Example: `  agent wait 12
  agent wait 12 13 14 --follow
  agent wait 12 --timeout 10m && agent apply 12`,
		Args: args(1, -1, "a job's id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ids, err := jobIDs(args)
			if err != nil {
				return err
			}
			jobs, err := o.jobs(cmd.Context())
			if err != nil {
				return err
			}
			return o.await(cmd.Context(), jobs, ids)
		},
		ValidArgsFunction: a.completeJobs(anyJob),
	}
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
	var done []agent.Job
	var err error
	live := o.follow && isTerminal(o.out) && !o.json && !o.silent
	if live {
		done, err = tui.Follow(ctx, jobs, ids, o.out, o.style())
	} else {
		done, err = tui.Progress(ctx, jobs, ids, o.talk())
	}
	if err != nil {
		return o.left(ctx, ids, err)
	}
	if err := o.showEnds(done, live); err != nil {
		return err
	}
	end := &ended{}
	for _, job := range done {
		end.verdicts = append(end.verdicts, job.Verdict)
	}
	return end
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

// talk is where progress goes.
func (a *app) talk() io.Writer {
	if a.quiet {
		return nil
	}
	return a.err
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
