package tui

import (
	"fmt"
	"io"
	"strings"
	"time"

	"codeagent.dev/agent"
)

const (
	tailLines  = 12 // of a failed check's output on a card
	textLines  = 6  // of what was asked for
	cardIndent = "  "
)

// Card writes one job as a person reads it: what was asked for, what became of it
// and what that means, each variant with its checks, and what to do next. With a
// variant number only that variant is shown.
func Card(w io.Writer, s Style, job agent.Job, variant int, now time.Time) error {
	var b strings.Builder
	if err := Summary(&b, s, job, variant, 0, now); err != nil {
		return err
	}
	if steps := Next(job, variant); len(steps) > 0 {
		t := Table{}
		for _, step := range steps {
			t.Add(cardIndent+step.Command, s.Dim(step.Does))
		}
		b.WriteString("\n" + s.Bold("next") + "\n")
		if err := t.Write(&b, s, 0); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Summary is Card without the commands that come next, for a view that has keys
// instead. Its table is at most width cells wide where that is possible; 0: no limit.
func Summary(w io.Writer, s Style, job agent.Job, variant, width int, now time.Time) error {
	var b strings.Builder
	cardHead(&b, s, job, now)
	if job.State == agent.Done && variant == 0 && len(job.Variants) > 1 {
		b.WriteByte('\n')
		if err := WriteVerdicts(&b, s, width, now, job); err != nil {
			return err
		}
	}
	for _, n := range agent.Rank(job.Variants) {
		if variant == 0 || variant == n {
			b.WriteByte('\n')
			cardVariant(&b, s, job, job.Variants[n-1], now)
		}
	}
	cardDeliveries(&b, job, now)
	_, err := io.WriteString(w, b.String())
	return err
}

func cardHead(b *strings.Builder, s Style, job agent.Job, now time.Time) {
	fmt.Fprintf(b, "%s  %s", s.Bold("job "+job.ID.String()), s.Standing(job.State, job.Verdict))
	if means := Explain(job.Verdict); means != "" && job.State == agent.Done {
		b.WriteString(": " + means)
	}
	b.WriteByte('\n')
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(b, "%s%-11s%s\n", cardIndent, name, value)
		}
	}
	row("what", what(job.Spec))
	row("repository", Line(job.Spec.Repo))
	row("base", cardBase(job))
	row("after", cardAfter(job))
	row("waits", Waits(job.Waiting, now))
	row("turn", cardTurn(job, now))
	row("labels", Line(strings.Join(job.Spec.Labels, " ")))
	row("checks", checkNames(job.Spec))
	if len(job.Spec.Limits.Paths) > 0 {
		row("only in", Line(strings.Join(job.Spec.Limits.Paths, ", ")))
	}
	from := ""
	if job.Spec.Origin.User != "" {
		from = " by " + Line(job.Spec.Origin.User)
	}
	row("submitted", Ago(job.Created, now)+from)
	if job.State == agent.Done {
		row("took", Took(job.Ended.Sub(job.Created)))
		row("why", Line(job.Reason))
	}
}

// what shows the text that was asked for, cut to a few lines; a diff by its title.
func what(spec agent.Spec) string {
	if spec.Kind == agent.Diff || spec.Text == "" {
		return string(spec.Kind) + ": " + Line(spec.Title)
	}
	lines := strings.Split(strings.TrimSpace(Clean(spec.Text)), "\n")
	if len(lines) > textLines {
		lines = append(lines[:textLines], fmt.Sprintf("… %d more lines", len(lines)-textLines))
	}
	return string(spec.Kind) + ": " + strings.Join(lines, "\n"+strings.Repeat(" ", 13))
}

func checkNames(spec agent.Spec) string {
	switch {
	case spec.NoChecks:
		return "none (switched off), so the result will be unverified"
	case len(spec.Checks) == 0:
		return "none, so the result will be unverified"
	}
	names := make([]string, len(spec.Checks))
	for i, c := range spec.Checks {
		names[i] = Line(c.Name)
	}
	return strings.Join(names, ", ")
}

