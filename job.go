package agent

import (
	"cmp"
	"time"
)

// Job is a Spec and what became of it. Times are UTC.
type Job struct {
	ID      ID        `json:"id"`
	Spec    Spec      `json:"spec"`
	State   State     `json:"state"`
	Verdict Verdict   `json:"verdict,omitempty"` // the best variant's, once Done
	Reason  string    `json:"reason,omitempty"`  // the best variant's, once Done
	Created time.Time `json:"created"`
	Ended   time.Time `json:"ended,omitzero"` // when the last variant ended

	Start string `json:"start,omitempty"` // with Spec.After: the commit it starts from, once that is there
	Order int64  `json:"order,omitempty"` // its place among jobs of equal priority, if that is not its id's
	Now   bool   `json:"now,omitempty"`   // told to start, whatever holds jobs back

	// Waiting says why its queued variants have not begun. Stores find it when they are
	// asked; nil when nothing waits.
	Waiting *Waiting `json:"waiting,omitempty"`

	Variants   []Variant  `json:"variants"`           // Variants[i].Number is i+1
	Proposed   int        `json:"proposed,omitempty"` // the best variant that has a commit
	Picked     int        `json:"picked,omitempty"`   // the variant a person chose
	Deliveries []Delivery `json:"deliveries,omitempty"`

	Events uint64 `json:"events"` // Seq of the newest event
	Bytes  int64  `json:"bytes"`  // what the store keeps for this job, roughly
}

// Variant is one of a job's results, and what a worker claims.
type Variant struct {
	Number  int       `json:"number"` // from 1
	State   State     `json:"state"`
	Verdict Verdict   `json:"verdict,omitempty"`
	Reason  string    `json:"reason,omitempty"` // one line: why the verdict is not better
	Started time.Time `json:"started,omitzero"` // the newest claim
	Ended   time.Time `json:"ended,omitzero"`
	Claims  int       `json:"claims,omitempty"` // claims that count towards the poison limit

	Revises int    `json:"revises,omitempty"` // the variant that this one goes on from; 0: none
	Remark  string `json:"remark,omitempty"`  // what a person said of that one

	Maker    string        `json:"maker,omitempty"`  // who made the patch
	Commit   string        `json:"commit,omitempty"` // full id, set when Verdict.HasCommit; can be set when NeedsApproval
	Earned   Verdict       `json:"earned,omitempty"` // what the checks said of Commit, when the verdict is NeedsApproval
	Approved bool          `json:"approved,omitempty"`
	Print    string        `json:"print,omitempty"`   // equal for changes that differ in blanks and comments only
	SameAs   int           `json:"same_as,omitempty"` // the first variant with this Print, if it is another
	Said     string        `json:"said,omitempty"`    // the maker's own words beside the patch: a question, a remark
	Usage    Usage         `json:"usage,omitzero"`    // of all attempts
	Tests    *TestReport   `json:"tests,omitempty"`
	Stat     Stat          `json:"stat,omitzero"`
	Attempts []Attempt     `json:"attempts,omitempty"`
	Checks   []CheckResult `json:"checks,omitempty"`
}

// Stat is the size of a change.
type Stat struct {
	Files   int `json:"files"`
	Added   int `json:"added"`   // lines; a binary file counts none
	Removed int `json:"removed"` // lines
}

// Usage is what makers were paid for, or would be.
type Usage struct {
	Requests   int   `json:"requests,omitempty"`
	Input      int64 `json:"input,omitempty"`       // tokens, those of a cache left out
	CacheRead  int64 `json:"cache_read,omitempty"`  // tokens
	CacheWrite int64 `json:"cache_write,omitempty"` // tokens
	Output     int64 `json:"output,omitempty"`      // tokens
	MicroUSD   int64 `json:"micro_usd,omitempty"`   // millionths of a US dollar, of the requests whose price is known
	Unpriced   int   `json:"unpriced,omitempty"`    // requests whose price is not known
}

// Add returns the sum of two usages.
func (u Usage) Add(o Usage) Usage {
	u.Requests += o.Requests
	u.Input += o.Input
	u.CacheRead += o.CacheRead
	u.CacheWrite += o.CacheWrite
	u.Output += o.Output
	u.MicroUSD += o.MicroUSD
	u.Unpriced += o.Unpriced
	return u
}

// Tokens is what Limits.Tokens counts.
func (u Usage) Tokens() int64 { return u.Input + u.CacheRead + u.CacheWrite + u.Output }

// TestReport is what a change did to the tests, and what the tests say of it one by one.
type TestReport struct {
	New      []string  `json:"new,omitempty"`      // failing tests that pass on the base
	Fixed    []string  `json:"fixed,omitempty"`    // passing tests that fail on the base
	Still    int       `json:"still,omitempty"`    // failing tests that fail on the base as well
	Findings []Finding `json:"findings,omitempty"` // tests and checks made weaker
	OnBase   Verdict   `json:"on_base,omitempty"`  // the checks' verdict with the base's version of the changed tests; empty: none was changed
}

