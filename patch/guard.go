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
	dots := strings.HasPrefix(t, "...") || strings.HasPrefix(t, "…") || strings.HasSuffix(t, "...") || strings.HasSuffix(t, "…") || strings.HasPrefix(t, "[...")
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
	has := map[string]bool{}
	for _, w := range words {
		has[w] = true
	}
	thing := has["code"] || has["file"] || has["function"] || has["method"] || has["methods"] || has["functions"] || has["class"] ||
		has["implementation"] || has["content"] || has["contents"] || has["imports"] || has["tests"] || has["logic"] || has["lines"] || has["body"] || has["fields"] || has["definitions"] || has["everything"] || has["section"] || has["sections"] || has["document"] || has["module"] || has["props"] || has["styles"] || has["config"]
	stays := has["unchanged"] || has["omitted"] || has["untouched"] ||
		(has["remains"] || has["remain"] || has["stays"] || has["stay"] || has["is"] || has["are"] || has["as"]) && (has["same"] || has["unchanged"] || has["before"])
	rest := has["rest"] && (words[0] == "rest" || words[0] == "the" && words[1] == "rest" || words[0] == "keep" || dots) || words[0] == "remaining"
	existing := has["existing"] || has["previous"] || has["other"] || has["original"]
	switch {
	case rest && (thing || stays || dots):
		return true
	case stays && (thing || dots || existing || len(words) <= 2):
		return true
	case dots && existing && thing, dots && words[0] == "keep":
		return true
	case len(words) <= 4 && existing && thing && (words[0] == "existing" || dots) && (has["code"] || dots):
		return true
	case len(words) >= 3 && words[0] == "same" && words[1] == "as" && (has["before"] || has["above"]) && (dots || len(words) <= 4):
		return true
	}
	return false
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
