package agent

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// Waiting is the one reason why a job's queued variants have not begun.
type Waiting struct {
	For   WaitFor   `json:"for"`
	What  string    `json:"what,omitempty"`  // the group, repository, maker or jobs it is about
	Until time.Time `json:"until,omitzero"`  // when that ends by itself, if it does
	By    string    `json:"by,omitempty"`    // who paused
	Why   string    `json:"why,omitempty"`   // in their words, or in those of what failed
	Have  int       `json:"have,omitempty"`  // running now
	Limit int       `json:"limit,omitempty"` // of these at once
}

// WaitFor is what a job waits for.
type WaitFor string

const (
	WaitRelease  WaitFor = "release"  // it is held
	WaitParents  WaitFor = "parents"  // What: the jobs it comes after, such as "12, 14"
	WaitTime     WaitFor = "time"     // Until
	WaitResume   WaitFor = "resume"   // everything is paused, or the group What
	WaitGroup    WaitFor = "group"    // the group What is at its limit
	WaitRepo     WaitFor = "repo"     // the repository What is
	WaitMaker    WaitFor = "maker"    // the maker What cannot be asked: at its limit, or resting until Until
	WaitParallel WaitFor = "parallel" // the queue's limit
	WaitWorker   WaitFor = "worker"   // all workers are busy, or there is none
	WaitRoom     WaitFor = "room"     // Why: what the machine lacks, such as disk
)

// Text says it in one line, with times as clock renders them: "group web 2/2",
// "paused by alice: release", "after 12".
func (w *Waiting) Text(clock func(time.Time) string) string {
	if w == nil {
		return ""
	}
	until := ""
	if !w.Until.IsZero() {
		until = " until " + clock(w.Until)
	}
	switch w.For {
	case WaitRelease:
		return "held"
	case WaitParents:
		return "after " + w.What
	case WaitTime:
		return "not" + strings.Replace(until, " until", " before", 1)
	case WaitResume:
		return w.paused()
	case WaitGroup:
		return fmt.Sprintf("group %s %d/%d", w.What, w.Have, w.Limit)
	case WaitRepo:
		return fmt.Sprintf("repository %s %d/%d", filepath.Base(w.What), w.Have, w.Limit)
	case WaitMaker:
		if w.Limit > 0 {
			return fmt.Sprintf("%s %d/%d", w.What, w.Have, w.Limit)
		}
		return w.What + " cooling down" + until
	case WaitParallel:
		return fmt.Sprintf("queue %d/%d", w.Have, w.Limit)
	case WaitRoom:
		return w.Why
	}
	return "next worker"
}

// String is Text with times of day.
func (w *Waiting) String() string {
	return w.Text(func(t time.Time) string { return t.Local().Format("15:04") })
}

func (w *Waiting) paused() string {
	text := "paused"
	if w.What != "" {
		text = "group " + w.What + " paused"
	}
	if w.By != "" {
		text += " by " + w.By
	}
	if w.Why != "" {
		text += ": " + w.Why
	}
	return text
}
