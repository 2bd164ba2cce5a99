package monitor

import (
	"strconv"
	"strings"

	"codeagent.dev/agent/patch"
)

// sign is what a line of a diff begins with.
func sign(kind patch.LineKind) byte {
	switch kind {
	case patch.LineAdded:
		return '+'
	case patch.LineRemoved:
		return '-'
	}
	return ' '
}

// gutter is the numbers before a line, where there is room.
func (d *diffDoc) gutter(l diffLine) string {
	if !d.wide {
		return ""
	}
	return number5(l.old) + number5(l.new) + " "
}

func number5(n int) string {
	if n == 0 {
		return "      "
	}
	return right(strconv.Itoa(n), 5) + " "
}

// Back is the background of a row.
func (d *diffDoc) Back(i int) string {
	at := d.rows[i]
	if at.line < 0 {
		return ""
	}
	removed, added, _, _ := d.color.backs()
	switch d.files[at.file].hunks[at.hunk].lines[at.line].kind {
	case patch.LineAdded:
		return added
	case patch.LineRemoved:
		return removed
	}
	return ""
}

// paintHunk colours all lines of a hunk, since what one of them is depends on those above.
// The old and the new side are read apart: a comment may be opened on one of them only.
func (d *diffDoc) paintHunk(f *diffFile, h *diffHunk) []string {
	out := make([]string, len(h.lines))
	if !d.color.Color {
		for i, l := range h.lines {
			out[i] = d.gutter(l) + string(sign(l.kind)) + l.text
		}
		return out
	}
	syn := f.syntax
	marked := h.changed()
	var old, new inside
	for i, l := range h.lines {
		var cls []class
		switch l.kind {
		case patch.LineAdded:
			cls, new = syn.classes(l.text, new)
		case patch.LineRemoved:
			cls, old = syn.classes(l.text, old)
		default:
			cls, new = syn.classes(l.text, new)
			old = new
		}
		out[i] = d.color.Dim(d.gutter(l)) + d.paintLine(l, cls, marked[i])
	}
	return out
}

// changed compares lines that were replaced with what replaced them, in each run of
// removed lines before a run of added ones.
func (h *diffHunk) changed() [][]bool {
	marked := make([][]bool, len(h.lines))
	for i := 0; i < len(h.lines); {
		from := i
		for i < len(h.lines) && h.lines[i].kind == patch.LineRemoved {
			i++
		}
		mid := i
		for i < len(h.lines) && h.lines[i].kind == patch.LineAdded {
			i++
		}
		for _, pair := range pairLines(h.lines[from:mid], h.lines[mid:i]) {
			old, new := from+pair[0], mid+pair[1]
			marked[old], marked[new] = changedWords(h.lines[old].text, h.lines[new].text)
		}
		if i == from {
			i++
		}
	}
	return marked
}

// paintLine joins what a line's bytes are and which of them changed.
func (d *diffDoc) paintLine(l diffLine, cls []class, marked []bool) string {
	removed, added, removedWord, addedWord := d.color.backs()
	back, word, front := "", "", ""
	switch l.kind {
	case patch.LineAdded:
		back, word, front = added, addedWord, "32"
	case patch.LineRemoved:
		back, word, front = removed, removedWord, "31"
	}
	var b strings.Builder
	b.WriteString(d.color.sgr(join(back, front), string(sign(l.kind))))
	for i := 0; i < len(l.text); {
		k := i + 1
		for k < len(l.text) && cls[k] == cls[i] && (marked == nil || marked[k] == marked[i]) {
			k++
		}
		code := back
		if marked != nil && marked[i] {
			code = word
		}
		if l.kind != patch.LineContext && back == "" {
			code = join(front, code) // no background tells the sides apart, so the text must
		} else {
			code = join(code, classCode(cls[i]))
		}
		b.WriteString(d.color.sgr(code, l.text[i:k]))
		i = k
	}
	return b.String()
}

func join(codes ...string) string {
	var some []string
	for _, c := range codes {
		if c != "" {
			some = append(some, c)
		}
	}
	return strings.Join(some, ";")
}

// classCode is the colour of a class, one of the terminal's own.
func classCode(c class) string {
	switch c {
	case comment:
		return "2;3"
	case literal:
		return "33"
	case number:
		return "36"
	case keyword:
		return "35"
	}
	return ""
}
