package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
	"codeagent.dev/agent/config"
	"codeagent.dev/agent/hook"
	"codeagent.dev/agent/repo"
)

func newHookCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "hook",
		Short: "Have git hooks ask for changes",
		Long: `Have git hooks ask for changes. What a hook asks for stands in .agent.yaml:

  hooks:
    post-commit:        # also post-merge, post-rewrite, post-checkout
      - patch: "update the tests for what this commit changed"
        paths: ["**/*.go"]
        branches: ["main", "feature/*"]
        variants: 2
      - run: gofmt -w .
    pre-push:
      - require: verified

and a commit can ask for itself: git commit --trailer "Agent-Patch: add a fuzz test".

A hook leaves a note for the daemon and returns: it starts nothing, and it never fails
or delays a commit. With no daemon the note waits for the next one. Only pre-push, with
require, holds something up; git push --no-verify skips it.`,
		Example: "  agent hook install\n  agent hook status",
	}
	return parent(cmd, newHookInstallCmd(a), newHookUninstallCmd(a), newHookStatusCmd(a), newHookRunCmd(a))
}

type hookOptions struct {
	*app
	force, json bool
}

func newHookInstallCmd(a *app) *cobra.Command {
	o := &hookOptions{app: a}
	cmd := &cobra.Command{
		Use:   "install",
		Short: "Install the hooks in this repository, or bring them up to date",
		Long: `Install the hooks in this repository, or bring them up to date. They stand beside what
is there already, in the directory that git runs hooks from: a shell script gets a block
behind its first line; anything else is kept in agent-chained and called at the end.
All work trees of the repository share them. A submodule has hooks of its own.

From then on, what the .agent.yaml of a commit that you make, merge or check out asks
for is run on this machine, as with any manager of git hooks. Install them where you
would run the repository's tests.`,
		Example: "  agent hook install\n  agent -C ../other hook install",
		Args:    args(0, 0, ""),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runHookInstall(cmd.Context(), o) },
	}
	cmd.Flags().BoolVarP(&o.force, "force", "f", false, "write our lines anew, even if somebody changed them")
	addJSON(cmd, &o.json)
	return exits(cmd)
}

func newHookUninstallCmd(a *app) *cobra.Command {
	o := &hookOptions{app: a}
	cmd := &cobra.Command{
		Use:   "uninstall",
		Short: "Take the hooks out of this repository",
		Long: `Take the hooks out of this repository. What was there before is there again, byte for
byte; what others wrote beside our lines stays. Notes that wait make no jobs any more.`,
		Example: "  agent hook uninstall",
		Args:    args(0, 0, ""),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runHookUninstall(cmd.Context(), o) },
	}
	cmd.Flags().BoolVarP(&o.force, "force", "f", false, "take our lines out, even if somebody changed them")
	addJSON(cmd, &o.json)
	return exits(cmd)
}

// hookPlace is where the hooks lie, and what those of this program hold.
func (a *app) hookPlace(ctx context.Context) (p hook.Place, opt hook.Options, err error) {
	dir, err := a.workDir()
	if err != nil {
		return p, opt, err
	}
	paths, err := a.paths()
	if err != nil {
		return p, opt, err
	}
	self, err := os.Executable()
	if err != nil {
		return p, opt, agent.Errorf(agent.Unavailable, "cannot find this program's own file: %w", err)
	}
	p, err = hook.Find(ctx, dir)
	return p, hook.Options{State: paths.State, Program: self}, err
}

type hookDoneDoc struct {
	header
	Dir   string      `json:"dir"`
	Hooks []hook.Done `json:"hooks"`
}

func runHookInstall(ctx context.Context, o *hookOptions) error {
	p, opt, err := o.hookPlace(ctx)
	if err != nil {
		return err
	}
	if goRun() {
		return agent.Errorf(agent.Invalid, "a program made by `go run` cannot be named in a hook: its file may be gone at any moment").
			WithHint("go install ./cmd/agent && agent hook install")
	}
	done, err := p.Install(ctx, opt, o.force)
	if err != nil {
		return err
	}
	if o.json {
		return o.printJSON(hookDoneDoc{docHeader, p.Dir, done})
	}
	o.printDone(p, done)
	if p.Shared() {
		o.say("core.hooksPath of your %s configuration leads there: the hooks run in all your repositories, and do nothing but in this one", p.Scope)
	}
	o.adviseRules(ctx, p)
	return nil
}

// printDone tells what was done, in one line where all is the same.
func (o *hookOptions) printDone(p hook.Place, done []hook.Done) {
	var kinds []string
	names := map[string][]string{}
	for _, d := range done {
		if names[d.What] == nil {
			kinds = append(kinds, d.What)
		}
		names[d.What] = append(names[d.What], d.Hook)
	}
	for _, k := range kinds {
		fmt.Fprintf(o.out, "%s in %s: %s\n", k, oneLine(p.Dir), strings.Join(names[k], ", "))
	}
	for _, d := range done {
		if d.Note != "" {
			o.say("  %s: %s", oneLine(d.Hook), oneLine(d.Note))
		}
	}
}

// adviseRules says what the hooks will do, as things stand.
func (o *hookOptions) adviseRules(ctx context.Context, p hook.Place) {
	rules, err := headRules(ctx, p.Root)
	switch {
	case err != nil:
		o.say("%s of HEAD cannot be read, so that they do nothing yet: %v", config.RepoFile, err)
	case len(rules) == 0:
		o.say("%s of HEAD asks for nothing yet: agent hook --help shows what to write; or ask in a commit: git commit --trailer \"Agent-Patch: …\"", config.RepoFile)
	default:
		o.say("agent hook status shows what they ask for, and what came of it")
	}
}

// headRules are what the .agent.yaml of HEAD says of hooks; none without such a file.
func headRules(ctx context.Context, root string) (map[string][]config.HookRule, error) {
	text, err := repo.Git(ctx, root, "show", "HEAD:"+config.RepoFile)
	if err != nil {
		return nil, ctx.Err() // no commit, or no such file
	}
	file, err := config.ReadRepo(text)
	return file.Hooks, err
}

func runHookUninstall(ctx context.Context, o *hookOptions) error {
	p, opt, err := o.hookPlace(ctx)
	if err != nil {
		return err
	}
	done, err := p.Uninstall(opt, o.force)
	if err != nil {
		return err
	}
	if o.json {
		return o.printJSON(hookDoneDoc{docHeader, p.Dir, slices.Concat([]hook.Done{}, done)})
	}
	if len(done) == 0 {
		fmt.Fprintf(o.out, "no hooks of agent in %s\n", oneLine(p.Dir))
		return nil
	}
	o.printDone(p, done)
	return nil
}
