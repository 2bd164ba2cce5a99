package agent

import "iter"

// Turn is one time that a maker was asked, as the events of a variant keep it.
type Turn struct {
	Context string  // EventContext; empty where nothing, or nothing more, was shown
	Prompt  string  // EventPrompt
	Answer  string  // EventAnswer; empty if none came
	Verdict Verdict // of the attempt that ended with it; empty: another maker was asked
}

// Turns puts the turns of a variant together from its job's events, in their order. It
// reads as far as the events went when the job was read: of a job that is not Done the
// stream has no end.
func (j *Job) Turns(events iter.Seq2[Event, error], variant int) (turns []Turn, err error) {
	if j.Events == 0 {
		return nil, nil
	}
	var last EventType
	shown := "" // for the turn that comes
	for e, err := range events {
		if err != nil {
			return nil, err
		}
		if e.Variant == variant {
			first := e.Type != last // else the next part of a long text
			last = e.Type
			switch {
			case e.Type == EventContext && first:
				shown = e.Text
			case e.Type == EventContext:
				shown += e.Text
			case e.Type == EventPrompt && first:
				turns = append(turns, Turn{Context: shown, Prompt: e.Text})
				shown = ""
			case len(turns) > 0:
				turns[len(turns)-1].take(e)
			}
		}
		if e.Seq >= j.Events {
			break
		}
	}
	return turns, nil
}

// take adds what follows the beginning of a turn's prompt.
func (t *Turn) take(e Event) {
	switch e.Type {
	case EventPrompt:
		t.Prompt += e.Text
	case EventAnswer:
		t.Answer += e.Text
	case EventAttempt:
		if t.Verdict == "" {
			t.Verdict = Verdict(e.Text)
		}
	}
}
