package spool

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/config"
	"codeagent.dev/agent/repo"
)

// Bounds of what is made of a reflog that no note tells of.
const (
	maxFound = 50
	foundAge = 7 * 24 * time.Hour
)

// take makes the jobs of one repository's notes, and of what its reflogs tell besides.
// The order is what keeps everything: the jobs first, then what was seen, then the notes
// go. A process that ends in between does it all again, and finds its jobs by their keys.
func (t *Taker) take(ctx context.Context, g *group) error {
	seen, err := g.book.seen()
	if err != nil {
		return err
	}
	before := len(seen)
	changed := false
	for _, gitDir := range g.gitDirs() {
		entries, err := readReflog(gitDir)
		if err != nil {
			return err
		}
		if err := t.takeTree(ctx, g, gitDir, entries, seen); err != nil {
			return err
		}
		if last := lastLine(entries); seen[rawPath(gitDir)] != last || len(seen) == 0 {
			seen[rawPath(gitDir)], changed = last, true
		}
	}
	t.step("submitted")
	if changed || len(seen) != before {
		if err := g.book.writeSeen(seen); err != nil {
			return err
		}
	}
	t.step("seen")
	for _, name := range g.files {
		t.remove(name)
		t.step("removed")
	}
	return nil
}

// gitDirs are the git directories of the work trees to look at: those the notes name, or
// those and all others.
func (g *group) gitDirs() (dirs []string) {
	if g.all {
		dirs = workTrees(g.common)
	}
	for _, n := range g.notes {
		if !slices.Contains(dirs, n.GitDir) {
			dirs = append(dirs, n.GitDir)
		}
	}
	return dirs
}

// names reports whether a note names the work tree of a git directory.
func (g *group) names(gitDir string) bool {
	return slices.ContainsFunc(g.notes, func(n Note) bool { return n.GitDir == gitDir })
}

// takeTree makes the jobs of one work tree. Its outcomes are written down; an error
// means that it must be done again.
func (t *Taker) takeTree(ctx context.Context, g *group, gitDir string, entries []entry, seen map[rawPath]string) error {
	events, err := t.events(ctx, g, gitDir, entries, seen)
	if err != nil || len(events) == 0 {
		return err
	}
	r, err := t.Repos.Open(ctx, home(gitDir))
	if err != nil {
		return g.giveUp(err, events)
	}
	if !g.names(gitDir) && !t.Live(ctx, r.Root()) {
		return ctx.Err()
	}
	var outs []Outcome
	for _, ev := range events {
		out, err := t.takeEvent(ctx, g.common, r, ev)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			if out.Waits = true; t.said[g.book.dir] != err.Error() { // else it stands there already
				_ = g.book.record([]Outcome{out})
			}
			return err
		}
		if out.Skipped != nothingAsked || ev.hook == postCommit { // else it would hide what matters
			outs = append(outs, out)
		}
	}
	return g.book.record(outs)
}

// giveUp writes down that nothing can be made of events, because their repository
// cannot be worked with; other errors are for another try.
func (g *group) giveUp(err error, events []event) error {
	if !final(err) {
		return err
	}
	var outs []Outcome
	for _, ev := range events {
		outs = append(outs, ev.problem(err))
	}
	return g.book.record(outs)
}

func final(err error) bool {
	switch agent.CodeOf(err) {
	case agent.Invalid, agent.NotFound, agent.WrongState:
		return true
	}
	return false
}

func (ev event) outcome() Outcome {
	return Outcome{At: ev.at, Hook: ev.hook, Commit: ev.commit, Branch: ev.branch, Found: ev.found}
}

func (ev event) problem(err error) Outcome {
	out := ev.outcome()
	out.Problem, out.Hint = err.Error(), agent.HintOf(err)
	return out
}

