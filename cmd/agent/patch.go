package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
	"codeagent.dev/agent/config"
	"codeagent.dev/agent/tui"
)

type patchOptions struct {
	*app
	kind            agent.Kind // which of these is given
	text, run, diff string
	write           bool // the words are written in an editor

	variants, tries int
	checks          []string
	noChecks        bool
	base            string
	dirty           bool
	paths           []string
	makers          []string
	author, key     string
	until           string
	spread          bool
	maxFiles        int
	maxLines        int
	maxTokens       string
	maxCost         string
	place           place

	wait, follow bool
	timeout      time.Duration
	printID      bool
	dryRun       bool
	json         bool
}

func newPatchCmd(a *app) *cobra.Command {
	o := &patchOptions{app: a}
	cmd := &cobra.Command{
		Use:   "patch {TEXT | - | --run CMD | --diff FILE}",
		Short: "Ask for a change",
		Long: `Ask for a change: in words, as a command that edits the files, or as a ready diff.

The daemon makes the patch away from your working tree, on the base commit, runs the
checks on exactly the commit it made, and keeps every variant. Nothing of yours is
touched; "agent apply" or "agent branch" deliver what you pick.

With --dirty the job starts from your files as they are, new ones included. "agent apply"
puts its result on top of them; a file that you change in between is in the way.

The checks come from --check, or else from .agent.yaml as the base commit has it.
Without any the result is "unverified". A command finds the number of its variant
in AGENT_VARIANT.

Words are for a model or a coding agent: those that are configured ("agent config set
makers ..."), else those that are found, local ones first ("agent models"). What does not
apply or fails its checks goes back to the maker. A maker that asks something ends the
job as "needs input": answer with "agent revise".`,
		Example: `  agent patch --run 'gofmt -s -w .'
  git diff | agent patch --diff -
  agent patch --run './rewrite.sh $AGENT_VARIANT' -n 3 -c 'go test ./...' -F
  id=$(agent patch --print-id --diff fix.patch)
  agent patch "return 404 instead of 500 when the user is unknown" -n 3 --until verified
  agent patch "and document it" --after 12         start from the result of job 12
  agent patch --run 'go get -u ./...' --at 22:30 --group nightly
  agent patch - <issue.md --maker ollama/qwen2.5-coder:7b --maker claude --path internal/http
  agent patch "finish what I began in parser.go" --dirty
  agent patch "rename Foo to Bar" --dry-run       what a model would be shown, and its cost`,
		Args: args(0, 1, "TEXT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.text = args[0]
			}
			if err := o.check(cmd, len(args) > 0); err != nil {
				return err
			}
			return runPatch(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.run, "run", "", "make the change by running this shell `command` in a checkout of the base")
	f.StringVar(&o.diff, "diff", "", "the change is the diff or edits in this `file`; - reads stdin")
	f.IntVarP(&o.variants, "variants", "n", 0, "make so `many` results side by side (default: as configured, else 1)")
	f.StringArrayVarP(&o.checks, "check", "c", nil, "a shell `command` that must succeed on the result (repeatable)")
	f.BoolVar(&o.noChecks, "no-checks", false, "run no checks, whatever .agent.yaml says")
	f.StringVar(&o.base, "base", "HEAD", "the `revision` to start from")
	f.BoolVar(&o.dirty, "dirty", false, "start from your working tree as it is, with what you have not committed")
	f.StringArrayVar(&o.paths, "path", nil, "only this `file` or directory may change (repeatable)")
	f.StringArrayVar(&o.makers, "maker", nil, "who makes it from words: a `maker` such as ollama/MODEL, claude, scripted:FILE (repeatable)")
	f.BoolVar(&o.spread, "spread", false, "the variants take the makers in turn, instead of all the first that can")
	f.StringVar(&o.until, "until", "", "`verified`: the first verified variant stops the others; all (default)")
	f.IntVar(&o.maxFiles, "max-files", 0, "more changed files than this `many` need your approval")
	f.IntVar(&o.maxLines, "max-lines", 0, "more changed lines than this `many` need your approval")
	f.StringVar(&o.maxTokens, "max-tokens", "", "`tokens`, such as 200k, that one variant may use in all its tries")
	f.StringVar(&o.maxCost, "max-cost", "", "`dollars` that one variant may cost, in all its tries")
	f.IntVar(&o.tries, "tries", 0, "how `often` a maker may try (default: as configured, else 3 for words and 1 for the rest)")
	o.place.flags(a, cmd)
	f.StringVar(&o.author, "author", "", "author of the commit, as `\"Name <mail>\"` (default: who git says you are)")
	f.StringVar(&o.key, "key", "", "a second job with the same `key` is the first one")
	addWait(cmd, &o.wait, &o.follow)
	f.DurationVar(&o.timeout, "timeout", 0, "stop waiting after this `time`; the job goes on")
	f.BoolVar(&o.printID, "print-id", false, "print the job's id and nothing else")
	f.BoolVar(&o.dryRun, "dry-run", false, "show what would be asked for, and queue nothing")
	addJSON(cmd, &o.json)
	completeWith(cmd, "maker", a.completeMakers)
	complete(cmd, "until", "verified", "all")
	exclusive(cmd, "check", "no-checks")
	exclusive(cmd, "dirty", "base")
	exclusive(cmd, "dirty", "after")
	exclusive(cmd, "print-id", "json")
	exclusive(cmd, "dry-run", "wait")
	exclusive(cmd, "dry-run", "follow")
	return exits(cmd, waiting)
}

// check refuses what makes no sense before anything is read or started.
func (o *patchOptions) check(cmd *cobra.Command, text bool) error {
	given := map[agent.Kind]bool{agent.Prompt: text, agent.Command: cmd.Flags().Changed("run"), agent.Diff: cmd.Flags().Changed("diff")}
	kinds := 0
	for kind, is := range given {
		if is {
			o.kind = kind
			kinds++
		}
	}
	switch {
	case kinds == 0 && isTerminal(o.in) && isTerminal(o.out):
		o.kind, o.write = agent.Prompt, true
	case kinds == 0:
		return agent.Errorf(agent.Invalid, "nothing to do: say what to change, or use --run or --diff").
			WithHint("agent patch --run 'gofmt -s -w .'")
	case kinds > 1:
		return usageError(cmd, fmt.Errorf("only one of TEXT, --run and --diff is possible"))
	case o.timeout != 0 && !o.wait && !o.follow:
		return usageError(cmd, fmt.Errorf("--timeout is for waiting: add --wait or --follow"))
	case o.timeout < 0:
		return usageError(cmd, fmt.Errorf("--timeout %s is negative", o.timeout))
	}
	return nil
}

// idSubmitter is what can submit and learn no more than the job's number: the client,
// which is spared reading the rest.
type idSubmitter interface {
	SubmitID(ctx context.Context, spec agent.Spec) (agent.ID, error)
}

func runPatch(ctx context.Context, o *patchOptions) error {
	spec, err := o.spec(ctx)
	if err != nil {
		return err
	}
	if o.dryRun {
		return o.preview(ctx, spec)
	}
	waits := o.wait || o.follow
	o.late = true
	if !waits { // an interrupt has nothing to end but the process
		ctx = context.WithoutCancel(ctx)
	}
	jobs, err := o.jobs(ctx)
	if err != nil {
		return err
	}
	if s, ok := jobs.(idSubmitter); ok && o.printID && !waits {
		over := o.doing("handing it to the daemon")
		id, err := s.SubmitID(ctx, spec)
		over()
		if err != nil {
			return err
		}
		return o.id(id)
	}
	over := o.doing("handing it to the daemon")
	job, err := jobs.Submit(ctx, spec)
	over()
	if err != nil {
		return err
	}
	switch {
	case o.printID:
		if err := o.id(job.ID); err != nil {
			return err
		}
	case o.json && !waits:
		return o.printJSON(newJobDoc(job))
	case !o.json && !waits:
		o.receipt(job)
	case !o.json:
		o.say("job %s: %s", job.ID, oneLine(job.Spec.Title))
	}
	if !waits {
		return nil
	}
	w := waitOptions{app: o.app, follow: o.follow, timeout: o.timeout, json: o.json, one: true, silent: o.printID}
	return w.await(ctx, jobs, []agent.ID{job.ID})
}

// id prints a job's number, for scripts.
func (o *patchOptions) id(id agent.ID) error {
	if _, err := fmt.Fprintln(o.out, id); err != nil {
		return fmt.Errorf("job %s is queued, but its id could not be printed: %w", id, err)
	}
	return nil
}

// receipt tells what was queued and how to come back to it.
func (o *patchOptions) receipt(job agent.Job) {
	fmt.Fprintf(o.out, "job %s %s: %s\n", job.ID, o.standing(job), oneLine(job.Spec.Title))
	if w := job.Waiting; w != nil && w.For != agent.WaitWorker {
		o.say("it waits: %s", tui.Waits(w, o.now()))
	}
	if len(job.Spec.Checks) == 0 {
		o.say("no checks: the result will be unverified")
	}
	o.say("watch it: agent wait %[1]s -F    look at it: agent show %[1]s", job.ID)
}

// spec turns the flags into what is asked for. It reads the diff, but nothing of the
// repository: the daemon resolves the base and reads the checks.
func (o *patchOptions) spec(ctx context.Context) (agent.Spec, error) {
	dir, err := o.workDir()
	if err != nil {
		return agent.Spec{}, err
	}
	spec, err := o.frame(dir)
	if err != nil {
		return spec, err
	}
	if o.dirty {
		if spec.Base, err = o.capture(ctx, dir); err != nil {
			return spec, err
		}
	}
	switch spec.Kind {
	case agent.Command:
		spec.Text = o.run
	case agent.Diff:
		spec.Text, err = o.readDiff(ctx, dir, o.diff)
	default:
		spec.Text = o.text
		if o.write {
			spec.Text, err = o.words(ctx)
		} else if o.text == "-" {
			spec.Text, err = o.readWords(ctx, dir)
		}
	}
	if err == nil && strings.TrimSpace(spec.Text) == "" {
		err = emptyText(spec.Kind)
	}
	return spec, err
}

// frame is everything of a Spec but its text, for somebody who works in dir.
func (o *patchOptions) frame(dir string) (agent.Spec, error) {
	spec := agent.Spec{
		Kind: o.kind, Repo: dir, Base: o.base, Variants: o.variants, Tries: o.tries,
		NoChecks: o.noChecks, Author: o.author, Key: o.key,
		Until: agent.Until(o.until), Spread: o.spread,
		Limits: agent.Limits{Paths: cleanPaths(o.paths), Files: o.maxFiles, Lines: o.maxLines},
		Origin: o.origin(),
	}
	if err := o.budget(&spec.Limits); err != nil {
		return spec, err
	}
	if err := o.place.fill(&spec, o.now()); err != nil {
		return spec, err
	}
	for _, run := range o.checks {
		spec.Checks = append(spec.Checks, agent.Check{Run: run})
	}
	for _, m := range o.makers {
		spec.Makers = append(spec.Makers, absMaker(dir, m))
	}
	conf, err := o.config()
	if err != nil {
		return spec, err
	}
	spec.Env = conf.Env(o.environ)
	conf.Ask(&spec)
	return spec, nil
}

// capture records the working tree as it is now and returns the commit. It is done
// here, not by the daemon, because it must be the tree of this moment.
func (o *patchOptions) capture(ctx context.Context, dir string) (string, error) {
	set, err := o.repos()
	if err != nil {
		return "", err
	}
	r, err := set.Open(ctx, dir)
	if err != nil {
		return "", err
	}
	c, err := r.Capture(ctx)
	if err == nil && !c.Dirty() {
		o.say("nothing is uncommitted: the job starts from HEAD")
	}
	return c.Commit, err
}

func emptyText(kind agent.Kind) error {
	err := agent.Errorf(agent.Invalid, "the %s is empty", kind)
	if kind == agent.Diff {
		err = err.WithHint("git diff prints only what is not staged: git diff HEAD | agent patch --diff -")
	}
	return err
}

// budget reads the limits of a variant's cost.
func (o *patchOptions) budget(l *agent.Limits) (err error) {
	if o.maxTokens != "" {
		if l.Tokens, err = config.ParseTokens(o.maxTokens); err != nil {
			return agent.Errorf(agent.Invalid, "--max-tokens: %w", err)
		}
	}
	if o.maxCost != "" {
		if l.MicroUSD, err = config.ParseMoney(o.maxCost); err != nil {
			return agent.Errorf(agent.Invalid, "--max-cost: %w", err)
		}
	}
	return nil
}

// maxWords bounds what is asked for in words. A model is shown all of it.
const maxWords = 1 << 20

// readWords reads what is asked for from stdin.
func (o *patchOptions) readWords(ctx context.Context, dir string) (string, error) {
	text, err := o.readInput(ctx, dir, "-", "text", maxWords)
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case errors.Is(err, errTooLong):
		return "", agent.Errorf(agent.Invalid, "the words are longer than %d KiB", maxWords>>10).
			WithHint("say what is wanted, and name the files that hold the rest with --path")
	case err != nil:
		return "", agent.Errorf(agent.Invalid, "cannot read the words: %w", err)
	}
	return string(text), nil
}

// readDiff reads a diff from a file, or from stdin for "-".
func (o *patchOptions) readDiff(ctx context.Context, dir, name string) (string, error) {
	text, err := o.readInput(ctx, dir, name, "diff", agent.MaxText)
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case errors.Is(err, errTooLong):
		return "", agent.Errorf(agent.Invalid, "the diff is longer than %d MiB", agent.MaxText>>20).
			WithHint("split it: git diff -- DIR | agent patch --diff -")
	case err != nil:
		return "", agent.Errorf(agent.Invalid, "cannot read the diff: %w", err).
			WithHint("name a file that you may read, or pipe the diff in: git diff HEAD | agent patch --diff -")
	}
	return string(text), nil
}

// absMaker makes the file of a scripted maker findable for the daemon, which works
// in another directory.
func absMaker(dir, maker string) string {
	const scripted = "scripted:"
	if file, ok := strings.CutPrefix(maker, scripted); ok && file != "" && !filepath.IsAbs(file) {
		return scripted + filepath.Join(dir, file)
	}
	return maker
}

func cleanPaths(paths []string) []string {
	clean := slices.Clone(paths)
	for i, p := range clean {
		clean[i] = strings.TrimPrefix(filepath.ToSlash(p), "./")
	}
	return clean
}
