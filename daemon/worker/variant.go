package worker

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/maker"
	"codeagent.dev/agent/patch"
	"codeagent.dev/agent/repo"
)

// variant is one variant on its way through the steps. Its methods are the steps.
type variant struct {
	*Worker
	hold *hold
	spec agent.Spec
	repo *repo.Repo
	log  *slog.Logger
}

// fillLimits puts the worker's limits where the Spec leaves them open.
func (v *variant) fillLimits() {
	l := &v.spec.Limits
	setDefault(&l.Make, v.cfg.Limits.Make)
	setDefault(&l.Check, v.cfg.Limits.Check)
	setDefault(&l.Output, v.cfg.Limits.Output)
}

func (v *variant) ref() agent.Ref {
	return agent.Ref{Job: v.hold.lease.Job.ID, Variant: v.hold.lease.Variant}
}

// step tells people what begins now.
func (v *variant) step(ctx context.Context, format string, args ...any) {
	v.hold.record(ctx, agent.EventStep, fmt.Sprintf(format, args...))
}

// run makes, commits and proves, as often as Tries allows. A later try that yields
// no commit does not take away the commit of an earlier one.
func (v *variant) run(ctx context.Context) agent.Outcome {
	makers, err := v.open(ctx)
	if err != nil {
		return v.end(ctx, failed(err))
	}
	var best agent.Outcome
	report := ""
	for try := 1; try <= v.spec.Tries; try++ {
		out, next, err := v.try(ctx, makers, try, report)
		if err != nil || ctx.Err() != nil {
			return v.end(ctx, failed(err))
		}
		if out.Verdict.HasCommit() || !best.Verdict.HasCommit() {
			best = out
		}
		if next == "" {
			break
		}
		report = next
	}
	return v.end(ctx, best)
}

// end is the outcome, or none when the steps were cut short from outside.
func (v *variant) end(ctx context.Context, out agent.Outcome) agent.Outcome {
	if ctx.Err() != nil {
		return agent.Outcome{}
	}
	return out
}

// open finds the repository and the makers, before anything is started.
func (v *variant) open(ctx context.Context) ([]maker.Maker, error) {
	makers, err := maker.For(v.spec)
	if err != nil {
		return nil, err
	}
	v.repo, err = v.cfg.Repos.Open(ctx, v.spec.Repo)
	return makers, err
}

// try runs one attempt and records it. next is what a maker should be told before
// another try; it is empty when another would not help. The error is the queue's.
func (v *variant) try(ctx context.Context, makers []maker.Maker, try int, report string) (out agent.Outcome, next string, err error) {
	started := time.Now().UTC()
	out, next, rejection := v.make(ctx, makers, try, report)
	if out.Verdict.HasCommit() {
		next = v.prove(ctx, &out)
	}
	if ctx.Err() != nil {
		return out, "", nil
	}
	done := agent.Attempt{Try: try, Maker: out.Maker, Verdict: out.Verdict, Report: next, Started: started, Ended: time.Now().UTC(), Rejection: rejection}
	err = insist(ctx, v.log, func(ctx context.Context) error { return v.cfg.Queue.Attempt(ctx, v.hold.lease, done) })
	v.hold.end(err)
	return out, next, err
}

// make asks the makers in order for a change until one gives an answer, and turns
// the answer into a commit.
func (v *variant) make(ctx context.Context, makers []maker.Maker, try int, report string) (out agent.Outcome, next string, rejection *agent.Rejection) {
	for _, m := range makers {
		v.step(ctx, "making the patch with %s", m.Name())
		var err error
		out, err = v.ask(ctx, m, try, report)
		if err == nil {
			v.step(ctx, "committed %.12s: %s", out.Commit, sizeOf(out.Stat))
			return out, "", nil
		}
		out, next = v.refusal(err)
		out.Maker = m.Name()
		v.step(ctx, "%s: %s", out.Verdict, out.Reason)
		if rejection = v.reject(ctx, err); out.Verdict != agent.Failed {
			break
		}
	}
	return out, next, rejection
}

