package tui

import (
	"context"
	"fmt"
	"io"
	"strings"

	"codeagent.dev/agent"
)

// EventLine says an event in one line of progress, or "" when it tells a person
// nothing: output is for logs, and what a later line repeats is left out.
func EventLine(ev agent.Event) string {
	ref := agent.Ref{Job: ev.Job, Variant: ev.Variant}.String()
	text := Line(ev.Text)
	switch ev.Type {
	case agent.EventStep:
		return ref + ": " + text
	case agent.EventFinished:
		return ref + ": finished: " + verdictText(text)
	case agent.EventReleased:
		return ref + ": given back by a stopping worker, waits again"
	case agent.EventLapsed:
		return ref + ": its worker was lost, waits again"
	case agent.EventCanceled:
		return ref + ": canceled" + by(text)
	case agent.EventRevised:
		return ref + ": asked to: " + text
	case agent.EventApproved:
		return ref + ": approved" + by(text)
	case agent.EventRetried:
		return ref + ": queued again" + by(text)
	case agent.EventHeld:
		return ref + ": held" + by(text)
	case agent.EventFreed:
		return ref + ": released" + by(text)
	case agent.EventStarted:
		return ref + ": told to start now" + by(text)
	case agent.EventEdited:
		return ref + ": edited" + by(text)
	case agent.EventMoved, agent.EventFollowed:
		return ref + ": " + text
	case agent.EventImported:
		return ref + ": imported, it was " + text
	}
	return ""
}

func by(text string) string {
	if text == "" {
		return ""
	}
	return " by " + text
}

// verdictText makes the leading verdict of an event's text readable.
func verdictText(text string) string {
	word, rest, _ := strings.Cut(text, " ")
	if bare := strings.TrimSuffix(word, ":"); agent.Verdict(bare).Valid() {
		word = strings.ReplaceAll(word, "_", " ")
	}
	return strings.TrimSpace(word + " " + rest)
}

// Changes reports whether an event means that the job looks different now, so that
// whoever shows it should read it again.
func Changes(typ agent.EventType) bool {
	switch typ {
	case agent.EventStep, agent.EventOutput, agent.EventCheck, agent.EventReport:
		return false
	}
	return !typ.Bulky()
}

// Progress writes one plain line for every step of the jobs until all are Done, and
// returns them as they are then, in the order of ids. It writes nothing when w is
// nil. When ctx ends first, its error comes back; the jobs go on.
func Progress(ctx context.Context, jobs agent.Jobs, ids []agent.ID, w io.Writer) ([]agent.Job, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	lines := make(chan string)
	ends := make(chan ending, len(ids))
	for i, id := range ids {
		go func() {
			err := eachEvent(ctx, jobs, id, func(ev agent.Event) {
				if line := EventLine(ev); line != "" {
					select {
					case lines <- line:
					case <-ctx.Done():
					}
				}
			})
			var job agent.Job
			if err == nil {
				job, err = jobs.Job(ctx, id)
			}
			ends <- ending{i, job, err}
		}()
	}
	done := make([]agent.Job, len(ids))
	for left := len(ids); left > 0; {
		select {
		case line := <-lines:
			if w != nil {
				fmt.Fprintln(w, line)
			}
		case e := <-ends:
			if e.err != nil {
				return nil, e.err
			}
			done[e.at] = e.job
			left--
		}
	}
	return done, nil
}

type ending struct {
	at  int
	job agent.Job
	err error
}

// eachEvent calls f for a job's events until it is Done. A stream that breaks off
// because the daemon was restarted is taken up again where it ended.
func eachEvent(ctx context.Context, jobs agent.Jobs, id agent.ID, f func(agent.Event)) error {
	var after uint64
	for {
		moved := false
		var err error
		for ev, e := range jobs.Events(ctx, id, after) {
			if e != nil {
				err = e
				break
			}
			after, moved = ev.Seq, true
			f(ev)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil || agent.CodeOf(err) != agent.Unavailable || !moved {
			return err
		}
	}
}
