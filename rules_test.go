package agent_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent"
)

func TestRulesApply(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("here", 3600))
	alice := &agent.Pause{By: "alice", Why: "a release", At: now.UTC()}
	r := agent.NewRules()
	for _, step := range []struct {
		c    agent.RuleChange
		want agent.Rules
	}{
		{agent.RuleChange{Op: agent.RuleParallel, Limit: 4}, agent.Rules{Parallel: 4, Groups: []agent.Group{{Name: "default"}}}},
		{agent.RuleChange{Op: agent.RulePerRepo, Limit: 2}, agent.Rules{Parallel: 4, PerRepo: 2, Groups: []agent.Group{{Name: "default"}}}},
		{agent.RuleChange{Op: agent.RuleParallel}, agent.Rules{PerRepo: 2, Groups: []agent.Group{{Name: "default"}}}},
		{agent.RuleChange{Op: agent.RuleGroup, Group: "zoo", Limit: 1}, agent.Rules{PerRepo: 2, Groups: []agent.Group{{Name: "default"}, {Name: "zoo", Limit: 1}}}},
		{agent.RuleChange{Op: agent.RuleGroup, Group: "api"}, agent.Rules{PerRepo: 2, Groups: []agent.Group{{Name: "default"}, {Name: "api"}, {Name: "zoo", Limit: 1}}}},
		{agent.RuleChange{Op: agent.RulePause, Group: "api", By: " alice", Why: "a\n release"}, agent.Rules{PerRepo: 2, Groups: []agent.Group{{Name: "default"}, {Name: "api", Pause: alice}, {Name: "zoo", Limit: 1}}}},
		{agent.RuleChange{Op: agent.RuleGroup, Group: "api", Limit: 7}, agent.Rules{PerRepo: 2, Groups: []agent.Group{{Name: "default"}, {Name: "api", Limit: 7, Pause: alice}, {Name: "zoo", Limit: 1}}}},
		{agent.RuleChange{Op: agent.RuleUngroup, Group: "zoo"}, agent.Rules{PerRepo: 2, Groups: []agent.Group{{Name: "default"}, {Name: "api", Limit: 7, Pause: alice}}}},
		{agent.RuleChange{Op: agent.RulePause, By: "alice", Why: "a release"}, agent.Rules{PerRepo: 2, Pause: alice, Groups: []agent.Group{{Name: "default"}, {Name: "api", Limit: 7, Pause: alice}}}},
		{agent.RuleChange{Op: agent.RuleResume, Group: "api"}, agent.Rules{PerRepo: 2, Pause: alice, Groups: []agent.Group{{Name: "default"}, {Name: "api", Limit: 7}}}},
		{agent.RuleChange{Op: agent.RuleResume}, agent.Rules{PerRepo: 2, Groups: []agent.Group{{Name: "default"}, {Name: "api", Limit: 7}}}},
	} {
		before := r.Clone()
		shared := r // what a caller of Clone holds on to is not changed
		r = r.Clone()
		if err := r.Apply(step.c, false, now); err != nil {
			t.Fatalf("%+v: %v", step.c, err)
		}
		if d := cmp.Diff(step.want, r); d != "" {
			t.Errorf("%+v (-want +got):\n%s", step.c, d)
		}
		if d := cmp.Diff(before, shared); d != "" {
			t.Errorf("%+v changed what it was applied to a copy of (-before +after):\n%s", step.c, d)
		}
		again := r.Clone()
		if err := again.Apply(step.c, false, now.Add(time.Hour)); step.c.Op != agent.RuleUngroup && (err != nil || !cmp.Equal(r, again)) {
			t.Errorf("%+v twice: %v\n%s", step.c, err, cmp.Diff(r, again))
		}
	}
}

func TestRulesApplyRefuses(t *testing.T) {
	r := agent.NewRules()
	if err := r.Apply(agent.RuleChange{Op: agent.RuleGroup, Group: "web"}, false, time.Now()); err != nil {
		t.Fatal(err)
	}
	before := r.Clone()
	for _, c := range []struct {
		c       agent.RuleChange
		waiting bool
		code    agent.Code
	}{
		{agent.RuleChange{Op: agent.RuleUngroup, Group: "web"}, true, agent.WrongState},
		{agent.RuleChange{Op: agent.RuleUngroup, Group: "none"}, true, agent.NotFound},
		{agent.RuleChange{Op: agent.RuleUngroup, Group: agent.DefaultGroup}, false, agent.Invalid},
		{agent.RuleChange{Op: agent.RuleUngroup}, false, agent.Invalid},
		{agent.RuleChange{Op: agent.RulePause, Group: "none"}, false, agent.NotFound},
		{agent.RuleChange{Op: agent.RulePause, By: strings.Repeat("x", 1<<20)}, false, agent.Invalid},
		{agent.RuleChange{Op: agent.RuleParallel, Limit: -1}, false, agent.Invalid},
		{agent.RuleChange{Op: agent.RuleParallel, Limit: agent.MaxParallel + 1}, false, agent.Invalid},
		{agent.RuleChange{Op: agent.RuleGroup, Group: strings.Repeat("x", 65)}, false, agent.Invalid},
		{agent.RuleChange{Op: agent.RuleGroup, Group: "a,b"}, false, agent.Invalid},
		{agent.RuleChange{Op: agent.RuleGroup, Group: "a\x00b"}, false, agent.Invalid},
		{agent.RuleChange{Op: "no"}, false, agent.Invalid},
	} {
		if err := r.Apply(c.c, c.waiting, time.Now()); agent.CodeOf(err) != c.code {
			t.Errorf("%.80v: error %v has code %q, want %q", c.c, err, agent.CodeOf(err), c.code)
		}
	}
	if d := cmp.Diff(before, r); d != "" {
		t.Errorf("rules (-before +after):\n%s", d)
	}
	var last error
	for n := range agent.MaxGroups {
		last = r.Apply(agent.RuleChange{Op: agent.RuleGroup, Group: fmt.Sprint("g", n)}, false, time.Now())
	}
	if len(r.Groups) != agent.MaxGroups || agent.CodeOf(last) != agent.Invalid {
		t.Errorf("%d groups, the last: %v", len(r.Groups), last)
	}
}
