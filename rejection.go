package agent

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
