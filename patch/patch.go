// Package patch reads a change as people and models write it down and applies it to a
// tree, exactly or not at all. It is a pure library: text and a read-only fs.FS in, a
// list of writes out, nothing touched.
//
// A text in any Format becomes edits: blocks of context, removed and added lines. An edit
// stands where its old lines stand, compared by one Tier after the other, and at last
// where an alignment of them with the file leaves no doubt. Context keeps the file's own
// bytes; new lines are indented as the lines they stand among. An edit with two places is
// decided by what the text says of the place, or refused. Everything that is not applied
// is an *Error, whose Report tells a person or a model what was expected and what stands
// there.
//
// With Options.Strict the rules are git's own, for unified diffs alone.
package patch

import (
	"bytes"
	"fmt"
	"iter"
)

// Bounds. What is larger is refused as TooLarge before it costs anything.
const (
	MaxText   = 64 << 20  // bytes of one patch
	MaxFile   = 64 << 20  // bytes of one file, before or after
	MaxTotal  = 256 << 20 // bytes of all files a patch writes, and of all binary data in it
	MaxPath   = 4096      // bytes of one path
	MaxFiles  = 100_000   // file sections of one patch
	maxNumber = 1 << 30   // the largest line number or count in a hunk header
	maxSearch = 1 << 30   // bytes compared while looking for moved hunks of one file
)

// Mode is a file's mode as git records it.
type Mode uint32

const (
	ModeFile      Mode = 0o100644
	ModeExec      Mode = 0o100755
	ModeLink      Mode = 0o120000 // the content is the link's target
	modeSubmodule Mode = 0o160000
	modeType      Mode = 0o170000
)

// String returns the six octal digits git prints.
func (m Mode) String() string { return fmt.Sprintf("%06o", uint32(m)) }

// Op says what a file section does.
type Op string

const (
	Modify Op = "modify" // content, mode, or both
	Create Op = "create"
	Delete Op = "delete"
	Rename Op = "rename" // and perhaps change
	Copy   Op = "copy"   // and perhaps change
)

// Patch is a parsed patch. Its byte slices may share memory with the text it was
// parsed from.
type Patch struct {
	Files []File
}

// File is what a patch says about one file. Paths are slash-separated, as git
// stores them: any bytes, without the `a/` and `b/` of the diff.
type File struct {
	Op  Op
	Old string // path before; empty for Create
	New string // path after; empty for Delete

	// Modes before and after; 0 where the patch does not say. Create has a New
	// mode and Delete an old one, ModeFile where the patch does not say.
	OldMode, NewMode Mode

	// OldID and NewID are the blob ids of the index line, abbreviated or whole;
	// empty without one.
	OldID, NewID string

	// Score is the similarity (or, for Modify, the dissimilarity) the header
	// states, in per cent; 0 when it does not.
	Score int

	Hunks  []Hunk
	Binary *Binary // instead of hunks

	edits  []*edit // instead of hunks, from a text that was read loosely
	diff   bool    // the names are those of a diff, so they may have its prefixes
	git    bool    // there was a `diff --git` line
	fill   bool    // a Create may fill a file that is there and empty
	over   bool    // a Create may replace a file that is there
	fenced bool    // the content stood in a fence, which says nothing about its last newline
	named  bool    // a Delete that names the file and says no more
	plain  bool    // there was no git header, so what is not in the tree may be meant to be made
	sets   bool    // NewMode is to be set whatever OldMode is
	unsaid bool    // a Rename of which only the two names tell
	mail   int     // the mail of a series that it stands in, from 1; 0 where none begins above it
	line   int     // where the section begins in the patch, from 1
}

// Path returns the path after the change, or before it for a Delete.
func (f *File) Path() string {
	if f.New != "" {
		return f.New
	}
	return f.Old
}

// Hunk is one block of changes. A Start is the line the block begins at, from 1;
// where the count of lines is 0 it is the line before, from 0.
type Hunk struct {
	OldStart, OldLines int
	NewStart, NewLines int
	Section            string // what follows the second @@, its leading blank included

	// Body is the hunk's lines as they stand in the patch: a marker (blank, '-',
	// '+'), the text, a newline. Marks of a missing final newline ("\ No newline
	// at end of file") stand after their lines.
	Body []byte

	line int // where the hunk begins in the patch, from 1
}

// Line is one line of a hunk.
type Line struct {
	Op   byte   // ' ' context, '-' removed, '+' added
	Text []byte // with its newline, or without where the file ends there without one
}

// Lines returns the hunk's lines in order.
func (h *Hunk) Lines() iter.Seq[Line] {
	return func(yield func(Line) bool) {
		rest := h.Body
		for len(rest) > 0 {
			raw := firstLine(rest)
			rest = rest[len(raw):]
			line := Line{Op: ' ', Text: raw}
			if raw[0] != '\n' { // git takes an empty line for an empty context line
				line = Line{Op: raw[0], Text: raw[1:]}
			}
			if len(rest) > 0 && rest[0] == '\\' {
				rest = rest[len(firstLine(rest)):]
				line.Text = bytes.TrimSuffix(line.Text, []byte("\n"))
			}
			if !yield(line) {
				return
			}
		}
	}
}

// Old returns the text the hunk expects, New the text it leaves in its place.
func (h *Hunk) Old() []byte { return h.side('+') }

// New returns the text the hunk leaves in place of Old.
func (h *Hunk) New() []byte { return h.side('-') }

// side joins the lines of one side: all but those marked with other.
func (h *Hunk) side(other byte) []byte {
	text := make([]byte, 0, len(h.Body))
	for line := range h.Lines() {
		if line.Op != other {
			text = append(text, line.Text...)
		}
	}
	return text
}

// Count returns how many lines the hunk adds and removes.
func (h *Hunk) Count() (added, removed int) {
	for line := range h.Lines() {
		switch line.Op {
		case '+':
			added++
		case '-':
			removed++
		}
	}
	return added, removed
}

// Binary is the content of a binary change. Both halves are nil when the patch
// says only that binary files differ.
type Binary struct {
	Forward *Blob // makes the new content
	Back    *Blob // makes the old content again; nil when the patch has none
}

// Blob is one half of a binary change.
type Blob struct {
	Delta bool   // Data is a git delta against the other side, not the content itself
	Data  []byte // inflated
}

// firstLine returns text up to and including its first newline.
func firstLine(text []byte) []byte {
	if i := bytes.IndexByte(text, '\n'); i >= 0 {
		return text[:i+1]
	}
	return text
}
