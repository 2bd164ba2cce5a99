package tui

import (
	"strings"
	"unicode"

	"github.com/charmbracelet/x/ansi"

	"codeagent.dev/agent"
)

// Style says whether text may carry colour. The zero Style writes plain text. A
// meaning is never carried by colour alone: a word or symbol stands beside it.
type Style struct {
	Color bool
}

func (s Style) sgr(code, text string) string {
	if !s.Color || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// Bold is for what the eye looks for first.
func (s Style) Bold(text string) string { return s.sgr("1", text) }

// Dim is for what matters less.
func (s Style) Dim(text string) string { return s.sgr("2", text) }

// Good is for what was proved.
func (s Style) Good(text string) string { return s.sgr("32", text) }

// Bad is for what failed.
func (s Style) Bad(text string) string { return s.sgr("31", text) }

// Warn is for what a person should look at.
func (s Style) Warn(text string) string { return s.sgr("33", text) }

// Added colours a line of a diff that is new.
func (s Style) Added(text string) string { return s.sgr("32", text) }

// Removed colours a line of a diff that goes.
func (s Style) Removed(text string) string { return s.sgr("31", text) }

// Hunk colours the head of a hunk of a diff.
func (s Style) Hunk(text string) string { return s.sgr("36", text) }

// Verdict returns the symbol and the words of a verdict.
func (s Style) Verdict(v agent.Verdict) string {
	words := Words(v)
	switch v {
	case agent.Verified:
		return s.Good("✓ " + words)
	case agent.Unverified:
		return s.Warn("○ " + words)
	case agent.NeedsInput, agent.NeedsApproval:
		return s.Warn("? " + words)
	case agent.Canceled, agent.NoPatch:
		return s.Dim("– " + words)
	}
	return s.Bad("✗ " + words)
}

// State returns the symbol and the word of a state that is not Done.
func (s Style) State(state agent.State) string {
	if state == agent.Running {
		return s.Bold("▸ running")
	}
	return s.Dim("· " + string(state))
}

// Standing returns a job's verdict once it is Done, its state before.
func (s Style) Standing(state agent.State, v agent.Verdict) string {
	if state == agent.Done {
		return s.Verdict(v)
	}
	return s.State(state)
}

// Check returns the symbol and the words of a check's outcome.
func (s Style) Check(o agent.CheckOutcome) string {
	switch o {
	case agent.CheckPassed:
		return s.Good("✓ passed")
	case agent.CheckFixed:
		return s.Good("✓ fixed")
	case agent.CheckAlready:
		return s.Warn("! already failing")
	case agent.CheckNotRun:
		return s.Bad("✗ not run")
	}
	return s.Bad("✗ failed")
}

// Words returns a verdict as people say it: "checks failed".
func Words(v agent.Verdict) string { return strings.ReplaceAll(string(v), "_", " ") }

// Width returns how many cells a line takes on a terminal.
func Width(line string) int { return ansi.StringWidth(line) }

// Cut shortens a line to at most width cells, with an ellipsis where it was cut.
// Zero or less means no limit.
func Cut(line string, width int) string {
	if width <= 0 {
		return line
	}
	return ansi.Truncate(line, width, "…")
}

// Clean makes text from elsewhere (a title, a maker's output, a reason) safe to
// print: escape sequences go, and other control characters become visible. Tabs
// and line ends stay.
func Clean(text string) string {
	text = ansi.Strip(strings.ToValidUTF8(text, "�"))
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r':
			return -1
		case unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control):
			return '�'
		}
		return r
	}, text)
}

// Line is Clean for what must stay on one line.
func Line(text string) string { return strings.Join(strings.Fields(Clean(text)), " ") }
