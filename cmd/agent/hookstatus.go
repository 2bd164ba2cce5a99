package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
	"codeagent.dev/agent/config"
	"codeagent.dev/agent/hook"
	"codeagent.dev/agent/spool"
	"codeagent.dev/agent/tui"
)

func newHookStatusCmd(a *app) *cobra.Command {
	o := &hookOptions{app: a}
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the hooks, what they ask for, and what came of it",
		Long: `Show the hooks of this repository, what the .agent.yaml of HEAD has them ask for, what
the daemon made of what they told last, and what is wrong. It starts no daemon.`,
		Example: "  agent hook status\n  agent hook status --json | jq .problems",
		Args:    args(0, 0, ""),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runHookStatus(cmd.Context(), o) },
	}
	addJSON(cmd, &o.json)
	return exits(cmd)
}

type hookStatusDoc struct {
	header
	Dir      string          `json:"dir"`
	Hooks    []hookState     `json:"hooks"`
	Waiting  int             `json:"waiting"` // notes the daemon has not taken yet
	Last     []spool.Outcome `json:"last"`
	Problems []hookProblem   `json:"problems"`
}

type hookState struct {
	Hook    string     `json:"hook"`
	State   hook.State `json:"state"`
	Path    string     `json:"path"`
	Manager string     `json:"manager,omitempty"`
	Asks    []string   `json:"asks,omitempty"`
}

type hookProblem struct {
	Text string `json:"text"`
	Hint string `json:"hint,omitempty"`
}

const lastOutcomes = 8

func runHookStatus(ctx context.Context, o *hookOptions) error {
	p, opt, err := o.hookPlace(ctx)
	if err != nil {
		return err
	}
	files, err := p.Look(ctx, opt)
	if err != nil {
		return err
	}
	doc := hookStatusDoc{header: docHeader, Dir: p.Dir, Problems: []hookProblem{}, Last: []spool.Outcome{}}
	rules, rulesErr := headRules(ctx, p.Root)
	for _, f := range files {
		doc.Hooks = append(doc.Hooks, hookState{f.Hook, f.State, f.Path, f.Manager, asks(f.Hook, rules)})
	}
	notes, err := spool.Waiting(opt.State, p.Common)
	if err != nil {
		return err
	}
	doc.Waiting = len(notes)
	book := spool.BookOf(opt.State, p.Common)
	known, isKnown, err := book.Known()
	if err != nil {
		return err
	}
	if last, err := book.Outcomes(lastOutcomes); err != nil {
		return err
	} else if len(last) > 0 {
		doc.Last = last
	}
	doc.problem(rulesErr)
	if isKnown || hook.Live(files) {
		doc.lookAtSpool(opt.State, known, isKnown)
		doc.lookAtFiles(files)
		o.lookAtDaemon(ctx, &doc)
	}
	if o.json {
		return o.printJSON(doc)
	}
	o.printStatus(doc, isKnown)
	return nil
}

// problem adds an error, which carries its own hint.
func (d *hookStatusDoc) problem(err error) {
	if err != nil {
		d.Problems = append(d.Problems, hookProblem{err.Error(), agent.HintOf(err)})
	}
}

// lookAtSpool finds why a hook could not tell, or is not heard.
func (d *hookStatusDoc) lookAtSpool(state string, known spool.Known, isKnown bool) {
	const again = "agent hook install"
	switch {
	case !isKnown:
		d.Problems = append(d.Problems, hookProblem{"the daemon does not know this repository: its hooks are not heard", again})
	case known.HooksDir != d.Dir:
		d.Problems = append(d.Problems, hookProblem{"git runs the hooks in " + d.Dir + " now; they were installed in " + known.HooksDir, again})
	}
	dir := spool.Dir(state)
	f, err := os.CreateTemp(dir, ".probe-")
	if err != nil {
		d.Problems = append(d.Problems, hookProblem{"the hooks cannot write to " + dir + ": " + err.Error(), again})
		return
	}
	d.problem(errors.Join(f.Close(), os.Remove(f.Name())))
}

// lookAtFiles finds hooks that do not tell. What is wrong with several in the same way is
// said once.
func (d *hookStatusDoc) lookAtFiles(files []hook.File) {
	var order []hookProblem
	names := map[hookProblem][]string{}
	for _, f := range files {
		if pr, ok := fileProblem(f); ok {
			if names[pr] == nil {
				order = append(order, pr)
			}
			names[pr] = append(names[pr], f.Hook)
		}
	}
	for _, pr := range order {
		list := strings.Join(names[pr], ", ")
		d.Problems = append(d.Problems, hookProblem{list + ": " + pr.Text, pr.Hint})
	}
}

