package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
	"codeagent.dev/agent/tui"
)

type listOptions struct {
	*app
	states, verdicts []string
	limit            int
	all, json        bool
}

func newListCmd(a *app) *cobra.Command {
	o := &listOptions{app: a}
	cmd := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List jobs, newest first",
		Long:    `List the jobs of all repositories, newest first.`,
		Example: `  agent list
  agent list --state running
  agent list --verdict verified,unverified --limit 5
  agent list --all --json | jq -r '.jobs[] | [.id, .verdict] | @tsv'`,
		Args: args(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return runList(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringSliceVar(&o.states, "state", nil, "only jobs in this `state`: queued, running, done (repeatable)")
	f.StringSliceVar(&o.verdicts, "verdict", nil, "only jobs with this `verdict` (repeatable)")
	f.IntVar(&o.limit, "limit", 20, "at most so `many`")
	f.BoolVarP(&o.all, "all", "a", false, "all that match, without a limit")
	addJSON(cmd, &o.json)
	exclusive(cmd, "all", "limit")
	complete(cmd, "state", "queued", "running", "done")
	complete(cmd, "verdict", verdictNames()...)
	return exits(cmd, talking)
}

func runList(ctx context.Context, o *listOptions) error {
	f, err := o.filter()
	if err != nil {
		return err
	}
	jobs, err := o.jobs(ctx)
	if err != nil {
		return err
	}
	found, err := listPages(ctx, jobs, f, o.all)
	if err != nil {
		return err
	}
	if o.json {
		return o.printJSON(newJobsDoc(found))
	}
	if len(found) == 0 {
		o.say("no jobs; ask for one: agent patch --run 'gofmt -s -w .'")
		return nil
	}
	if err := o.table(found).Write(o.out, o.style(), o.width()); err != nil {
		return err
	}
	if !o.all && len(found) == o.limit {
		o.say("the newest %d; more: agent list --all", o.limit)
	}
	return nil
}

func (o *listOptions) filter() (agent.Filter, error) {
	f := agent.Filter{Limit: o.limit}
	if o.limit < 1 {
		return f, agent.Errorf(agent.Invalid, "--limit %d is less than 1", o.limit)
	}
	for _, s := range o.states {
		state := agent.State(s)
		if state != agent.Queued && state != agent.Running && state != agent.Done {
			return f, agent.Errorf(agent.Invalid, "%q is no state", s).WithHint("the states are queued, running and done")
		}
		f.States = append(f.States, state)
	}
	var err error
	f.Verdicts, err = parseVerdicts(o.verdicts)
	return f, err
}

const pageSize = 1000

// listPages lists one page, or page after page until there are no more.
func listPages(ctx context.Context, jobs agent.Jobs, f agent.Filter, all bool) ([]agent.Job, error) {
	if !all {
		return jobs.List(ctx, f)
	}
	var found []agent.Job
	f.Limit = pageSize
	for {
		page, err := jobs.List(ctx, f)
		if err != nil {
			return nil, err
		}
		found = append(found, page...)
		if len(page) < pageSize {
			return found, nil
		}
		f.After = page[len(page)-1].ID
	}
}

func (o *listOptions) table(found []agent.Job) *tui.Table {
	repos := map[string]bool{}
	for _, job := range found {
		repos[job.Spec.Repo] = true
	}
	t := &tui.Table{Head: []string{"ID", "VERDICT", "VARIANTS", "SUBMITTED", "WHAT"}}
	if len(repos) > 1 {
		t.Head = []string{"ID", "VERDICT", "VARIANTS", "SUBMITTED", "REPOSITORY", "WHAT"}
	}
	for _, job := range found {
		row := []string{job.ID.String(), o.standing(job), variantsCell(job), tui.Ago(job.Created, o.now())}
		if len(repos) > 1 {
			row = append(row, oneLine(filepath.Base(job.Spec.Repo)))
		}
		t.Add(append(row, oneLine(job.Spec.Title))...)
	}
	return t
}

// variantsCell says how far the variants are, and which one a person chose.
func variantsCell(job agent.Job) string {
	done, good := 0, 0
	for _, v := range job.Variants {
		if v.State == agent.Done {
			done++
		}
		if v.Verdict.HasCommit() && v.Verdict != agent.ChecksFailed {
			good++
		}
	}
	n := len(job.Variants)
	text := fmt.Sprintf("%d/%d done", done, n)
	if done == n {
		text = fmt.Sprintf("%d/%d good", good, n)
	}
	if n == 1 {
		text = "1"
	}
	if job.Picked > 0 {
		text += fmt.Sprintf(", picked /%d", job.Picked)
	}
	for _, d := range job.Deliveries {
		if d.Undone.IsZero() {
			return text + ", delivered"
		}
	}
	return text
}

func verdictNames() []string {
	return []string{"verified", "unverified", "checks_failed", "conflict", "no_patch", "refused", "needs_input", "needs_approval", "canceled", "failed"}
}

func parseVerdicts(names []string) ([]agent.Verdict, error) {
	var found []agent.Verdict
	for _, name := range names {
		v := agent.Verdict(name)
		if !v.Valid() {
			return nil, agent.Errorf(agent.Invalid, "%q is no verdict", name).WithHint("one of " + fmt.Sprint(verdictNames()))
		}
		found = append(found, v)
	}
	return found, nil
}
