package patch

import "strings"

// whole reads files given as a path and a fenced content.
func (r *reader) whole() *Error {
	type block struct {
		name       string
		from, to   int // lines of the content
		start, end int // lines of the fences
	}
	var found []block
	last := 0
	for i := 0; i < len(r.lines); i++ {
		open, ok := fenceOf(r.line(i))
		if !ok {
			continue
		}
		name, from := r.wholeName(open, i, last)
		to := r.contentEnd(open, i+1)
		if to < 0 {
			return errAt(Malformed, i+1, "it is not certain where the fence closes; put a longer fence around the content")
		}
		found = append(found, block{name, from, to, i, to})
		last = to + 1
		i = to
	}
	named := 0
	for _, b := range found {
		if b.name != "" {
			named++
		}
	}
	if named == 0 && len(found) == 1 && r.target != "" {
		found[0].name, named = r.target, 1
	}
	if named == 0 {
		return errAt(Malformed, 0, "no file is named for the content")
	}
	for _, b := range found {
		if b.name == "" { // a command to run, an example
			continue
		}
		var text strings.Builder
		for i := b.from; i < b.to; i++ {
			text.WriteString(r.line(i))
			if r.lines[i].cr {
				text.WriteByte('\r')
			}
			text.WriteByte('\n')
		}
		r.replaceFile(b.name, text.String(), b.start, true)
	}
	return nil
}

// wholeName returns the name of a fenced content and where the content begins.
func (r *reader) wholeName(open fence, i, last int) (name string, from int) {
	if name = r.fenceName(open); name != "" {
		return name, i + 1
	}
	if name = r.nameAbove(i, last); name != "" {
		return name, i + 1
	}
	first := r.line(i + 1)
	if t := undecorated(first); t != strings.TrimSpace(first) && strings.ContainsAny(t, "/.") && (r.known(t) || looksPath(t)) {
		return t, i + 2
	}
	return "", i + 1
}

// contentEnd returns the line of the fence that closes a content; -1: there is none,
// or the content has fences of its own that leave open which one it is.
func (r *reader) contentEnd(open fence, from int) int {
	inner := false
	for i := from; r.ahead(i); i++ {
		f, ok := fenceOf(r.line(i))
		switch {
		case !ok || f.char != open.char || f.length < open.length:
		case f.info != "":
			inner = true
		case inner:
			inner = false
		case r.balanced(open, i+1):
			if r.sureEnd(i + 1) {
				return i
			}
			return -1
		default: // it opens a block of the content
			inner = true
		}
	}
	return -1
}

// balanced reports whether every fence from line i on is closed.
func (r *reader) balanced(open fence, i int) bool {
	var in fence
	for ; r.ahead(i); i++ {
		f, ok := fenceOf(r.line(i))
		switch {
		case !ok:
		case in.length == 0:
			in = f
		case in.closes(r.line(i)):
			in = fence{}
		}
	}
	return in.length == 0
}

// sureEnd reports whether what follows a closing fence cannot be more of the content: no
// further fence without a name and a language.
func (r *reader) sureEnd(i int) bool {
	start := i
	var in fence
	for ; r.ahead(i); i++ {
		f, ok := fenceOf(r.line(i))
		switch {
		case !ok:
		case in.length == 0:
			if f.info == "" && f.length == 3 && r.nameAbove(i, start) == "" {
				return i > start+6 || !r.followsText(start, i)
			}
			in = f
		case in.closes(r.line(i)):
			in, start = fence{}, i+1
		}
	}
	return true
}

// followsText reports whether the lines [from:to) have no empty line at their start, as
// prose after a fence has.
func (r *reader) followsText(from, to int) bool {
	return from < to && !isBlankLine(r.line(from))
}

// replaceFile adds the section that makes content the text of a file.
func (r *reader) replaceFile(name, content string, line int, fenced bool) {
	e := &edit{line: line + 1, lines: plusLines(content), put: content}
	r.files = append(r.files, File{
		Op: Create, New: name, NewMode: ModeFile, edits: []*edit{e.prepare()}, line: line + 1,
		fill: true, over: true, fenced: fenced,
	})
}
