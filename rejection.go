package agent

import (
	"slices"
	"strings"
)

// Rejection says in parts why a text was not applied as a patch, for a program or a
// model that wants to do better. A text of the same is the Attempt's Report.
type Rejection struct {
	Kind   string `json:"kind"`           // "conflict", "malformed", "missing", …: package patch has them all
	Path   string `json:"path,omitempty"` // the file, if it concerns one
	Hunk   int    `json:"hunk,omitempty"` // of that file, from 1
	Line   int    `json:"line,omitempty"` // of the text, from 1
	Reason string `json:"reason"`         // one clause

	// What the hunk expects, and what stands where it most likely belongs. Of long
	// hunks it is the part around the first difference.
	Expected   []string `json:"expected,omitempty"`
	Found      []string `json:"found,omitempty"`
	At         int      `json:"at,omitempty"`         // the line of the file where Found begins, from 1
	Similarity int      `json:"similarity,omitempty"` // of the two, in per cent
	Differs    int      `json:"differs,omitempty"`    // the first line of the two that differs, from 1

	Places []int `json:"places,omitempty"` // the lines at which the old text stands, when there are several
}

// stored is a copy as stores keep it: valid UTF-8, and shared with nobody.
func (r *Rejection) stored() *Rejection {
	if r == nil {
		return nil
	}
	c := *r
	c.Path, c.Reason = strings.ToValidUTF8(c.Path, "\uFFFD"), strings.ToValidUTF8(c.Reason, "\uFFFD")
	c.Expected, c.Found, c.Places = slices.Clone(c.Expected), slices.Clone(c.Found), slices.Clone(c.Places)
	for _, lines := range [][]string{c.Expected, c.Found} {
		for i := range lines {
			lines[i] = strings.ToValidUTF8(lines[i], "\uFFFD")
		}
	}
	return &c
}

// size is what a job is charged for it, roughly.
func (r *Rejection) size() int64 {
	if r == nil {
		return 0
	}
	n := len(r.Path) + len(r.Reason) + 8*len(r.Places)
	for _, lines := range [][]string{r.Expected, r.Found} {
		for _, line := range lines {
			n += len(line)
		}
	}
	return int64(n)
}
