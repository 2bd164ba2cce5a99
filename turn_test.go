package agent_test

import (
	"errors"
	"iter"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent"
)

// told yields events of one job, of variant 2 unless they say otherwise.
func told(events ...agent.Event) iter.Seq2[agent.Event, error] {
	return func(yield func(agent.Event, error) bool) {
		for i, e := range events {
			e.Seq = uint64(i + 1)
			if e.Variant == 0 {
				e.Variant = 2
			}
			if !yield(e, nil) {
				return
			}
		}
		yield(agent.Event{}, errors.New("read beyond the job's events"))
	}
}

func TestTurns(t *testing.T) {
	event := func(typ agent.EventType, text string) agent.Event { return agent.Event{Type: typ, Text: text} }
	events := []agent.Event{
		event(agent.EventContext, "files "), event(agent.EventContext, "shown"),
		event(agent.EventPrompt, "a long "), {Variant: 1, Type: agent.EventPrompt, Text: "another's"}, event(agent.EventPrompt, "prompt"),
		event(agent.EventStep, "failed: down"),
		event(agent.EventPrompt, "the next maker's"), event(agent.EventOutput, "ans"), event(agent.EventAnswer, "answer"),
		event(agent.EventAttempt, "conflict"),
		event(agent.EventPrompt, "again"), event(agent.EventAnswer, "better"), event(agent.EventAttempt, "verified"),
		event(agent.EventAttempt, "failed"),
	}
	job := agent.Job{Events: uint64(len(events))}
	got, err := job.Turns(told(events...), 2)
	want := []agent.Turn{
		{Context: "files shown", Prompt: "a long prompt"},
		{Prompt: "the next maker's", Answer: "answer", Verdict: agent.Conflict},
		{Prompt: "again", Answer: "better", Verdict: agent.Verified},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if got, err := (&agent.Job{}).Turns(told(), 2); len(got) != 0 || err != nil {
		t.Errorf("of a job without events: %v, %v", got, err)
	}
	if _, err := (&agent.Job{Events: 99}).Turns(told(events...), 2); err == nil {
		t.Error("a stream that broke off is no error")
	}
}
