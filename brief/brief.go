// Package brief decides what a model is shown of a repository: the text that goes
// along with a request, built from a commit's tree and its history within a budget of
// tokens.
//
// First the repository's own guidance and a map of all of it, which are the same for
// every request on one base, so that a provider's prompt cache can keep them. Then the
// files that were named, whole; a pull request's diff; and the files that rank highest
// by the words (rank.go), whole, in parts, or as a list of what they define. Secrets
// stay out unless that very file was named (secret.go).
//
// It is a pure function of its Request: the same request gives the same bytes, with
// and without a Cache.
package brief

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"time"
)

// Request is what a brief is built from. Tree, Words and Budget are required.
type Request struct {
	// Tree is the base. It is read lazily, by several goroutines at once. A directory
	// entry or file info with a method ID() string names its blob, which spares
	// reading what a Cache knows.
	Tree fs.FS

	Words   string   // what was asked; may be long and hold a pasted log
	Paths   []string // files or directories the person named, slash-separated from the root
	History []Change // what earlier commits changed, newest first
	Diff    string   // a pull request's diff; "" for none
	Budget  int      // tokens for the whole text

	// Count says how many tokens a text has. It must not be smaller for a longer text.
	// nil: one for every three bytes, which is more than most models make of code.
	Count func(text string) int

	Cache *Cache // keeps what was learned of blobs between calls; nil: learned anew
}

// Change is one commit of the history.
type Change struct {
	Commit  string
	Time    time.Time
	Subject string
	Paths   []string // what it changed, from the root
}

// Brief is what a model is shown.
type Brief struct {
	Guidance []File // the repository's own instructions
	Map      string // what the tree holds, by directory
	Diff     string // the pull request's diff, or as much of it as there was room for
	Files    []File // named files first, then by rank
	Left     []Left // what was left out that one might look for, and why
	Tokens   int    // of Text

	text   string
	budget int
}

// Same reports whether both name the same files, with the same content.
func (m Manifest) Same(o Manifest) bool {
	same := func(a, b File) bool { return a.Path == b.Path && a.ID == b.ID && a.Whole == b.Whole }
	return slices.EqualFunc(m.Guidance, o.Guidance, same) && slices.EqualFunc(m.Files, o.Files, same)
}

// File is one file of a brief.
type File struct {
	Path   string `json:"path"`
	ID     string `json:"id"`     // blob id: the SHA-1 of git
	Tokens int    `json:"tokens"` // of its section
	Whole  bool   `json:"whole"`  // false: parts of it, or what it defines
	Why    string `json:"why"`    // "named", "words: parse, header", "changed with a/b.go", …

	section string
}

// Left is a file, or a part of a diff, that is not in the brief.
type Left struct {
	Path   string `json:"path"`
	Reason Reason `json:"reason"`
}

// Reason is why something was left out.
type Reason string

// The reasons.
const (
	Secret    Reason = "secret"     // by its name or by what it holds
	Binary    Reason = "binary"     // holds NUL bytes
	NotUTF8   Reason = "not UTF-8"  // its bytes would not survive the way to a model and back
	Large     Reason = "too large"  // more than maxContent bytes
	Pointer   Reason = "LFS"        // git keeps only a pointer to the content
	Link      Reason = "link"       // a symbolic link
	Submodule Reason = "submodule"  // another repository's tree
	OverBound Reason = "bound"      // the tree has more files than are looked at
	NoRoom    Reason = "budget"     // it ranked, or was named as a part of a directory, and did not fit
	Missing   Reason = "not a file" // named, and not in the tree
)

// TooSmall is the error of a budget that does not hold the files a person named.
type TooSmall struct {
	Budget int    // tokens
	Need   int    // tokens of the named files
	Files  []File // the named files, largest first
}

func (e *TooSmall) Error() string {
	text := fmt.Sprintf("the %d named files need %d tokens and there is room for %d", len(e.Files), e.Need, e.Budget)
	if len(e.Files) == 1 {
		text = fmt.Sprintf("the named file needs %d tokens and there is room for %d", e.Need, e.Budget)
	}
	if len(e.Files) > 0 {
		text += fmt.Sprintf("; the largest is %s with %d", e.Files[0].Path, e.Files[0].Tokens)
	}
	return text
}

// Build makes the brief. The error is a *TooSmall when the named files do not fit;
// any other comes from reading the tree, or is the context's.
func Build(ctx context.Context, req Request) (*Brief, error) {
	r, err := look(ctx, req)
	if err != nil {
		return nil, err
	}
	p := newPlan(r)
	for _, step := range []func() error{p.named, p.guidance, p.outline, p.diff, p.ranked} {
		if err := step(); err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return p.finish(), nil
}

// Ranked is a file with its score; the best has about 1, and only the order counts.
type Ranked struct {
	Path  string
	Score float64
	Why   string
}

// Rank returns the files of the tree by how likely the request is about them, best
// first, without those that are never shown.
func Rank(ctx context.Context, req Request) ([]Ranked, error) {
	r, err := look(ctx, req)
	if err != nil {
		return nil, err
	}
	return r.rank(), nil
}

// Text is what is sent.
func (b *Brief) Text() string { return b.text }

// Manifest says what a brief holds, for provenance. A Request on the same base with the
// same words, paths, history and Budget makes the same brief again.
type Manifest struct {
	Budget   int    `json:"budget"` // Request.Budget
	Tokens   int    `json:"tokens"`
	Guidance []File `json:"guidance,omitempty"`
	Files    []File `json:"files"`
	Left     []Left `json:"left,omitempty"`
}

// Manifest returns what the brief holds. It shares the brief's slices.
func (b *Brief) Manifest() Manifest {
	return Manifest{Budget: b.budget, Tokens: b.Tokens, Guidance: b.Guidance, Files: b.Files, Left: b.Left}
}

// estimate is the count of tokens without a tokenizer.
func estimate(text string) int { return (len(text) + 2) / 3 }
