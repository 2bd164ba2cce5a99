package maker

import (
	"context"
	"strconv"

	"codeagent.dev/agent"
	"codeagent.dev/agent/proc"
)

// command runs Spec.Text in the check-out, in the environment that proc.Env makes of
// Spec.Env, and without stdin. Beside that it sees AGENT_VARIANT and AGENT_TRY, both
// numbers from 1, by which the variants of one job and the tries of one variant can
// differ.
type command struct{}

func (command) Name() string { return "command" }
func (command) Edits() bool  { return true }

func (command) Make(ctx context.Context, req Request) (Answer, error) {
	lines := proc.NewLines(req.Log)
	defer lines.Close()
	limits := req.Spec.Limits
	res, err := proc.Run(ctx, proc.Cmd{
		Shell: req.Spec.Text, Dir: req.Dir, Hold: req.Hold, Time: limits.Make.Std(), Output: limits.Output, Sink: lines.Write,
		Env: proc.Env(req.Spec.Env, "AGENT_VARIANT="+strconv.Itoa(req.Variant), "AGENT_TRY="+strconv.Itoa(req.Try)),
	})
	switch {
	case err != nil:
		return Answer{}, err
	case res.OK():
		return Answer{}, nil
	case res.Reason == proc.Canceled:
		return Answer{}, canceled(res.Why)
	}
	reason := res.Why
	if last := proc.OneLine(proc.LastLine(string(res.Tail)), maxLast); last != "" {
		reason += ": " + last
	}
	return Answer{}, &Error{Verdict: agent.Failed, Reason: reason}
}

// maxLast bounds the bytes of output that a one-line reason repeats.
const maxLast = 200
