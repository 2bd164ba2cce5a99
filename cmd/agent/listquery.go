package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"codeagent.dev/agent"
	"codeagent.dev/agent/tui"
)

// column is one that lists can show.
type column struct {
	name  string
	about string
	cell  func(o *listOptions, job agent.Job) string
}

// columns are all there are, for "columns:" in a query.
func columns() []column {
	return []column{
		{"id", "", func(_ *listOptions, j agent.Job) string { return j.ID.String() }},
		{"verdict", "or the state of a job that is not done", func(o *listOptions, j agent.Job) string { return o.standing(j) }},
		{"variants", "how many there are, and how many are good", func(_ *listOptions, j agent.Job) string { return variantsCell(j) }},
		{"submitted", "", func(o *listOptions, j agent.Job) string { return tui.Ago(j.Created, o.now()) }},
		{"repository", "its last name", func(_ *listOptions, j agent.Job) string { return oneLine(filepath.Base(j.Spec.Repo)) }},
		{"what", "the title, and why a waiting job waits", func(o *listOptions, j agent.Job) string { return o.whatCell(j) }},
		{"state", "", func(_ *listOptions, j agent.Job) string { return string(j.State) }},
		{"title", "", func(_ *listOptions, j agent.Job) string { return oneLine(j.Spec.Title) }},
		{"waiting", "why it waits", func(o *listOptions, j agent.Job) string { return tui.Waits(j.Waiting, o.now()) }},
		{"priority", "", func(_ *listOptions, j agent.Job) string { return fmt.Sprint(j.Spec.Priority) }},
		{"group", "", func(_ *listOptions, j agent.Job) string { return oneLine(j.Spec.Group) }},
		{"labels", "", func(_ *listOptions, j agent.Job) string { return oneLine(strings.Join(j.Spec.Labels, " ")) }},
		{"after", "", func(_ *listOptions, j agent.Job) string { return idList(j.Spec.After) }},
		{"maker", "who made the variants", func(_ *listOptions, j agent.Job) string { return makersCell(j) }},
		{"cost", "", func(_ *listOptions, j agent.Job) string { return costCell(j) }},
		{"took", "from the submission to the end", func(_ *listOptions, j agent.Job) string { return tookCell(j) }},
		{"ended", "", func(o *listOptions, j agent.Job) string { return tui.Ago(j.Ended, o.now()) }},
		{"reason", "why the verdict is not better", func(_ *listOptions, j agent.Job) string { return oneLine(j.Reason) }},
		{"by", "who asked", func(_ *listOptions, j agent.Job) string { return oneLine(j.Spec.Origin.User) }},
	}
}

func columnNames() []string {
	var names []string
	for _, c := range columns() {
		names = append(names, c.name)
	}
	return names
}

// chosen returns the columns to show: those asked for, else the usual ones.
func (o *listOptions) chosen(found []agent.Job) ([]column, error) {
	names := o.query.Columns
	if len(names) == 0 {
		names = []string{"id", "verdict", "variants", "submitted", "what"}
		for _, job := range found {
			if job.Spec.Repo != found[0].Spec.Repo {
				names = slices.Insert(names, 4, "repository")
				break
			}
		}
	}
	all := columns()
	var chosen []column
	for _, name := range names {
		i := slices.IndexFunc(all, func(c column) bool { return c.name == name })
		if i < 0 {
			return nil, agent.Errorf(agent.Invalid, "lists have no column %q", name).
				WithHint("columns are " + strings.Join(columnNames(), ", "))
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// whatCell is the title, and before it why a waiting job waits, unless it is next.
func (o *listOptions) whatCell(job agent.Job) string {
	title := oneLine(job.Spec.Title)
	if w := job.Waiting; w != nil && w.For != agent.WaitWorker {
		return o.style().Dim("["+tui.Waits(w, o.now())+"]") + " " + title
	}
	return title
}

func makersCell(job agent.Job) string {
	var names []string
	for _, v := range job.Variants {
		if v.Maker != "" && !slices.Contains(names, v.Maker) {
			names = append(names, v.Maker)
		}
	}
	return oneLine(strings.Join(names, " "))
}

// costCell is what all variants cost.
func costCell(job agent.Job) string {
	var all agent.Usage
	for _, v := range job.Variants {
		all = all.Add(v.Usage)
	}
	return cost(all)
}

func tookCell(job agent.Job) string {
	if job.State != agent.Done {
		return ""
	}
	return tui.Took(job.Ended.Sub(job.Created))
}
