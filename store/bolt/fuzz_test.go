package bolt_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"codeagent.dev/agent"
	"codeagent.dev/agent/store/bolt"
	"codeagent.dev/agent/store/mem"
)

// FuzzStore plays the same acts on a bolt store and on the oracle, under one clock,
// and wants the same answers, the same codes of errors, and in the end the same jobs
// and events, times included.
func FuzzStore(f *testing.F) {
	f.Add([]byte{0, 0, 4, 0, 9, 0})                                     // submit, claim, finish
	f.Add([]byte{0, 1, 4, 0, 12, 2, 4, 0, 12, 2, 4, 0, 12, 2, 4, 0})    // lapse to the poison limit
	f.Add([]byte{0, 2, 4, 0, 1, 0, 6, 0, 9, 0, 2, 0, 4, 1, 9, 1, 3, 0}) // cancel, retry, remove
	f.Add([]byte{0, 8, 4, 0, 9, 5, 16, 0, 15, 0, 4, 0, 9, 8, 14, 0, 0, 12, 4, 0, 4, 0, 9, 8, 9, 1, 15, 1})
	f.Add([]byte{0, 9, 4, 0, 7, 1, 8, 1, 9, 2, 5, 1, 10, 0, 14, 0, 0, 9, 11, 3})
	f.Fuzz(func(t *testing.T, acts []byte) {
		if len(acts) > 200 {
			t.Skip("long sequences only take time")
		}
		path := filepath.Join(t.TempDir(), "agent.db")
		synctest.Test(t, func(t *testing.T) { play(t, path, acts) })
	})
}

// game is two stores side by side.
type game struct {
	*testing.T
	path   string
	mem    *mem.Store
	bolt   *bolt.Store
	leases []pair
}

// pair is the same lease on both stores; tokens differ.
type pair struct{ mem, bolt agent.Lease }

