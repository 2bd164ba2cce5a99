package agent_test

import (
	"fmt"
	"maps"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"codeagent.dev/agent"
)

// crowd is what a Line is compared with: all places, walked through for every question.
type crowd struct {
	places map[agent.ID]agent.Place
	rules  agent.Rules
	turns  agent.Turns
}

func (c *crowd) load() agent.Load {
	load := agent.Load{Repos: map[string]int{}, Groups: map[string]int{}}
	for _, p := range c.places {
		load.All += p.Running
		load.Repos[p.Repo] += p.Running
		load.Groups[p.Group] += p.Running
	}
	return load
}

func (c *crowd) next(claim *agent.Claim, now time.Time) (agent.Ref, bool) {
	load := c.load()
	var best *agent.Place
	for _, id := range slices.Sorted(maps.Keys(c.places)) {
		p := c.places[id]
		if p.Queued != 0 && claim.Wants(&p) && c.rules.Blocks(&p, &load, now) == nil && (best == nil || c.turns.Before(&p, best, &load) < 0) {
			best = &p
		}
	}
	if best == nil {
		return agent.Ref{}, false
	}
	return agent.Ref{Job: best.ID, Variant: best.Variant()}, true
}

func (c *crowd) counted() agent.Rules {
	r, load := c.rules.Clone(), c.load()
	r.Running = load.All
	for i := range r.Groups {
		g := &r.Groups[i]
		g.Running = load.Groups[g.Name]
		for _, p := range c.places {
			if p.Group == g.Name {
				g.Waiting += bits.OnesCount32(p.Queued)
			}
		}
	}
	return r
}

func (c *crowd) oldest() (at time.Time) {
	for _, id := range slices.Backward(slices.Sorted(maps.Keys(c.places))) {
		if p := c.places[id]; p.Queued != 0 {
			at = p.Created
		}
	}
	return at
}

// wakes is when the first time passes that keeps a job from beginning.
func (c *crowd) wakes(now time.Time) (at time.Time) {
	for _, p := range c.places {
		timed := p.Queued != 0 && p.After == "" && !p.Now && !p.Hold && p.NotBefore.After(now)
		if timed && (at.IsZero() || p.NotBefore.Before(at)) {
			at = p.NotBefore
		}
	}
	return at
}

// lineGame does the same to both.
type lineGame struct {
	*testing.T
	line  agent.Line
	crowd crowd
	now   time.Time
	last  agent.ID
	rand  func(n int) int
}

func (g *lineGame) put(p agent.Place) {
	g.line.Put(p)
	if g.crowd.places[p.ID] = p; p.Queued == 0 && p.Running == 0 {
		delete(g.crowd.places, p.ID)
	}
}

// place is a random one for a job; what a job is of stays.
func (g *lineGame) place(id agent.ID) agent.Place {
	p, ok := g.crowd.places[id]
	if !ok {
		p = agent.Place{ID: id, Repo: fmt.Sprint("/src/", g.rand(4)), Created: time.Unix(int64(id), 0).UTC(), Order: int64(id)}
	}
	p.Group = []string{"default", "web", "gone"}[g.rand(3)]
	p.Makers = []string{"", "\x00", "one", "one\x00two"}[g.rand(4)]
	p.Priority = g.rand(3) - 1
	p.Queued, p.Running = uint32(g.rand(4)), max(0, g.rand(5)-2)
	p.Hold, p.Now, p.After, p.NotBefore = g.rand(9) == 0, g.rand(9) == 0, "", time.Time{}
	if g.rand(9) == 0 {
		p.After = "1"
	}
	if g.rand(5) == 0 {
		p.NotBefore = g.now.Add(time.Duration(g.rand(10)-2) * time.Second)
	}
	if g.rand(5) == 0 {
		p.Order = int64(g.rand(20))
	}
	return p
}

func (g *lineGame) step() {
	switch g.rand(8) {
	case 0, 1:
		g.last++
		g.put(g.place(g.last))
	case 2:
		g.put(g.place(agent.ID(1 + g.rand(int(g.last)+1))))
	case 3:
		id := agent.ID(1 + g.rand(int(g.last)+1))
		g.line.Remove(id)
		delete(g.crowd.places, id)
	case 4:
		c := agent.RuleChange{
			Op:    []agent.RuleOp{agent.RuleParallel, agent.RulePerRepo, agent.RuleGroup, agent.RulePause, agent.RuleResume, agent.RuleUngroup}[g.rand(6)],
			Group: []string{"", "default", "web"}[g.rand(3)], Limit: g.rand(4),
		}
		if g.crowd.rules.Apply(c, false, g.now) == nil {
			g.line.SetRules(g.crowd.rules)
		}
	case 5:
		g.now = g.now.Add(time.Duration(g.rand(3)) * time.Second)
	default:
		g.claim()
	}
}

