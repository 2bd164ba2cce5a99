package tui

import (
	"fmt"
	"strconv"
	"strings"

	"codeagent.dev/agent"
)

// rejectLines bounds each side of a rejection on a card.
const rejectLines = 12

// WriteRejection writes why a patch was not applied: what its hunk expects, and what
// stands where it most likely belongs. The reason itself is for the caller to say.
func WriteRejection(b *strings.Builder, s Style, r *agent.Rejection) {
	if r == nil || len(r.Expected) == 0 {
		return
	}
	where := "the hunk"
	if r.Hunk > 0 && r.Path != "" {
		where = fmt.Sprintf("hunk %d of %s", r.Hunk, Line(r.Path))
	}
	b.WriteString(cardIndent + where + " expects\n")
	rejectBlock(b, s, r.Expected, 0, r.Differs)
	if len(r.Found) == 0 {
		return
	}
	fmt.Fprintf(b, "%sand at line %d, the nearest place", cardIndent, r.At)
	if r.Similarity > 0 {
		fmt.Fprintf(b, ", %d %% alike", r.Similarity)
	}
	b.WriteString(", there stands\n")
	rejectBlock(b, s, r.Found, r.At, r.Differs)
	if i := r.Differs - 1; i >= 0 && i < len(r.Expected) && i < len(r.Found) {
		fmt.Fprintf(b, "%sthe first difference\n", cardIndent)
		fmt.Fprintf(b, "%s%s %s\n", cardIndent+cardIndent, s.Dim("expected"), quoted(r.Expected[i]))
		fmt.Fprintf(b, "%s%s    %s\n", cardIndent+cardIndent, s.Dim("found"), quoted(r.Found[i]))
	}
}

// quoted shows the blanks of a line, too.
func quoted(line string) string {
	const most = 100
	if runes := []rune(line); len(runes) > most {
		line = string(runes[:most]) + "…"
	}
	return strconv.Quote(line)
}

// rejectBlock writes the lines of one side, numbered from at if that is not 0; the first
// that differs is marked, and always among them.
func rejectBlock(b *strings.Builder, s Style, lines []string, at, differs int) {
	from := max(0, min(differs-rejectLines/2, len(lines)-rejectLines))
	to := min(len(lines), from+rejectLines)
	if from > 0 {
		b.WriteString(cardIndent + cardIndent + s.Dim("…") + "\n")
	}
	for i, line := range lines[from:to] {
		number := ""
		if at > 0 {
			number = fmt.Sprintf("%5d ", at+from+i)
		}
		text := strings.ReplaceAll(Clean(line), "\t", "    ")
		if from+i+1 == differs {
			text = s.Warn(text)
		}
		mark := "| "
		if from+i+1 == differs {
			mark = "> "
		}
		b.WriteString(cardIndent + cardIndent + s.Dim(number+mark) + text + "\n")
	}
	if to < len(lines) {
		b.WriteString(cardIndent + cardIndent + s.Dim("…") + "\n")
	}
}
