package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/tui"
)

// The ways a result can be delivered, as agent.Delivery.How has them.
const (
	howApply  = "apply"
	howBranch = "branch"
)

// deliveryDoc is what apply, branch and undo print as JSON.
type deliveryDoc struct {
	header
	Job      agent.ID       `json:"job"`
	Verdict  agent.Verdict  `json:"verdict"`
	Delivery agent.Delivery `json:"delivery"`
	Check    bool           `json:"check,omitempty"` // nothing was delivered, only tried
	Files    []fileDone     `json:"files,omitempty"` // of an apply
}

// fileDone is what became of one file.
type fileDone struct {
	Path string `json:"path"`
	Op   string `json:"op"`  // add, modify, delete
	How  string `json:"how"` // written, merged, already
}

// newDelivery names a delivery. Two at the same moment must not share a name, nor may
// one that was never recorded lend its own to the next, so it is drawn by lot.
func newDelivery(r result, how, where string, now time.Time) agent.Delivery {
	id := strconv.FormatUint(uint64(rand.Uint32()), 10)
	return agent.Delivery{
		ID: id, Variant: r.variant.Number, How: how, Where: where,
		Commit: r.variant.Commit, At: now.UTC(),
	}
}

// recordID is how repo knows the delivery.
func recordID(job agent.ID, d agent.Delivery) string { return job.String() + "-" + d.ID }

// mayDeliver refuses a result whose checks fail unless its variant was named: then
// a person has seen the verdict and chosen all the same.
func mayDeliver(r result, ref agent.Ref) error {
	if r.variant.Verdict == agent.NeedsApproval {
		err := agent.Errorf(agent.WrongState, "%s needs approval: %s", r.Ref(), tui.Line(r.variant.Reason)).WithHint("agent approve " + r.Ref().String())
		return &unfit{agent.NeedsApproval, err}
	}
	if r.variant.Verdict != agent.ChecksFailed || ref.Variant != 0 || r.job.Picked == r.variant.Number {
		return nil
	}
	err := agent.Errorf(agent.WrongState, "%s failed its checks: %s", r.Ref(), tui.Checks(r.variant.Checks)).
		WithHint(fmt.Sprintf("look at it with `agent show %s`; name the variant to take it all the same: %s", r.job.ID, r.Ref()))
	return &unfit{agent.ChecksFailed, err}
}

// unfit is the error when a verdict forbids what was asked for; the verdict decides
// the exit status.
type unfit struct {
	verdict agent.Verdict
	err     error
}

func (e *unfit) Error() string { return e.err.Error() }

func (e *unfit) Unwrap() error { return e.err }

// record notes a delivery that was made with the job. When it cannot be noted the
// delivery is taken back, so that no result lies in a tree without a record.
func (a *app) record(ctx context.Context, jobs agent.Jobs, r result, d agent.Delivery) error {
	ctx = context.WithoutCancel(ctx) // made already: an interrupt must not lose the record
	if r.job.Picked != r.variant.Number && len(r.job.Variants) > 1 {
		if _, err := jobs.Change(ctx, r.job.ID, agent.Change{Op: agent.OpPick, Variant: r.variant.Number, By: a.user()}); err != nil {
			return a.takeBack(ctx, r, d, err)
		}
	}
	if _, err := jobs.Change(ctx, r.job.ID, agent.Change{Op: agent.OpDeliver, Delivery: &d, By: a.user()}); err != nil {
		return a.takeBack(ctx, r, d, err)
	}
	return nil
}

func (a *app) takeBack(ctx context.Context, r result, d agent.Delivery, cause error) error {
	if err := r.repo.Undo(ctx, recordID(r.job.ID, d)); err != nil {
		return fmt.Errorf("%s was delivered, but it could not be recorded (%w) nor taken back: %w", r.Ref(), cause, err)
	}
	return fmt.Errorf("%s was taken back because it could not be recorded: %w", r.Ref(), cause)
}

// doubts says on stderr what the verdict leaves open.
func (a *app) doubts(v agent.Variant) {
	if v.Verdict != agent.Verified {
		a.say("%s: %s", tui.Words(v.Verdict), tui.Explain(v.Verdict))
	}
}