func cardVariant(b *strings.Builder, s Style, job agent.Job, v agent.Variant, now time.Time) {
	ref := agent.Ref{Job: job.ID, Variant: v.Number}.String()
	parts := []string{s.Bold(ref), s.Standing(v.State, v.Verdict)}
	if v.Commit != "" {
		parts = append(parts, "commit "+Short(v.Commit), Size(v.Stat))
	}
	if v.Maker != "" {
		parts = append(parts, "by "+Line(v.Maker))
	}
	if !v.Started.IsZero() {
		parts = append(parts, elapsed(v, now))
	}
	if m := mark(s, job, v.Number); m != "" {
		parts = append(parts, m)
	}
	b.WriteString(strings.Join(parts, gap) + "\n")
	if v.State == agent.Done {
		line := Explain(v.Verdict)
		if v.Reason != "" {
			line += ": " + Line(v.Reason)
		}
		b.WriteString(cardIndent + line + "\n")
	}
	cardSaid(b, s, v)
	if u := v.Usage; u.Requests > 0 {
		b.WriteString(cardIndent + s.Dim(UsageLine(u)) + "\n")
	}
	if len(v.Attempts) > 1 {
		fmt.Fprintf(b, "%s%d tries, the last: %s\n", cardIndent, len(v.Attempts), Words(v.Attempts[len(v.Attempts)-1].Verdict))
	}
	if n := len(v.Attempts); n > 0 && !v.Verdict.HasCommit() {
		WriteRejection(b, s, v.Attempts[n-1].Rejection)
	}
	for _, c := range v.Checks {
		cardCheck(b, s, c)
	}
	WriteTests(b, s, v.Tests)
}

// cardSaid shows whose work a variant goes on with, and the maker's own words.
func cardSaid(b *strings.Builder, s Style, v agent.Variant) {
	if v.Revises > 0 {
		fmt.Fprintf(b, "%sgoes on from /%d: %s\n", cardIndent, v.Revises, Line(clipLine(v.Remark)))
	}
	if v.SameAs > 0 {
		fmt.Fprintf(b, "%sthe same change as /%d, but for blanks and comments\n", cardIndent, v.SameAs)
	}
	if v.Earned != "" {
		fmt.Fprintf(b, "%sits checks say: %s\n", cardIndent, Words(v.Earned))
	}
	said := strings.TrimSpace(Clean(v.Said))
	if said == "" || Line(said) == Line(v.Reason) {
		return
	}
	lines := strings.Split(said, "\n")
	if len(lines) > textLines {
		lines = append(lines[:textLines], fmt.Sprintf("… %d more lines", len(lines)-textLines))
	}
	for _, l := range lines {
		b.WriteString(cardIndent + s.Dim("> ") + l + "\n")
	}
}

// clipLine bounds what one line shows of a longer text.
func clipLine(text string) string {
	const runes = 160
	if r := []rune(text); len(r) > runes {
		return string(r[:runes]) + "…"
	}
	return text
}

// UsageLine says what a maker used and what that cost, as far as it is known.
func UsageLine(u agent.Usage) string {
	parts := []string{Count(u.Requests, "request")}
	if n := u.Tokens(); n > 0 {
		text := fmt.Sprintf("%d tokens in, %d out", u.Input+u.CacheRead+u.CacheWrite, u.Output)
		if u.CacheRead > 0 {
			text += fmt.Sprintf(" (%d from a cache)", u.CacheRead)
		}
		parts = append(parts, text)
	}
	switch usd := fmt.Sprintf("$%.4f", float64(u.MicroUSD)/1e6); {
	case u.Unpriced > 0 && u.MicroUSD == 0:
		parts = append(parts, "cost unknown")
	case u.Unpriced > 0:
		parts = append(parts, "more than "+usd)
	case u.MicroUSD > 0:
		parts = append(parts, usd)
	}
	return strings.Join(parts, ", ")
}

// maxFindings bounds what a card shows of weakened tests, and of names of tests.
const maxFindings = 10

// WriteTests shows what single tests say, and what was done to them. It writes nothing
// of a report that was not made.
func WriteTests(b *strings.Builder, s Style, t *agent.TestReport) {
	if t == nil {
		return
	}
	list := func(what string, names []string) {
		if len(names) == 0 {
			return
		}
		more := ""
		if len(names) > maxFindings {
			names, more = names[:maxFindings], fmt.Sprintf(" and %d more", len(names)-maxFindings)
		}
		b.WriteString(cardIndent + what + ": " + Line(strings.Join(names, ", ")) + more + "\n")
	}
	list("newly failing", t.New)
	list("fixed", t.Fixed)
	if t.Still > 0 {
		fmt.Fprintf(b, "%sfailing as on the base: %d\n", cardIndent, t.Still)
	}
	switch t.OnBase {
	case "":
	case agent.Verified:
		b.WriteString(cardIndent + "with the base's version of the changed tests: passed as well\n")
	default:
		b.WriteString(cardIndent + s.Warn("with the base's version of the changed tests its checks fail") + "\n")
	}
	for i, f := range t.Findings {
		if i == maxFindings {
			fmt.Fprintf(b, "%s… %d more findings\n", cardIndent, len(t.Findings)-i)
			break
		}
		where := Line(f.Path)
		if f.Line > 0 {
			where += fmt.Sprintf(":%d", f.Line)
		}
		text := where + ": " + Line(f.Text)
		if f.Warning {
			text = s.Warn("tests made weaker?") + " " + text
		}
		b.WriteString(cardIndent + text + "\n")
	}
}

