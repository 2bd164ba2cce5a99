package patch

import "strings"

// diffReader reads unified and git diffs as models write them. What a line is, is
// told by the line and its neighbours; counts only settle what they leave open.
type diffReader struct {
	*reader
	f        *File    // the section being read
	g        gitNames // what its header says
	e        *edit    // the hunk being read
	h        hunkHead // what its header says
	open     fence    // the fence the diff stands in
	index    string   // the name of an `Index:` line
	heads    int      // header lines of the section so far
	ended    bool     // after a fence or a signature: only a new section goes on
	old, new int      // lines of each side that the hunk has so far
	mails    int      // mails that have begun
	before   []File   // finished sections
}

// gitNames are the names in a file header, as they stand there.
type gitNames struct {
	git            bool
	head           string // what follows `diff --git `
	old, new       string // of the `---` and `+++` lines
	from, to       string // of a rename or copy
	oldEpoch, none bool
	op             Op
}

// hunkHead is what a line that begins with @@ says.
type hunkHead struct {
	numbered        bool
	start, old, new int // old and new: the counts; -1: not stated
	become          int // the new line it begins at
	section         string
}

// unified reads a unified diff.
func (r *reader) unified() *Error {
	r.unwrap()
	d := &diffReader{reader: r}
	for r.at < len(r.lines) {
		if err := d.next(); err != nil {
			return err
		}
	}
	return d.finish()
}

// next reads a line, or the few that belong together.
func (d *diffReader) next() *Error {
	line := d.line(d.at)
	switch {
	case d.atFence(line):
		d.at++
	case strings.HasPrefix(line, "diff --git "):
		if err := d.finish(); err != nil {
			return err
		}
		d.begin()
		d.g.git, d.g.head = true, line[len("diff --git "):]
		d.at++
		return d.gitHeader()
	case strings.HasPrefix(line, "diff --cc "), strings.HasPrefix(line, "diff --combined "):
		return errAt(Unsupported, d.at+1, "a combined diff of a merge cannot be applied; give the diff against one parent")
	case d.boundary(line):
		if err := d.finish(); err != nil {
			return err
		}
		if isMail(line) {
			d.mails++
		}
		d.index, _ = strings.CutPrefix(line, "Index: ")
		d.index = strings.TrimSpace(strings.TrimPrefix(d.index, line))
		if strings.HasPrefix(line, "Index: ") {
			d.index = strings.TrimSpace(line[len("Index: "):])
		}
		d.at++
	case d.atNames():
		return d.names()
	case strings.HasPrefix(line, "@@") && !d.ended || strings.HasPrefix(line, "@@ -"):
		d.hunk(line)
		d.at++
	case d.e != nil && !d.ended:
		d.body(line)
		d.at++
	default:
		if err := d.foreign(d.at, Unified); err != nil && (len(d.files) > 0 || d.f != nil) {
			return err
		}
		d.prose(line)
		d.at++
	}
	return nil
}

// begin starts a section.
func (d *diffReader) begin() {
	d.f = &File{Op: Modify, mail: d.mails, line: d.at + 1}
	d.g, d.e, d.ended = gitNames{}, nil, false
}

// atFence notes fences around the diff, and reports whether line is one of them.
func (d *diffReader) atFence(line string) bool {
	f, ok := fenceOf(line)
	inBody := d.e != nil && !d.ended
	if !ok || inBody && (indentOf(line) != "" || f.info != "") {
		return false
	}
	if d.open.length > 0 && d.open.closes(line) {
		if inBody && d.goesOn(d.at+1) {
			return false
		}
		d.open, d.ended = fence{}, true
		return true
	}
	if inBody {
		if d.open.length > 0 || d.goesOn(d.at+1) {
			return false
		}
		d.ended = true
		return true
	}
	d.open = f
	return true
}

// goesOn reports whether more of the diff's body follows line i, before anything that
// begins a new part: a fence inside a body is text like any other.
func (d *diffReader) goesOn(i int) bool {
	listed := false // lines that could as well be a list
	prose := false  // a sentence, which such a list may belong to
	for k := i; d.ahead(k); k++ {
		line := d.line(k)
		switch {
		case line == "":
			continue
		case strings.HasPrefix(line, "diff --git "), strings.HasPrefix(line, "--- ") && strings.HasPrefix(d.line(k+1), "+++ "):
			return false
		case strings.HasPrefix(line, "@@ -"):
			return true
		}
		if f, ok := fenceOf(line); ok && indentOf(line) == "" {
			if f.info == "diff" || f.info == "patch" {
				return false
			}
			if listed && f.info == "" {
				return true
			}
		}
		switch c := line[0]; {
		case c == ' ' && k == i && strings.TrimSpace(line) != "":
			return true
		case c != '+' && c != '-':
			prose = prose || !listed && isSentence(line)
		case len(line) > 1 && line[1] == ' ':
			listed = !prose
		case strings.Trim(line, "-+") != "":
			return true
		}
	}
	return false
}

// short reports whether the hunk still lacks lines by its own counts.
func (d *diffReader) short() bool {
	return d.h.numbered && (d.old < d.h.old || d.new < d.h.new)
}

// boundary reports whether a line ends the section without beginning a hunk or names.
func (d *diffReader) boundary(line string) bool {
	switch {
	case strings.HasPrefix(line, "diff -"), strings.HasPrefix(line, "Index: "):
		return true
	case isMail(line):
		return true
	case line == "-- ", line == "--":
		next := strings.TrimSpace(d.line(d.at + 1))
		return next == "" && d.at+2 >= len(d.lines) || isVersion(next)
	}
	return strings.HasPrefix(line, "=====") && strings.Trim(line, "=") == "" && d.heads == 0 && d.e == nil
}

