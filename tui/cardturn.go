package tui

import (
	"fmt"
	"strings"
	"time"

	"codeagent.dev/agent"
)

// cardBase says what the job starts from.
func cardBase(job agent.Job) string {
	if job.Start != "" && job.Start != job.Spec.Base {
		return Short(job.Start) + ", the result of a job it comes after"
	}
	return Short(job.Spec.Base)
}

func cardAfter(job agent.Job) string {
	var ids []string
	for _, id := range job.Spec.After {
		ids = append(ids, "job "+id.String())
	}
	return strings.Join(ids, ", ")
}

// cardTurn says what about the job's turn is not as usual.
func cardTurn(job agent.Job, now time.Time) string {
	var parts []string
	if job.Spec.Priority != 0 {
		parts = append(parts, fmt.Sprintf("priority %d", job.Spec.Priority))
	}
	if job.Spec.Group != "" {
		parts = append(parts, "group "+Line(job.Spec.Group))
	}
	if job.Spec.NotBefore.After(now) {
		parts = append(parts, "not before "+Clock(job.Spec.NotBefore, now))
	}
	return strings.Join(parts, ", ")
}
