package agent_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"codeagent.dev/agent"
	"github.com/google/go-cmp/cmp"
)

const base = "0123456789abcdef0123456789abcdef01234567"

func TestParseRef(t *testing.T) {
	for in, want := range map[string]agent.Ref{
		"12":   {Job: 12},
		"12/2": {Job: 12, Variant: 2},
	} {
		got, err := agent.ParseRef(in)
		if err != nil || got != want || got.String() != in {
			t.Errorf("ParseRef(%q) = %v, %v; want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "0", "-1", "x", "12/", "12/0", "12/x", "/2", "12/2/3", "99999999999999999999"} {
		if got, err := agent.ParseRef(in); agent.CodeOf(err) != agent.Invalid || agent.HintOf(err) == "" {
			t.Errorf("ParseRef(%q) = %v, %v; want an Invalid error with a hint", in, got, err)
		}
	}
}

func TestErrorCodeAndHintSurviveWrapping(t *testing.T) {
	inner := agent.Errorf(agent.NotFound, "no job 7").WithHint("agent list")
	err := fmt.Errorf("show: %w", agent.Errorf(agent.Blocked, "cannot: %w", inner))
	if got := agent.CodeOf(err); got != agent.Blocked {
		t.Errorf("CodeOf = %q, want the outermost code", got)
	}
	if got := agent.HintOf(err); got != "agent list" {
		t.Errorf("HintOf = %q, want the first hint that is set", got)
	}
	if got := agent.CodeOf(fmt.Errorf("x: %w", context.DeadlineExceeded)); got != agent.TimedOut {
		t.Errorf("CodeOf(deadline) = %q", got)
	}
	if agent.CodeOf(nil) != "" || agent.CodeOf(errors.New("x")) != agent.Internal {
		t.Error("CodeOf of nil and of a plain error")
	}
}

func TestValidateFillsDefaults(t *testing.T) {
	spec := agent.Spec{Kind: agent.Command, Text: "\n  gofmt   -w .\nsecond", Repo: "/r", Base: base,
		Checks: []agent.Check{{Run: "go test ./..."}}}
	if err := spec.Validate(); err != nil {
		t.Fatal(err)
	}
	if spec.Title != "gofmt -w ." || spec.Variants != 1 || spec.Tries != 1 || spec.Checks[0].Name != "go test ./..." {
		t.Errorf("defaults: %+v", spec)
	}
	patch := agent.Spec{Kind: agent.Diff, Text: "--- a/x\n+++ b/dir/x.go\n", Repo: "/r", Base: base}
	if err := patch.Validate(); err != nil || patch.Title != "patch to dir/x.go" {
		t.Errorf("diff title %q, %v", patch.Title, err)
	}
	long := agent.Spec{Kind: agent.Prompt, Text: strings.Repeat("ä", 200), Repo: "/r", Base: base}
	if err := long.Validate(); err != nil || len([]rune(long.Title)) != 72 {
		t.Errorf("long title: %q, %v", long.Title, err)
	}
}

func TestValidateRefuses(t *testing.T) {
	for name, spoil := range map[string]func(*agent.Spec){
		"unknown kind":       func(s *agent.Spec) { s.Kind = "wish" },
		"blank text":         func(s *agent.Spec) { s.Text = " \n\t" },
		"huge text":          func(s *agent.Spec) { s.Text = strings.Repeat("x", agent.MaxText+1) },
		"no repository":      func(s *agent.Spec) { s.Repo = "" },
		"revision as base":   func(s *agent.Spec) { s.Base = "HEAD" },
		"short base":         func(s *agent.Spec) { s.Base = base[:12] },
		"too many variants":  func(s *agent.Spec) { s.Variants = agent.MaxVariants + 1 },
		"negative variants":  func(s *agent.Spec) { s.Variants = -1 },
		"too many tries":     func(s *agent.Spec) { s.Tries = agent.MaxTries + 1 },
		"empty check":        func(s *agent.Spec) { s.Checks = []agent.Check{{Run: " "}} },
		"two checks, a name": func(s *agent.Spec) { s.Checks = []agent.Check{{Run: "a"}, {Run: "a"}} },
		"check outside":      func(s *agent.Spec) { s.Checks = []agent.Check{{Run: "a", Dir: "../x"}} },
		"checks on and off":  func(s *agent.Spec) { s.Checks, s.NoChecks = []agent.Check{{Run: "a"}}, true },
		"path outside":       func(s *agent.Spec) { s.Limits.Paths = []string{"a/../../b"} },
		"absolute path":      func(s *agent.Spec) { s.Limits.Paths = []string{"/etc"} },
		"negative limit":     func(s *agent.Spec) { s.Limits.Make = -1 },
		"huge key":           func(s *agent.Spec) { s.Key = strings.Repeat("k", 1<<20) },
		"huge environment":   func(s *agent.Spec) { s.Env = map[string]string{"X": strings.Repeat("k", 1<<20)} },
	} {
		t.Run(name, func(t *testing.T) {
			spec := agent.Spec{Kind: agent.Command, Text: "true", Repo: "/r", Base: base}
			spoil(&spec)
			if err := spec.Validate(); agent.CodeOf(err) != agent.Invalid {
				t.Errorf("Validate = %v, want an Invalid error", err)
			}
		})
	}
}

func TestLimitsAllow(t *testing.T) {
	l := agent.Limits{Paths: []string{"src/", "README.md"}}
	for p, want := range map[string]bool{"src/a/b.go": true, "src": true, "README.md": true, "srcx/a": false, "README.md.bak": false, "x": false} {
		if got := l.Allows(p); got != want {
			t.Errorf("Allows(%q) = %v", p, got)
		}
	}
	if !(agent.Limits{}).Allows("anything") || !(agent.Limits{Paths: []string{"."}}).Allows("anything") {
		t.Error("no limit, or the root as limit, must allow everything")
	}
}

func check(o agent.CheckOutcome) agent.CheckResult { return agent.CheckResult{Outcome: o} }

func TestRankAndSettle(t *testing.T) {
	end := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	done := func(n int, v agent.Verdict, size int, checks ...agent.CheckResult) agent.Variant {
		return agent.Variant{Number: n, State: agent.Done, Verdict: v, Stat: agent.Stat{Added: size}, Checks: checks, Ended: end.Add(time.Duration(n))}
	}
	job := agent.Job{Variants: []agent.Variant{
		done(1, agent.ChecksFailed, 1, check(agent.CheckBroke), check(agent.CheckBroke)),
		done(2, agent.ChecksFailed, 1, check(agent.CheckBroke), check(agent.CheckPassed)),
		done(3, agent.ChecksFailed, 1, check(agent.CheckAlready), check(agent.CheckPassed)),
		done(4, agent.Verified, 9),
		done(5, agent.Verified, 2),
		done(6, agent.Conflict, 0),
		done(7, agent.Canceled, 0),
	}}
	if diff := cmp.Diff([]int{5, 4, 3, 2, 1, 6, 7}, agent.Rank(job.Variants)); diff != "" {
		t.Errorf("rank (-want +got):\n%s", diff)
	}
	job.Settle()
	if job.State != agent.Done || job.Verdict != agent.Verified || job.Proposed != 5 || job.Chosen() != 5 || !job.Ended.Equal(end.Add(7)) {
		t.Errorf("settled: %+v", job)
	}
	job.Picked = 4
	if job.Chosen() != 4 {
		t.Error("a picked variant must come before the proposed one")
	}

	job.Variants[3].State, job.Variants[3].Verdict = agent.Queued, ""
	job.Settle()
	if job.State != agent.Running || job.Verdict != "" || job.Proposed != 0 || !job.Ended.IsZero() {
		t.Errorf("with a variant left to do: state %s verdict %q proposed %d", job.State, job.Verdict, job.Proposed)
	}
	only := agent.Job{Variants: []agent.Variant{done(1, agent.Conflict, 0)}}
	only.Settle()
	if only.Proposed != 0 || only.Verdict != agent.Conflict {
		t.Errorf("nothing to propose: %+v", only)
	}
}
