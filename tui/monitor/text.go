package monitor

import (
	"fmt"
	"strings"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/tui"
)

// summary is what became of a job, as `agent show` says it.
func summary(c paint, job *agent.Job, variant, width int, now time.Time) lines {
	var b strings.Builder
	if err := tui.Summary(&b, c.Style, *job, variant, width, now); err != nil {
		return lines{err.Error()}
	}
	return wrapped(asLines(b.String()), width)
}

// checksText is every check of a variant with its output, and what single tests say.
func checksText(c paint, job *agent.Job, v *agent.Variant, width int) lines {
	var b strings.Builder
	switch {
	case v.State != agent.Done && len(job.Spec.Checks) > 0:
		b.WriteString("the checks run on the result once there is one:\n")
		for _, check := range job.Spec.Checks {
			b.WriteString("  " + tui.Line(check.Name) + "  " + c.Dim(tui.Line(check.Run)) + "\n")
		}
	case len(v.Checks) == 0:
		b.WriteString(c.Dim("no check was run") + "\n")
	}
	for _, check := range v.Checks {
		fmt.Fprintf(&b, "%s  %s  %s", c.Check(check.Outcome), c.Bold(tui.Line(check.Name)), c.Dim(tui.Took(check.Took.Std())))
		if check.Reason != "" {
			b.WriteString("  " + tui.Line(check.Reason))
		}
		b.WriteByte('\n')
		if run := commandOf(job, check.Name); run != "" {
			b.WriteString("  " + c.Dim("$ "+run) + "\n")
		}
		for line := range strings.SplitSeq(strings.TrimRight(tui.Clean(check.Tail), "\n"), "\n") {
			if line != "" || check.Tail != "" {
				b.WriteString("  " + c.Dim("| ") + line + "\n")
			}
		}
	}
	if v.Tests != nil {
		b.WriteByte('\n')
		tui.WriteTests(&b, c.Style, v.Tests)
	}
	return wrapped(asLines(b.String()), width)
}

func commandOf(job *agent.Job, name string) string {
	for _, c := range job.Spec.Checks {
		if c.Name == name && c.Run != name {
			return tui.Line(c.Run)
		}
	}
	return ""
}

// promptText is what was asked for, and each time that a maker was asked.
func promptText(c paint, job *agent.Job, v *agent.Variant, turns []agent.Turn, width int) lines {
	var b strings.Builder
	section(&b, c, "asked for ("+string(job.Spec.Kind)+")")
	b.WriteString(bounded(job.Spec.Text))
	if v.Remark != "" {
		section(&b, c, fmt.Sprintf("goes on from /%d with", v.Revises))
		b.WriteString(bounded(v.Remark))
	}
	for i, t := range turns {
		verdict := ""
		if t.Verdict != "" {
			verdict = ": " + tui.Words(t.Verdict)
		}
		section(&b, c, fmt.Sprintf("turn %d, sent to the maker%s", i+1, verdict))
		b.WriteString(bounded(t.Prompt))
		if t.Answer != "" {
			section(&b, c, fmt.Sprintf("turn %d, its answer", i+1))
			b.WriteString(bounded(t.Answer))
		}
	}
	return wrapped(asLines(b.String()), width)
}

// maxSection is how much of one text the screen holds; a job's can be 64 MiB long.
const maxSection = 512 << 10

// bounded is a text that is safe to print, cut where it is too long to be read.
func bounded(text string) string {
	more := ""
	if len(text) > maxSection {
		more = fmt.Sprintf("\n… %s more", tui.Bytes(int64(len(text)-maxSection)))
		text = text[:maxSection]
	}
	return strings.TrimRight(tui.Clean(text), "\n") + more + "\n"
}

func section(b *strings.Builder, c paint, title string) {
	if b.Len() > 0 {
		b.WriteByte('\n')
	}
	b.WriteString(c.Hunk("── "+title+" ──") + "\n")
}

// attemptsText is each try of a variant's maker.
func attemptsText(c paint, v *agent.Variant, width int) lines {
	var b strings.Builder
	if len(v.Attempts) == 0 {
		b.WriteString(c.Dim("no try has ended yet") + "\n")
	}
	for i, a := range v.Attempts {
		if i > 0 {
			b.WriteByte('\n')
		}
		parts := []string{c.Bold("try " + itoa(a.Try)), c.Verdict(a.Verdict), tui.Took(a.Ended.Sub(a.Started))}
		if a.Maker != "" {
			parts = append(parts, "by "+tui.Line(a.Maker))
		}
		if a.Format != "" {
			parts = append(parts, "as "+tui.Line(a.Format))
		}
		b.WriteString(strings.Join(parts, "  ") + "\n")
		if a.Usage.Requests > 0 {
			b.WriteString("  " + c.Dim(tui.UsageLine(a.Usage)) + "\n")
		}
		if a.Rejection != nil {
			b.WriteString("  " + tui.Line(a.Rejection.Reason) + "\n")
			tui.WriteRejection(&b, c.Style, a.Rejection)
		} else if a.Report != "" {
			for line := range strings.SplitSeq(strings.TrimRight(tui.Clean(a.Report), "\n"), "\n") {
				b.WriteString("  " + line + "\n")
			}
		}
	}
	return wrapped(asLines(b.String()), width)
}
