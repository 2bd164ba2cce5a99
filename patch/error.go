package patch

import (
	"fmt"
	"strings"
)

// Kind says why a patch was not applied.
type Kind string

const (
	Malformed      Kind = "malformed"       // not a patch that can be read; Line says where
	Empty          Kind = "empty"           // the text holds no diff, or the diff changes nothing
	Conflict       Kind = "conflict"        // what the patch expects does not stand in the file, or in several places
	AlreadyApplied Kind = "already_applied" // the tree is what the patch would make of it
	Refused        Kind = "refused"         // a path or link that no patch may touch
	Exists         Kind = "exists"          // a file to create is already there
	Missing        Kind = "missing"         // a file to change is not there
	BinaryFile     Kind = "binary"          // lines for a binary file, or a binary change without its data
	TooLarge       Kind = "too_large"       // beyond one of the Max constants
	Duplicate      Kind = "duplicate"       // two sections for one file
	Placeholder    Kind = "placeholder"     // a new line that only stands for text left out: "rest unchanged"
	Shrunk         Kind = "shrunk"          // a whole file that lost more than half of its lines
	Unsupported    Kind = "unsupported"     // a diff of a kind that cannot be applied: combined, submodule
)

// Error says why a patch was not applied. Whenever there is one, nothing is.
type Error struct {
	Kind   Kind
	Path   string // the file, if it concerns one
	Hunk   int    // the hunk of that file, from 1; 0: none
	Line   int    // the line of the patch, from 1; 0: not known
	Reason string // one clause, lower case

	// Of a Conflict in a hunk only.
	Wanted []string // the old lines of the hunk, without line ends
	Found  []string // the lines that stand at the nearest place
	At     int      // the line of the file where Found begins, from 1
	Alike  int      // how much Found has in common with Wanted, in per cent
	Places []int    // the lines at which the old text stands, when there are several

	First int // index in Wanted and Found of the first difference; -1: none
}

// Error returns one line that names the file, the hunk and the reason.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Path != "" {
		b.WriteString(show(e.Path) + ": ")
	}
	if e.Hunk > 0 {
		fmt.Fprintf(&b, "hunk %d: ", e.Hunk)
	}
	b.WriteString(e.Reason)
	if e.Line > 0 {
		fmt.Fprintf(&b, " (line %d of the patch)", e.Line)
	}
	return b.String()
}

// errAt makes an Error about a line of the patch.
func errAt(kind Kind, line int, format string, args ...any) *Error {
	return &Error{Kind: kind, Line: line, Reason: fmt.Sprintf(format, args...), First: -1}
}

// errIn makes an Error about a file.
func errIn(kind Kind, path, format string, args ...any) *Error {
	return &Error{Kind: kind, Path: path, Reason: fmt.Sprintf(format, args...), First: -1}
}
