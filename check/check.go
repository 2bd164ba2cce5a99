// Package check says what the output of a repository's checks tells test by test, and
// what a patch does to those checks.
//
// A Reader is fed the output as it comes and finds the failing tests in the formats of
// the common runners, and the problems that compilers and linters print. Compare sets
// the tests of two runs side by side: what fails now and did not on the base is what a
// change broke. Tampering looks at the other way to a green run: tests removed, skipped
// or emptied, and checks configured away.
//
// The package reads texts in memory and runs nothing. Everything it reads may be hostile
// or cut: memory is bounded, time linear, and what is not recognised gives no result
// rather than a wrong name.
package check

// Bounds of what a Reader keeps. Tests is stored beside a base's results and sent to
// models, so it stays small whatever a log does.
const (
	maxLine     = 32 << 10 // bytes of a line that are looked at
	maxFailures = 400      // of all formats together
	maxID       = 300      // bytes of an id
	maxExcerpt  = 2 << 10  // bytes of one failure's excerpt
	maxExcerpts = 96 << 10 // bytes of all excerpts
	maxOpen     = 2000     // tests of which the verdict is awaited, per format
)

// Tests is what one run of a check printed about its tests. The zero value says that
// nothing was recognised, which is not the same as that nothing failed.
type Tests struct {
	Formats  []string  `json:"formats,omitempty"` // of what was recognised: "go test", "pytest", …, sorted
	Passed   int       `json:"passed,omitempty"`  // where the format says so
	Skipped  int       `json:"skipped,omitempty"`
	Failures []Failure `json:"failures,omitempty"` // in the order of the log, each id once
	More     int       `json:"more,omitempty"`     // failures beyond the bound, not listed
}

// Failure is one failing test, or one problem that a compiler or linter reports.
type Failure struct {
	ID        string `json:"id"`                // package, file or suite, and name; it does not move with line numbers
	Signature string `json:"signature"`         // of the way in which it fails: equal for equal causes, whatever addresses, times and lines are
	Excerpt   string `json:"excerpt,omitempty"` // its own part of the log, bounded, without colours
	Suite     bool   `json:"suite,omitempty"`   // a package or file failed as a whole, so its tests may not have run
	Problem   bool   `json:"problem,omitempty"` // no test: a line of a compiler or linter
}

// Known reports whether anything was recognised.
func (t Tests) Known() bool { return len(t.Formats) > 0 }
