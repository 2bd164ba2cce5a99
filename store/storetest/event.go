package storetest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"codeagent.dev/agent"
)

func eventLaws() []law {
	return []law{
		{name: "events/gapless", rule: "Seq counts from 1 without gaps, whatever happens, and Job.Events is the newest", check: eventsGapless},
		{name: "events/after", rule: "a stream resumes after any Seq; beyond the newest of a Done job it is empty", check: eventsAfter},
		{name: "events/live", rule: "a stream goes on live after the history and ends with the job", check: eventsLive},
		{name: "events/followers", rule: "every follower, early, late or slow, sees all events in order", check: eventsFollowers},
		{name: "events/break", rule: "a consumer may stop at any event", check: eventsBreak},
		{name: "events/context", rule: "a stream ends with its context's error, once, last", check: eventsContext},
		{name: "events/unknown", rule: "events of a job that does not exist are NotFound", check: eventsUnknown},
		{name: "record/text", rule: "a recorded text is valid UTF-8 when it is read, and otherwise unchanged", check: recordText},
		{name: "record/before", rule: "what was recorded is there when a later Finish returns", check: recordBefore},
		{name: "record/invalid", rule: "a worker records steps, output and checks of a sane length, nothing else", check: recordInvalid},
	}
}

// gapless ends the law unless events are those with Seq after+1 … last.
func (w *world) gapless(events []agent.Event, after, last uint64) {
	w.Helper()
	for i, e := range events {
		if e.Seq != after+uint64(i)+1 {
			w.Fatalf("event %d has Seq %d, want %d", i, e.Seq, after+uint64(i)+1)
		}
	}
	if got := after + uint64(len(events)); got != last {
		w.Fatalf("events up to %d, want %d", got, last)
	}
}

func eventsGapless(w *world) {
	w.submit(variants(2))
	one, two := w.claim(), w.claim()
	w.ok(w.queue.Record(w.ctx, one, agent.EventStep, "making"))
	w.ok(w.queue.Record(w.ctx, two, agent.EventOutput, "x\n"))
	w.ok(w.queue.Record(w.ctx, two, agent.EventReport, "x\n  y\n"))
	w.refused(w.queue.Record(w.ctx, two, "claimed", "x"), agent.Invalid)
	w.ok(w.queue.Release(w.ctx, two))
	w.finish(one, unverified())
	w.finish(w.claim(), unverified())
	w.change(1, pick(1))
	j := w.job(1)
	events := w.history(1, 0)
	w.gapless(events, 0, j.Events)
	for _, e := range events {
		if e.Job != 1 || e.Time.IsZero() || e.Time.Location() != time.UTC {
			w.Errorf("event %+v", e)
		}
	}
}

func eventsAfter(w *world) {
	j := w.done([]agent.Outcome{unverified()})
	for after := range j.Events + 1 {
		w.gapless(w.history(1, after), after, j.Events)
	}
	for _, after := range []uint64{j.Events + 1, 1 << 62, ^uint64(0)} {
		if events := w.history(1, after); len(events) != 0 {
			w.Errorf("%d events after %d", len(events), after)
		}
	}
}

// follower collects a stream in the background until it ends.
type follower struct {
	events []agent.Event
	err    error
	ended  chan struct{}
}

func (w *world) follow(ctx context.Context, id agent.ID, after uint64) *follower {
	f := &follower{ended: make(chan struct{})}
	go func() {
		defer close(f.ended)
		for e, err := range w.jobs.Events(ctx, id, after) {
			if err != nil {
				f.err = err
				continue // an error must be the last pair
			}
			f.events = append(f.events, e)
			if f.err != nil {
				f.err = fmt.Errorf("event %d came after error %w", e.Seq, f.err)
			}
		}
	}()
	return f
}

func eventsLive(w *world) {
	w.submit()
	f := w.follow(w.ctx, 1, 0)
	w.settle()
	l := w.claim()
	w.ok(w.queue.Record(w.ctx, l, agent.EventOutput, "live\n"))
	w.settle()
	w.finish(l, unverified())
	<-f.ended
	w.ok(f.err)
	w.gapless(f.events, 0, w.job(1).Events)
}

