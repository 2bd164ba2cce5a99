package patch

import (
	"strconv"
	"strings"
)

// looseHeader reads what follows @@: `-1,2 +1,3 @@ section`, parts of that, or words.
func looseHeader(line string) (h hunkHead, ok bool) {
	rest, ok := strings.CutPrefix(line, "@@")
	if !ok {
		return h, false
	}
	h.old, h.new = -1, -1
	rest = strings.TrimLeft(strings.TrimPrefix(rest, "@"), " \t")
	body := rest
	if after, ok := strings.CutPrefix(rest, "-"); ok {
		var start, count int
		if start, count, after, ok = looseRange(after); ok {
			h.numbered, h.start, h.old = true, start, count
			after = strings.TrimLeft(after, " \t,")
			if plus, ok := strings.CutPrefix(after, "+"); ok {
				if start, count, plus, ok = looseRange(plus); ok {
					h.become, h.new, after = start, count, plus
				}
			}
			body = strings.TrimLeft(after, " \t")
		}
	} else if after, ok := strings.CutPrefix(strings.ToLower(rest), "line"); ok {
		after = strings.TrimLeft(strings.TrimPrefix(after, "s"), " :")
		if start, _, tail, ok := looseRange(after); ok {
			h.numbered, h.start = true, start
			body = rest[len(rest)-len(strings.TrimLeft(tail, " \t")):]
		}
	}
	if first, section, ok := strings.Cut(body, "@@"); ok {
		first = strings.TrimSpace(first)
		if section = strings.TrimSpace(section); section == "" && first != "..." {
			section = first
		}
		h.section = section
		return h, true
	}
	h.section = strings.TrimSpace(body)
	return h, true
}

// looseRange reads `12,3` or `12`; without a count it is -1.
func looseRange(s string) (start, count int, rest string, ok bool) {
	if start, rest, ok = number(s); !ok {
		return
	}
	count = -1
	if after, has := strings.CutPrefix(rest, ","); has {
		if n, tail, ok := number(strings.TrimLeft(after, " ")); ok {
			return start, n, tail, true
		}
	} else {
		count = 1
	}
	return start, count, rest, true
}

// gitHeader reads the lines below `diff --git`.
func (d *diffReader) gitHeader() *Error {
	for ; d.at < len(d.lines); d.at++ {
		line := d.line(d.at)
		key, value := headerKey(line)
		reason := ""
		switch key {
		case "--- ":
			if d.atNames() {
				return d.names()
			}
			d.g.old, _, _ = fileName(value)
		case "+++ ":
			d.g.new, _, _ = fileName(value)
		case "old mode ":
			reason = readMode(value, &d.f.OldMode)
		case "new mode ":
			reason = readMode(value, &d.f.NewMode)
		case "deleted file mode ":
			d.g.op = Delete
			reason = readMode(value, &d.f.OldMode)
		case "new file mode ":
			d.g.op = Create
			reason = readMode(value, &d.f.NewMode)
		case "rename from ", "rename old ":
			d.g.op = Rename
			reason = readName(value, &d.g.from)
		case "rename to ", "rename new ":
			reason = readName(value, &d.g.to)
		case "copy from ":
			d.g.op = Copy
			reason = readName(value, &d.g.from)
		case "copy to ":
			reason = readName(value, &d.g.to)
		case "similarity index ", "dissimilarity index ":
			d.f.Score, _ = strconv.Atoi(strings.TrimSuffix(value, "%"))
		case "index ":
			ids, _, _ := strings.Cut(value, " ")
			if old, new, ok := strings.Cut(ids, ".."); ok && isID(old) && isID(new) {
				d.f.OldID, d.f.NewID = old, new
			}
		default:
			return d.binaryPart(line)
		}
		if reason != "" {
			return errAt(Malformed, d.at+1, "%s", reason)
		}
	}
	return nil
}

// binaryPart reads the content of a binary change, if that is what follows the header.
func (d *diffReader) binaryPart(line string) *Error {
	switch {
	case strings.HasPrefix(line, "Binary files "), strings.HasPrefix(line, "Files ") && strings.HasSuffix(line, " differ"):
		d.f.Binary = &Binary{}
		d.at++
	case line == "GIT binary patch":
		p := &parser{text: []byte(d.text[d.lines[d.at].off:]), line: d.at + 1}
		if err := p.binary(d.f); err != nil {
			if e, ok := err.(*Error); ok {
				return e
			}
		}
		if d.binary += d.f.Binary.size(); d.binary > MaxTotal {
			return errAt(TooLarge, d.f.line, "the patch holds more than %d bytes of binary data", MaxTotal)
		}
		d.at = p.line - 1
	}
	return nil
}

// finish closes the section and adds it to the files.
func (d *diffReader) finish() *Error {
	d.endHunk()
	f, g := d.f, d.g
	if d.f = nil; f == nil {
		return nil
	}
	d.g = gitNames{}
	if !g.git && len(f.edits) == 0 {
		return nil // a line of dashes above one of pluses, or an empty hunk
	}
	if reason := g.settle(f, d.index, d.target); reason != "" {
		err := errAt(Malformed, f.line, "%s", reason)
		err.Path = f.Path()
		return err
	}
	d.index = ""
	if f.Op == Create {
		for _, e := range f.edits {
			if plusOnly(e); len(e.old) > 0 {
				err := errAt(Malformed, e.line, "a file to create cannot have old lines")
				err.Path = f.Path()
				return err
			}
		}
	}
	if f.Op == Modify && len(f.edits) == 0 && f.Binary == nil && f.OldMode == f.NewMode {
		err := errAt(Empty, f.line, "the section changes nothing")
		err.Path = f.Path()
		return err
	}
	d.files = append(d.files, *f)
	return nil
}

// plusOnly takes the empty lines of a new file that lost their plus for what they are.
func plusOnly(e *edit) {
	e.lines = dropBare(e.lines)
	for i := range e.lines {
		if l := &e.lines[i]; l.op == ' ' && isBlankLine(l.text) {
			l.op = '+'
		}
	}
	e.prepare()
}

// settle decides operation and names from all that the header says.
func (g *gitNames) settle(f *File, index, target string) (reason string) {
	old, new := g.old, g.new
	if g.git && (old == "" || new == "") {
		if a, b, ok := headNames(g.head); ok {
			old, new = a, b
		} else if a, b, ok := strings.Cut(g.head, " "); ok {
			old, new = a, b
		}
	}
	f.diff, f.git = true, g.git
	switch {
	case g.op == Rename || g.op == Copy:
		if g.from == "" || g.to == "" {
			return "the " + string(g.op) + " names only one file"
		}
		f.Op, f.Old, f.New, f.diff = g.op, g.from, g.to, false
		return ""
	case g.op == Create || g.old == devNull:
		f.Op, f.Old, f.New = Create, "", orElse(g.new, new)
		if f.NewMode == 0 {
			f.NewMode = ModeFile
		}
	case g.op == Delete || g.new == devNull:
		f.Op, f.Old, f.New = Delete, orElse(g.old, old), ""
		if f.OldMode == 0 {
			f.OldMode = ModeFile
		}
	default:
		f.Op, f.Old, f.New = Modify, old, new
	}
	if f.Old == "" && f.New == "" {
		name := orElse(index, target)
		if name == "" {
			return "no line above the hunk names its file"
		}
		f.Old, f.New, f.diff = name, name, false
	}
	return ""
}

func orElse(a, b string) string {
	if a != "" && a != devNull {
		return a
	}
	return b
}