// fileProblem says why a hook does not tell, in words that name no hook.
func fileProblem(f hook.File) (pr hookProblem, ok bool) {
	const again = "agent hook install"
	call := hook.CallLine("HOOK")
	switch {
	case f.State == hook.Edited:
		return hookProblem{"somebody wrote into our lines", "move what is yours out of them, then: agent hook install --force"}, true
	case f.State == hook.Outdated:
		return hookProblem{"not as this version and this state directory would have it", again}, true
	case f.State == hook.Missing:
		return hookProblem{"not there", again}, true
	case f.State == hook.Foreign && f.Tracked:
		return hookProblem{"a file of the repository, which does not tell agent", "write into it: " + call}, true
	case f.State == hook.Foreign && f.Manager == "husky":
		return hookProblem{"written by husky, as at every npm install, without our lines", again + "; or for good, in .husky/HOOK: " + call}, true
	case f.State == hook.Foreign && f.Manager != "":
		return hookProblem{"written by " + f.Manager + ", without our lines", again}, true
	case f.State == hook.Foreign:
		return hookProblem{"without our lines", again}, true
	}
	return pr, false
}

func (o *hookOptions) lookAtDaemon(ctx context.Context, d *hookStatusDoc) {
	if _, err := o.connect(ctx, false); err != nil {
		d.Problems = append(d.Problems, hookProblem{"no daemon answers: what the hooks tell waits for the next one", "agent daemon start"})
	}
}

// asks are the entries of one hook in words.
func asks(name string, rules map[string][]config.HookRule) (list []string) {
	for _, r := range rules[name] {
		text := "patch: " + r.Patch
		switch {
		case r.Run != "":
			text = "run: " + r.Run
		case r.Require != "":
			text = "require: " + r.Require
		}
		text, _, _ = strings.Cut(strings.TrimSpace(text), "\n")
		if len(r.Paths) > 0 {
			text += "  if " + strings.Join(r.Paths, ", ") + " changed"
		}
		if len(r.Branches) > 0 {
			text += "  on " + strings.Join(r.Branches, ", ")
		}
		if r.Variants > 1 {
			text += fmt.Sprintf("  %d variants", r.Variants)
		}
		if r.Each {
			text += "  also for each commit of a rebase"
		}
		list = append(list, text)
	}
	for _, r := range rules["post-commit"] {
		if name == "post-rewrite" && !r.Each {
			return append(list, "after a rebase, what post-commit asks for: once, for the last commit; not for each, unless an entry says each: true")
		}
	}
	return list
}

func (o *hookOptions) printStatus(d hookStatusDoc, isKnown bool) {
	fmt.Fprintf(o.out, "hooks in %s\n", oneLine(d.Dir))
	for _, h := range d.Hooks {
		state := string(h.State)
		if h.Manager != "" {
			state += " (" + h.Manager + ")"
		}
		if len(h.Asks) == 0 {
			fmt.Fprintf(o.out, "  %-14s %s\n", h.Hook, state)
			continue
		}
		for i, a := range h.Asks {
			if i > 0 {
				fmt.Fprintf(o.out, "  %-14s %-10s %s\n", "", "", oneLine(a))
				continue
			}
			fmt.Fprintf(o.out, "  %-14s %-10s %s\n", h.Hook, state, oneLine(a))
		}
	}
	if len(d.Last) > 0 {
		fmt.Fprintln(o.out, "\nwhat they told last")
	}
	for _, l := range d.Last {
		fmt.Fprintf(o.out, "  %-10s %-13s %.10s  %s\n", tui.Ago(l.At, o.now()), l.Hook, l.Commit, oneLine(outcomeText(l)))
	}
	if d.Waiting > 0 {
		what := "notes wait"
		if d.Waiting == 1 {
			what = "note waits"
		}
		fmt.Fprintf(o.out, "\n%d %s for the daemon\n", d.Waiting, what)
	}
	if !isKnown && len(d.Problems) == 0 {
		o.say("not installed here; to do so: agent hook install")
	}
	for i, p := range d.Problems {
		if i == 0 {
			fmt.Fprintln(o.out)
		}
		fmt.Fprintf(o.out, "%s %s\n", o.style().Warn("problem:"), tui.Clean(p.Text))
		if p.Hint != "" {
			fmt.Fprintf(o.out, "  hint: %s\n", tui.Clean(p.Hint))
		}
	}
}

func outcomeText(l spool.Outcome) string {
	var parts []string
	for _, id := range l.Jobs {
		parts = append(parts, "job "+id.String())
	}
	text := strings.Join(parts, ", ")
	if l.Skipped != "" {
		text = l.Skipped
	}
	if l.Problem != "" {
		text = strings.TrimPrefix(text+"; ", "; ") + l.Problem
		if l.Hint != "" {
			text += " (hint: " + l.Hint + ")"
		}
	}
	if l.Waits {
		text += "; it is tried again"
	}
	if l.Found {
		text += "  (found in the reflog)"
	}
	return text
}