// ask has one maker make its change and commits it under the variant's ref.
func (v *variant) ask(ctx context.Context, m maker.Maker, try int, report string) (agent.Outcome, error) {
	req := maker.Request{Spec: v.spec, Variant: v.hold.lease.Variant, Try: try, Report: report,
		Log: func(text string) { v.hold.record(ctx, agent.EventOutput, text) }}
	change := repo.Change{Base: v.spec.Base, Message: v.message(), Author: v.spec.Author, Ref: refName(v.ref())}
	var res repo.Result
	var err error
	if m.Edits() {
		res, err = v.edit(ctx, m, req, change)
	} else {
		res, err = v.write(ctx, m, req, change)
	}
	if err != nil {
		return agent.Outcome{}, err
	}
	return agent.Outcome{Verdict: agent.Unverified, Maker: m.Name(), Commit: res.Commit, Stat: res.Stat}, nil
}

// edit lets a maker work in a check-out of the base and commits what it changed.
func (v *variant) edit(ctx context.Context, m maker.Maker, req maker.Request, change repo.Change) (repo.Result, error) {
	tree, err := v.repo.Checkout(ctx, v.spec.Base)
	if err != nil {
		return repo.Result{}, err
	}
	defer v.giveBack(tree)
	req.Dir, req.Hold = tree.Dir, tree.Lock()
	if _, err := m.Make(ctx, req); err != nil {
		return repo.Result{}, err
	}
	res, err := tree.Commit(ctx, change)
	if err != nil || len(v.spec.Limits.Paths) == 0 {
		return res, err
	}
	paths, err := v.repo.Changed(ctx, v.spec.Base, res.Commit)
	if err == nil {
		err = v.allow(slices.Values(paths))
	}
	if err != nil {
		return repo.Result{}, errors.Join(err, v.repo.Drop(ctx, change.Ref))
	}
	return res, nil
}

// write applies a maker's text to the base, without any check-out.
func (v *variant) write(ctx context.Context, m maker.Maker, req maker.Request, change repo.Change) (repo.Result, error) {
	base, err := v.repo.Snapshot(ctx, v.spec.Base)
	if err != nil {
		return repo.Result{}, err
	}
	req.Tree = base
	answer, err := m.Make(ctx, req)
	if err != nil {
		return repo.Result{}, err
	}
	applied, err := patch.Apply(answer.Patch, base, patch.Options{})
	if err != nil {
		return repo.Result{}, err
	}
	for _, f := range applied.Files {
		for _, m := range f.Moved {
			v.step(ctx, "%s: hunk %d applied %+d lines from where it says", f.Path, m.Hunk, m.Lines)
		}
		for _, p := range f.Placed {
			if p.Tier > patch.TierExact {
				v.step(ctx, "%s: hunk %d does not match byte for byte, but at the tier %s", f.Path, p.Hunk, p.Tier)
			}
		}
	}
	change.Writes = applied.Writes
	err = v.allow(func(yield func(string) bool) {
		for _, w := range change.Writes {
			if !yield(w.Path) {
				return
			}
		}
	})
	if err != nil {
		return repo.Result{}, err
	}
	return v.repo.Commit(ctx, change)
}

// allow refuses a change to a path that the Spec's limits do not name.
func (v *variant) allow(paths iter.Seq[string]) error {
	for p := range paths {
		if !v.spec.Limits.Allows(p) {
			return &maker.Error{Verdict: agent.Refused, Reason: fmt.Sprintf("the patch touches %s, which is outside its path limit", p)}
		}
	}
	return nil
}

func (v *variant) giveBack(tree *repo.Checkout) {
	if err := tree.Close(); err != nil {
		v.log.Warn("work tree not given back", "dir", tree.Dir, "err", err)
	}
}

// refusal says how a try ended that made no commit, and what to tell the maker.
func (v *variant) refusal(err error) (out agent.Outcome, next string) {
	if bad, ok := errors.AsType[*maker.Error](err); ok {
		return agent.Outcome{Verdict: bad.Verdict, Reason: bad.Reason}, ""
	}
	if bad, ok := errors.AsType[*patch.Error](err); ok {
		return agent.Outcome{Verdict: VerdictOf(bad), Reason: bad.Error()}, bad.Report()
	}
	if errors.Is(err, repo.ErrNoChange) {
		return agent.Outcome{Verdict: agent.NoPatch, Reason: "nothing differs from the base"}, "The answer changes nothing."
	}
	return failed(err), ""
}

// failed is the outcome of an error, with its hint: a person reads it later, when
// nobody can be asked.
func failed(err error) agent.Outcome {
	if err == nil {
		return agent.Outcome{}
	}
	reason := err.Error()
	if hint := agent.HintOf(err); hint != "" {
		reason += " (" + hint + ")"
	}
	return agent.Outcome{Verdict: agent.Failed, Reason: reason}
}
