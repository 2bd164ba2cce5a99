package main

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
	"codeagent.dev/agent/mcp"
)

func newMCPCmd(a *app) *cobra.Command {
	var allowApply bool
	cmd := &cobra.Command{
		Use:   "mcp",
		Short: "Let other agents hand over work (Model Context Protocol)",
		Long: `Be a server of the Model Context Protocol on stdin and stdout, for another agent or an
editor, which starts it. Its tools are submit, list, show, diff, wait and cancel.

What is submitted is made away from your working tree; a job can run commands, as with
"agent patch --run". With --allow-apply there is a tool apply as well, which puts results
into your working tree; "agent undo" takes them back.

The repository is the one this was started in, unless a call names another directory.`,
		Example: `  claude mcp add agent -- agent mcp
  codex mcp add agent -- agent mcp --allow-apply
  agent mcp -C ~/src/tool`,
		Args: args(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return runMCP(cmd.Context(), a, allowApply) },
	}
	cmd.Flags().BoolVar(&allowApply, "allow-apply", false, "offer a tool that puts results into your working tree")
	return exits(cmd, []int{exitInterrupted})
}

func runMCP(ctx context.Context, a *app, allowApply bool) error {
	dir, err := a.workDir()
	if err != nil {
		return err
	}
	if isTerminal(a.in) {
		a.say("this speaks with programs: give it to an agent, as in `claude mcp add agent -- agent mcp`")
	}
	h := &mcpHost{app: a, dir: dir}
	cfg := mcp.Config{In: a.in, Out: a.out, Version: buildVersion(), Jobs: h.jobs, Spec: h.spec, Diff: h.diff}
	if allowApply {
		cfg.Apply = h.apply
	}
	return mcp.Serve(ctx, cfg)
}

// mcpHost does for the tools what only this program can. Calls come side by side, for
// days: each has an app of its own, which reads the settings as they are then. They
// share the connection.
type mcpHost struct {
	app *app
	dir string

	mu   sync.Mutex
	conn agent.Jobs // the daemon that answered last
}

// pingTime is how long a daemon may take to show that it is still the one.
const pingTime = 5 * time.Second

// jobs returns the daemon's queue, and starts a daemon if the last one is gone.
func (h *mcpHost) jobs(ctx context.Context) (agent.Jobs, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c, ok := h.conn.(interface {
		Ping(context.Context) (api.Ping, error)
	}); ok {
		short, stop := context.WithTimeout(ctx, pingTime)
		defer stop()
		if p, err := c.Ping(short); err == nil && !p.Stopping {
			return h.conn, nil
		}
	}
	jobs, err := h.app.jobs(ctx)
	if err == nil {
		h.conn = jobs
	}
	return jobs, err
}

// call is an app for one call.
func (h *mcpHost) call() *app {
	return &app{err: h.app.err, environ: h.app.environ, now: h.app.now, state: h.app.state, dir: h.dir, quiet: true, jobs: h.jobs}
}

func (h *mcpHost) spec(_ context.Context, ask mcp.Ask) (agent.Spec, error) {
	a := h.call()
	if ask.Dir != "" {
		a.dir = ask.Dir
		if !filepath.IsAbs(a.dir) {
			a.dir = filepath.Join(h.dir, a.dir)
		}
	}
	dir, err := a.workDir()
	if err != nil {
		return agent.Spec{}, err
	}
	o := patchOptions{
		app: a, kind: ask.Kind, variants: ask.Variants, tries: ask.Tries, checks: ask.Checks, noChecks: ask.NoChecks,
		base: cmp.Or(ask.Base, "HEAD"), paths: ask.Paths, makers: ask.Makers, key: ask.Key, until: string(ask.Until),
	}
	if ask.MaxTokens != 0 {
		o.maxTokens = fmt.Sprint(ask.MaxTokens)
	}
	if ask.MaxUSD != 0 {
		o.maxCost = fmt.Sprintf("%f", ask.MaxUSD)
	}
	spec, err := o.frame(dir)
	spec.Text, spec.Title, spec.Origin.Via = ask.Text, ask.Title, "mcp"
	spec.Priority, spec.Group, spec.Labels, spec.After = ask.Priority, ask.Group, ask.Labels, ask.After
	return spec, err
}

func (h *mcpHost) diff(ctx context.Context, ref agent.Ref) (mcp.Diff, error) {
	a := h.call()
	defer a.close()
	jobs, err := h.jobs(ctx)
	if err != nil {
		return mcp.Diff{}, err
	}
	r, err := a.openResult(ctx, jobs, ref)
	if err != nil {
		return mcp.Diff{}, err
	}
	text, files, err := r.diff(ctx)
	d := mcp.Diff{Job: r.job, Variant: r.variant, Text: text, Files: make([]mcp.File, 0, len(files))}
	for _, f := range files {
		d.Files = append(d.Files, mcp.File(f))
	}
	return d, err
}

// mine refuses jobs of other repositories than the one that the server was started in:
// that is the working tree it was allowed to write to.
func (h *mcpHost) mine(ctx context.Context, a *app, jobs agent.Jobs, id agent.ID) error {
	job, err := jobs.Job(ctx, id)
	if err != nil {
		return err
	}
	set, err := a.repos()
	if err != nil {
		return err
	}
	r, err := set.Open(ctx, h.dir)
	if err != nil {
		return err
	}
	if r.Root() != job.Spec.Repo {
		return agent.Errorf(agent.Invalid, "job %s belongs to %s, and this server may write to %s alone", id, job.Spec.Repo, r.Root()).
			WithHint("a person can: agent apply " + id.String())
	}
	return nil
}

func (h *mcpHost) apply(ctx context.Context, ref agent.Ref, how mcp.How) (mcp.Applied, error) {
	a := h.call()
	defer a.close()
	jobs, err := h.jobs(ctx)
	if err != nil {
		return mcp.Applied{}, err
	}
	if err := h.mine(ctx, a, jobs, ref.Job); err != nil {
		return mcp.Applied{}, err
	}
	o := applyOptions{app: a, ref: ref, check: how.Check, threeWay: how.ThreeWay}
	r, d, applied, err := o.deliver(ctx, jobs)
	if err != nil {
		return mcp.Applied{}, err
	}
	did := mcp.Applied{Ref: r.Ref(), Verdict: r.variant.Verdict, Where: d.Where}
	for _, f := range applied.Files {
		did.Files = append(did.Files, mcp.AppliedFile{Path: f.Path, Op: f.Op, How: f.How})
	}
	return did, nil
}