// Finding is one way in which a change may have made tests or checks weaker.
type Finding struct {
	Kind    string `json:"kind"` // "test_removed", "skip_added", …: package check has them all
	Path    string `json:"path"`
	Line    int    `json:"line,omitempty"` // from 1; 0: the file as a whole
	Text    string `json:"text"`           // one line for a person
	Warning bool   `json:"warning"`        // else it is only said
}

// Attempt is one try of a maker within a variant.
type Attempt struct {
	Try     int       `json:"try"` // from 1
	Maker   string    `json:"maker"`
	Format  string    `json:"format,omitempty"` // how the maker was asked to write its patch
	Usage   Usage     `json:"usage,omitzero"`
	Verdict Verdict   `json:"verdict"`
	Report  string    `json:"report,omitempty"` // what the maker is told before its next try
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended"`

	Rejection *Rejection `json:"rejection,omitempty"` // Report in parts, when its patch was not applied
}

// CheckOutcome compares a check's run on the result with its run on the base.
type CheckOutcome string

const (
	CheckPassed  CheckOutcome = "passed"          // passes, as it does on the base
	CheckFixed   CheckOutcome = "fixed"           // passes, and fails on the base
	CheckBroke   CheckOutcome = "failed"          // fails, and passes on the base
	CheckAlready CheckOutcome = "already_failing" // fails, as it does on the base
	CheckNotRun  CheckOutcome = "not_run"         // an error kept it from running; counts as failed
)

// OK reports whether the check passes on the result.
func (o CheckOutcome) OK() bool { return o == CheckPassed || o == CheckFixed }

// CheckResult is what one check said of a result commit.
type CheckResult struct {
	Name    string       `json:"name"`
	Outcome CheckOutcome `json:"outcome"`
	Exit    int          `json:"exit"`             // exit status on the result; -1: ended by a limit or signal
	Reason  string       `json:"reason,omitempty"` // "exit status 1", "time limit of 10m0s"
	Took    Duration     `json:"took"`
	Tail    string       `json:"tail,omitempty"` // the end of its output, when it failed
}

// Delivery is one way a result reached a person's repository.
type Delivery struct {
	ID      string    `json:"id"` // unique within its job
	Variant int       `json:"variant"`
	How     string    `json:"how"`   // "apply" or "branch"
	Where   string    `json:"where"` // the work tree's path, or the branch's name
	Commit  string    `json:"commit"`
	At      time.Time `json:"at"`
	Undone  time.Time `json:"undone,omitzero"`
}

// Variant returns the variant with that number; ok is false when there is none.
func (j *Job) Variant(number int) (v *Variant, ok bool) {
	if number < 1 || number > len(j.Variants) {
		return nil, false
	}
	return &j.Variants[number-1], true
}

// Chosen returns the number of the variant that job-wide commands mean: the picked
// one, else the proposed one, else 0.
func (j *Job) Chosen() int {
	if j.Picked > 0 {
		return j.Picked
	}
	return j.Proposed
}

// From is the commit that makers start from.
func (j *Job) From() string { return cmp.Or(j.Start, j.Spec.Base) }

// Settle derives State, Verdict, Reason, Ended and Proposed from the variants.
// Every store calls it after a variant changed.
func (j *Job) Settle() {
	j.State, j.Verdict, j.Reason, j.Ended, j.Proposed = Queued, "", "", time.Time{}, 0
	done := 0
	for _, v := range j.Variants {
		switch v.State {
		case Running:
			j.State = Running
		case Done:
			done++
		}
	}
	if done < len(j.Variants) {
		if done > 0 {
			j.State = Running
		}
		return
	}
	j.State = Done
	for _, v := range j.Variants {
		if v.Ended.After(j.Ended) {
			j.Ended = v.Ended
		}
	}
	j.findSame()
	best := j.Variants[Rank(j.Variants)[0]-1]
	j.Verdict, j.Reason = best.Verdict, best.Reason
	if best.Verdict.HasCommit() {
		j.Proposed = best.Number
	}
}

// findSame marks the variants whose change an earlier one has as well. It waits for
// the last, because variants end in any order.
func (j *Job) findSame() {
	first := map[string]int{}
	for i := range j.Variants {
		v := &j.Variants[i]
		v.SameAs = 0
		if v.Print == "" || v.Commit == "" {
			continue
		}
		if n, ok := first[v.Print]; ok {
			v.SameAs = n
		} else {
			first[v.Print] = v.Number
		}
	}
}