func eventsFollowers(w *world) {
	const records = 500
	w.submit()
	l := w.claim()
	var all []*follower
	for n := range records {
		if n%50 == 0 {
			all = append(all, w.follow(w.ctx, 1, 0))
		}
		w.ok(w.queue.Record(w.ctx, l, agent.EventOutput, fmt.Sprint(n)))
	}
	w.finish(l, unverified())
	all = append(all, w.follow(w.ctx, 1, 0))
	last := w.job(1).Events
	for _, f := range all {
		<-f.ended
		w.ok(f.err)
		w.gapless(f.events, 0, last)
		if f.events[2].Text != "0" || f.events[records+1].Text != fmt.Sprint(records-1) {
			w.Errorf("texts are %q … %q", f.events[2].Text, f.events[records+1].Text)
		}
	}
}

func eventsBreak(w *world) {
	j := w.done([]agent.Outcome{unverified()})
	for stop := range j.Events {
		n := uint64(0)
		for _, err := range w.jobs.Events(w.ctx, 1, 0) {
			w.ok(err)
			if n++; n > stop {
				break
			}
		}
		if n != stop+1 {
			w.Errorf("stopped after %d events, want %d", n, stop+1)
		}
	}
}

func eventsContext(w *world) {
	w.submit()
	ctx, cancel := context.WithCancel(w.ctx)
	f := w.follow(ctx, 1, 0)
	w.settle()
	cancel()
	<-f.ended
	w.canceled(f.err)
}

func eventsUnknown(w *world) {
	n := 0
	for _, err := range w.jobs.Events(w.ctx, 1, 0) {
		w.refused(err, agent.NotFound)
		n++
	}
	if n != 1 {
		w.Errorf("%d pairs, want one", n)
	}
}

func recordText(w *world) {
	w.submit()
	l := w.claim()
	texts := map[string]string{
		"":                          "",
		"plain\n":                   "plain\n",
		"\x1b[31mred\x00\r\n\u2028": "\x1b[31mred\x00\r\n\u2028",
		"half \xe2\x82 a rune":      "half \uFFFD a rune",
		strings.Repeat("x", 100e3):  strings.Repeat("x", 100e3),
	}
	var want []string
	for sent, read := range texts {
		w.ok(w.queue.Record(w.ctx, l, agent.EventCheck, sent))
		want = append(want, read)
	}
	w.finish(l, unverified())
	for i, e := range w.history(1, 2)[:len(want)] {
		if e.Text != want[i] || e.Type != agent.EventCheck || e.Variant != 1 {
			w.Errorf("event is %s %.40q, want %.40q", e.Type, e.Text, want[i])
		}
	}
}

func recordBefore(w *world) {
	const each = 50
	w.submit(variants(2))
	one, two := w.claim(), w.claim()
	var wg sync.WaitGroup
	for _, l := range []agent.Lease{one, two} {
		wg.Go(func() {
			for range each {
				if err := w.queue.Record(w.ctx, l, agent.EventOutput, "x"); err != nil {
					w.Errorf("record: %v", err)
				}
			}
			if err := w.queue.Finish(w.ctx, l, unverified()); err != nil {
				w.Errorf("finish: %v", err)
			}
		})
	}
	wg.Wait()
	// submitted, 2 claimed, 2 finished, done
	w.gapless(w.history(1, 0), 0, 2*each+6)
}

func recordInvalid(w *world) {
	w.submit()
	l := w.claim()
	w.refused(w.queue.Record(w.ctx, l, agent.EventFinished, "x"), agent.Invalid)
	w.refused(w.queue.Record(w.ctx, l, "", "x"), agent.Invalid)
	w.refused(w.queue.Record(w.ctx, l, agent.EventOutput, strings.Repeat("x", agent.MaxEvent+1)), agent.Invalid)
	if j := w.job(1); j.Events != 2 {
		w.Errorf("%d events", j.Events)
	}
}
