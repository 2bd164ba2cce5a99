package worker

import (
	"context"
	"fmt"
	"strings"

	"codeagent.dev/agent"
)

// overspent says which limit of a variant's cost is reached, with the numbers; "": none.
// more is what the try under way has used.
func (v *variant) overspent(more agent.Usage) string {
	l, u := v.spec.Limits, v.used.Add(more)
	switch {
	case l.Tokens > 0 && u.Tokens() >= l.Tokens:
		return fmt.Sprintf("%d tokens used, %d allowed", u.Tokens(), l.Tokens)
	case l.MicroUSD > 0 && u.MicroUSD >= l.MicroUSD:
		return fmt.Sprintf("$%.4f used, $%.4f allowed", float64(u.MicroUSD)/1e6, float64(l.MicroUSD)/1e6)
	}
	return ""
}

// oversized says by how much a result is larger than a person wants to get unasked.
func (v *variant) oversized(s agent.Stat) string {
	var over []string
	if l := v.spec.Limits.Files; l > 0 && s.Files > l {
		over = append(over, fmt.Sprintf("%d files changed, %d allowed", s.Files, l))
	}
	if l := v.spec.Limits.Lines; l > 0 && s.Added+s.Removed > l {
		over = append(over, fmt.Sprintf("%d lines changed, %d allowed", s.Added+s.Removed, l))
	}
	return strings.Join(over, "; ")
}

// settle makes the best outcome the variant's: its commit is what the reference holds,
// and one beyond a limit waits for approval.
func (v *variant) settle(ctx context.Context, best agent.Outcome) agent.Outcome {
	if best.Commit == "" {
		return best
	}
	if best.Commit != v.last {
		if err := v.repo.Pin(ctx, refName(v.ref()), best.Commit); err != nil {
			return failed(err)
		}
	}
	if len(v.hold.lease.Job.Variants) > 1 || v.spec.Kind == agent.Prompt {
		best.Print = v.print(ctx, best.Commit)
	}
	if over := v.oversized(best.Stat); over != "" && !v.self().Approved && best.Verdict.HasCommit() {
		best.Earned, best.Verdict = best.Verdict, agent.NeedsApproval
		if best.Reason != "" {
			over += "; " + best.Reason
		}
		best.Reason = over
	}
	return best
}
