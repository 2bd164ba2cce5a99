package agent_test

import (
	"testing"
	"time"

	"codeagent.dev/agent"
)

func TestWaitingText(t *testing.T) {
	at := time.Date(2026, 1, 2, 14, 32, 0, 0, time.UTC)
	clock := func(t time.Time) string { return t.UTC().Format("15:04") }
	for want, w := range map[string]*agent.Waiting{
		"":                                 nil,
		"held":                             {For: agent.WaitRelease},
		"after 12, 14":                     {For: agent.WaitParents, What: "12, 14"},
		"not before 14:32":                 {For: agent.WaitTime, Until: at},
		"paused":                           {For: agent.WaitResume},
		"paused by alice: release":         {For: agent.WaitResume, By: "alice", Why: "release"},
		"paused: release":                  {For: agent.WaitResume, Why: "release"},
		"group web paused by alice":        {For: agent.WaitResume, What: "web", By: "alice"},
		"group web 2/2":                    {For: agent.WaitGroup, What: "web", Have: 2, Limit: 2},
		"repository api 3/1":               {For: agent.WaitRepo, What: "/src/api", Have: 3, Limit: 1},
		"queue 8/8":                        {For: agent.WaitParallel, Have: 8, Limit: 8},
		"ollama 1/1":                       {For: agent.WaitMaker, What: "ollama", Have: 1, Limit: 1},
		"ollama cooling down until 14:32":  {For: agent.WaitMaker, What: "ollama", Until: at},
		"ollama cooling down":              {For: agent.WaitMaker, What: "ollama"},
		"3 GiB free, 5 GiB are to be left": {For: agent.WaitRoom, Why: "3 GiB free, 5 GiB are to be left"},
		"next worker":                      {For: agent.WaitWorker},
	} {
		if got := w.Text(clock); got != want {
			t.Errorf("%+v is %q, want %q", w, got, want)
		}
	}
	w := agent.Waiting{For: agent.WaitTime, Until: at}
	if got, want := w.String(), "not before "+at.Local().Format("15:04"); got != want {
		t.Errorf("it is %q, want %q", got, want)
	}
}