// events are what happened in a work tree since it was last looked at: what the reflog
// tells, in its order, and what only notes tell.
func (t *Taker) events(ctx context.Context, g *group, gitDir string, entries []entry, seen map[rawPath]string) ([]event, error) {
	start := len(entries)
	if last, known := seen[rawPath(gitDir)]; known {
		start, _ = unseen(entries, last)
	}
	goingOn := rebasing(gitDir)
	told := happened(entries, 0, goingOn)
	fresh := happened(entries, start, goingOn)
	head := branchOf(gitDir)
	for _, list := range [][]event{told, fresh} {
		place(list, head)
		for i := range list {
			list[i].found = true
		}
	}
	fresh = recent(fresh, entries)
	for _, n := range g.latest(gitDir) {
		ev, ok, err := t.noted(ctx, n)
		if err != nil {
			return nil, err
		}
		same := func(e event) bool { return e.hook == ev.hook && e.commit == ev.commit }
		if !ok {
			continue
		}
		if i := slices.IndexFunc(fresh, same); i >= 0 {
			fresh[i].found, fresh[i].branch = false, ev.branch
			continue
		}
		if i := slices.IndexFunc(told, same); i >= 0 {
			ev.onto, ev.message, ev.amended = told[i].onto, told[i].message, told[i].amended
			if ev.from == "" {
				ev.from = told[i].from
			}
		}
		fresh = append(fresh, ev)
	}
	return fresh, nil
}

// recent drops what is too old, or too much, to be what a crash swallowed.
func recent(fresh []event, entries []entry) []event {
	if len(fresh) == 0 {
		return nil
	}
	now := entries[len(entries)-1].at
	fresh = slices.DeleteFunc(fresh, func(e event) bool { return now.Sub(e.at) > foundAge })
	return fresh[max(len(fresh)-maxFound, 0):]
}

// latest are the notes of one work tree. Of check-outs the last one counts: the others
// have been left again.
func (g *group) latest(gitDir string) []Note {
	var notes []Note
	for _, n := range g.notes {
		if n.GitDir != gitDir || !slices.Contains(config.HookNames(), n.Hook) {
			continue
		}
		if n.Hook == postCheckout {
			notes = slices.DeleteFunc(notes, func(o Note) bool { return o.Hook == postCheckout })
		}
		notes = append(notes, n)
	}
	return notes
}

const (
	postCheckout = "post-checkout"
	postMerge    = "post-merge"
)

// noted is the event that a note tells of; ok is false when it tells of none.
func (t *Taker) noted(ctx context.Context, n Note) (ev event, ok bool, err error) {
	ev = event{hook: n.Hook, commit: n.Commit, branch: n.Branch(), at: time.Now()}
	if info, err := os.Stat(n.File); err == nil {
		ev.at = info.ModTime()
	}
	switch {
	case n.Hook == config.PrePush:
		return ev, false, nil
	case n.Hook == postMerge && len(n.Args) > 0 && n.Args[0] == "1": // --squash: HEAD stays
		return ev, false, nil
	case n.Hook == postCheckout:
		if len(n.Args) != 3 || n.Args[2] != "1" || !agent.IsCommitID(n.Args[1]) { // of files
			return ev, false, nil
		}
		ev.commit = n.Args[1]
		if !zero(n.Args[0]) && agent.IsCommitID(n.Args[0]) {
			ev.from = n.Args[0]
		}
	}
	if ev.commit != "" && n.Head != "" && n.Head != branchHead+".invalid" {
		return ev, true, nil
	}
	// The hook could not read HEAD: refs are kept in a table, or it was run by hand.
	r, err := t.Repos.Open(ctx, home(n.GitDir))
	if err != nil {
		return ev, true, nil // whoever opens it next says why
	}
	if ev.commit == "" {
		if ev.commit, err = r.Resolve(ctx, "HEAD"); err != nil {
			return ev, !final(err), ctx.Err()
		}
	}
	if out, err := repo.Git(ctx, r.Root(), "symbolic-ref", "-q", "--short", "HEAD"); err == nil {
		ev.branch = strings.TrimSpace(string(out))
	}
	return ev, true, ctx.Err()
}

// branchOf is the branch that a work tree is on now, "" for none.
func branchOf(gitDir string) string {
	head, err := line(filepath.Join(gitDir, "HEAD"))
	if err != nil {
		return ""
	}
	return Note{Head: head}.Branch()
}
