package agent

import "time"

// Event is one line of a job's history. Seq counts from 1 within its job, without
// gaps; state and event are written together.
type Event struct {
	Job     ID        `json:"job"`
	Variant int       `json:"variant,omitempty"` // 0: the job as a whole
	Seq     uint64    `json:"seq"`
	Time    time.Time `json:"time"`
	Type    EventType `json:"type"`
	Text    string    `json:"text,omitempty"` // valid UTF-8
}

// EventType names what happened. Workers record the second group; the store
// writes the others together with the change they tell of.
type EventType string

const (
	EventSubmitted EventType = "submitted"
	EventClaimed   EventType = "claimed"  // text: the worker
	EventReleased  EventType = "released" // given back by a stopping worker; no attempt used
	EventLapsed    EventType = "lapsed"   // the worker was lost; the variant is queued again
	EventAttempt   EventType = "attempt"  // text: the attempt's verdict
	EventFinished  EventType = "finished" // a variant ended; text: verdict and reason
	EventDone      EventType = "done"     // the last variant ended; text: the job's verdict
	EventCanceled  EventType = "canceled" // text: who asked
	EventRetried   EventType = "retried"
	EventPicked    EventType = "picked"
	EventRevised   EventType = "revised"   // text: what a person said
	EventApproved  EventType = "approved"  // text: who
	EventDelivered EventType = "delivered" // text: how and where
	EventUndone    EventType = "undone"
	EventHeld      EventType = "held"
	EventFreed     EventType = "freed"    // released by a person; text: who
	EventMoved     EventType = "moved"    // its priority or place changed; text: how, and who
	EventStarted   EventType = "started"  // told to start now; text: who
	EventEdited    EventType = "edited"   // text: who
	EventFollowed  EventType = "followed" // a job it comes after changed; text: what that means
	EventImported  EventType = "imported" // text: which job it was

	EventStep   EventType = "step"   // text: what the worker begins, for a person
	EventOutput EventType = "output" // text: what the maker printed, whole lines where possible
	EventCheck  EventType = "check"  // text: what a check printed
	EventReport EventType = "report" // text: why a maker's patch was not applied, in several lines

	// What a try was made from, for whoever wants to see or repeat it. A text longer
	// than MaxEvent is spread over several events in a row.
	EventContext EventType = "context" // text: JSON: which files a maker was shown; package brief has its form
	EventPrompt  EventType = "prompt"  // text: what was sent to the maker, whole
	EventAnswer  EventType = "answer"  // text: what the maker answered, whole
)

// workerEvents are those that a worker may record.
var workerEvents = []EventType{EventStep, EventOutput, EventCheck, EventReport, EventContext, EventPrompt, EventAnswer}

// Bulky reports whether an event is kept to be asked for, and not to be watched.
func (t EventType) Bulky() bool { return t == EventContext || t == EventPrompt || t == EventAnswer }
