package spool

import (
	"context"
	"maps"
	"slices"

	"codeagent.dev/agent"
	"codeagent.dev/agent/config"
	"codeagent.dev/agent/repo"
)

// takeEvent makes the jobs of one event. An error is for another try; what is final
// stands in the outcome.
func (t *Taker) takeEvent(ctx context.Context, common string, r *repo.Repo, ev event) (Outcome, error) {
	specs, skipped, err := t.asked(ctx, common, r, ev)
	if err != nil {
		out := ev.problem(err)
		if final(err) {
			return out, nil
		}
		return out, err
	}
	out := ev.outcome()
	out.Skipped = skipped
	for _, spec := range specs {
		t.step("submitting")
		job, err := t.Submit(ctx, spec)
		switch {
		case err == nil:
			if !slices.Contains(out.Jobs, job.ID) {
				out.Jobs = append(out.Jobs, job.ID)
			}
		case final(err):
			out.Problem, out.Hint = err.Error(), agent.HintOf(err)
		default:
			out.Problem = err.Error()
			return out, err
		}
	}
	if len(specs) > 0 {
		t.Log.Info("a git hook asked", "hook", ev.hook, "commit", ev.commit, "repository", r.Root(), "jobs", out.Jobs, "problem", out.Problem)
	}
	return out, nil
}

// asked are the specs of an event, with their keys and environments.
func (t *Taker) asked(ctx context.Context, common string, r *repo.Repo, ev event) ([]agent.Spec, string, error) {
	l := &look{event: ev, repo: r}
	var err error
	if l.about, err = r.About(ctx, ev.commit); err != nil {
		return nil, "", err
	}
	file, err := t.Rules(ctx, r, ev.commit)
	if err != nil {
		return nil, "", err
	}
	l.rules = file.Hooks
	l.common = common
	specs, skipped, err := l.specs(ctx)
	if err != nil {
		return nil, "", err
	}
	env := t.Env()
	for i := range specs {
		own := specs[i].Env
		specs[i].Env = maps.Clone(env)
		maps.Copy(specs[i].Env, own)
	}
	return specs, skipped, nil
}

// rebase are the jobs at the end of a rebase: those of post-rewrite, and of post-commit,
// which was silent while it went on, one for the last commit instead of one for each;
// unless an entry asks for each.
func (l *look) rebase(ctx context.Context) (specs []agent.Spec, err error) {
	if len(l.rules[postRewrite])+len(l.rules[postCommit]) == 0 {
		return nil, nil
	}
	commits, err := l.rewritten(ctx)
	if err != nil {
		return nil, err
	}
	var all []string
	var each []*look
	for _, id := range commits {
		one := &look{event: l.event, repo: l.repo, rules: l.rules, common: l.common}
		one.commit, one.from = id, ""
		if one.about, err = l.repo.About(ctx, id); err != nil {
			return nil, err
		}
		if one.changed, err = one.files(ctx); err != nil {
			return nil, err
		}
		all, each = append(all, one.changed...), append(each, one)
	}
	slices.Sort(all)
	l.changed = slices.Compact(all)
	specs = l.ruleSpecs(postRewrite, func(config.HookRule) bool { return true })
	specs = append(specs, l.ruleSpecs(postCommit, func(r config.HookRule) bool { return !r.Each })...)
	for _, one := range each {
		if _, ours := trailers(one.about.Message, jobTrailer); !ours {
			specs = append(specs, one.ruleSpecs(postCommit, func(r config.HookRule) bool { return r.Each })...)
		}
	}
	return specs, nil
}
