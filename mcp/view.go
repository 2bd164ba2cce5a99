package mcp

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"codeagent.dev/agent"
)

// Bounds of what an answer says, in bytes: a model reads all of it, and pays for it.
const (
	maxLine   = 300     // a title, a reason
	maxField  = 4 << 10 // an error, a question, what was asked for
	maxOutput = 2 << 10 // the end of one check's output
	maxTails  = 16 << 10
	maxNames  = 20 // of tests, in one list
)

// jobLine is a job in a list.
type jobLine struct {
	ID       string        `json:"id"`
	State    string        `json:"state" jsonschema:"queued, running or done"`
	Verdict  string        `json:"verdict,omitempty" jsonschema:"of the best variant, once done"`
	Reason   string        `json:"reason,omitempty"`
	Waits    string        `json:"waits,omitempty" jsonschema:"why it has not begun"`
	Title    string        `json:"title"`
	Repo     string        `json:"repo"`
	Created  string        `json:"created"`
	Variants []variantLine `json:"variants"`
}

type variantLine struct {
	Ref     string `json:"ref"`
	State   string `json:"state"`
	Verdict string `json:"verdict,omitempty"`
	Files   int    `json:"files,omitempty"`
	Added   int    `json:"added,omitempty"`
	Removed int    `json:"removed,omitempty"`
}

func (l jobLine) standing() string {
	if l.Verdict != "" {
		return l.Verdict
	}
	return l.State
}

func lineOf(job agent.Job) jobLine {
	l := jobLine{
		ID: job.ID.String(), State: string(job.State), Verdict: string(job.Verdict), Reason: clip(line(job.Reason), maxLine),
		Title: clip(line(job.Spec.Title), maxLine), Repo: job.Spec.Repo, Created: job.Created.Format(time.RFC3339),
		Variants: make([]variantLine, 0, len(job.Variants)),
	}
	if job.Waiting != nil {
		l.Waits = clip(line(job.Waiting.String()), maxLine)
	}
	for _, v := range job.Variants {
		l.Variants = append(l.Variants, variantLine{
			Ref: agent.Ref{Job: job.ID, Variant: v.Number}.String(), State: string(v.State), Verdict: string(v.Verdict),
			Files: v.Stat.Files, Added: v.Stat.Added, Removed: v.Stat.Removed,
		})
	}
	return l
}

// jobView is one job as show tells it.
type jobView struct {
	ID        string         `json:"id"`
	State     string         `json:"state"`
	Verdict   string         `json:"verdict,omitempty"`
	Reason    string         `json:"reason,omitempty"`
	Waits     string         `json:"waits,omitempty" jsonschema:"why it has not begun"`
	Group     string         `json:"group,omitempty"`
	Labels    []string       `json:"labels,omitempty"`
	Kind      string         `json:"kind" jsonschema:"prompt, diff or command"`
	Title     string         `json:"title"`
	Text      string         `json:"text,omitempty" jsonschema:"the start of what was asked for"`
	Repo      string         `json:"repo"`
	Base      string         `json:"base"`
	Created   string         `json:"created"`
	Ended     string         `json:"ended,omitempty"`
	Chosen    string         `json:"chosen,omitempty" jsonschema:"the variant that diff and apply mean when none is named"`
	Delivered []deliveryView `json:"delivered,omitempty"`
	Variants  []variantView  `json:"variants"`
}

type deliveryView struct {
	Ref   string `json:"ref"`
	How   string `json:"how" jsonschema:"apply or branch"`
	Where string `json:"where"`
}

type variantView struct {
	Ref      string      `json:"ref"`
	State    string      `json:"state"`
	Verdict  string      `json:"verdict,omitempty"`
	Reason   string      `json:"reason,omitempty"`
	Maker    string      `json:"maker,omitempty"`
	Said     string      `json:"said,omitempty" jsonschema:"the maker's own words: a question, a remark"`
	Commit   string      `json:"commit,omitempty"`
	SameAs   string      `json:"same_as,omitempty" jsonschema:"an earlier variant with the same change"`
	Files    int         `json:"files,omitempty"`
	Added    int         `json:"added,omitempty"`
	Removed  int         `json:"removed,omitempty"`
	Tokens   int64       `json:"tokens,omitempty"`
	USD      float64     `json:"usd,omitempty" jsonschema:"of the requests whose price is known"`
	Tries    int         `json:"tries,omitempty"`
	Checks   []checkView `json:"checks,omitempty"`
	Failing  []string    `json:"newly_failing_tests,omitempty" jsonschema:"at most 20"`
	Warnings []string    `json:"warnings,omitempty" jsonschema:"ways in which tests may have been made weaker, at most 20"`
}

type checkView struct {
	Name    string `json:"name"`
	Outcome string `json:"outcome" jsonschema:"passed, fixed, failed, already_failing or not_run"`
	Reason  string `json:"reason,omitempty"`
	Tail    string `json:"output_end,omitempty"`
}

