package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
	"codeagent.dev/agent/maker"
	"codeagent.dev/agent/tui"
)

type statusOptions struct {
	*app
	json bool
}

func newStatusCmd(a *app) *cobra.Command {
	o := &statusOptions{app: a}
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show what is queued, what runs, and the newest jobs",
		Long: `Show what is queued, what runs, and the newest jobs. A bare "agent" does the
same where there is no terminal.`,
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

	Resting []maker.Record `json:"resting,omitempty"` // makers that are left alone for now
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
		records, _ := o.makerRecords() // what is not known is left out
		doc := statusDoc{header: docHeader, Status: st, Jobs: newJobsDoc(newest).Jobs}
		for _, r := range records {
			if r.Until.After(o.now()) {
				doc.Resting = append(doc.Resting, r)
			}
		}
		return o.printJSON(doc)
	}
	fmt.Fprintln(o.out, o.statusLine(st))
	o.paused(ctx, jobs)
	if _, err := o.config(); err != nil {
		o.say("the settings are wrong, and the daemon goes by the last good ones: %s", tui.Clean(err.Error()))
	}
	o.resting()
	if len(newest) == 0 {
		o.say("no jobs yet; see it all on a made-up repository: agent demo")
		return nil
	}
	fmt.Fprintln(o.out)
	l := listOptions{app: o.app}
	t, err := l.table(newest)
	if err != nil {
		return err
	}
	return t.Write(o.out, o.style(), o.width())
}

// paused says what of the queue is paused, by whom and why.
func (o *statusOptions) paused(ctx context.Context, jobs agent.Jobs) {
	rules, err := jobs.Rules(ctx)
	if err != nil {
		return // the rest of the status is worth showing
	}
	if p := rules.Pause; p != nil {
		fmt.Fprintf(o.out, "%s (since %s); go on with: agent resume\n", oneLine(pauseCell(p)), tui.Ago(p.At, o.now()))
	}
	for _, g := range rules.Groups {
		if g.Pause != nil {
			fmt.Fprintf(o.out, "group %s is %s; go on with: agent resume --group %[1]s\n", g.Name, oneLine(pauseCell(g.Pause)))
		}
	}
}

// resting says which makers are left alone for now. A file that cannot be read is the
// daemon's to complain of.
func (o *statusOptions) resting() {
	report, err := o.makerRecords()
	if err != nil {
		return
	}
	if line := restingLine(report, o.now()); line != "" {
		fmt.Fprintln(o.out, line)
	}
}

// makerRecords reads what is remembered of makers. The file is the daemon's; reading it
// costs no look for servers.
func (o *statusOptions) makerRecords() ([]maker.Record, error) {
	paths, err := o.paths()
	if err != nil {
		return nil, err
	}
	l, err := maker.OpenLedger(paths.Makers())
	return l.Records(), err
}

func (o *statusOptions) statusLine(st agent.Status) string {
	parts := []string{fmt.Sprintf("%d running", st.Running), fmt.Sprintf("%d queued", st.Queued), fmt.Sprintf("%d done", st.Done)}
	if !st.Oldest.IsZero() {
		parts = append(parts, "the oldest waiting one came "+tui.Ago(st.Oldest, o.now()))
	}
	return strings.Join(parts, ", ")
}