func cardCheck(b *strings.Builder, s Style, c agent.CheckResult) {
	line := cardIndent + s.Check(c.Outcome) + gap + Line(c.Name) + gap + s.Dim(Took(time.Duration(c.Took)))
	if !c.Outcome.OK() && c.Reason != "" {
		line += gap + Line(c.Reason)
	}
	b.WriteString(line + "\n")
	if c.Outcome.OK() || strings.TrimSpace(c.Tail) == "" {
		return
	}
	lines := strings.Split(strings.TrimRight(Clean(c.Tail), "\n"), "\n")
	if len(lines) > tailLines {
		lines = lines[len(lines)-tailLines:]
	}
	for _, l := range lines {
		b.WriteString(cardIndent + cardIndent + s.Dim("| ") + l + "\n")
	}
}

func cardDeliveries(b *strings.Builder, job agent.Job, now time.Time) {
	for i, d := range job.Deliveries {
		if i == 0 {
			b.WriteByte('\n')
		}
		ref := agent.Ref{Job: job.ID, Variant: d.Variant}
		how := "applied to " + Line(d.Where)
		if d.How == "branch" {
			how = "made branch " + Line(d.Where)
		}
		fmt.Fprintf(b, "%s %s, %s", ref, how, Ago(d.At, now))
		if !d.Undone.IsZero() {
			b.WriteString(", undone " + Ago(d.Undone, now))
		}
		b.WriteByte('\n')
	}
}

// Step is a command that can be pasted, and what it does.
type Step struct {
	Command string
	Does    string
}

// Next lists what a person can do with a job now. With a variant number the
// commands name that variant.
func Next(job agent.Job, variant int) []Step {
	id := job.ID.String()
	if job.State != agent.Done {
		return []Step{
			{"agent wait " + id, "wait for the verdict"},
			{"agent logs -f " + id, "watch what it prints"},
			{"agent cancel " + id, "stop it"},
		}
	}
	chosen := variant
	if chosen == 0 {
		chosen = job.Chosen()
	}
	v, ok := job.Variant(chosen)
	switch {
	case job.Verdict == agent.NeedsInput:
		return []Step{{"agent revise " + id + ` "…"`, "answer the question"}, {"agent logs " + id, "see what happened"}}
	case job.Verdict == agent.NeedsApproval:
		return []Step{{"agent diff " + ofFirst(job, agent.NeedsApproval), "look at the change, if there is one"}, {"agent approve " + id, "take the limit off"}}
	}
	if !ok || v.Commit == "" {
		steps := []Step{{"agent logs " + id, "see what happened"}}
		if job.Spec.Kind == agent.Diff && job.Verdict != agent.Failed && job.Verdict != agent.Canceled {
			return steps // the same diff would end the same way
		}
		return append(steps, Step{"agent retry " + id, "try again"})
	}
	ref, doubt := id, ""
	switch v.Verdict {
	case agent.Unverified:
		doubt = " (unverified: no check was run)"
	case agent.ChecksFailed:
		doubt = " (although checks fail)"
	}
	if variant > 0 || v.Verdict == agent.ChecksFailed {
		ref = agent.Ref{Job: job.ID, Variant: chosen}.String()
	}
	steps := []Step{{"agent diff " + ref, "look at the change"}}
	if job.Spec.Kind == agent.Prompt {
		steps = append(steps, Step{"agent revise " + ref + ` "…"`, "say what should be different"})
	}
	if delivered(job) {
		return append(steps, Step{"agent undo " + id, "take it back"})
	}
	return append(steps,
		Step{"agent apply " + ref, "put it into your tree" + doubt},
		Step{"agent branch " + ref + " NAME", "make it a branch" + doubt})
}

// ofFirst names the first variant with that verdict.
func ofFirst(job agent.Job, verdict agent.Verdict) string {
	for _, v := range job.Variants {
		if v.Verdict == verdict {
			return agent.Ref{Job: job.ID, Variant: v.Number}.String()
		}
	}
	return job.ID.String()
}

func delivered(job agent.Job) bool {
	for _, d := range job.Deliveries {
		if d.Undone.IsZero() {
			return true
		}
	}
	return false
}
