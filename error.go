package agent

import (
	"context"
	"errors"
	"fmt"
)

// Code says what kind of error it is, for whoever must act on it: package api
// turns it into an HTTP status, cmd/agent into an exit status.
type Code string

const (
	Internal    Code = "internal"    // a defect, or the machine failed us (the default)
	Invalid     Code = "invalid"     // the request makes no sense; asking again will not help
	NotFound    Code = "not_found"   // no such job, variant, repository, commit
	WrongState  Code = "wrong_state" // the thing exists, but its state forbids the request
	Lost        Code = "lost"        // the lease lapsed, was given back, or belongs to another
	Stopped     Code = "stopped"     // the job was canceled while the worker held it
	Blocked     Code = "blocked"     // local changes or conflicts are in the way; nothing was touched
	Unavailable Code = "unavailable" // the daemon or the store cannot be reached now
	Protocol    Code = "protocol"    // the two sides speak no common protocol number
	TimedOut    Code = "timed_out"   // the caller's own time limit ran out
)

// Error is the one error type that crosses packages and processes. Its text is
// lower case, names the thing, and has no full stop; Hint holds a command or a
// step that helps, ready to be pasted.
type Error struct {
	Code Code
	Hint string // may be empty
	Err  error  // never nil
}

// Errorf makes an Error; the format is fmt.Errorf's, %w included.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Err: fmt.Errorf(format, args...)}
}

// NoJob is the error of every store for an id that no job has.
func NoJob(id ID) error {
	return Errorf(NotFound, "no job %s", id).WithHint("agent list")
}

// WithHint returns e with the hint set. It changes e, so it belongs beside Errorf.
func (e *Error) WithHint(hint string) *Error {
	e.Hint = hint
	return e
}

func (e *Error) Error() string { return e.Err.Error() }

func (e *Error) Unwrap() error { return e.Err }

// CodeOf returns the Code of the first Error in err's chain. A deadline that ran
// out is TimedOut; any other error is Internal; nil is "".
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return TimedOut
	}
	return Internal
}

// HintOf returns the first non-empty hint in err's chain.
func HintOf(err error) string {
	for err != nil {
		e, ok := errors.AsType[*Error](err)
		if !ok {
			return ""
		}
		if e.Hint != "" {
			return e.Hint
		}
		err = e.Err
	}
	return ""
}
