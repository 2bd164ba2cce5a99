package agent

import "time"

// Job is a Spec and what became of it. Times are UTC.
type Job struct {
	ID      ID        `json:"id"`
	Spec    Spec      `json:"spec"`
	State   State     `json:"state"`
	Verdict Verdict   `json:"verdict,omitempty"` // the best variant's, once Done
	Reason  string    `json:"reason,omitempty"`  // the best variant's, once Done
	Created time.Time `json:"created"`
	Ended   time.Time `json:"ended,omitzero"` // when the last variant ended

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

	Maker    string        `json:"maker,omitempty"`  // who made the patch
	Commit   string        `json:"commit,omitempty"` // full id, set when Verdict.HasCommit
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

// Attempt is one try of a maker within a variant.
type Attempt struct {
	Try     int       `json:"try"` // from 1
	Maker   string    `json:"maker"`
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
	best := j.Variants[Rank(j.Variants)[0]-1]
	j.Verdict, j.Reason = best.Verdict, best.Reason
	if best.Verdict.HasCommit() {
		j.Proposed = best.Number
	}
}
