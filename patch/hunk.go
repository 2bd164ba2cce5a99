package patch

import (
	"bytes"
	"strings"
)

// hunks reads the hunks of a file section. Nothing of the section may be left
// behind them: lines beyond the stated counts are an error, not prose.
func (p *parser) hunks(f *File) error {
	end := 0 // the old line before which no further hunk may begin
	for bytes.HasPrefix(p.peek(), []byte("@@")) {
		h, err := p.hunk()
		if err != nil {
			err.Path, err.Hunk = f.Path(), len(f.Hunks)+1
			return err
		}
		if h.first() < end {
			err := errAt(Malformed, h.line, "begins before the end of the hunk above it")
			err.Path, err.Hunk = f.Path(), len(f.Hunks)+1
			return err
		}
		end = h.first() + h.OldLines
		f.Hunks = append(f.Hunks, h)
	}
	if p.leftover() {
		err := errAt(Malformed, p.line, "the hunk goes on beyond the counts of its header")
		err.Path, err.Hunk = f.Path(), len(f.Hunks)
		return err
	}
	return nil
}

// first returns the index of the hunk's first old line in the file, from 0.
func (h *Hunk) first() int {
	if h.OldLines == 0 {
		return h.OldStart
	}
	return h.OldStart - 1
}

// hunk reads one hunk: the header, then as many lines as it states.
func (p *parser) hunk() (Hunk, *Error) {
	h := Hunk{line: p.line}
	if !h.header(string(cutLine(p.peek()))) {
		return h, errAt(Malformed, p.line, "the hunk header %q is not of the form @@ -1,2 +1,3 @@", clip(string(cutLine(p.peek()))))
	}
	p.next()
	start := p.off
	old, new := h.OldLines, h.NewLines // still to come
	oldOpen, newOpen := true, true     // the side's last line had a newline
	changed, last := false, byte(0)
	for {
		line := p.peek()
		if len(line) > 0 && line[0] == '\\' && last != 0 {
			if !bytes.HasPrefix(line, []byte("\\ ")) {
				return h, errAt(Malformed, p.line, "a line of a hunk begins with a blank, '-', '+' or \"\\ No newline\"")
			}
			oldOpen, newOpen = oldOpen && last == '+', newOpen && last == '-'
			last = 0
			p.next()
			continue
		}
		if old == 0 && new == 0 {
			break
		}
		op, err := p.bodyLine(line)
		if err != nil {
			return h, err
		}
		if op != '+' {
			if old--; !oldOpen {
				return h, errAt(Malformed, p.line, "an old line follows the mark that the file ends")
			}
		}
		if op != '-' {
			if new--; !newOpen {
				return h, errAt(Malformed, p.line, "a new line follows the mark that the file ends")
			}
		}
		if old < 0 || new < 0 {
			return h, errAt(Malformed, p.line, "the hunk has more %s lines than its header states", map[bool]string{true: "old", false: "new"}[old < 0])
		}
		changed, last = changed || op != ' ', op
		p.next()
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

// bodyLine returns the marker of a line that a hunk must still have.
func (p *parser) bodyLine(line []byte) (byte, *Error) {
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

// leftover reports whether the line after a hunk looks like more of it. A mail
// signature, an empty line and the next file's header do not.
func (p *parser) leftover() bool {
	line := p.peek()
	if len(line) == 0 || p.atPlain() || bytes.Equal(cutLine(line), []byte("--")) || bytes.Equal(cutLine(line), []byte("-- ")) {
		return false
	}
	if line[0] == '\n' {
		rest := bytes.TrimLeft(p.text[p.off:], "\n")
		if len(rest) == 0 || (rest[0] != '+' && rest[0] != '-') {
			return false
		}
		q := *p
		q.off, q.line = len(p.text)-len(rest), p.line+len(p.text)-p.off-len(rest)
		return q.leftover()
	}
	return line[0] == ' ' || line[0] == '-' || line[0] == '+' || line[0] == '\\'
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

// hunkRange reads `12,3`, or `12` for `12,1`. Only an empty range may start at 0.
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
	return start, count, rest, start > 0 || count == 0
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
