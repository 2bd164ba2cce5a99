package patch

import (
	"bytes"
	"io/fs"
	"strings"
)

// readFor reads a text for a tree: the names in the sections are paths of it.
func readFor(text []byte, fsys fs.FS, opt Options) (*Patch, error) {
	r := &resolver{tree: &tree{fs: fsys, seen: map[string]entry{}}, target: opt.Target}
	files, err := read(text, opt, r.known, func(base string) bool { return r.bySuffix(base) != "" })
	if err != nil {
		return nil, err
	}
	r.resolve(files)
	p := &Patch{Files: merged(files)}
	if r.plainEnds(p.Files) {
		for i := range p.Files {
			p.Files[i].plainEnds()
		}
	}
	if opt.Reverse {
		return p.Reverse()
	}
	for i := range p.Files {
		f := &p.Files[i]
		if f.fill && f.Op == Create && r.known(f.New) {
			f.Op, f.Old, f.NewMode = Modify, f.New, 0
		}
		if f.Op == Modify && len(f.edits) == 1 && len(f.edits[0].old) == 0 && !r.known(f.Old) && f.edits[0].insert == 0 && f.edits[0].stated < 2 && f.diff {
			f.Op, f.Old, f.NewMode = Create, "", ModeFile
		}
		if err := f.guard(); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// plainEnds reports whether the text has "\r\n" where the files it changes do not: then
// its line ends say nothing about new files either.
func (r *resolver) plainEnds(files []File) bool {
	plain := false
	for i := range files {
		f := &files[i]
		if f.Op != Modify || f.over {
			continue
		}
		for _, e := range f.edits {
			for _, l := range e.lines {
				if !l.cr && !l.open {
					return false
				}
			}
		}
		if e, stop, err := r.tree.at(f.Old); err == nil && stop == "" && e.mode != 0 && e.mode != ModeLink && !plain {
			data, err := r.tree.read(f.Old, e)
			plain = err == nil && bytes.Contains(data, []byte("\n")) && !bytes.Contains(data, []byte("\r\n"))
		}
	}
	return plain
}

// plainEnds forgets the line ends of the text.
func (f *File) plainEnds() {
	for _, e := range f.edits {
		for i := range e.lines {
			e.lines[i].cr = false
		}
	}
}

// merged puts the edits of one file together: they are all of the file as it is, or
// each of what the one before made.
func merged(files []File) []File {
	var out []File
	at := map[string]int{}
	for n, f := range files {
		for k, e := range f.edits {
			if e.turn = n; e.find != "" { // a block is a turn of its own
				e.turn = len(files) + k
			}
		}
		if i, ok := at[f.Old]; ok && f.Op == Modify && f.Binary == nil && f.OldMode == f.NewMode && out[i].Op == Modify {
			out[i].edits = append(out[i].edits, f.edits...)
			out[i].NewID = ""
			continue
		}
		if f.Op == Modify && f.Binary == nil {
			at[f.Old] = len(out)
		} else {
			delete(at, f.Old)
		}
		out = append(out, f)
	}
	return out
}

// replaced returns the content of a file that is given as a whole.
func (f *File) replaced(old []byte, rep *FileReport) ([]byte, error) {
	e := f.edits[0]
	if isBinary(old) {
		return nil, f.errorf(BinaryFile, f.Path(), "the file is binary, and the patch has text for it")
	}
	src := newSource(old)
	if !f.over && strings.TrimSpace(src.text) != "" {
		if e.text("\n", false) == src.text {
			return nil, f.errorf(AlreadyApplied, f.Path(), "the change is already there")
		}
		return nil, f.errorf(Exists, f.Path(), "the file is already there and not empty")
	}
	crlf := 0
	for _, end := range src.ends {
		if end == "\r\n" {
			crlf++
		}
	}
	text := e.text("", f.fenced && src.open())
	if len(src.lines) > 0 {
		text = e.text(map[bool]string{true: "\r\n", false: "\n"}[2*crlf > len(src.ends)], f.fenced && src.open())
	}
	if err := f.shrunk(src, text); err != nil {
		return nil, err
	}
	text = src.mark + text
	if text == src.text {
		return nil, f.errorf(AlreadyApplied, f.Path(), "the file has this content already")
	}
	var was, is []editLine
	for _, line := range src.lines {
		was = append(was, editLine{text: line})
	}
	is = append(is, e.lines...)
	rep.Added, rep.Removed = (&edit{lines: diffLines(was, is)}).count()
	return []byte(text), nil
}

// text returns the new lines with the given line end, or their own if it is empty.
func (e *edit) text(end string, open bool) string {
	var b strings.Builder
	crs, n := 0, 0
	for _, l := range e.lines {
		if l.cr {
			crs++
		}
		n++
	}
	own := "\n"
	if crs == n && n > 0 {
		own = "\r\n"
	}
	if end == "" {
		end = own
	}
	for i, l := range e.lines {
		b.WriteString(l.text)
		if last := i == len(e.lines)-1; !last || !l.open && !open {
			b.WriteString(end)
		}
	}
	return b.String()
}
