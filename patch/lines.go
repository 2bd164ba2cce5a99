package patch

import (
	"bytes"
	"iter"
	"strings"
)

// LineKind says what a line of a diff is, for whoever shows it.
type LineKind int

const (
	LineText    LineKind = iota // prose, or the data of a binary change
	LineHeader                  // of a file
	LineHunk                    // @@ … @@
	LineAdded                   // begins with '+'
	LineRemoved                 // begins with '-'
	LineContext                 // anything else in a hunk, the mark of a missing newline included
)

// Lines yields the lines of a diff with their line ends, and what they are. It
// takes any text, damaged diffs as well.
func Lines(text []byte) iter.Seq2[LineKind, []byte] {
	return func(yield func(LineKind, []byte) bool) {
		var c Classifier
		for len(text) > 0 {
			line := firstLine(text)
			text = text[len(line):]
			if !yield(c.Line(line), line) {
				return
			}
		}
	}
}

// Classifier says line by line what a diff consists of. The zero value is ready.
type Classifier struct {
	in       part
	old, new int // lines that the hunk must still have
}

type part int

const (
	outside part = iota
	inHeader
	inHunk
)

// Line returns what the next line is.
func (c *Classifier) Line(line []byte) LineKind {
	if c.in == inHunk && (c.old > 0 || c.new > 0) {
		if kind := c.body(line); kind != LineText {
			return kind
		}
	}
	switch {
	case bytes.HasPrefix(line, []byte("diff ")), bytes.HasPrefix(line, []byte("--- ")) && c.in != inHeader:
		c.in = inHeader
		return LineHeader
	case bytes.HasPrefix(line, []byte("@@")) && c.in != outside:
		var h Hunk
		h.header(string(cutLine(line)))
		c.in, c.old, c.new = inHunk, h.OldLines, h.NewLines
		return LineHunk
	case c.in == inHeader:
		if key, _ := headerKey(string(line)); key != "" || strings.HasPrefix(string(line), "Binary files ") {
			return LineHeader
		}
	case c.in == inHunk && !bytes.Equal(cutLine(line), []byte("-- ")):
		if kind := c.body(line); kind != LineText {
			return kind // beyond the hunk's counts, which may be wrong
		}
	}
	c.in = outside
	return LineText
}

// body returns what a line of a hunk is; LineText: it belongs to none.
func (c *Classifier) body(line []byte) LineKind {
	switch line[0] {
	case '+':
		c.new--
		return LineAdded
	case '-':
		c.old--
		return LineRemoved
	case ' ':
		c.old--
		c.new--
		return LineContext
	case '\n', '\r':
		if c.old <= 0 || c.new <= 0 {
			return LineText
		}
		c.old--
		c.new--
		return LineContext
	case '\\':
		return LineContext
	}
	return LineText
}
