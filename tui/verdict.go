package tui

import (
	"fmt"
	"io"
	"strings"
	"time"

	"codeagent.dev/agent"
)

// Explain says in plain words what a verdict means.
func Explain(v agent.Verdict) string {
	switch v {
	case agent.Verified:
		return "every check passed on exactly this commit"
	case agent.Unverified:
		return "no check was run, so nothing is proved"
	case agent.ChecksFailed:
		return "there is a commit, but not every check passes on it"
	case agent.Conflict:
		return "the patch does not apply to the base"
	case agent.NoPatch:
		return "nothing was changed"
	case agent.Refused:
		return "the patch asks for what is not allowed"
	case agent.NeedsInput:
		return "the maker asks a question"
	case agent.NeedsApproval:
		return "a limit was reached; you decide how to go on"
	case agent.Canceled:
		return "it was canceled"
	case agent.Failed:
		return "something broke on the way"
	}
	return ""
}

// Size says how large a change is: "2 files +10 -3".
func Size(st agent.Stat) string {
	return fmt.Sprintf("%s +%d -%d", Count(st.Files, "file"), st.Added, st.Removed)
}

// Short returns the start of a commit id, as long as git shows it.
func Short(commit string) string {
	if len(commit) > 10 {
		return commit[:10]
	}
	return commit
}

// Checks sums up the checks of a variant in one cell: "2 fixed, 3 passed".
func Checks(checks []agent.CheckResult) string {
	if len(checks) == 0 {
		return "none"
	}
	counts := map[agent.CheckOutcome]int{}
	for _, c := range checks {
		counts[c.Outcome]++
	}
	var parts []string
	for _, kind := range []struct {
		outcome agent.CheckOutcome
		word    string
	}{
		{agent.CheckBroke, "failed"}, {agent.CheckNotRun, "not run"}, {agent.CheckAlready, "already failing"},
		{agent.CheckFixed, "fixed"}, {agent.CheckPassed, "passed"},
	} {
		if n := counts[kind.outcome]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, kind.word))
		}
	}
	return strings.Join(parts, ", ")
}

const whyWidth = 40 // cells that a reason needs beside the table; else it goes below

// WriteVerdicts writes the table that compares results: one row a variant, best
// first in each job, the proposed one (or the picked one) marked. Reasons stand in
// the last column, or below the table where width (0: no limit) leaves no room.
func WriteVerdicts(w io.Writer, s Style, width int, now time.Time, jobs ...agent.Job) error {
	t := verdicts(s, now, jobs...)
	last := len(t.Head) - 1
	if width <= 0 || width-t.before(last) >= whyWidth {
		return t.Write(w, s, width)
	}
	var below strings.Builder
	t.Head = t.Head[:last]
	for i, row := range t.Rows {
		t.Rows[i] = row[:last]
		if row[1] != "" {
			below.WriteString(row[1] + ": " + row[last] + "\n")
		}
	}
	if err := t.Write(w, s, width); err != nil {
		return err
	}
	_, err := io.WriteString(w, below.String())
	return err
}

func verdicts(s Style, now time.Time, jobs ...agent.Job) *Table {
	t := &Table{Head: []string{"", "RESULT", "VERDICT", "CHECKS", "CHANGE", "TOOK", "WHY"}}
	for _, job := range jobs {
		for _, n := range agent.Rank(job.Variants) {
			v := job.Variants[n-1]
			ref := agent.Ref{Job: job.ID, Variant: n}.String()
			change, checks := "–", "–"
			if v.Commit != "" {
				change, checks = Size(v.Stat), Checks(v.Checks)
			}
			t.Add(mark(s, job, n), ref, s.Standing(v.State, v.Verdict), checks, change, elapsed(v, now), why(job, v))
		}
	}
	return t
}

func mark(s Style, job agent.Job, n int) string {
	switch {
	case job.Picked == n:
		return s.Bold("* picked")
	case job.Picked == 0 && job.Proposed == n:
		return s.Bold("> proposed")
	}
	return ""
}

func elapsed(v agent.Variant, now time.Time) string {
	switch {
	case v.Started.IsZero():
		return "–"
	case v.State == agent.Running:
		return Took(now.Sub(v.Started))
	}
	return Took(v.Ended.Sub(v.Started))
}

// why is the reason of a variant, or the title of its job when all is well.
func why(job agent.Job, v agent.Variant) string {
	switch {
	case v.SameAs > 0:
		return "the same change as " + agent.Ref{Job: job.ID, Variant: v.SameAs}.String()
	case v.Reason != "":
		return Line(v.Reason)
	case v.Verdict == agent.Unverified:
		return "no check was run · " + Line(job.Spec.Title)
	}
	return Line(job.Spec.Title)
}
