// Package maker turns a Spec into a patch. A maker either writes the text of a patch
// (a ready diff, a model, answers read from a script) or edits a check-out of the base
// (a command, a coding agent). It never applies, commits or judges anything: the worker
// does. A Set knows all that are configured or found.
package maker

import (
	"context"
	"io/fs"
	"os"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/brief"
	"codeagent.dev/agent/patch"
)

// Request is what a maker is asked.
type Request struct {
	Spec    agent.Spec
	Variant int               // from 1
	Try     int               // from 1
	Tree    fs.FS             // what the patch is made against, for makers that write
	Dir     string            // a check-out of the same, for makers that edit
	Hold    *os.File          // keeps Dir ours, see proc.Cmd.Hold
	Log     func(text string) // takes what the maker prints

	// Show says what a model may be shown; Budget and Count are the maker's to set. It
	// costs a look at the history, so it is asked only where something is to be shown.
	// nil: nothing may be.
	Show  func(ctx context.Context) (*brief.Request, error)
	Like  *brief.Manifest // show this and nothing else, if not nil
	Past  *Prompt         // the conversation so far; nil at its beginning
	Said  string          // what was answered to Past
	Heard string          // what is to be said to that: what was wrong, or a person's remark

	// Keep files what the answer is made from and what it is, see agent.EventPrompt.
	Keep func(typ agent.EventType, text string)
}

// Answer is what a maker gives. One that edits leaves Patch empty: the difference of
// Request.Dir is its answer. It is filled as far as possible beside an error, too.
type Answer struct {
	Patch  []byte
	Said   string       // its own words beside the patch, or all of them when it edits
	Format patch.Format // in which it was asked to write; empty: in none
	Sent   *Prompt      // what it was sent; nil: it has no conversation
	Usage  agent.Usage
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
	Hint    string        // a command or a step that helps
	Again   string        // what to tell the maker before another try; empty: another would not help

	// Own says that the reasons are the maker's own, so that the next one is asked
	// instead, and Rest for how long it is left alone then.
	Own  bool
	Rest time.Duration
}

func (e *Error) Error() string {
	if e.Hint == "" {
		return e.Reason
	}
	return e.Reason + " (" + e.Hint + ")"
}

// canceled is the end of a maker whose context ended.
func canceled(reason string) error { return &Error{Verdict: agent.Canceled, Reason: reason} }

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
