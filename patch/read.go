package patch

import "strings"

// reader reads a text that a model or a person wrote: any format, with prose, fences
// and damage.
type reader struct {
	text    string
	lines   []textLine
	at      int // the next line
	target  string
	known   func(path string) bool // reports whether the tree has a file of that path
	named   func(base string) bool // reports whether one file of the tree has that name
	files   []File
	binary  int            // bytes of binary data so far
	section map[string]int // index in files of those that file made
	looked  int            // lines that were looked at ahead of time
}

// textLine is a line of the text without its line end.
type textLine struct {
	text string
	off  int  // where it begins
	cr   bool // it ended in "\r\n"
	end  bool // it had a line end at all
}

func splitText(text string) []textLine {
	off := 0
	if strings.HasPrefix(text, byteOrderMark) {
		off = len(byteOrderMark)
		text = text[off:]
	}
	lines := make([]textLine, 0, strings.Count(text, "\n")+1)
	for len(text) > 0 {
		line, rest, end := strings.Cut(text, "\n")
		text = rest
		plain, cr := strings.CutSuffix(line, "\r")
		if !end || !cr {
			plain, cr = line, false
		}
		lines = append(lines, textLine{text: plain, off: off, cr: cr, end: end})
		off += len(line) + 1
	}
	return lines
}

// read turns a text into file sections. The names in them are as they were written.
func read(text []byte, opt Options, known, named func(string) bool) ([]File, error) {
	if len(text) > MaxText {
		return nil, errAt(TooLarge, 0, "the patch has %d bytes, more than %d", len(text), MaxText)
	}
	r := &reader{text: string(text), lines: splitText(string(text)), target: opt.Target, known: known, named: named}
	format := opt.Format
	if format == "" {
		format = r.detect()
	}
	var err *Error
	switch format {
	case Unified:
		err = r.unified()
	case SearchReplace:
		err = r.blocks()
	case Envelope:
		err = r.envelope()
	case WholeFile:
		err = r.whole()
	case JSON:
		err = r.json()
	default:
		err = errAt(Unsupported, 0, "there is no format %q", string(format))
	}
	if r.looked > maxLooked {
		return nil, errAt(TooLarge, 0, "the text has too many fences and markers to be sure what they belong to")
	}
	if err != nil {
		return nil, err
	}
	if len(r.files) == 0 {
		return nil, errAt(Empty, 0, "no patch in the text")
	}
	if len(r.files) > MaxFiles {
		return nil, errAt(TooLarge, 0, "the patch changes more than %d files", MaxFiles)
	}
	return r.files, nil
}

// maxLooked is how many lines are looked at ahead of time, in all, before a text counts
// as made to be slow. A text without tricks has each looked at a few times.
const maxLooked = 1 << 24

// ahead reports whether line i is there to be looked at ahead of time.
func (r *reader) ahead(i int) bool {
	r.looked++
	return 0 <= i && i < len(r.lines) && r.looked <= maxLooked
}

// line returns the text of line i; empty beyond the ends.
func (r *reader) line(i int) string {
	if i < 0 || i >= len(r.lines) {
		return ""
	}
	return r.lines[i].text
}

// file returns the section that changes name.
func (r *reader) file(name string) *File {
	if i, ok := r.section[name]; ok {
		return &r.files[i]
	}
	if r.section == nil {
		r.section = map[string]int{}
	}
	r.section[name] = len(r.files)
	r.files = append(r.files, File{Op: Modify, Old: name, New: name, line: r.at + 1})
	return &r.files[len(r.files)-1]
}

// fence is a line of three or more backticks or tildes.
type fence struct {
	char   byte
	length int
	info   string // what follows
}

func fenceOf(line string) (f fence, ok bool) {
	t := strings.TrimLeft(line, " \t")
	if len(t) < 3 || t[0] != '`' && t[0] != '~' {
		return f, false
	}
	f.char = t[0]
	for f.length < len(t) && t[f.length] == f.char {
		f.length++
	}
	f.info = strings.TrimSpace(t[f.length:])
	return f, f.length >= 3 && !strings.ContainsRune(f.info, '`')
}

// closes reports whether the line ends a block that open began.
func (open fence) closes(line string) bool {
	f, ok := fenceOf(line)
	return ok && f.info == "" && f.char == open.char && f.length >= open.length
}

// detect finds out what the text is: by the first line that begins a patch of some
// format outside any fence, or at the head of one.
func (r *reader) detect() Format {
	json := r.looksJSON()
	var open fence
	head := 0 // lines that still count as the head of the open fence
	fences := 0
	for i := range r.lines {
		line := r.line(i)
		if open.length > 0 && open.closes(line) {
			open, head = fence{}, 0
			continue
		}
		if f, ok := fenceOf(line); ok && open.length == 0 {
			open, head = f, 4
			fences++
			if f.info == "diff" || f.info == "patch" || f.info == "udiff" {
				head = len(r.lines)
			}
			continue
		}
		if _, ok := fenceOf(line); ok && head > 0 && head < 4 {
			head = 0 // the fence holds a text, of which this is a part
		}
		if open.length > 0 && head == 0 {
			continue
		}
		if i == json {
			return JSON
		}
		if format := r.marker(i); format != "" {
			return format
		}
		if head > 0 && !isBlankLine(line) {
			head--
		}
	}
	for i := range r.lines {
		if format := r.marker(i); format != "" && (fences == 0 || format != Unified) {
			return format
		}
	}
	if fences > 0 && !r.diffFence() {
		return WholeFile
	}
	return Unified
}

// foreign refuses a text that has a patch of another format at line i as well: to
// leave that out without a word would be half of what was asked for.
func (r *reader) foreign(i int, own Format) *Error {
	if other := r.marker(i); other != "" && other != own {
		return errAt(Malformed, i+1, "the text has patches in two formats, %s and %s; give them one after the other", own, other)
	}
	return nil
}

// diffFence reports whether a fence that is in no other says that it holds a diff.
func (r *reader) diffFence() bool {
	var open fence
	for i := range r.lines {
		f, ok := fenceOf(r.line(i))
		switch {
		case !ok:
		case open.length > 0:
			if open.closes(r.line(i)) {
				open = fence{}
			}
		case f.info == "diff" || f.info == "patch" || f.info == "udiff":
			return true
		default:
			open = f
		}
	}
	return false
}

// changes reports whether a line that adds or removes comes soon, as below the header of
// a hunk, and before any block begins.
func (r *reader) changes(i int) bool {
	for end := min(i+50, len(r.lines)); i < end && isSearch(strings.TrimLeft(r.line(i), " \t>")) == 0; i++ {
		if line := strings.TrimLeft(r.line(i), " \t>"); line != "" && (line[0] == '+' || line[0] == '-') {
			return true
		}
	}
	return false
}

// marker returns the format that line i begins a patch of; empty if none.
func (r *reader) marker(i int) Format {
	line := strings.TrimLeft(r.line(i), " \t>")
	switch {
	case strings.HasPrefix(line, "*** Begin Patch"), envelopeLine(line) != "":
		return Envelope
	case isSearch(line) > 0:
		return SearchReplace
	case strings.HasPrefix(line, "diff --git "), strings.HasPrefix(line, "@@") && r.changes(i+1),
		strings.HasPrefix(line, "--- ") && strings.HasPrefix(strings.TrimLeft(r.line(i+1), " \t>"), "+++ "):
		return Unified
	}
	return ""
}
