package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
	"codeagent.dev/agent/tui"
)

type listOptions struct {
	*app
	words            []string
	query            agent.Query
	states, verdicts []string
	limit            int
	all, json        bool
	limited          bool // --limit was given
}

func newListCmd(a *app) *cobra.Command {
	o := &listOptions{app: a}
	cmd := &cobra.Command{
		Use:     "list [QUERY]",
		Aliases: []string{"ls"},
		Short:   "List jobs, newest first",
		Long: `List the jobs of all repositories, newest first, or those that a query finds.

A query has words that the title holds, and keys:
  state:queued  verdict:verified,unverified  repo:api  group:web  label:nightly
  maker:claude  sort:-cost  limit:20  columns:id,verdict,cost,title
Values with commas are alternatives, but a job must have all labels. What is sorted with
a dash before it has the highest first: by ` + sortNames() + `.
` + wrapped("", "Columns are "+strings.Join(columnNames(), ", ")+".") + `
A waiting job says in [brackets] why it waits.`,
		Example: `  agent list
  agent list --state running
  agent list repo:api verdict:verified,unverified sort:-ended limit:5 parser
  agent list --verdict verified,unverified --limit 5
  agent list --all --json | jq -r '.jobs[] | [.id, .verdict] | @tsv'`,
		Args: args(0, -1, ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.words, o.limited = args, cmd.Flags().Changed("limit")
			return runList(cmd.Context(), o)
		},
		ValidArgsFunction: a.completeQuery,
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
	if len(found) == 0 && len(o.words) > 0 {
		o.say("no job matches")
		return nil
	}
	if len(found) == 0 {
		o.say("no jobs; ask for one: agent patch --run 'gofmt -s -w .'")
		return nil
	}
	t, err := o.table(found)
	if err != nil {
		return err
	}
	if err := t.Write(o.out, o.style(), o.width()); err != nil {
		return err
	}
	if !o.all && len(found) == f.Limit {
		o.say("the first %d; more: agent list --all", f.Limit)
	}
	return nil
}

func (o *listOptions) filter() (agent.Filter, error) {
	var err error
	if o.query, err = agent.ParseQuery(strings.Join(o.words, " ")); err != nil {
		return agent.Filter{}, err
	}
	if _, err := o.chosen(nil); err != nil {
		return agent.Filter{}, err
	}
	f := o.query.Filter
	if f.Limit == 0 || o.limited {
		f.Limit = o.limit
	}
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
	more, err := parseVerdicts(o.verdicts)
	f.Verdicts = append(f.Verdicts, more...)
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
		if f.Sort == agent.SortID {
			f.After = page[len(page)-1].ID
		} else {
			f.Skip += len(page)
		}
	}
}

func (o *listOptions) table(found []agent.Job) (*tui.Table, error) {
	chosen, err := o.chosen(found)
	if err != nil {
		return nil, err
	}
	t := &tui.Table{}
	for _, c := range chosen {
		t.Head = append(t.Head, strings.ToUpper(c.name))
	}
	for _, job := range found {
		var row []string
		for _, c := range chosen {
			row = append(row, c.cell(o, job))
		}
		t.Add(row...)
	}
	return t, nil
}

func sortNames() string {
	names := []string{"id"}
	for _, s := range agent.Sorts() {
		names = append(names, string(s))
	}
	return strings.Join(names, ", ")
}

// completeQuery offers the keys of a query, and the values of those that have few.
func (a *app) completeQuery(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	key, _, keyed := strings.Cut(word, ":")
	quiet := cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	if !keyed {
		var keys []string
		for _, k := range agent.QueryKeys() {
			keys = append(keys, k+":")
		}
		return keys, quiet
	}
	var values []string
	switch key {
	case "state":
		values = []string{"queued", "running", "done"}
	case "verdict":
		values = verdictNames()
	case "sort":
		values = strings.Split(sortNames(), ", ")
	case "columns":
		values = columnNames()
	case "group":
		values, _ = a.completeGroups(cmd, args, "")
	}
	for i := range values {
		values[i] = key + ":" + values[i]
	}
	return values, cobra.ShellCompDirectiveNoFileComp
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
