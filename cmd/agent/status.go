package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
	"codeagent.dev/agent/tui"
)

type statusOptions struct {
	*app
	json bool
}

func newStatusCmd(a *app) *cobra.Command {
	o := &statusOptions{app: a}
	cmd := &cobra.Command{
		Use:     "status",
		Short:   "Show what is queued, what runs, and the newest jobs",
		Long:    `Show what is queued, what runs, and the newest jobs. A bare "agent" does the same.`,
		Example: "  agent status\n  agent status --json | jq .status.running",
		Args:    args(0, 0, ""),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runStatus(cmd.Context(), o) },
	}
	addJSON(cmd, &o.json)
	return exits(cmd, talking)
}

type statusDoc struct {
	header
	Status agent.Status `json:"status"`
	Jobs   []agent.Job  `json:"jobs"` // the newest
}

const statusJobs = 10

func runStatus(ctx context.Context, o *statusOptions) error {
	jobs, err := o.jobs(ctx)
	if err != nil {
		return err
	}
	st, err := jobs.Status(ctx)
	if err != nil {
		return err
	}
	newest, err := jobs.List(ctx, agent.Filter{Limit: statusJobs})
	if err != nil {
		return err
	}
	if o.json {
		return o.printJSON(statusDoc{docHeader, st, newJobsDoc(newest).Jobs})
	}
	fmt.Fprintln(o.out, o.statusLine(st))
	if len(newest) == 0 {
		o.say("no jobs yet; see it all on a made-up repository: agent demo")
		return nil
	}
	fmt.Fprintln(o.out)
	l := listOptions{app: o.app}
	return l.table(newest).Write(o.out, o.style(), o.width())
}

func (o *statusOptions) statusLine(st agent.Status) string {
	parts := []string{fmt.Sprintf("%d running", st.Running), fmt.Sprintf("%d queued", st.Queued), fmt.Sprintf("%d done", st.Done)}
	if !st.Oldest.IsZero() {
		parts = append(parts, "the oldest waiting one came "+tui.Ago(st.Oldest, o.now()))
	}
	return strings.Join(parts, ", ")
}
