package batch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"

	"codeagent.dev/agent/patch"
)

// Request is a line that is read: a tree, a patch, and how to apply it.
type Request struct {
	ID json.RawMessage `json:"id"` // any value; the answer has the same
	Options
	Files map[string]*File `json:"files"` // null: not there
	Patch Text             `json:"patch"`
}

// Answer is a line that is written.
type Answer struct {
	ID     json.RawMessage  `json:"id"`
	Status string           `json:"status"`         // StatusOK or StatusError
	Code   string           `json:"code,omitempty"` // of an error: a patch.Kind, or CodeInput
	After  map[string]*File `json:"after"`          // what differs from the request's files; nil: deleted

	// Modes are those of files whose mode changed; a new file counts when it is not
	// an ordinary one.
	Modes map[string]Mode `json:"modes,omitempty"`

	Tier    string `json:"tier,omitempty"`    // the loosest that was needed
	Message string `json:"message,omitempty"` // of an error: the report
}

const (
	StatusOK    = "ok"
	StatusError = "error"

	// CodeInput is the code of a line that is no request.
	CodeInput = "input"
)

// Answered answers one line. It never fails: what is wrong with the line is in the
// answer.
func Answered(line []byte) Answer {
	if !utf8.Valid(line) {
		return failed(nil, errors.New(`the line is not valid UTF-8; write such contents as {"b64": "..."}`))
	}
	var req Request
	if err := json.Unmarshal(line, &req); err != nil {
		var only struct{ ID json.RawMessage }
		if json.Unmarshal(line, &only) != nil {
			only.ID = nil
		}
		return failed(only.ID, err)
	}
	return req.Answer()
}

// Answer applies the patch.
func (r *Request) Answer() Answer {
	before := make(Tree, len(r.Files))
	for path, file := range r.Files {
		if file != nil {
			before[path] = *file
		}
	}
	for path, mode := range r.Modes.Before {
		if file, ok := before[path]; ok {
			before[path] = File{patch.Mode(mode), file.Data}
		}
	}
	opt, err := r.Options.Patch()
	if err != nil {
		return failed(r.ID, err)
	}
	tree, err := before.FS()
	if err != nil {
		return failed(r.ID, err)
	}
	res, err := patch.Apply(r.Patch, tree, opt)
	if err != nil {
		return failed(r.ID, err)
	}
	a := Answer{ID: r.ID, Status: StatusOK, After: map[string]*File{}}
	var loosest patch.Tier
	for _, f := range res.Files {
		loosest = max(loosest, f.Tier)
	}
	a.Tier = loosest.String()
	if err := a.differ(before, before.With(res.Writes)); err != nil {
		return failed(r.ID, err)
	}
	return a
}

// differ notes how two trees differ.
func (a *Answer) differ(before, after Tree) error {
	for path := range before {
		if _, ok := after[path]; !ok {
			a.After[path] = nil
		}
	}
	for _, path := range slices.Sorted(maps.Keys(after)) {
		now := after[path]
		was, there := before[path]
		if there && was.Equal(now) {
			continue
		}
		if !utf8.ValidString(path) {
			return fmt.Errorf("the patch writes %q, a path that JSON cannot hold", path)
		}
		if !there || !bytes.Equal(was.Data, now.Data) || (was.mode() == patch.ModeLink) != (now.mode() == patch.ModeLink) {
			a.After[path] = &now
		}
		if was.mode() != now.mode() {
			if a.Modes == nil {
				a.Modes = map[string]Mode{}
			}
			a.Modes[path] = Mode(now.mode())
		}
	}
	return nil
}

func failed(id json.RawMessage, err error) Answer {
	a := Answer{ID: id, Status: StatusError, Code: CodeInput, After: map[string]*File{}, Message: err.Error()}
	if e, ok := errors.AsType[*patch.Error](err); ok {
		a.Code, a.Message = string(e.Kind), e.Report()
	}
	return a
}