func play(t *testing.T, path string, acts []byte) {
	g := &game{T: t, path: path, mem: mem.New(mem.Options{}), bolt: openAt(t, path)}
	defer func() {
		closeStore(t, g.bolt)
		_ = g.mem.Close()
	}()
	for len(acts) >= 2 {
		g.act(acts[0]%21, int(acts[1]))
		acts = acts[2:]
		time.Sleep(time.Millisecond) // no two leases end at one moment
		synctest.Wait()
		g.same("rules", must[agent.Rules](t)(g.mem.Rules(t.Context())), must[agent.Rules](t)(g.bolt.Rules(t.Context())))
		g.same("status", must[agent.Status](t)(g.mem.Status(t.Context())), must[agent.Status](t)(g.bolt.Status(t.Context())))
	}
	g.same("everything", snap(t, g.mem), snap(t, g.bolt))
	if err := g.bolt.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func (g *game) same(what string, want, got any) {
	g.Helper()
	ignore := cmp.Options{cmpopts.EquateEmpty(), cmpopts.IgnoreFields(agent.Lease{}, "Token")}
	if d := cmp.Diff(want, got, ignore); d != "" {
		g.Fatalf("%s differs (-mem +bolt):\n%s", what, d)
	}
}

// sameErr compares codes, and texts, which name only what both know.
func (g *game) sameErr(what string, want, got error) {
	g.Helper()
	if agent.CodeOf(want) != agent.CodeOf(got) || fmt.Sprint(want) != fmt.Sprint(got) {
		g.Fatalf("%s: mem says %v (%s), bolt %v (%s)", what, want, agent.CodeOf(want), got, agent.CodeOf(got))
	}
}

func (g *game) act(kind byte, n int) {
	switch kind {
	case 0:
		g.submit(n)
	case 1, 2, 3, 10, 11, 15, 16, 17, 18:
		g.change(kind, n)
	case 4:
		g.claim(n)
	case 12:
		time.Sleep([]time.Duration{time.Second, time.Minute, time.Hour}[n%3])
	case 13:
		g.list(n)
	case 14:
		g.reopen()
	case 19:
		g.rule(n)
	case 20:
		g.importJob(n)
	default:
		g.work(kind, n)
	}
}

func (g *game) submit(n int) {
	s := spec(fmt.Sprint("text ", n))
	s.Variants = n%4 + n/250*100
	s.Repo = fmt.Sprint("/src/", n%3)
	if n%2 == 0 {
		s.Kind = agent.Prompt
	}
	if n%3 == 0 {
		s.Until = agent.UntilVerified
	}
	s.Group = []string{"", "", "", "web"}[n/4%4]
	s.Priority = []int{0, 0, 5, -1}[n/16%4]
	s.Hold = n%13 == 12
	if n%10 == 9 {
		s.NotBefore = time.Now().Add(30 * time.Second)
	}
	if s.Kind == agent.Prompt && n%3 == 1 {
		s.Makers = []string{"one", "two"}[n/8%2:]
	}
	if n%9 > 5 {
		s.After = []agent.ID{agent.ID(n%4 + 1), agent.ID(n%3 + 2)}[:n%2+1]
	}
	if n%8 > 4 {
		s.Key = fmt.Sprint(n % 8)
	}
	want, wantErr := g.mem.Submit(g.Context(), s)
	got, gotErr := g.bolt.Submit(g.Context(), s)
	g.sameErr("submit", wantErr, gotErr)
	g.same("submit", want, got)
}

var movers = []agent.Op{agent.OpHold, agent.OpRelease, agent.OpPriority, agent.OpSwitch, agent.OpStart}

func (g *game) rule(n int) {
	c := agent.RuleChange{
		Op:    []agent.RuleOp{agent.RuleGroup, agent.RuleParallel, agent.RulePerRepo, agent.RulePause, agent.RuleResume, agent.RuleUngroup, agent.RuleResume, "no"}[n%8],
		Group: []string{"", "web", "default"}[n/8%3], Limit: n / 24 % 4, By: "ada",
	}
	want, wantErr := g.mem.Rule(g.Context(), c)
	got, gotErr := g.bolt.Rule(g.Context(), c)
	g.sameErr("rule", wantErr, gotErr)
	g.same("rule", want, got)
}

// importJob takes a job of the store itself once more.
func (g *game) importJob(n int) {
	j, err := g.mem.Job(g.Context(), agent.ID(n%4+1))
	if err != nil || n%5 == 0 {
		j = agent.Job{Spec: spec("other"), Variants: []agent.Variant{{Number: 1, State: agent.Done, Verdict: agent.Verified, Commit: commit[:n%2*40]}}}
	}
	j.Spec.Key = fmt.Sprint("imported ", n%3)
	history := []agent.Event{{Variant: n % 3, Type: agent.EventStep, Text: "before", Time: time.Unix(int64(n), 0)}}
	want, wantErr := g.mem.Import(g.Context(), j, history)
	got, gotErr := g.bolt.Import(g.Context(), j, history)
	g.sameErr("import", wantErr, gotErr)
	g.same("import", want, got)
}

func (g *game) change(kind byte, n int) {
	c := agent.Change{Op: map[byte]agent.Op{1: agent.OpCancel, 2: agent.OpRetry, 3: agent.OpRemove, 10: agent.OpPick, 11: agent.OpDeliver,
		15: agent.OpRevise, 16: agent.OpApprove, 17: movers[n/5%len(movers)], 18: agent.OpEdit}[kind], By: "ada", Text: "more"}
	id := agent.ID(n%5 + 1)
	c.Priority, c.With = n%3*500, agent.ID(n/5%5+1)
	if kind == 18 {
		s := spec("")
		s.Repo, s.Variants, s.Group, s.Hold = fmt.Sprint("/src/", n/5%3), n/7%3, []string{"", "web"}[n/3%2], n%4 == 0
		if n%2 == 0 {
			s.Kind = agent.Prompt
		}
		if n%3 == 0 {
			s.After = []agent.ID{agent.ID(n/9%4 + 1)}
		}
		c.Spec, c.Text = &s, fmt.Sprint("edited ", n)
	}
	c.Variant = n / 5 % 4
	if kind == 11 {
		c.Delivery = &agent.Delivery{ID: fmt.Sprint(n % 2), Variant: c.Variant, How: "apply", Where: "/x"}
		if n%7 == 0 {
			c.Op = agent.OpUndo
		}
	}
	want, wantErr := g.mem.Change(g.Context(), id, c)
	got, gotErr := g.bolt.Change(g.Context(), id, c)
	g.sameErr(string(c.Op), wantErr, gotErr)
	g.same(string(c.Op), want, got)
}

func (g *game) claim(n int) {
	c := agent.Claim{Worker: "w", TTL: time.Minute, Now: n%7 == 6}
	if n%5 == 4 {
		c.Without = []string{"", "one"}[:n%2+1]
	}
	claim := func(q agent.Queue) (agent.Lease, error) {
		ctx, cancel := context.WithTimeout(g.Context(), time.Nanosecond)
		defer cancel()
		return q.Claim(ctx, c)
	}
	var p pair
	var wantErr, gotErr error
	p.mem, wantErr = claim(g.mem)
	p.bolt, gotErr = claim(g.bolt)
	g.sameErr("claim", wantErr, gotErr)
	if wantErr != nil {
		return // nothing may begin
	}
	g.same("claim", p.mem, p.bolt)
	g.leases = append(g.leases, p)
}

func (g *game) work(kind byte, n int) {
	if len(g.leases) == 0 {
		return
	}
	p := g.leases[n/8%len(g.leases)]
	v := []agent.Verdict{agent.Verified, agent.Unverified, agent.ChecksFailed, agent.NoPatch, agent.Failed, agent.NeedsApproval, agent.Canceled, ""}[n%8]
	do := func(q agent.Queue, l agent.Lease) error {
		switch kind {
		case 5:
			return q.Release(g.Context(), l)
		case 6:
			return q.Renew(g.Context(), l, time.Duration(n%4)*time.Minute)
		case 7:
			return q.Record(g.Context(), l, []agent.EventType{agent.EventStep, agent.EventOutput, agent.EventDone}[n%3], string(make([]byte, n*10)))
		case 8:
			return q.Attempt(g.Context(), l, agent.Attempt{Try: n, Verdict: v, Report: fmt.Sprint(n), Started: time.Now()})
		}
		o := agent.Outcome{Verdict: v, Reason: "because", Maker: "m", Stat: agent.Stat{Added: n}, Said: fmt.Sprint("said ", n%3), Print: fmt.Sprint(n % 2), Earned: agent.Verified}
		if n%16 > 0 {
			o.Commit = commit
			o.Checks = []agent.CheckResult{{Name: "c", Outcome: agent.CheckFixed, Tail: fmt.Sprint(n)}}
		}
		return q.Finish(g.Context(), l, o)
	}
	g.sameErr(fmt.Sprint("act ", kind), do(g.mem, p.mem), do(g.bolt, p.bolt))
}

func (g *game) list(n int) {
	f := agent.Filter{Oldest: n%2 == 0, Limit: n % 5, After: agent.ID(n / 8 % 4)}
	if n%3 == 0 {
		f.States = []agent.State{agent.Queued, agent.Done}[n%2:]
	}
	if n%5 == 0 {
		f.Verdicts = []agent.Verdict{agent.Failed, agent.Canceled, agent.Verified}[n%3:]
	}
	if n%4 == 0 {
		f.Repo = fmt.Sprint("/src/", n%3)
	}
	if n%7 == 0 {
		f.Sort, f.Skip = agent.Sorts()[n/7%len(agent.Sorts())], n%2
	}
	if n%13 == 0 {
		f.Groups, f.Words = []string{"web", agent.DefaultGroup}[n%2:], []string{"1"}[n%2:]
	}
	if n%17 == 0 {
		f.Makers, f.Name = []string{"m"}, []string{"SRC", "/1"}[n%2]
	}
	if n%11 == 0 {
		f.EndedBefore = time.Now().Add(-time.Minute)
	}
	want, wantErr := g.mem.List(g.Context(), f)
	got, gotErr := g.bolt.List(g.Context(), f)
	g.sameErr("list", wantErr, gotErr)
	g.same("list", want, got)
}

// reopen is nothing that mem can do, so nothing may run, which would lapse.
func (g *game) reopen() {
	if must[agent.Status](g)(g.mem.Status(g.Context())).Held > 0 {
		return
	}
	closeStore(g, g.bolt)
	g.bolt = openAt(g, g.path)
}
