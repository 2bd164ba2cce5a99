package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
	"codeagent.dev/agent/repo"
	"codeagent.dev/agent/tui"
)

type watchOptions struct {
	*app
	dirs    []string
	makers  []string
	word    string
	apply   bool
	daemon  bool
	stop    bool
	noCheck bool
}

func newWatchCmd(a *app) *cobra.Command {
	o := &watchOptions{app: a}
	cmd := &cobra.Command{
		Use:   "watch [DIR...]",
		Short: "Make jobs of comments that you save",
		Long: `Watch your files, and make a job of every comment that asks for one:

  // agent: handle the empty list     a change; its patch also takes the comment out
  # agent! fix this before the rest   the same, ahead of what is queued
  /* agent? why is this locked */     a question; the answer is shown here

The comment may be of any kind that the file's language has, stand behind code, and go on
over several lines. It counts when the file is saved and left alone for a moment. The job
starts from your files as they are, committed or not. A comment that is committed already
is left alone, and so is one that git or "agent apply" has written. Taking a comment out, or
writing it anew, cancels its job while that is not done.

Results stay in the queue: take one with "agent apply". With --apply a verified one goes
into your files at once, unless a file that it touches has changed since.

With --daemon you agree that the daemon watches the working tree, from now on and without
a terminal: it is noted in watch.repos of your settings. A repository that says
"watch: false" in its .agent.yaml is not watched. --stop takes the agreement back.`,
		Example: `  agent watch
  agent watch cmd internal/http --maker claude
  agent watch --apply
  agent watch --daemon`,
		Args: args(0, -1, ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.dirs = args
			switch {
			case (o.daemon || o.stop) && (len(args) > 1 || o.apply || len(o.makers) > 0 || o.word != ""):
				return usageError(cmd, fmt.Errorf("--daemon and --stop are about one working tree, with the makers and the word of your settings; the daemon applies nothing"))
			case o.daemon || o.stop:
				return o.agree(cmd.Context())
			}
			return runWatch(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.apply, "apply", false, "put verified results into your files, unless those have changed since")
	f.StringArrayVar(&o.makers, "maker", nil, "who makes the changes: a `maker` such as ollama/MODEL, claude, scripted:FILE (repeatable)")
	f.StringVar(&o.word, "word", "", "the `word` that begins a comment for us (default: as configured, else agent)")
	f.BoolVar(&o.noCheck, "no-checks", false, "run no checks, whatever .agent.yaml says")
	f.BoolVar(&o.daemon, "daemon", false, "agree that the daemon watches this working tree")
	f.BoolVar(&o.stop, "stop", false, "take that agreement back")
	exclusive(cmd, "daemon", "stop")
	return exits(cmd, talking)
}

// runWatch watches until it is interrupted.
func runWatch(ctx context.Context, o *watchOptions) error {
	r, below, err := o.where(ctx)
	if err != nil {
		return err
	}
	conf, err := o.config()
	if err != nil {
		return err
	}
	jobs, err := o.jobs(ctx)
	if err != nil {
		return err
	}
	set, err := o.repos()
	if err != nil {
		return err
	}
	spec := agent.Spec{Kind: agent.Prompt, Repo: r.Root(), Origin: agent.Origin{Via: "watch", User: o.user()}, NoChecks: o.noCheck}
	dir, err := o.workDir()
	if err != nil {
		return err
	}
	for _, m := range o.makers {
		spec.Makers = append(spec.Makers, absMaker(dir, m))
	}
	conf.Ask(&spec)
	w := &watcher{
		jobs: jobs, set: set, root: r.Root(), below: below, word: conf.WatchWord, spec: spec,
		env:  func() map[string]string { return conf.Env(o.environ) },
		tell: func(text string) { fmt.Fprintln(o.out, text) }, warn: func(err error) { complain(o.err, err) },
	}
	if o.word != "" {
		w.word = o.word
	}
	w.done = func(ctx context.Context, a asked, job agent.Job) { o.show(ctx, a, job) }
	err = w.run(ctx)
	if ctx.Err() != nil { // an interrupt is how it ends
		o.say("stopped watching; jobs go on: agent list")
		return nil
	}
	return err
}

// where finds the working tree, and which of its directories are meant.
func (o *watchOptions) where(ctx context.Context) (*repo.Repo, []string, error) {
	set, err := o.repos()
	if err != nil {
		return nil, nil, err
	}
	dir, err := o.workDir()
	if err != nil {
		return nil, nil, err
	}
	if len(o.dirs) == 0 {
		r, err := set.Open(ctx, dir)
		return r, nil, err
	}
	var tree *repo.Repo
	var below []string
	for _, d := range o.dirs {
		if !filepath.IsAbs(d) {
			d = filepath.Join(dir, d)
		}
		r, err := set.Open(ctx, d)
		if err != nil {
			return nil, nil, err
		}
		if tree != nil && tree.Root() != r.Root() {
			return nil, nil, agent.Errorf(agent.Invalid, "%s and %s are not in one working tree", tree.Root(), r.Root()).
				WithHint("run one `agent watch` for each")
		}
		tree = r
		rel, err := filepath.Rel(resolved(r.Root()), resolved(d))
		if err != nil {
			return nil, nil, agent.Errorf(agent.Invalid, "%s is not below %s", d, r.Root())
		}
		if rel == "." {
			return r, nil, nil
		}
		below = append(below, filepath.ToSlash(rel))
	}
	return tree, below, nil
}

// show tells how a job ended, and applies its result where that is wished.
func (o *watchOptions) show(ctx context.Context, a asked, job agent.Job) {
	for _, line := range ending(o.style(), a, job) {
		fmt.Fprintln(o.out, line)
	}
	if !o.apply || a.kind.question() || job.Verdict != agent.Verified {
		return
	}
	apply := &applyOptions{app: o.app, ref: agent.Ref{Job: job.ID}}
	if err := runApply(ctx, apply); err != nil {
		complain(o.err, err)
	}
}

// ending says how a job ended, in a line or several.
func ending(style tui.Style, a asked, job agent.Job) []string {
	n := max(job.Chosen(), 1)
	v := job.Variants[min(n, len(job.Variants))-1]
	if a.kind.question() {
		if v.Said == "" || job.Verdict == agent.Failed || job.Verdict == agent.Canceled {
			return []string{fmt.Sprintf("job %s %s: %s", job.ID, style.Verdict(job.Verdict), tui.Line(v.Reason))}
		}
		lines := []string{fmt.Sprintf("job %s answers %s:", job.ID, a.place())}
		for line := range strings.Lines(tui.Clean(strings.TrimSpace(v.Said))) {
			lines = append(lines, "  "+strings.TrimRight(line, "\n"))
		}
		return lines
	}
	line := fmt.Sprintf("job %s %s", job.ID, style.Verdict(job.Verdict))
	if v.Commit != "" {
		line += ": " + tui.Size(v.Stat)
	} else if v.Reason != "" {
		line += ": " + tui.Line(v.Reason)
	}
	lines := []string{line + "  (" + a.place() + ")"}
	if steps := tui.Next(job, 0); len(steps) > 0 {
		lines = append(lines, fmt.Sprintf("  %-28s %s", steps[0].Command, steps[0].Does))
	}
	return lines
}
