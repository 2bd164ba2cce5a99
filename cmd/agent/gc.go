package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
	"codeagent.dev/agent/repo"
	"codeagent.dev/agent/tui"
)

type gcOptions struct {
	*app
	dryRun, json bool
}

func newGCCmd(a *app) *cobra.Command {
	o := &gcOptions{app: a}
	cmd := &cobra.Command{
		Use:   "gc",
		Short: "Remove objects and work trees that nobody needs any more",
		Long: `Remove git objects that no result needs any more, and work trees that were not used for
a week, from our mirrors of the repositories that jobs name. Yours are not touched; an
object younger than a day stays.`,
		Example: "  agent gc --dry-run",
		Args:    args(0, 0, ""),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runGC(cmd.Context(), o) },
	}
	cmd.Flags().BoolVarP(&o.dryRun, "dry-run", "n", false, "only count them")
	addJSON(cmd, &o.json)
	return exits(cmd, talking)
}

type mirrorDoc struct {
	Root    string `json:"root"`
	Mirror  string `json:"mirror"`
	Objects int    `json:"objects"`
	Bytes   int64  `json:"bytes"`
	Trees   int    `json:"trees"`
}

func runGC(ctx context.Context, o *gcOptions) error {
	docs, err := o.collect(ctx)
	if err != nil {
		return err
	}
	if o.json {
		return o.printJSON(struct {
			header
			DryRun  bool        `json:"dry_run"`
			Mirrors []mirrorDoc `json:"mirrors"`
		}{docHeader, o.dryRun, docs})
	}
	t := tui.Table{Head: []string{"REPOSITORY", "OBJECTS", "SIZE", "WORK TREES"}}
	for _, d := range docs {
		t.Add(oneLine(d.Root), fmt.Sprint(d.Objects), tui.Bytes(d.Bytes), fmt.Sprint(d.Trees))
	}
	return t.Write(o.out, o.style(), o.width())
}

// collect collects the garbage of every mirror, one after the other.
func (o *gcOptions) collect(ctx context.Context) ([]mirrorDoc, error) {
	defer o.doing("looking for repositories")()
	mirrors, err := o.mirrors(ctx)
	if err != nil {
		return nil, err
	}
	docs := []mirrorDoc{}
	for i, r := range mirrors {
		o.busy.Step(i, len(mirrors), "objects and work trees of "+r.Root())
		g, err := r.GC(ctx, o.dryRun)
		if err != nil {
			return nil, err
		}
		docs = append(docs, mirrorDoc{r.Root(), r.Mirror(), g.Objects, g.Bytes, g.Trees})
	}
	return docs, nil
}

// mirrors opens the repositories of all jobs, and the one the command works in. One
// that is gone is left out.
func (o *gcOptions) mirrors(ctx context.Context) ([]*repo.Repo, error) {
	jobs, err := o.jobs(ctx)
	if err != nil {
		return nil, err
	}
	all, err := listPages(ctx, jobs, agent.Filter{}, true)
	if err != nil {
		return nil, err
	}
	set, err := o.repos()
	if err != nil {
		return nil, err
	}
	dir, err := o.workDir()
	if err != nil {
		return nil, err
	}
	dirs := []string{dir}
	for _, job := range all {
		dirs = append(dirs, job.Spec.Repo)
	}
	var found []*repo.Repo
	seen, opened := map[string]bool{}, map[string]bool{}
	for _, dir := range dirs {
		if opened[dir] {
			continue
		}
		opened[dir] = true
		if r, err := set.Open(ctx, dir); err == nil && !seen[r.Mirror()] {
			seen[r.Mirror()] = true
			found = append(found, r)
		}
	}
	return found, nil
}