// claim takes whose turn it is, and wants to hear the same from both.
func (g *lineGame) claim() {
	g.Helper()
	c := agent.Claim{Now: g.rand(6) == 0, Without: [][]string{nil, nil, {"one"}, {"", "one", "two"}}[g.rand(4)]}
	want, wantOK := g.crowd.next(&c, g.now)
	got, ok := g.line.Next(&c, g.now)
	if got != want || ok != wantOK {
		g.Fatalf("%+v: it is the turn of %s (%t), want %s (%t)", c, got, ok, want, wantOK)
	}
	if !ok {
		return
	}
	p := g.crowd.places[got.Job]
	if at, want := g.line.Serve(p.Repo), g.crowd.turns.Serve(p.Repo); at != want {
		g.Fatalf("turn %d, want %d", at, want)
	}
	p.Queued &^= 1 << (got.Variant - 1)
	p.Running++
	g.put(p)
}

func (g *lineGame) compare() {
	g.Helper()
	if d := cmp.Diff(g.crowd.counted(), g.line.Rules(), cmpopts.EquateEmpty()); d != "" {
		g.Fatalf("rules (-want +got):\n%s", d)
	}
	if got, want := g.line.Oldest(), g.crowd.oldest(); !got.Equal(want) {
		g.Fatalf("oldest is %v, want %v", got, want)
	}
	_, _ = g.line.Next(&agent.Claim{}, g.now) // which moves on whose time has come
	if got, want := g.line.Wakes(), g.crowd.wakes(g.now); !got.Equal(want) {
		g.Fatalf("it wakes at %v, want %v", got, want)
	}
	for _, group := range []string{"default", "web", "none"} {
		used := slices.ContainsFunc(slices.Collect(maps.Values(g.crowd.places)), func(p agent.Place) bool { return p.Group == group })
		if got := g.line.Uses(group); got != used {
			g.Fatalf("uses %s: %t, want %t", group, got, used)
		}
	}
}

func playLine(t *testing.T, steps int, rand func(n int) int) {
	g := &lineGame{T: t, now: time.Unix(1000, 0), rand: rand}
	g.crowd = crowd{places: map[agent.ID]agent.Place{}, rules: agent.NewRules()}
	for range steps {
		g.step()
		g.compare()
	}
}

// A Line says the same as a walk over all places.
func TestLine(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		t.Run(fmt.Sprint(seed), func(t *testing.T) { playLine(t, 150, r.IntN) })
	}
}

func FuzzLine(f *testing.F) {
	f.Add([]byte{0, 1, 1, 0, 1, 2, 0, 0, 0, 7, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 2000 {
			t.Skip("long games only take time")
		}
		next := func(n int) int {
			if len(data) == 0 {
				return 0
			}
			v := int(data[0]) % n
			data = data[1:]
			return v
		}
		g := &lineGame{T: t, now: time.Unix(1000, 0), rand: next}
		g.crowd = crowd{places: map[agent.ID]agent.Place{}, rules: agent.NewRules()}
		for len(data) > 0 {
			g.step()
			g.compare()
		}
	})
}

// Why is about the job as it is given, which may be ahead of the line.
func TestLineWhy(t *testing.T) {
	var l agent.Line
	j := agent.Job{ID: 1, Spec: agent.Spec{Repo: "/r"}, Variants: []agent.Variant{{Number: 1, State: agent.Queued}}}
	if got := l.Why(&j, time.Now()); got == nil || got.For != agent.WaitWorker {
		t.Errorf("in an empty line it waits %v", got)
	}
	l.Put(agent.Place{ID: 2, Repo: "/r", Group: "default", Running: 2})
	r := agent.NewRules()
	r.PerRepo = 2
	l.SetRules(r)
	want := &agent.Waiting{For: agent.WaitRepo, What: "/r", Have: 2, Limit: 2}
	if d := cmp.Diff(want, l.Why(&j, time.Now())); d != "" {
		t.Errorf("waiting (-want +got):\n%s", d)
	}
	j.Variants[0].State = agent.Running
	if got := l.Why(&j, time.Now()); got != nil {
		t.Errorf("what runs waits %v", got)
	}
}
