// Package agent is the domain of a patch queue: what is asked for (Spec), what
// became of it (Job, Variant, Verdict), how it is told (Event), and the two
// interfaces through which everything moves: Jobs for people, Queue for workers.
//
// It imports the standard library alone. Stores, the HTTP client, the daemon and
// the terminal are adapters around it and do not know each other.
package agent

// Kind says what Spec.Text is.
type Kind string

const (
	Prompt  Kind = "prompt"  // words for a maker that writes patches
	Diff    Kind = "diff"    // a ready patch
	Command Kind = "command" // a shell command that edits a checkout of the base
)

// State is what the queue must know of a job or a variant; how it ended is its Verdict.
type State string

const (
	Queued  State = "queued"
	Running State = "running"
	Done    State = "done"
)

// Verdict says how a variant, or the best variant of a job, ended. It is empty
// until the State is Done, and it is earned on the exact commit that is delivered.
type Verdict string

const (
	Verified      Verdict = "verified"       // a commit, and every check passed on it
	Unverified    Verdict = "unverified"     // a commit, and no check was asked for
	ChecksFailed  Verdict = "checks_failed"  // a commit, and at least one check failed on it
	Conflict      Verdict = "conflict"       // the patch does not apply to the base
	NoPatch       Verdict = "no_patch"       // the maker changed nothing
	Refused       Verdict = "refused"        // the patch asks for what is not allowed
	NeedsInput    Verdict = "needs_input"    // the maker asks a question
	NeedsApproval Verdict = "needs_approval" // a limit was reached; a person decides
	Canceled      Verdict = "canceled"       // a person stopped it
	Failed        Verdict = "failed"         // something broke: the maker, the machine, the repository
)

// HasCommit reports whether a variant with this verdict carries a result commit.
func (v Verdict) HasCommit() bool {
	return v == Verified || v == Unverified || v == ChecksFailed
}

// standing orders verdicts from best to worst; Rank and Job.Verdict use it.
var standing = map[Verdict]int{
	Verified: 1, Unverified: 2, ChecksFailed: 3, NeedsApproval: 4, NeedsInput: 5,
	Conflict: 6, Refused: 7, NoPatch: 8, Failed: 9, Canceled: 10,
}

// Valid reports whether v is one of the verdicts above.
func (v Verdict) Valid() bool { return standing[v] > 0 }
