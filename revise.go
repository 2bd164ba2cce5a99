package agent

import (
	"strings"
	"time"
	"unicode/utf8"
)

// revise adds a variant that goes on from another.
func (e *Entry) revise(c Change, now time.Time) error {
	text := strings.TrimSpace(c.Text)
	from := c.Variant
	if from == 0 {
		from = e.Job.revisable()
	}
	v, ok := e.Job.Variant(from)
	switch {
	case e.Job.Spec.Kind != Prompt:
		return Errorf(Invalid, "job %s was not asked for in words: nobody is there to revise it", e.Job.ID).
			WithHint("agent patch \"…\" --base agent/" + e.Job.ID.String())
	case text == "":
		return Errorf(Invalid, "the remark is empty").WithHint("agent revise " + e.Job.ID.String() + ` "what should be different"`)
	case len(text) > MaxRemark:
		return Errorf(Invalid, "the remark is %d KiB long; the limit is %d KiB", len(text)>>10, MaxRemark>>10)
	case !utf8.ValidString(text):
		return Errorf(Invalid, "the remark is no UTF-8 text")
	case !ok:
		return Errorf(NotFound, "job %s has no variant %d", e.Job.ID, from).WithHint("agent show " + e.Job.ID.String())
	case e.Stop != "":
		return Errorf(WrongState, "job %s is being stopped", e.Job.ID).WithHint("agent wait " + e.Job.ID.String())
	case v.State != Done:
		return Errorf(WrongState, "%s is %s", Ref{Job: e.Job.ID, Variant: from}, v.State).WithHint("agent wait " + e.Job.ID.String())
	case len(e.Job.Variants) >= MaxVariants:
		return Errorf(WrongState, "job %s has %d variants, and no more are possible", e.Job.ID, MaxVariants)
	}
	n := len(e.Job.Variants) + 1
	e.Job.Variants = append(e.Job.Variants[:n-1:n-1], Variant{Number: n, State: Queued, Revises: from, Remark: text})
	e.Tokens = append(e.Tokens[:n-1:n-1], 0)
	e.Job.Picked = 0 // what a person chose before they asked for something else
	e.Job.Bytes += rowBytes + int64(len(text))
	e.tell(n, EventRevised, text, now)
	e.Job.Settle()
	return nil
}

// revisable is the variant that a remark on the job as a whole is about.
func (j *Job) revisable() int {
	if n := j.Chosen(); n > 0 {
		return n
	}
	for i := len(j.Variants) - 1; i >= 0; i-- {
		if j.Variants[i].Verdict == NeedsInput {
			return j.Variants[i].Number
		}
	}
	return len(j.Variants)
}

// approve takes the limit off variants that reached one.
func (e *Entry) approve(c Change, now time.Time) error {
	if _, ok := e.Job.Variant(c.Variant); !ok && c.Variant != 0 {
		return Errorf(NotFound, "job %s has no variant %d", e.Job.ID, c.Variant).WithHint("agent show " + e.Job.ID.String())
	}
	approved := 0
	for i := range e.Job.Variants {
		v := &e.Job.Variants[i]
		if v.Verdict != NeedsApproval || c.Variant != 0 && c.Variant != v.Number {
			continue
		}
		approved++
		v.Approved = true
		if v.Commit != "" {
			v.Verdict, v.Reason, v.Earned = v.Earned, "approved: "+v.Reason, ""
		} else {
			e.blank(v.Number)
			v.Claims = 0
		}
		e.tell(v.Number, EventApproved, c.By, now)
	}
	if approved == 0 {
		return Errorf(WrongState, "nothing of job %s waits for approval", e.Job.ID).WithHint("agent show " + e.Job.ID.String())
	}
	e.Job.Settle()
	return nil
}

// stored is a copy as stores keep it: valid UTF-8, and shared with nobody.
func (t *TestReport) stored() *TestReport {
	if t == nil {
		return nil
	}
	c := *t
	c.New, c.Fixed = texts(t.New), texts(t.Fixed)
	c.Findings = append([]Finding(nil), t.Findings...)
	for i := range c.Findings {
		f := &c.Findings[i]
		f.Path, f.Text = bounded(oneLine(f.Path), maxName), bounded(oneLine(f.Text), maxName)
	}
	return &c
}

func texts(list []string) []string {
	var valid []string
	for _, s := range list {
		valid = append(valid, bounded(s, maxName))
	}
	return valid
}

// size is what a job is charged for it, roughly.
func (t *TestReport) size() int64 {
	if t == nil {
		return 0
	}
	n := int64(rowBytes)
	for _, list := range [][]string{t.New, t.Fixed} {
		for _, s := range list {
			n += int64(len(s))
		}
	}
	for _, f := range t.Findings {
		n += int64(len(f.Path) + len(f.Text))
	}
	return n
}
