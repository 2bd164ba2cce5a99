package main

import (
	"errors"
	"fmt"
	"strings"

	"codeagent.dev/agent"
	"codeagent.dev/agent/daemon/worker"
	"codeagent.dev/agent/patch"
	"codeagent.dev/agent/tui"
)

// How `agent apply -f` ended, in its JSON.
const (
	textApplied  = "applied"
	textCould    = "could_apply"
	textAlready  = "already_applied"
	textRejected = "rejected"
	textFailed   = "failed"
)

// textDoc is what `agent apply -f` did, as JSON.
type textDoc struct {
	header
	Status    string           `json:"status"`
	Tree      string           `json:"tree"`
	Check     bool             `json:"check,omitempty"` // nothing was written, only tried
	Stat      agent.Stat       `json:"stat,omitzero"`
	Tier      string           `json:"tier,omitempty"` // the loosest that was needed
	Files     []textFile       `json:"files"`
	Rejection *agent.Rejection `json:"rejection,omitempty"`
	Report    string           `json:"report,omitempty"` // the rejection as a text, fit to send to a model
	Error     string           `json:"error,omitempty"`  // of a failure that is not the patch's

	PutBack   []string `json:"put_back,omitempty"`   // files of an earlier apply that was cut off
	LeftAlone []string `json:"left_alone,omitempty"` // and those that were changed since
}

// textFile is what was done to one file.
type textFile struct {
	fileDoc
	Tier  string     `json:"tier,omitempty"` // the loosest that a hunk needed
	Hunks []textHunk `json:"hunks,omitempty"`
}

// textHunk is where a hunk went.
type textHunk struct {
	Hunk  int    `json:"hunk"`            // from 1
	Line  int    `json:"line"`            // of the file before, from 1
	Moved int    `json:"moved,omitempty"` // lines down from where the patch says
	Tier  string `json:"tier"`
}

// did notes what the library did.
func (d *textDoc) did(res patch.Result) {
	d.Files = make([]textFile, 0, len(res.Files))
	loosest := patch.Tier(0)
	for _, f := range res.Files {
		file := textFile{fileDoc: fileDoc{f.Path, f.Old, string(f.Op), f.Added, f.Removed, false}, Tier: f.Tier.String()}
		for _, h := range f.Placed {
			file.Hunks = append(file.Hunks, textHunk{h.Hunk, h.Line, h.Moved, h.Tier.String()})
		}
		d.Files = append(d.Files, file)
		d.Stat.Files++
		d.Stat.Added += f.Added
		d.Stat.Removed += f.Removed
		loosest = max(loosest, f.Tier)
	}
	d.Tier = loosest.String()
}

// ended is the document of an apply that ended with err.
func (d *textDoc) ended(err error) *textDoc {
	r, isRejected := errors.AsType[*rejected](err)
	switch {
	case err == nil && d.Check:
		d.Status = textCould
	case err == nil:
		d.Status = textApplied
	case isRejected:
		d.Status = textRejected
		if r.err.Kind == patch.AlreadyApplied {
			d.Status = textAlready
		}
		d.Rejection, d.Report = worker.Reject(r.err), r.err.Report()
	default:
		d.Status, d.Error = textFailed, err.Error()
	}
	if d.Files == nil {
		d.Files = []textFile{}
	}
	return d
}

// tell says what was done, or would be: a line a file.
func (o *applyText) tell(d *textDoc) error {
	verb := "applied"
	if o.check {
		verb = "could apply"
	}
	t := tui.Table{}
	s := o.style()
	for _, f := range d.Files {
		name := oneLine(f.Path)
		if f.Old != "" {
			name = oneLine(f.Old) + " -> " + name
		}
		hunks := ""
		if len(f.Hunks) > 0 {
			hunks = tui.Count(len(f.Hunks), "hunk")
		}
		t.Add("  "+name, f.Op, s.Added(fmt.Sprintf("+%d", f.Added))+" "+s.Removed(fmt.Sprintf("-%d", f.Removed)), hunks, strings.Join(f.remarks(), "; "))
	}
	if _, err := fmt.Fprintf(o.out, "%s to %s: %s\n", verb, oneLine(d.Tree), tui.Size(d.Stat)); err != nil {
		return err
	}
	return t.Write(o.out, s, o.width())
}

const shownRemarks = 3

// remarks is what a person may want to look at: hunks that did not match byte for byte,
// or stood elsewhere.
func (f textFile) remarks() (remarks []string) {
	for _, h := range f.Hunks {
		var parts []string
		if h.Tier != patch.TierExact.String() {
			parts = append(parts, h.Tier)
		}
		switch {
		case h.Moved > 0:
			parts = append(parts, tui.Count(h.Moved, "line")+" lower than it says")
		case h.Moved < 0:
			parts = append(parts, tui.Count(-h.Moved, "line")+" higher than it says")
		}
		if len(parts) > 0 {
			remarks = append(remarks, fmt.Sprintf("hunk %d: %s", h.Hunk, strings.Join(parts, ", ")))
		}
	}
	if more := len(remarks) - shownRemarks; more > 0 {
		remarks = append(remarks[:shownRemarks], fmt.Sprintf("%d more", more))
	}
	return remarks
}

// rejected is the error of a patch that cannot be applied. It is the library's report,
// or one line where that is printed elsewhere.
type rejected struct {
	err   *patch.Error
	short bool
	hint  string
}

// Error implements error.
func (r *rejected) Error() string {
	switch {
	case r.err.Kind == patch.AlreadyApplied:
		return "the patch is already applied; nothing was changed"
	case r.short:
		return "the patch was not applied: " + r.err.Error()
	}
	return strings.TrimSuffix(r.err.Report(), "\n")
}

// Unwrap makes the exit status that of the verdict.
func (r *rejected) Unwrap() error {
	return &unfit{worker.VerdictOf(r.err), agent.Errorf(agent.Blocked, "%w", r.err).WithHint(r.hint)}
}
