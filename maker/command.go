package maker

import (
	"context"
	"strconv"
	"strings"

	"codeagent.dev/agent"
	"codeagent.dev/agent/proc"
)

// command runs Spec.Text in the check-out. Beside Spec.Env it sees AGENT_VARIANT and
// AGENT_TRY, by which the variants of one job can differ.
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
		return Answer{}, ctx.Err()
	}
	reason := "the command ended with " + res.Why
	if last := lastLine(string(res.Tail)); last != "" {
		reason += ": " + last
	}
	return Answer{}, &Error{Verdict: agent.Failed, Reason: reason}
}

// maxLast bounds the bytes of output that a one-line reason repeats.
const maxLast = 200

// lastLine returns the last line that is not blank, cut to what a reason can hold.
func lastLine(text string) string {
	text = strings.TrimSpace(strings.ToValidUTF8(text, "\uFFFD"))
	text = strings.TrimSpace(text[strings.LastIndexByte(text, '\n')+1:])
	if len(text) > maxLast {
		text = strings.ToValidUTF8(text[:maxLast], "") + "…"
	}
	return text
}