// isMail reports whether a line begins a mail, as format-patch writes it.
func isMail(line string) bool {
	return strings.HasPrefix(line, "From ") && len(line) > 46 && isID(line[5:45])
}

// isVersion reports whether a line is a version of git, as format-patch signs with.
func isVersion(line string) bool {
	n := 0
	for n < len(line) && ('0' <= line[n] && line[n] <= '9' || line[n] == '.') {
		n++
	}
	return n >= 3 && strings.Contains(line[:n], ".") && len(line) < 60
}

// atNames reports whether the next two lines are `--- old` and `+++ new`, and no lines
// of a hunk that look like them.
func (d *diffReader) atNames() bool {
	if !strings.HasPrefix(d.line(d.at), "--- ") || !strings.HasPrefix(d.line(d.at+1), "+++ ") {
		return false
	}
	if d.e == nil || d.ended || strings.HasPrefix(d.line(d.at+2), "@@") {
		return true
	}
	return !d.short()
}

// names reads the `---` and `+++` lines.
func (d *diffReader) names() *Error {
	if d.f == nil || d.e != nil || d.g.old != "" || d.ended && !d.g.git {
		if err := d.finish(); err != nil {
			return err
		}
		index := d.index
		d.begin()
		d.index = index
	}
	old, oldEpoch, _ := fileName(d.line(d.at)[4:])
	new, newEpoch, _ := fileName(d.line(d.at + 1)[4:])
	if oldEpoch && new != devNull {
		old = devNull
	}
	if newEpoch && old != devNull {
		new = devNull
	}
	d.g.old, d.g.new, d.ended = strings.TrimRight(old, " \t"), strings.TrimRight(new, " \t"), false
	d.at += 2
	if !strings.HasPrefix(d.line(d.at), "@@") {
		d.hunk("") // the body may follow without any header
	}
	return nil
}

// hunk begins a hunk.
func (d *diffReader) hunk(line string) {
	if d.f == nil {
		d.begin()
	}
	d.endHunk()
	d.ended = false
	d.h, d.old, d.new = hunkHead{}, 0, 0
	if h, ok := looseHeader(line); ok {
		d.h = h
	}
	d.e = &edit{line: d.at + 1, marked: true}
	if d.h.numbered {
		d.e.stated, d.e.become = d.h.start, d.h.become
		if d.h.old == 0 {
			d.e.stated++
		}
		if d.h.new == 0 {
			d.e.become++
		}
	}
	if s := strings.TrimSpace(d.h.section); s != "" && s != "..." {
		d.e.heads = []string{s}
	}
}

// body adds a line to the hunk.
func (d *diffReader) body(line string) {
	if strings.HasPrefix(line, `\`) && strings.Contains(strings.ToLower(line), "newline") {
		if n := len(d.e.lines); n > 0 {
			d.e.lines[n-1].open = true
		}
		return
	}
	l := bodyLine(d.lines[d.at])
	if l.op != '+' {
		d.old++
	}
	if l.op != '-' {
		d.new++
	}
	d.e.lines = append(d.e.lines, l)
}

// prose looks for a file's name in the text between the diffs.
func (d *diffReader) prose(line string) {
	if name := d.nameIn(line); name != "" && (d.known(name) || d.f == nil) {
		d.index = name
	}
}

// endHunk closes the hunk that was read.
func (d *diffReader) endHunk() {
	e := d.e
	if d.e = nil; e == nil {
		return
	}
	e.cut = d.short()
	d.cutTail(e)
	e.lines = trimTail(e.lines, d.h)
	if e.prepare(); e.changes() {
		d.f.edits = append(d.f.edits, e)
	}
}

// cutTail cuts off prose that follows a hunk with nothing but an empty line between.
func (d *diffReader) cutTail(e *edit) {
	from := len(e.lines)
	for from > 0 && e.lines[from-1].bare {
		from--
	}
	blank := -1 // the first of the blank lines right above
	for i := from; i < len(e.lines); i++ {
		switch {
		case isBlankLine(e.lines[i].text):
			if blank < 0 {
				blank = i
			}
		case blank >= 0 && d.isProse(e.lines[i].text):
			e.lines = e.lines[:blank]
			return
		default:
			blank = -1
		}
	}
}

// isSentence reports whether a line at the margin may begin a text in words.
func isSentence(line string) bool {
	return 'A' <= line[0] && line[0] <= 'Z' && strings.Contains(line, " ") && !strings.ContainsAny(line, "{};=()")
}

// isProse reports whether a line without a marker reads like a sentence, not like code.
func (d *diffReader) isProse(line string) bool {
	t := strings.TrimSpace(line)
	words := len(strings.Fields(t))
	return words >= 3 && 'A' <= t[0] && t[0] <= 'Z' && !strings.ContainsAny(t, "{};=") && d.open.length == 0
}

// trimTail drops empty lines at the end of a hunk that its counts do not count.
func trimTail(lines []editLine, h hunkHead) []editLine {
	if !h.numbered || h.old < 0 {
		return lines
	}
	old := 0
	for _, l := range lines {
		if l.op != '+' {
			old++
		}
	}
	cut := len(lines)
	for cut > 0 && lines[cut-1].bare && isBlankLine(lines[cut-1].text) {
		cut--
	}
	if extra := old - h.old; extra > 0 && extra <= len(lines)-cut {
		return lines[:len(lines)-extra]
	}
	return lines
}
