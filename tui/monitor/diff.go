package monitor

import (
	"fmt"
	"strconv"
	"strings"

	"codeagent.dev/agent/patch"
	"codeagent.dev/agent/tui"
)

// foldAbove is how many lines a diff may have before its files are folded at first.
const foldAbove = 2000

// maxDiffLine is how much of a line is shown, in bytes; files that programs write have
// lines of a mebibyte.
const maxDiffLine = 2000

// diffDoc is a diff that can be folded by file and by hunk. It colours a hunk when it is
// first seen.
type diffDoc struct {
	files []*diffFile
	rows  []diffRow // what is not folded away
	color paint
	wide  bool // room for the numbers of lines
}

type diffFile struct {
	path    string
	note    string // "new", "deleted", "renamed from x", "binary"
	added   int
	removed int
	hunks   []*diffHunk
	folded  bool
	syntax  *syntax
}

type diffHunk struct {
	head    string
	lines   []diffLine
	folded  bool
	painted []string // for one paint and width of numbers; nil: not yet
}

type diffLine struct {
	kind     patch.LineKind
	text     string // safe, without tabs and without the sign
	old, new int    // its numbers, 0: it has none
}

// diffRow is one row: a file's head (hunk < 0), a hunk's head (line < 0), or a line.
type diffRow struct{ file, hunk, line int }

// newDiff reads a unified diff. It takes any text: what belongs to no file is left out.
func newDiff(text string, color paint, width int) *diffDoc {
	d := &diffDoc{color: color, wide: width >= 100}
	r := diffReader{doc: d}
	total := 0
	for kind, line := range patch.Lines([]byte(text)) {
		r.line(kind, strings.TrimRight(string(line), "\r\n"))
		total++
	}
	for _, f := range d.files {
		f.syntax = syntaxOf(f.path)
		f.folded = total > foldAbove && len(d.files) > 1
	}
	d.layout()
	return d
}

// diffReader puts the lines of a diff into files and hunks.
type diffReader struct {
	doc      *diffDoc
	body     bool // beyond the head of the file
	old, new int
}

func (r *diffReader) line(kind patch.LineKind, line string) {
	switch kind {
	case patch.LineHeader:
		r.head(line)
	case patch.LineHunk:
		f := r.file()
		f.hunks = append(f.hunks, &diffHunk{head: tui.Line(line)})
		r.old, r.new, r.body = hunkStart(line), hunkStart(line[max(0, strings.IndexByte(line, '+')):]), true
	case patch.LineAdded, patch.LineRemoved, patch.LineContext:
		r.content(kind, line)
	}
}

// file is the one that lines belong to now.
func (r *diffReader) file() *diffFile {
	if len(r.doc.files) == 0 {
		r.doc.files = append(r.doc.files, &diffFile{})
	}
	return r.doc.files[len(r.doc.files)-1]
}

func (r *diffReader) head(line string) {
	if strings.HasPrefix(line, "diff ") || r.body || len(r.doc.files) == 0 {
		r.doc.files = append(r.doc.files, &diffFile{})
		r.body = false
	}
	f := r.file()
	key, value, _ := strings.Cut(line, " ")
	switch {
	case key == "diff" && strings.Contains(line, " b/"):
		f.path = fileName(line[strings.LastIndex(line, " b/")+1:])
	case key == "diff" && strings.Contains(line, ` "b/`):
		f.path = fileName(line[strings.LastIndex(line, ` "b/`)+1:])
	case key == "+++" && fileName(value) != "/dev/null", key == "---" && f.path == "" && fileName(value) != "/dev/null":
		f.path = fileName(value)
	case strings.HasPrefix(line, "rename to "):
		f.path = fileName(strings.TrimPrefix(line, "rename to "))
	case strings.HasPrefix(line, "rename from "):
		f.note = "renamed from " + fileName(strings.TrimPrefix(line, "rename from "))
	case strings.HasPrefix(line, "new mode "):
		f.note = strings.TrimSpace(f.note + " mode " + tui.Line(value[len("mode "):]))
	case strings.HasPrefix(line, "new file"):
		f.note = strings.TrimSpace("new " + special(line))
	case key == "deleted":
		f.note = "deleted"
	case key == "Binary" || key == "GIT":
		f.note = strings.TrimSpace(f.note + " binary")
	}
}

// special says of the mode of a new file what is unusual about it.
func special(line string) string {
	switch {
	case strings.HasSuffix(line, "100755"):
		return "executable"
	case strings.HasSuffix(line, "120000"):
		return "symbolic link"
	}
	return ""
}

// fileName is a name as a diff's head has it: quoted like in C if it is odd, behind a/ or
// b/, before a tab.
func fileName(name string) string {
	name, _, _ = strings.Cut(name, "\t")
	if s, err := strconv.Unquote(name); err == nil {
		name = s
	}
	if strings.HasPrefix(name, "a/") || strings.HasPrefix(name, "b/") {
		name = name[2:]
	}
	return tui.Line(name)
}

