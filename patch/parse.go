package patch

import (
	"bytes"
	"strings"
)

// parser walks over the lines of a patch.
type parser struct {
	text []byte
	off  int // where the next line begins
	line int // its number, from 1

	whole bool // no part of a name is cut off
}

// peek returns the next line with its line end; it is empty at the end.
func (p *parser) peek() []byte { return firstLine(p.text[p.off:]) }

// next moves past the line that peek returns.
func (p *parser) next() {
	p.off += len(p.peek())
	p.line++
}

// Parse reads a patch. Text before, between and after the file sections is
// skipped, so mail and the output of `git show` can be given as they are. The
// error is an *Error.
func Parse(text []byte) (*Patch, error) { return parse(text, false) }

// parse is Parse; whole: no part of a name is a prefix.
func parse(text []byte, whole bool) (*Patch, error) {
	if len(text) > MaxText {
		return nil, errAt(TooLarge, 0, "the patch has %d bytes, more than %d", len(text), MaxText)
	}
	p := &parser{text: text, line: 1, whole: whole}
	var files []File
	total := 0 // bytes of binary data
	for p.off < len(text) {
		section := p.section()
		if section == nil {
			p.next()
			continue
		}
		f := File{line: p.line}
		if err := section(&f); err != nil {
			return nil, err
		}
		if len(files) == MaxFiles {
			return nil, errAt(TooLarge, f.line, "the patch changes more than %d files", MaxFiles)
		}
		if total += f.Binary.size(); total > MaxTotal {
			return nil, errAt(TooLarge, f.line, "the patch holds more than %d bytes of binary data", MaxTotal)
		}
		files = append(files, f)
	}
	if len(files) == 0 {
		return nil, errAt(Empty, 0, "no diff in the text")
	}
	return &Patch{Files: files}, nil
}

// section returns what reads the section that begins at the next line; nil when
// that line is prose.
func (p *parser) section() func(*File) error {
	line := p.peek()
	switch {
	case bytes.HasPrefix(line, []byte("diff --git ")):
		return p.gitSection
	case bytes.HasPrefix(line, []byte("diff --cc ")), bytes.HasPrefix(line, []byte("diff --combined ")):
		return func(*File) error {
			return errAt(Unsupported, p.line, "a combined diff of a merge cannot be applied; give the diff against one parent")
		}
	case p.atPlain():
		return p.plainSection
	case bytes.HasPrefix(line, []byte("@@ -")) && new(Hunk).header(string(cutLine(line))):
		return func(*File) error { return errAt(Malformed, p.line, "a hunk without a file header above it") }
	}
	return nil
}

// atPlain reports whether the next two lines are `--- old` and `+++ new`.
func (p *parser) atPlain() bool {
	line := p.peek()
	return bytes.HasPrefix(line, []byte("--- ")) && bytes.HasPrefix(p.text[p.off+len(line):], []byte("+++ "))
}

// plainSection reads a file section without a git header.
func (p *parser) plainSection(f *File) error {
	old, oldEpoch, ok := fileName(string(cutLine(p.peek())[4:]))
	p.next()
	new, newEpoch, ok2 := fileName(string(cutLine(p.peek())[4:]))
	if !ok || !ok2 {
		return errAt(Malformed, f.line, "the file header names no file")
	}
	p.next()
	name, err := p.plainNames(old, new)
	if err != nil {
		return errAt(Malformed, f.line, "the file header names %v", err)
	}
	if name == "" {
		return errAt(Malformed, f.line, "the file header names no file")
	}
	switch {
	case old == devNull || oldEpoch:
		f.Op, f.New, f.NewMode = Create, name, ModeFile
	case new == devNull || newEpoch:
		f.Op, f.Old, f.OldMode = Delete, name, ModeFile
	default:
		f.Op, f.Old, f.New = Modify, name, name
	}
	if !bytes.HasPrefix(p.peek(), []byte("@@")) {
		return errAt(Malformed, p.line, "no hunk follows the file header of %s", show(name))
	}
	if err := p.hunks(f); err != nil {
		return err
	}
	return f.consistent()
}

// consistent checks that the hunks can be what the header says they are.
func (f *File) consistent() error {
	bad := func(format string, args ...any) error {
		err := errAt(Malformed, f.line, format, args...)
		err.Path = f.Path()
		return err
	}
	for i := range f.Hunks {
		switch h := &f.Hunks[i]; {
		case f.Op == Create && (h.OldLines > 0 || i > 0):
			return bad("a file to create cannot have old lines")
		case f.Op == Delete && (h.NewLines > 0 || i > 0):
			return bad("a file to delete cannot keep lines")
		}
	}
	if f.OldMode == modeSubmodule || f.NewMode == modeSubmodule {
		err := errAt(Unsupported, f.line, "a submodule cannot be changed by a patch")
		err.Path = f.Path()
		return err
	}
	if f.OldMode != 0 && f.NewMode != 0 && f.OldMode&modeType != f.NewMode&modeType {
		return bad("mode %v cannot become %v in one section; delete the file and create it", f.OldMode, f.NewMode)
	}
	if f.Op == Modify && len(f.Hunks) == 0 && len(f.edits) == 0 && f.Binary == nil && f.OldMode == f.NewMode {
		return bad("the section changes nothing")
	}
	if len(f.Hunks) == 0 && len(f.edits) == 0 && f.Binary == nil && f.lacks() {
		return bad("the content of the file is missing from the patch")
	}
	return nil
}

// lacks reports whether the index line of a section without content says that the
// content changes. A Delete may leave it out (git diff --irreversible-delete).
func (f *File) lacks() bool {
	if f.NewID == "" || f.Op == Delete {
		return false
	}
	if f.Op == Create {
		return !strings.HasPrefix(blobID(nil, 40), f.NewID) && !strings.HasPrefix(blobID(nil, 64), f.NewID) && strings.Trim(f.NewID, "0") != ""
	}
	return f.OldID != f.NewID
}
