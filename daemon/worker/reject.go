package worker

import (
	"context"
	"errors"
	"strings"

	"codeagent.dev/agent"
	"codeagent.dev/agent/patch"
)

// Bounds of what a rejection shows of a hunk, because it is kept with the job.
const (
	maxRejected     = 60  // lines
	maxRejectedLine = 400 // bytes of one
	aboveDifference = 20  // lines before the first difference
)

// VerdictOf is the verdict on a text that was refused for this reason.
func VerdictOf(err *patch.Error) agent.Verdict {
	switch err.Kind {
	case patch.Empty, patch.Malformed, patch.AlreadyApplied:
		return agent.NoPatch
	case patch.Conflict, patch.Exists, patch.Missing:
		return agent.Conflict
	}
	return agent.Refused
}

// Reject is a refusal of the patch library as the domain knows it.
func Reject(err *patch.Error) *agent.Rejection {
	from := max(0, err.First-aboveDifference)
	r := &agent.Rejection{
		Kind: string(err.Kind), Path: valid(err.Path), Hunk: err.Hunk, Line: err.Line, Reason: valid(err.Reason),
		Expected: excerpt(err.Wanted, from), Found: excerpt(err.Found, from), Similarity: err.Alike, Places: err.Places,
	}
	if err.At > 0 {
		r.At = err.At + from
	}
	if err.First >= 0 {
		r.Differs = err.First - from + 1
	}
	return r
}

// reject tells people why a maker's patch was not applied; nil if that is not the reason.
func (v *variant) reject(ctx context.Context, err error) *agent.Rejection {
	bad, ok := errors.AsType[*patch.Error](err)
	if !ok {
		return nil
	}
	v.hold.record(ctx, agent.EventReport, bad.Report())
	return Reject(bad)
}

// excerpt cuts lines to what is kept of them.
func excerpt(lines []string, from int) []string {
	if from >= len(lines) {
		return nil
	}
	lines = lines[from:min(len(lines), from+maxRejected)]
	cut := make([]string, len(lines))
	for i, line := range lines {
		if len(line) > maxRejectedLine {
			line = line[:maxRejectedLine] + "…"
		}
		cut[i] = valid(line)
	}
	return cut
}

func valid(text string) string { return strings.ToValidUTF8(text, "�") }