// hunkStart is the first number in "-12,3 …" or "+12,3 …".
func hunkStart(text string) int {
	i := strings.IndexAny(text, "-+")
	if i < 0 {
		return 0
	}
	n := 0
	for _, c := range text[i+1:] {
		if c < '0' || c > '9' || n > 1e8 {
			break
		}
		n = 10*n + int(c-'0')
	}
	return n
}

func (r *diffReader) content(kind patch.LineKind, line string) {
	f := r.file()
	if len(f.hunks) == 0 {
		return
	}
	h := f.hunks[len(f.hunks)-1]
	l := diffLine{kind: kind}
	if line != "" && line[0] != '\\' {
		line = line[1:]
	}
	if more := len(line) - maxDiffLine; more > 0 {
		line = prefix(line, maxDiffLine) + fmt.Sprintf(" … %d more bytes", more)
	}
	l.text = tabs(strings.ReplaceAll(tui.Clean(line), "\n", " "))
	switch kind {
	case patch.LineAdded:
		l.new, r.new, f.added = r.new, r.new+1, f.added+1
	case patch.LineRemoved:
		l.old, r.old, f.removed = r.old, r.old+1, f.removed+1
	default:
		if strings.HasPrefix(line, `\ No newline`) {
			break
		}
		l.old, l.new, r.old, r.new = r.old, r.new, r.old+1, r.new+1
	}
	h.lines = append(h.lines, l)
}

// layout lists the rows that are not folded away.
func (d *diffDoc) layout() {
	d.rows = d.rows[:0]
	for i, f := range d.files {
		d.rows = append(d.rows, diffRow{i, -1, -1})
		if f.folded {
			continue
		}
		for k, h := range f.hunks {
			d.rows = append(d.rows, diffRow{i, k, -1})
			if h.folded {
				continue
			}
			for n := range h.lines {
				d.rows = append(d.rows, diffRow{i, k, n})
			}
		}
	}
}

func (d *diffDoc) Len() int { return len(d.rows) }

func (d *diffDoc) Plain(i int) string {
	at := d.rows[i]
	switch f := d.files[at.file]; {
	case at.hunk < 0:
		return f.path
	case at.line < 0:
		return f.hunks[at.hunk].head
	default:
		h := f.hunks[at.hunk]
		l := h.lines[at.line]
		return d.gutter(l) + string(sign(l.kind)) + l.text
	}
}

func (d *diffDoc) Line(i int) string {
	at := d.rows[i]
	f := d.files[at.file]
	if at.hunk < 0 {
		return d.fileHead(f)
	}
	h := f.hunks[at.hunk]
	if at.line < 0 {
		fold := "  "
		if h.folded {
			fold = "+ "
		}
		return d.color.Hunk(fold + h.head)
	}
	if h.painted == nil {
		h.painted = d.paintHunk(f, h)
	}
	return h.painted[at.line]
}

func (d *diffDoc) fileHead(f *diffFile) string {
	fold := "▾ "
	if f.folded {
		fold = "▸ "
	}
	size := d.color.Added("+"+strconv.Itoa(f.added)) + " " + d.color.Removed("-"+strconv.Itoa(f.removed))
	if f.note != "" {
		size += "  " + d.color.Dim(f.note)
	}
	return d.color.Bold(fold+f.path) + "  " + size
}

// toggle folds or unfolds what row i belongs to, and returns the row that it is then.
func (d *diffDoc) toggle(i int) int {
	if i < 0 || i >= len(d.rows) {
		return i
	}
	at := d.rows[i]
	if at.hunk < 0 {
		d.files[at.file].folded = !d.files[at.file].folded
	} else {
		h := d.files[at.file].hunks[at.hunk]
		h.folded = !h.folded
	}
	d.layout()
	return d.rowOf(diffRow{at.file, at.hunk, -1})
}

// toggleAll folds all files, or unfolds them when all are folded.
func (d *diffDoc) toggleAll(i int) int {
	if i < 0 || i >= len(d.rows) {
		return i
	}
	file, fold := d.rows[i].file, false
	for _, f := range d.files {
		fold = fold || !f.folded
	}
	for _, f := range d.files {
		f.folded = fold
	}
	d.layout()
	return d.rowOf(diffRow{file, -1, -1})
}

func (d *diffDoc) rowOf(want diffRow) int {
	for i, r := range d.rows {
		if r == want {
			return i
		}
	}
	return 0
}

// next finds the next head of a hunk, or of a file, from row i on; -1: there is none. A
// folded file counts among the hunks.
func (d *diffDoc) next(i, step int, files bool) int {
	for i += step; i >= 0 && i < len(d.rows); i += step {
		r := d.rows[i]
		if r.hunk < 0 && (files || d.files[r.file].folded || len(d.files[r.file].hunks) == 0) || !files && r.hunk >= 0 && r.line < 0 {
			return i
		}
	}
	return -1
}

// where says in which file row i is.
func (d *diffDoc) where(i int) string {
	if i < 0 || i >= len(d.rows) {
		return ""
	}
	at := d.rows[i].file
	return fmt.Sprintf("file %d/%d %s", at+1, len(d.files), d.files[at].path)
}
