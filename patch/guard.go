package patch

import (
	"fmt"
	"strings"
)

// guard refuses edits that only stand for a change: new lines like "rest of the code
// unchanged".
func (f *File) guard() error {
	for i, e := range f.edits {
		for _, l := range e.lines {
			if l.op != '+' || !isPlaceholder(l.text) {
				continue
			}
			err := f.conflictIn(e, i, fmt.Sprintf("the new line %q stands for text that is left out", strings.TrimSpace(clip(l.text))))
			err.Kind, err.Wanted = Placeholder, nil
			return err
		}
	}
	return nil
}

// isPlaceholder reports whether a line is a comment that only stands for code that was
// left out, in any comment syntax.
func isPlaceholder(line string) bool {
	t := trimmed(line, blanks)
	if len(t) > 120 {
		return false
	}
	comment := false
	for _, sign := range [...]string{"//", "/*", "{/*", "<!--", "--", "#", ";", "%", "(*", "{-", "'", "\"\"\"", "*", "..", "…"} {
		if rest, ok := strings.CutPrefix(t, sign); ok {
			comment = true
			if sign != ".." && sign != "…" {
				t = rest
			}
			break
		}
	}
	t = strings.ToLower(strings.Trim(t, " \t/*{}<>!-#;%()'\""))
	dots := strings.HasPrefix(t, "...") || strings.HasPrefix(t, "…") || strings.HasPrefix(t, "[...") ||
		comment && (strings.HasSuffix(t, "...") || strings.HasSuffix(t, "…"))
	words := strings.Fields(strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || r == ' ' {
			return r
		}
		if r == '.' || r == '…' || r == ',' || r == '[' || r == ']' || r == '-' || r == ':' {
			return ' '
		}
		return r
	}, t))
	if len(words) == 0 || len(words) > 12 || !comment && !dots {
		return false
	}
	return standsFor(words, dots)
}

// standsFor reports whether words say that something stays as it is or is left out.
func standsFor(words []string, dots bool) bool {
	t := " " + strings.Join(words, " ") + " "
	has := func(phrases ...string) bool {
		for _, p := range phrases {
			if strings.Contains(t, " "+p+" ") {
				return true
			}
		}
		return false
	}
	thing := has("code", "file", "function", "method", "methods", "functions", "class", "implementation", "content", "contents", "imports",
		"tests", "logic", "lines", "body", "fields", "definitions", "everything", "section", "sections", "document", "module", "props", "styles", "config")
	stays := has("remains the same", "remain the same", "stays the same", "stay the same", "remains unchanged", "remain unchanged", "is unchanged",
		"are unchanged", "unchanged", "untouched", "omitted")
	stays = stays || dots && has("not changed", "no changes", "no change", "as before", "as above")
	rest := words[0] == "rest" || has("the rest", "keep the rest") || dots && has("rest")
	switch {
	case len(words) > 9:
		return false
	case rest && (stays || dots && len(words) <= 6):
		return true
	case rest && thing && len(words) <= 5 && has("rest of"):
		return true
	case words[0] == "remaining" && (thing || dots) && len(words) <= 5:
		return true
	case stays && (dots || thing && len(words) <= 6 || len(words) <= 2):
		return true
	case dots && has("existing", "previous", "original") && thing, dots && words[0] == "keep":
		return true
	}
	return words[0] == "existing" && len(words) <= 3 && has("code", "implementation", "content")
}

// shrunk refuses a file given as a whole that lost more than half of its lines, or
// that leaves lines out.
func (f *File) shrunk(src *source, text string) error {
	has := map[string]bool{}
	for _, line := range src.lines {
		if isElision(line) {
			has[trimmed(line, blanks)] = true
		}
	}
	lines := 0
	for line := range strings.Lines(text) {
		lines++
		if t := trimmed(strings.TrimRight(line, "\r\n"), blanks); isElision(t) && !has[t] {
			return f.errorf(Placeholder, f.Path(), fmt.Sprintf("the line %q stands for text that is left out", t))
		}
	}
	if len(src.lines) >= 20 && 2*lines < len(src.lines) {
		return f.errorf(Shrunk, f.Path(), fmt.Sprintf("the content has %d lines and the file %d; to remove that much, give a diff", lines, len(src.lines)))
	}
	return nil
}
