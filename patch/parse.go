package patch

import (
	"bytes"
	"strings"
)

// parser walks over the lines of a patch and takes them as `git apply` does.
type parser struct {
	text []byte
	off  int // where the next line begins
	line int // its number, from 1

	names nameRule
	guess bool // how many parts of a name to cut off was not said: the first plain section may show it

	// bare is the name in a `diff --git` line with nothing of a header below it, while
	// the section it may belong to is looked for.
	bare string

	// odd is the first place that a person might take for a change and that git skips.
	odd *Error
}

// peek returns the next line with its line end; it is empty at the end.
func (p *parser) peek() []byte { return firstLine(p.text[p.off:]) }

// next moves past the line that peek returns.
func (p *parser) next() {
	p.off += len(p.peek())
	p.line++
}

// Parse reads a patch as `git apply` does. Text before, between and after the file
// sections is skipped, so mail and the output of `git show` can be given as they are.
// The error is an *Error.
func Parse(text []byte) (*Patch, error) { return (&Strict{}).parse(text) }

// files reads all sections.
func (p *parser) files() ([]File, error) {
	if len(p.text) > MaxText {
		return nil, errAt(TooLarge, 0, "the patch has %d bytes, more than %d", len(p.text), MaxText)
	}
	var files []File
	total := 0 // bytes of binary data
	for {
		f := File{}
		found, err := p.section(&f)
		if err != nil {
			return nil, err
		}
		if !found {
			break
		}
		if len(files) == MaxFiles {
			return nil, errAt(TooLarge, f.line, "the patch changes more than %d files", MaxFiles)
		}
		if total += f.Binary.size(); total > MaxTotal {
			return nil, errAt(TooLarge, f.line, "the patch holds more than %d bytes of binary data", MaxTotal)
		}
		files = append(files, f)
	}
	return files, nil
}

const leastHeader = 6 // bytes that the shortest line of a header has, and that must follow one

// section reads the next file section; false: there is none.
func (p *parser) section(f *File) (bool, error) {
	p.bare = ""
	for p.off < len(p.text) {
		line := p.peek()
		f.line = p.line
		switch {
		case len(line) < leastHeader:
		case bytes.HasPrefix(line, []byte("@@ -")) && isHeader(line):
			return false, errAt(Malformed, p.line, "a hunk without a file header above it")
		case len(p.text)-p.off-len(line) < leastHeader:
			p.off = len(p.text)
			continue
		case bytes.HasPrefix(line, []byte("diff --git ")):
			g, err := p.gitHeader(f)
			if err != nil {
				return false, err
			}
			if g != nil {
				return true, p.content(f, g.changes())
			}
			continue // no more than the first line, which the next section may complete
		case p.atPlain():
			if err := p.plainHeader(f); err != nil {
				return false, err
			}
			return true, p.content(f, false)
		default:
			p.notice(line)
		}
		p.next()
	}
	return false, nil
}

// atPlain reports whether the next lines are `--- old`, `+++ new` and the head of a hunk.
func (p *parser) atPlain() bool {
	line := p.peek()
	rest := p.text[p.off+len(line):]
	return bytes.HasPrefix(line, []byte("--- ")) && bytes.HasPrefix(rest, []byte("+++ ")) &&
		bytes.HasPrefix(rest[len(firstLine(rest)):], []byte("@@ -"))
}

// notice remembers a line that git skips though it looks like part of a diff.
func (p *parser) notice(line []byte) {
	switch {
	case p.odd != nil:
	case bytes.HasPrefix(line, []byte("diff --cc ")), bytes.HasPrefix(line, []byte("diff --combined ")):
		p.odd = errAt(Unsupported, p.line, "a combined diff of a merge cannot be applied; give the diff against one parent")
	case bytes.HasPrefix(line, []byte("--- ")) && bytes.HasPrefix(p.text[p.off+len(line):], []byte("+++ ")):
		p.odd = errAt(Malformed, p.line+2, "no hunk like @@ -1,2 +1,3 @@ follows the file header")
	}
}

// plainHeader reads the header of a section that git did not write.
func (p *parser) plainHeader(f *File) error {
	first := p.text[p.off+len("--- "):]
	p.next()
	second := p.text[p.off+len("+++ "):]
	p.next()
	p.guessStrip(second)
	r := p.names
	name, f2 := "", File{Op: Modify, line: f.line, plain: true}
	switch {
	case isDevNull(first):
		f2.Op, name = Create, r.plain(second, "")
	case isDevNull(second):
		f2.Op, name = Delete, r.plain(first, "")
	default:
		name = r.plain(second, r.plain(first, ""))
		if hasEpoch(first) {
			f2.Op = Create
		} else if hasEpoch(second) {
			f2.Op = Delete
		}
	}
	if name == "" {
		return errAt(Malformed, f.line, "the file header names no file%s", r.wants())
	}
	if f2.Op != Create {
		f2.Old = name
	}
	if f2.Op != Delete {
		f2.New = name
	}
	f2.saidModes(0, 0)
	*f = f2
	return nil
}

// guessStrip settles how many parts of a name are cut off, if nobody has said: none
// where the new name has no directory. It holds for the rest of the patch.
func (p *parser) guessStrip(second []byte) {
	if !p.guess || isDevNull(second) {
		return
	}
	whole := nameRule{root: p.names.root}
	if name := whole.plain(second, ""); name != "" && !strings.Contains(name, "/") {
		p.names.strip, p.guess = 0, false
	}
}

// content reads what follows a header; changes reports whether that does something alone.
func (p *parser) content(f *File, changes bool) error {
	if err := p.hunks(f); err != nil {
		return err
	}
	line := p.peek()
	switch {
	case len(f.Hunks) > 0:
	case string(line) == "GIT binary patch\n":
		if err := p.binary(f); err != nil {
			return err
		}
	case bytes.HasSuffix(line, []byte(" differ\n")) && (bytes.HasPrefix(line, []byte("Binary files ")) || bytes.HasPrefix(line, []byte("Files "))):
		f.Binary = &Binary{}
		p.next()
	case !changes:
		err := errAt(Malformed, f.line, "the section changes nothing")
		err.Path = f.Path()
		return err
	}
	return f.consistent()
}
