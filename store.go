package agent

import (
	"context"
	"iter"
	"time"
)

// Jobs is what a person can do. Every store implements it, and so does the HTTP
// client, so that whatever works against one works against the other.
//
// Errors carry a Code: Invalid for a Spec or Change that makes no sense, NotFound
// for a job or variant that does not exist, WrongState for a Change its state
// forbids, Unavailable when the daemon or the disk does not answer.
type Jobs interface {
	// Submit validates and stores a job, and returns it without Spec.Text once it is on
	// disk. A Spec whose Key was seen before returns the earlier job, unchanged.
	Submit(ctx context.Context, spec Spec) (Job, error)

	// Job returns a job whole, Spec.Text included.
	Job(ctx context.Context, id ID) (Job, error)

	// List returns jobs, newest first, as Job.Brief makes them: without what is large.
	List(ctx context.Context, f Filter) ([]Job, error)

	// Change does one thing to a job and returns it as it is then, without Spec.Text.
	// What is done already (a second cancel, the same delivery again) changes nothing.
	Change(ctx context.Context, id ID, c Change) (Job, error)

	// Events yields the job's events with Seq > after in order: the history first,
	// then live ones, and ends when the job is Done and all are yielded. It yields an
	// error at most once, as its last pair.
	Events(ctx context.Context, id ID, after uint64) iter.Seq2[Event, error]

	// Watch yields the ids of jobs that changed since it was called, and 0 for the
	// rules. It is a hint to look again, never data: ids may be merged or repeated,
	// none is left out. A job whose Waiting alone changed is not named.
	Watch(ctx context.Context) iter.Seq2[ID, error]

	// Status counts what the store holds.
	Status(ctx context.Context) (Status, error)

	// Rules returns what bounds the queue as a whole, with the groups' present numbers.
	Rules(ctx context.Context) (Rules, error)

	// Rule changes one rule and returns them all, once they are on disk.
	Rule(ctx context.Context, c RuleChange) (Rules, error)

	// Import stores a job with its history, as another store had it, under a new id. A
	// Key that was seen before returns the earlier job, unchanged. What was not Done
	// waits, held.
	Import(ctx context.Context, j Job, history []Event) (Job, error)
}

// Queue is what a worker can do. After Claim, everything needs a live Lease: when
// it lapsed, was given back or fenced off by a later one, the error's code is Lost
// and nothing was written; when the job was canceled meanwhile it is Stopped (then
// Finish still works, with verdict Canceled whatever the Outcome says).
type Queue interface {
	// Claim waits for a variant that may begin, and takes it for c.TTL. Spec says whose
	// turn it is.
	Claim(ctx context.Context, c Claim) (Lease, error)

	// Renew holds the lease for another ttl from now.
	Renew(ctx context.Context, l Lease, ttl time.Duration) error

	// Record appends an event. It need not be on disk when Record returns, but it is
	// before any later Attempt, Finish or Release of the same lease returns.
	Record(ctx context.Context, l Lease, typ EventType, text string) error

	// Attempt appends to the variant's attempts.
	Attempt(ctx context.Context, l Lease, a Attempt) error

	// Finish ends the variant, and the job with its last one, in one transaction.
	Finish(ctx context.Context, l Lease, o Outcome) error

	// Release puts the variant back as if it had never been claimed.
	Release(ctx context.Context, l Lease) error
}

// Store is a queue on some medium.
type Store interface {
	Jobs
	Queue

	// Close waits for writes under way and lets go of the medium. Streams end with
	// code Unavailable; claims do too.
	Close() error
}

// Lease is a worker's hold on one variant.
type Lease struct {
	Job     Job // as it was when claimed, Spec.Text included
	Variant int
	Token   uint64 // grows with every claim; fences off an earlier holder
}

// Claim is who asks for a variant, and for which.
type Claim struct {
	Worker string        // as events show it
	TTL    time.Duration // of the lease

	// Now asks for a variant of a job that a person told to start now, and for no other:
	// no limit holds those back, so that they need a claim beside the bounded ones.
	Now bool

	// Without names makers that cannot be asked at present, or what comes before the slash
	// of several. A job all of whose makers are named is passed over.
	Without []string
}

// Validate returns an Invalid error for a lease that would end before it began.
func (c *Claim) Validate() error {
	if c.TTL <= 0 {
		return Errorf(Invalid, "a lease of %v asked for", c.TTL)
	}
	return nil
}

