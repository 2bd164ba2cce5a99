package patch

import "strings"

// rewrites returns other readings of an edit whose old lines stand nowhere: without
// the numbers a reader put before its lines, with HTML escapes or backslashes resolved.
// A reading counts only when the old lines then stand in the file, and it is the same
// for the new lines.
func (e *edit) rewrites() []*edit {
	var out []*edit
	if lines, ok := unnumbered(e); ok {
		e = e.with(lines)
		out = append(out, e)
	}
	for _, rewrite := range []func(*edit) ([]editLine, bool){unescapedHTML, unescaped} {
		if lines, ok := rewrite(e); ok {
			out = append(out, e.with(lines))
		}
	}
	return out
}

// unnumbered cuts off `  12 | ` and its like, which every old line that is not blank
// must have.
func unnumbered(e *edit) ([]editLine, bool) {
	lines := make([]editLine, len(e.lines))
	some := false
	for i, l := range e.lines {
		lines[i] = l
		text, ok := cutNumber(l.text)
		switch {
		case ok:
			lines[i].text, some = text, true
		case l.op != '+' && !isBlankLine(l.text):
			return nil, false
		}
	}
	return lines, some
}

// cutNumber cuts a line number and its separator off the start of line.
func cutNumber(line string) (string, bool) {
	t := strings.TrimLeft(line, " ")
	n := 0
	for n < len(t) && '0' <= t[n] && t[n] <= '9' {
		n++
	}
	if n == 0 || n > 7 {
		return line, false
	}
	t = t[n:]
	for _, sep := range [...]string{" | ", " |", "| ", "|", "\t", "→", ": ", ":"} {
		if rest, ok := strings.CutPrefix(t, sep); ok {
			return rest, true
		}
	}
	return line, false
}

func unescapedHTML(e *edit) ([]editLine, bool) {
	r := strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&", "&quot;", `"`, "&#34;", `"`, "&#39;", "'", "&apos;", "'", "&nbsp;", " ")
	return mapLines(e, r.Replace)
}

// unescaped resolves the backslashes of a text that was escaped once too often.
func unescaped(e *edit) ([]editLine, bool) {
	r := strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\'`, `'`, "\\`", "`", `\t`, "\t", `\$`, `$`, `\/`, `/`)
	return mapLines(e, r.Replace)
}

// mapLines changes the text of every line; an old line must change.
func mapLines(e *edit, change func(string) string) ([]editLine, bool) {
	lines := make([]editLine, len(e.lines))
	some := false
	for i, l := range e.lines {
		text := change(l.text)
		some = some || l.op != '+' && text != l.text
		l.text = text
		lines[i] = l
	}
	return lines, some
}
