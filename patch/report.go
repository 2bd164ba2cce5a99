package patch

import (
	"fmt"
	"strconv"
	"strings"
)

// maxReported bounds the lines of each block of a report.
const maxReported = 40

// Report returns several lines for a person or a model: what was expected, what
// stands at the nearest place, and the first difference with blanks and line ends
// made visible. It is valid UTF-8 and ends in a newline.
func (e *Error) Report() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the patch was not applied; nothing was changed\n%s: %s\n", e.Kind, e.Error())
	if len(e.Wanted) > 0 {
		b.WriteString("\nthe hunk expects these lines:\n")
		block(&b, e.Wanted, 0, e.First)
	}
	if e.At > 0 {
		if len(e.Found) > 0 {
			alike := ""
			if e.Alike > 0 {
				alike = fmt.Sprintf(" (%d %% alike)", e.Alike)
			}
			fmt.Fprintf(&b, "\nat the nearest place, line %d of the file%s, there stand:\n", e.At, alike)
			block(&b, e.Found, e.At, e.First)
		} else if len(e.Wanted) > 0 {
			fmt.Fprintf(&b, "\nthe file ends before line %d\n", e.At)
		}
	}
	if e.First >= 0 && len(e.Wanted) > 0 && len(e.Found) > 0 {
		fmt.Fprintf(&b, "\nthe first difference, at line %d of the file:\n  expected: %s\n  found:    %s\n",
			e.At+e.First, lineAt(e.Wanted, e.First, "the end of the hunk"), lineAt(e.Found, e.First, "the end of the file"))
	}
	if hint := e.hint(); hint != "" {
		b.WriteString("\n" + hint + "\n")
	}
	return strings.ToValidUTF8(b.String(), "�")
}

// lineAt returns a line with its blanks visible, or what stands for its lack.
func lineAt(lines []string, i int, none string) string {
	switch {
	case i >= len(lines):
		return none
	case lines[i] == openMark:
		return "no newline at the end of the line above"
	}
	return strconv.Quote(clip(lines[i]))
}

// block writes lines, numbered from at if that is not 0; first is always among them.
func block(b *strings.Builder, lines []string, at, first int) {
	from := 0
	if first >= maxReported {
		from = min(first-maxReported/2, max(len(lines)-maxReported, 0))
		fmt.Fprintf(b, "  (%d lines before)\n", from)
	}
	to := min(len(lines), from+maxReported)
	for i, line := range lines[from:to] {
		if at > 0 && line != openMark {
			fmt.Fprintf(b, "%6d ", at+from+i)
		}
		fmt.Fprintf(b, "| %s\n", strings.TrimSuffix(clip(line), "\r"))
	}
	if to < len(lines) {
		fmt.Fprintf(b, "  (%d lines after)\n", len(lines)-to)
	}
}

// hint says what would help; empty where the reason says all.
func (e *Error) hint() string {
	switch {
	case len(e.Places) > 1:
		return "give more context lines, so that the place is the only one"
	case e.Kind == Conflict && e.Hunk > 0:
		return "make the patch against the file as it is now, with its lines copied exactly"
	case e.Kind == Malformed && e.Hunk > 0:
		return "a hunk begins with @@ -START,LINES +START,LINES @@, its numbers are those of the lines that follow, and each of these begins with a blank, '-' or '+'"
	case e.Kind == Exists:
		return "to change the file, make a patch against its content"
	case e.Kind == Empty:
		return "a patch is a diff, search/replace blocks, *** Begin Patch, files given as a path and their content, or JSON edits"
	case e.Kind == Placeholder:
		return "write out every line that is to be there"
	case e.Kind == Shrunk:
		return "to remove lines, give a diff or search/replace blocks"
	}
	return ""
}
