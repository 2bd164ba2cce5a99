package patch

import (
	"bytes"
	"strings"
)

// hunks reads the hunks of a file section. What follows them is no concern of git: lines
// beyond the stated counts are prose.
func (p *parser) hunks(f *File) error {
	const head = "@@ -"
	for bytes.HasPrefix(p.peek(), []byte(head)) && len(p.text)-p.off > len(head) {
		h, err := p.hunk()
		if err != nil {
			err.Path, err.Hunk = f.Path(), len(f.Hunks)+1
			return err
		}
		f.Hunks = append(f.Hunks, h)
	}
	return nil
}

// first returns the index of the hunk's first old line in the file, from 0.
func (h *Hunk) first() int {
	if h.OldLines == 0 {
		return h.OldStart
	}
	return max(h.OldStart-1, 0)
}

// hunk reads one hunk: the header, then as many lines as it states.
func (p *parser) hunk() (Hunk, *Error) {
	h := Hunk{line: p.line}
	line := p.peek()
	if !h.header(string(cutLine(line))) || isOpen(line) {
		return h, errAt(Malformed, p.line, "the hunk header %q is not of the form @@ -1,2 +1,3 @@", clip(string(cutLine(line))))
	}
	p.next()
	start := p.off
	old, new := h.OldLines, h.NewLines // still to come
	changed := false
	var end marks
	for old > 0 || new > 0 {
		op, err := p.bodyLine()
		if err != nil {
			return h, err
		}
		if err := end.follow(p.line, op); err != nil {
			return h, err
		}
		if op != '+' {
			old--
		}
		if op != '-' {
			new--
		}
		if old < 0 || new < 0 {
			return h, errAt(Malformed, p.line, "the hunk has more %s lines than its header states", map[bool]string{true: "old", false: "new"}[old < 0])
		}
		changed = changed || op != ' '
		p.next()
		if isMark(p.peek()) {
			end.mark(op)
			p.next()
		}
	}
	h.Body = p.text[start:p.off:p.off]
	if isOpen(h.Body) { // only a mark may lack its newline, at the patch's very end
		h.Body = append(h.Body, '\n')
	}
	if !changed {
		return h, errAt(Malformed, h.line, "the hunk changes nothing")
	}
	return h, nil
}

// marks holds which sides of a hunk have come to the mark that the file ends there
// without a newline. git goes on behind it and joins the line with what follows; a patch
// that asks for that is damaged.
type marks struct{ old, new bool }

func (m *marks) mark(op byte) {
	m.old, m.new = m.old || op != '+', m.new || op != '-'
}

func (m *marks) follow(line int, op byte) *Error {
	switch {
	case m.old && op != '+':
		return errAt(Malformed, line, "an old line follows the mark that the file ends")
	case m.new && op != '-':
		return errAt(Malformed, line, "a new line follows the mark that the file ends")
	}
	return nil
}

// isMark reports whether a line says that the one above it has no newline. It does so in
// any language, so its length has to do.
func isMark(line []byte) bool {
	return len(line) >= 12 && bytes.HasPrefix(line, []byte("\\ "))
}

// bodyLine returns the marker of the next line, which a hunk must still have.
func (p *parser) bodyLine() (byte, *Error) {
	line := p.peek()
	switch {
	case len(line) == 0:
		return 0, errAt(Malformed, p.line, "the patch ends inside a hunk")
	case line[len(line)-1] != '\n':
		return 0, errAt(Malformed, p.line, "the last line of the patch has no newline, so the patch may be cut off")
	case line[0] == '\n':
		return ' ', nil
	case line[0] == ' ' || line[0] == '-' || line[0] == '+':
		return line[0], nil
	case line[0] == '@' || bytes.HasPrefix(line, []byte("diff ")):
		return 0, errAt(Malformed, p.line, "the hunk has fewer lines than its header states")
	}
	return 0, errAt(Malformed, p.line, "a line of a hunk begins with a blank, '-' or '+', not with %q", line[:1])
}

// isHeader reports whether a whole line is the head of a hunk.
func isHeader(line []byte) bool {
	return new(Hunk).header(string(cutLine(line))) && !isOpen(line)
}

// header reads `@@ -1,2 +1,3 @@ section` into h.
func (h *Hunk) header(line string) (ok bool) {
	rest, ok := strings.CutPrefix(line, "@@ -")
	if !ok {
		return false
	}
	if h.OldStart, h.OldLines, rest, ok = hunkRange(rest); !ok {
		return false
	}
	if rest, ok = strings.CutPrefix(rest, " +"); !ok {
		return false
	}
	if h.NewStart, h.NewLines, rest, ok = hunkRange(rest); !ok {
		return false
	}
	h.Section, ok = strings.CutPrefix(rest, " @@")
	return ok
}

// hunkRange reads `12,3`, or `12` for `12,1`.
func hunkRange(s string) (start, count int, rest string, ok bool) {
	if start, rest, ok = number(s); !ok {
		return
	}
	count = 1
	if after, has := strings.CutPrefix(rest, ","); has {
		if count, rest, ok = number(after); !ok {
			return
		}
	}
	return start, count, rest, true
}

func number(s string) (n int, rest string, ok bool) {
	i := 0
	for ; i < len(s) && '0' <= s[i] && s[i] <= '9'; i++ {
		if n = n*10 + int(s[i]-'0'); n > maxNumber {
			return 0, s, false
		}
	}
	return n, s[i:], i > 0
}

// clip shortens a line for a message.
func clip(s string) string {
	const most = 160
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