// Outcome is how a variant ended.
type Outcome struct {
	Verdict Verdict
	Reason  string
	Maker   string
	Commit  string  // required when Verdict.HasCommit, possible when NeedsApproval
	Earned  Verdict // of Commit, when NeedsApproval
	Print   string
	Said    string // kept to MaxSaid bytes
	Stat    Stat
	Usage   Usage
	Checks  []CheckResult
	Tests   *TestReport
}

// Op names what a Change does.
type Op string

const (
	OpCancel  Op = "cancel"  // stop a job that is not Done; a Done one is WrongState
	OpRetry   Op = "retry"   // queue the variants of a Done job again that are not Verified or Unverified
	OpPick    Op = "pick"    // choose Variant, which must have a commit
	OpDeliver Op = "deliver" // record Delivery
	OpUndo    Op = "undo"    // mark the delivery with Delivery.ID undone
	OpRemove  Op = "remove"  // forget a Done job and all its events

	// OpRevise adds a variant that goes on from Variant, which must be Done, with a
	// person's Text: the answer to its question, or what should be different. Variant 0
	// means the chosen one, else the newest that asks, else the newest.
	OpRevise Op = "revise"

	// OpApprove takes the limit off variants that are NeedsApproval: one with a commit
	// gets the verdict its checks earned, one without is made again and may use as much
	// once more. Variant 0 means all of them.
	OpApprove Op = "approve"

	// These are for jobs that wait, at least in part.
	OpHold     Op = "hold"     // let none of its waiting variants begin
	OpRelease  Op = "release"  // no longer hold it, nor wait for a time
	OpPriority Op = "priority" // set Priority
	OpSwitch   Op = "switch"   // trade places in the queue with the job With
	OpStart    Op = "start"    // let it begin at once, whatever holds jobs back
	OpEdit     Op = "edit"     // replace the Spec of a job no variant of which has begun
)

// Change is one thing done to a job by a person.
type Change struct {
	Op       Op        `json:"op"`
	Variant  int       `json:"variant,omitempty"`  // pick, revise, approve
	Text     string    `json:"text,omitempty"`     // revise; edit: the new Spec.Text
	Priority int       `json:"priority,omitempty"` // priority
	With     ID        `json:"with,omitempty"`     // switch
	Makers   []string  `json:"makers,omitempty"`   // retry: who makes it from now on; empty: as before
	Spec     *Spec     `json:"spec,omitempty"`     // edit: all but Text; what it was submitted for stays
	Delivery *Delivery `json:"delivery,omitempty"` // deliver, undo (ID alone)
	By       string    `json:"by,omitempty"`       // who asks, for the event's text
}

// Filter chooses jobs. Zero fields do not restrict.
type Filter struct {
	States      []State   `json:"states,omitempty"`
	Verdicts    []Verdict `json:"verdicts,omitempty"`
	Repo        string    `json:"repo,omitempty"`   // the whole path
	Name        string    `json:"name,omitempty"`   // a part of the repository's path
	Groups      []string  `json:"groups,omitempty"` // DefaultGroup for those in none
	Labels      []string  `json:"labels,omitempty"` // all of them
	Makers      []string  `json:"makers,omitempty"` // one of which made a variant
	Words       []string  `json:"words,omitempty"`  // parts of the title, all of them, in any case
	Sort        Sort      `json:"sort,omitempty"`   // empty: by id; with any other Skip pages, and After does not
	Skip        int       `json:"skip,omitempty"`   // leave out so many of those that match
	EndedBefore time.Time `json:"ended_before,omitzero"`
	After       ID        `json:"after,omitempty"`  // the last id of the page before, in the order asked for
	Oldest      bool      `json:"oldest,omitempty"` // oldest first; with Sort, lowest first
	Limit       int       `json:"limit,omitempty"`  // 0: 100; at most 10,000
}

// Status counts a store's jobs.
type Status struct {
	Queued  int       `json:"queued"`          // jobs with no variant running or done yet
	Running int       `json:"running"`         // jobs with at least one
	Done    int       `json:"done"`            // jobs
	Waiting int       `json:"waiting"`         // variants ready to be claimed
	Held    int       `json:"held"`            // variants under a lease
	Oldest  time.Time `json:"oldest,omitzero"` // when the oldest waiting job was submitted
	Bytes   int64     `json:"bytes"`           // sum of Job.Bytes
}
