package main

import (
	"context"
	"fmt"

	"codeagent.dev/agent"
	"codeagent.dev/agent/repo"
	"codeagent.dev/agent/tui"
)

// result is one variant that can be delivered, and its repository.
type result struct {
	job     agent.Job
	variant agent.Variant
	repo    *repo.Repo
}

// Ref names the variant, as people type it.
func (r result) Ref() agent.Ref { return agent.Ref{Job: r.job.ID, Variant: r.variant.Number} }

// openResult finds the variant that ref means and opens the repository its job
// came from.
func (a *app) openResult(ctx context.Context, jobs agent.Jobs, ref agent.Ref) (result, error) {
	job, err := jobs.Job(ctx, ref.Job)
	if err != nil {
		return result{}, err
	}
	v, err := chosen(job, ref)
	if err != nil {
		return result{}, err
	}
	set, err := a.repos()
	if err != nil {
		return result{}, err
	}
	r, err := set.Open(ctx, job.Spec.Repo)
	if err != nil {
		return result{}, err
	}
	return result{job, v, r}, nil
}

// chosen is the variant that ref means: the named one, else the picked one, else
// the proposed one. It must have a commit.
func chosen(job agent.Job, ref agent.Ref) (agent.Variant, error) {
	if err := hasVariant(job, ref); err != nil {
		return agent.Variant{}, err
	}
	number := ref.Variant
	if number == 0 {
		number = job.Chosen()
	}
	if number == 0 && job.State != agent.Done {
		return agent.Variant{}, agent.Errorf(agent.WrongState, "job %s is %s", job.ID, job.State).
			WithHint(fmt.Sprintf("agent wait %s", job.ID))
	}
	if number == 0 {
		return agent.Variant{}, noCommit("job "+job.ID.String(), job.Verdict, job.Reason, job.ID)
	}
	v := job.Variants[number-1]
	if v.Commit == "" {
		if v.State != agent.Done {
			return v, agent.Errorf(agent.WrongState, "%s/%d is %s", job.ID, number, v.State).WithHint(fmt.Sprintf("agent wait %s", job.ID))
		}
		return v, noCommit(fmt.Sprintf("%s/%d", job.ID, number), v.Verdict, v.Reason, job.ID)
	}
	return v, nil
}

func noCommit(what string, v agent.Verdict, reason string, id agent.ID) error {
	text := fmt.Sprintf("%s has no result: %s", what, tui.Words(v))
	if reason != "" {
		text += ": " + tui.Line(reason)
	}
	hint := "agent show " + id.String()
	switch v {
	case agent.NeedsApproval:
		hint = "agent approve " + id.String()
	case agent.NeedsInput:
		hint = "agent revise " + id.String() + ` "…"`
	}
	return &unfit{v, agent.Errorf(agent.WrongState, "%s", text).WithHint(hint)}
}
