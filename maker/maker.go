// Package maker turns a Spec into a patch. A maker either writes the text of a patch
// (a ready diff, answers read from a script) or edits a check-out of the base (a
// command). It never applies, commits or judges anything: the worker does.
package maker

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"codeagent.dev/agent"
)

// Request is what a maker is asked.
type Request struct {
	Spec    agent.Spec
	Variant int               // from 1
	Try     int               // from 1
	Tree    fs.FS             // the base, for makers that write
	Dir     string            // a check-out of the base, for makers that edit
	Hold    *os.File          // keeps Dir ours, see proc.Cmd.Hold
	Report  string            // what was wrong with the try before; "" on the first
	Log     func(text string) // takes what the maker prints
}

// Answer is what a maker gives. One that edits leaves Patch empty: the difference of
// Request.Dir to the base is its answer.
type Answer struct {
	Patch []byte
}

// Maker makes a change. Make returns an *Error when there will be none for a reason
// that has a verdict of its own; any other error is the machine's.
type Maker interface {
	Name() string
	Edits() bool // works in Request.Dir
	Make(ctx context.Context, req Request) (Answer, error)
}

// Error is a maker's end without a change.
type Error struct {
	Verdict agent.Verdict // Failed, NoPatch, NeedsInput, …
	Reason  string        // one line
}

func (e *Error) Error() string { return e.Reason }

// canceled is the end of a maker whose context ended.
func canceled(reason string) error { return &Error{Verdict: agent.Canceled, Reason: reason} }

// scriptedPrefix names the maker that reads its answers from the file named after it.
const scriptedPrefix = "scripted:"

// For returns the makers of a Spec in order of preference. A Prompt needs Spec.Makers;
// an Invalid error says so, or names the maker that is not known.
func For(spec agent.Spec) ([]Maker, error) {
	switch spec.Kind {
	case agent.Diff:
		return []Maker{diff{}}, nil
	case agent.Command:
		return []Maker{command{}}, nil
	case agent.Prompt:
		return writers(spec.Makers)
	}
	return nil, agent.Errorf(agent.Invalid, "a change is a prompt, a diff or a command, not %q", spec.Kind)
}

// writers returns the makers with these names, which write patches from words.
func writers(names []string) ([]Maker, error) {
	if len(names) == 0 {
		return nil, agent.Errorf(agent.Invalid, "nobody is configured who could make a patch from words").
			WithHint("say `agent patch --run CMD` or `agent patch --diff FILE`, or name a file of answers: --maker scripted:FILE")
	}
	makers := make([]Maker, 0, len(names))
	for _, name := range names {
		path, ok := strings.CutPrefix(name, scriptedPrefix)
		if !ok {
			return nil, agent.Errorf(agent.Invalid, "unknown maker %q", name).WithHint("known is scripted:FILE")
		}
		if !filepath.IsAbs(path) {
			return nil, agent.Errorf(agent.Invalid, "maker %q needs an absolute path", name).WithHint("say scripted:/full/path/of/the/file")
		}
		makers = append(makers, scripted{path})
	}
	return makers, nil
}

// diff gives the patch it was handed.
type diff struct{}

func (diff) Name() string { return "diff" }
func (diff) Edits() bool  { return false }

func (diff) Make(ctx context.Context, req Request) (Answer, error) {
	if ctx.Err() != nil {
		return Answer{}, canceled("canceled")
	}
	return Answer{Patch: []byte(req.Spec.Text)}, nil
}
