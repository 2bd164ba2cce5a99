package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"

	"codeagent.dev/agent"
	"codeagent.dev/agent/brief"
	"codeagent.dev/agent/maker"
	"codeagent.dev/agent/repo"
)

// variant is one variant on its way through the steps. Its methods are the steps.
type variant struct {
	*Worker
	hold *hold
	spec agent.Spec
	repo *repo.Repo
	log  *slog.Logger

	makers []maker.Maker
	at     int             // index of the maker that is asked first
	from   string          // the commit that the next try goes on from: the base, or a result
	last   string          // the commit that the variant's reference holds
	like   *brief.Manifest // what the makers are to be shown, if not what fits the words
	seen   difference      // of the result that was looked at last
	hybrid string          // a commit of the result with the base's version of the tests
	talk   talk
	used   agent.Usage
}

// talk is a maker's conversation.
type talk struct {
	past  *maker.Prompt // what was sent last; nil: nothing was
	said  string        // what was answered
	heard string        // what is to be said next
}

// fillLimits puts the worker's limits where the Spec leaves them open.
func (v *variant) fillLimits() {
	l := &v.spec.Limits
	setDefault(&l.Make, v.cfg.Limits.Make)
	setDefault(&l.Check, v.cfg.Limits.Check)
	setDefault(&l.Output, v.cfg.Limits.Output)
	setDefault(&l.Idle, v.cfg.Limits.Idle)
}

func (v *variant) ref() agent.Ref {
	return agent.Ref{Job: v.hold.lease.Job.ID, Variant: v.hold.lease.Variant}
}

// self is the variant as it was when it was claimed.
func (v *variant) self() agent.Variant {
	return v.hold.lease.Job.Variants[v.hold.lease.Variant-1]
}

// step tells people what begins now.
func (v *variant) step(ctx context.Context, format string, args ...any) {
	v.hold.record(ctx, agent.EventStep, fmt.Sprintf(format, args...))
}

// run makes, commits and proves, as often as Tries allows, and returns the best of it.
// Each try goes on from what the one before made.
func (v *variant) run(ctx context.Context) agent.Outcome {
	if err := v.open(ctx); err != nil {
		return v.end(ctx, failed(err))
	}
	var best agent.Outcome
	for try := 1; try <= v.spec.Tries; try++ {
		if spent := v.overspent(agent.Usage{}); spent != "" {
			if best.Commit == "" {
				best = agent.Outcome{Verdict: agent.NeedsApproval, Reason: spent, Maker: best.Maker, Said: best.Said}
			} else {
				best.Reason += "; no further try: " + spent
			}
			v.step(ctx, "no further try: %s", spent)
			break
		}
		out, again, err := v.try(ctx, try)
		if errors.Is(err, errPostponed) {
			return agent.Outcome{}
		}
		if err != nil || ctx.Err() != nil {
			return v.end(ctx, failed(err))
		}
		best = better(best, out)
		if again == "" {
			break
		}
		v.talk.heard = v.hear(ctx, out, again)
	}
	return v.end(ctx, v.settle(ctx, best))
}

// hear words what was wrong with a try for the maker.
func (v *variant) hear(ctx context.Context, out agent.Outcome, wrong string) string {
	if out.Commit == "" {
		return wrong + "\n\nWrite all of the edits again.\n"
	}
	return "Your edits were applied, and then this failed:\n\n" + wrong + "\n" + v.now(ctx) + "Write what has to change further.\n"
}

// end is the outcome, or none when the steps were cut short from outside.
func (v *variant) end(ctx context.Context, out agent.Outcome) agent.Outcome {
	if ctx.Err() != nil {
		return agent.Outcome{Usage: v.used}
	}
	out.Usage = v.used
	return out
}

// better is the outcome to keep of two tries, the second the later one. A try that
// yields no commit does not take away the commit of an earlier one.
func better(earlier, later agent.Outcome) agent.Outcome {
	if earlier.Commit == "" {
		return later
	}
	as := func(o agent.Outcome) agent.Variant {
		return agent.Variant{Number: 2, State: agent.Done, Verdict: o.Verdict, Checks: o.Checks, Tests: o.Tests}
	}
	pair := []agent.Variant{as(later), as(earlier)}
	pair[0].Number = 1 // of equal ones the later
	if agent.Rank(pair)[0] == 1 {
		return later
	}
	return earlier
}

// open finds the repository, the makers and what the variant goes on from, before
// anything is started.
func (v *variant) open(ctx context.Context) (err error) {
	if v.makers, err = v.cfg.Makers.For(v.spec, v.hold.lease.Variant); err != nil {
		return err
	}
	if v.repo, err = v.cfg.Repos.Open(ctx, v.spec.Repo); err != nil {
		return err
	}
	v.from = cmp.Or(v.spec.From, v.spec.Base)
	return v.resume(ctx)
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