// viewOf shows a job, or one variant of it.
func viewOf(job agent.Job, number int) jobView {
	v := jobView{
		ID: job.ID.String(), State: string(job.State), Verdict: string(job.Verdict), Reason: clip(line(job.Reason), maxLine),
		Kind: string(job.Spec.Kind), Title: clip(line(job.Spec.Title), maxLine), Text: clip(job.Spec.Text, maxField),
		Repo: job.Spec.Repo, Base: job.From(), Created: job.Created.Format(time.RFC3339), Group: job.Spec.Group,
		Labels: job.Spec.Labels,
	}
	if job.Waiting != nil {
		v.Waits = clip(line(job.Waiting.String()), maxLine)
	}
	if !job.Ended.IsZero() {
		v.Ended = job.Ended.Format(time.RFC3339)
	}
	if n := job.Chosen(); n > 0 {
		v.Chosen = agent.Ref{Job: job.ID, Variant: n}.String()
	}
	for _, d := range job.Deliveries {
		if d.Undone.IsZero() && len(v.Delivered) < maxNames {
			v.Delivered = append(v.Delivered, deliveryView{agent.Ref{Job: job.ID, Variant: d.Variant}.String(), d.How, clip(d.Where, maxLine)})
		}
	}
	room := maxTails
	for _, n := range agent.Rank(job.Variants) {
		if number == 0 || number == n {
			v.Variants = append(v.Variants, variantOf(job.ID, job.Variants[n-1], &room))
		}
	}
	return v
}

func variantOf(id agent.ID, v agent.Variant, room *int) variantView {
	name := func(n int) string { return agent.Ref{Job: id, Variant: n}.String() }
	w := variantView{
		Ref: name(v.Number), State: string(v.State), Verdict: string(v.Verdict), Reason: clip(line(v.Reason), maxLine), Maker: clip(v.Maker, maxLine),
		Said: spend(room, v.Said, maxOutput, clip), Commit: v.Commit, Files: v.Stat.Files, Added: v.Stat.Added, Removed: v.Stat.Removed,
		Tokens: v.Usage.Tokens(), USD: float64(v.Usage.MicroUSD) / 1e6, Tries: len(v.Attempts),
	}
	if v.SameAs > 0 {
		w.SameAs = name(v.SameAs)
	}
	for _, c := range v.Checks {
		w.Checks = append(w.Checks, checkView{
			Name: clip(line(c.Name), maxLine), Outcome: string(c.Outcome), Reason: clip(line(c.Reason), maxLine), Tail: spend(room, c.Tail, maxOutput, clipStart),
		})
	}
	if v.Tests == nil {
		return w
	}
	for _, test := range v.Tests.New[:min(len(v.Tests.New), maxNames)] {
		w.Failing = append(w.Failing, clip(line(test), maxLine))
	}
	for _, f := range v.Tests.Findings {
		if f.Warning && len(w.Warnings) < maxNames {
			w.Warnings = append(w.Warnings, clip(line(f.Path+": "+f.Text), maxLine))
		}
	}
	return w
}

// spend cuts a text to most bytes, and to what room is left for all texts together.
func spend(room *int, text string, most int, cut func(string, int) string) string {
	text = cut(text, min(most, *room))
	*room -= len(text)
	return text
}

func (v jobView) summary() string {
	var b strings.Builder
	standing := v.State
	if v.Verdict != "" {
		standing = v.Verdict
	}
	fmt.Fprintf(&b, "job %s is %s: %s\n", v.ID, standing, v.Title)
	for _, w := range v.Variants {
		standing := w.State
		if w.Verdict != "" {
			standing = w.Verdict
		}
		fmt.Fprintf(&b, "%s is %s: %d files, +%d -%d", w.Ref, standing, w.Files, w.Added, w.Removed)
		if w.Reason != "" {
			b.WriteString("; " + w.Reason)
		}
		for _, c := range w.Checks {
			fmt.Fprintf(&b, "\n  check %s: %s", c.Name, c.Outcome)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

const cutMark = "…"

// clip is the start of a text, of at most so many bytes, valid UTF-8 and marked where it
// was cut.
func clip(text string, most int) string {
	if len(text) > most {
		if most < len(cutMark) {
			return ""
		}
		end := most - len(cutMark)
		for end > 0 && !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end] + cutMark
	}
	return strings.ToValidUTF8(text, "?")
}

// clipStart is the end of a text, likewise.
func clipStart(text string, most int) string {
	if len(text) > most {
		if most < len(cutMark) {
			return ""
		}
		start := len(text) - (most - len(cutMark))
		for start < len(text) && !utf8.RuneStart(text[start]) {
			start++
		}
		text = cutMark + text[start:]
	}
	return strings.ToValidUTF8(text, "?")
}

// line is a text on one line.
func line(text string) string { return strings.Join(strings.Fields(text), " ") }
