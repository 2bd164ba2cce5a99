package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/brief"
	"codeagent.dev/agent/maker"
	"codeagent.dev/agent/patch"
	"codeagent.dev/agent/repo"
)

// try runs one attempt and records it. again is what the maker should be told before
// another try; it is empty when another would not help. The error is the queue's.
func (v *variant) try(ctx context.Context, try int) (out agent.Outcome, again string, err error) {
	started := time.Now().UTC()
	m := v.make(ctx, try)
	if m.postponed {
		return out, "", errPostponed
	}
	if out = m.out; out.Commit != "" {
		if v.last = out.Commit; v.spec.Kind == agent.Prompt {
			v.from = out.Commit // a command does its whole work again
		}
		again = v.prove(ctx, &out)
	} else {
		again = m.again
	}
	v.used = v.used.Add(m.usage)
	if ctx.Err() != nil {
		return out, "", nil
	}
	if m.answered {
		v.note(out, try, m.own)
	}
	done := agent.Attempt{
		Try: try, Maker: out.Maker, Format: string(m.format), Usage: m.usage, Verdict: out.Verdict, Report: again,
		Started: started, Ended: time.Now().UTC(), Rejection: m.rejection,
	}
	err = insist(ctx, v.log, func(ctx context.Context) error { return v.cfg.Queue.Attempt(ctx, v.hold.lease, done) })
	v.hold.end(err)
	return out, again, err
}

// errPostponed says that the variant is to be given back: its makers rest.
var errPostponed = errors.New("its makers rest")

// made is what came of asking.
type made struct {
	out       agent.Outcome
	again     string // what to tell the maker before another try
	postponed bool   // nobody was asked, because all rest: it is a matter for later
	answered  bool   // by a maker, whatever its answer is worth
	format    patch.Format
	usage     agent.Usage // of all that were asked
	own       agent.Usage // of the one that answered
	rejection *agent.Rejection
}

// make asks the makers in order for a change, from the one that answered last, until
// one gives an answer, and turns the answer into a commit.
func (v *variant) make(ctx context.Context, try int) (m made) {
	var why []string // those asked before gave none
	rested, asked := false, false
	for i := v.at; i < len(v.makers); i++ {
		who := v.makers[i]
		if until, reason, resting := v.cfg.Makers.Ledger().Resting(who.Name()); resting {
			text := fmt.Sprintf("%s rests until %s: %s", who.Name(), until.Local().Format("15:04:05"), reason)
			v.step(ctx, "%s", text)
			why, rested = append(why, text), true
			continue
		}
		usage := m.usage
		if spent := v.overspent(usage); spent != "" {
			why = append(why, "no further maker is asked: "+spent)
			break
		}
		leave, err := v.cfg.Makers.Enter(ctx, who.Name(), func(limit int) {
			v.step(ctx, "waiting for %s, which makes no more than %d at a time", who.Name(), limit)
		})
		if err != nil {
			return m // ctx ended
		}
		if _, _, resting := v.cfg.Makers.Ledger().Resting(who.Name()); resting { // since we waited to enter
			leave()
			i--
			continue
		}
		asked = true
		v.step(ctx, "making the patch with %s", who.Name())
		m = v.ask(ctx, who, try)
		leave()
		m.own, m.usage = m.usage, m.usage.Add(usage)
		m.out.Maker = who.Name()
		if m.out.Commit != "" {
			v.step(ctx, "committed %.12s: %s", m.out.Commit, sizeOf(m.out.Stat))
		} else {
			v.step(ctx, "%s: %s", m.out.Verdict, m.out.Reason)
		}
		if m.answered || ctx.Err() != nil {
			v.at = i
			return m
		}
		why = append(why, m.out.Reason)
	}
	if rested && !asked && try == 1 && v.cfg.Makers.Blocks(v.spec.Makers) != nil {
		m.postponed = true
		return m
	}
	if len(why) > 1 || m.out.Verdict == "" {
		verdict := m.out.Verdict
		setDefault(&verdict, agent.Failed)
		m.out = agent.Outcome{Verdict: verdict, Maker: m.out.Maker, Reason: "no maker gave an answer: " + strings.Join(why, "; ")}
		if rested {
			m.out.Reason += " (agent models --wake lets it be asked again)"
		}
	}
	return m
}

// ask has one maker make its change and commits it under the variant's ref.
func (v *variant) ask(ctx context.Context, m maker.Maker, try int) (got made) {
	req := maker.Request{
		Spec: v.spec, Variant: v.hold.lease.Variant, Try: try,
		Past: v.talk.past, Said: v.talk.said, Heard: v.talk.heard, Like: v.like,
		Log:  func(text string) { v.hold.record(ctx, agent.EventOutput, text) },
		Keep: func(typ agent.EventType, text string) { v.hold.record(ctx, typ, text) },
	}
	change := repo.Change{Base: v.spec.Base, From: v.from, Message: v.message(), Author: v.spec.Author, Ref: refName(v.ref())}
	do := v.write
	if m.Edits() {
		do = v.edit
	}
	answer, res, err := do(ctx, m, req, change)
	got.format, got.usage = answer.Format, answer.Usage
	if err != nil {
		got.out, got.again, got.answered = v.refusal(m, answer, err)
		got.rejection = v.reject(ctx, err)
	} else {
		got.answered = true
		got.out = agent.Outcome{Verdict: agent.Unverified, Commit: res.Commit, Stat: res.Stat, Said: answer.Said}
	}
	if got.answered {
		v.talk.past, v.talk.said = answer.Sent, string(answer.Patch)
		if m.Edits() {
			v.talk.said = answer.Said
		}
	}
	return got
}

// edit lets a maker work in a check-out and commits what it changed.
func (v *variant) edit(ctx context.Context, m maker.Maker, req maker.Request, change repo.Change) (maker.Answer, repo.Result, error) {
	tree, err := v.repo.Checkout(ctx, v.from)
	if err != nil {
		return maker.Answer{}, repo.Result{}, err
	}
	defer v.giveBack(tree)
	req.Dir, req.Hold = tree.Dir, tree.Lock()
	answer, err := m.Make(ctx, req)
	if err != nil {
		return answer, repo.Result{}, err
	}
	// The reference is moved when the result is one: until then it holds an earlier try's.
	ref := change.Ref
	if len(v.spec.Limits.Paths) > 0 {
		change.Ref = ""
	}
	res, err := tree.Commit(ctx, change)
	if err != nil || change.Ref != "" {
		return answer, res, err
	}
	paths, err := v.repo.Changed(ctx, v.spec.Base, res.Commit)
	if err == nil {
		err = v.allow(slices.Values(paths))
	}
	if err == nil {
		err = v.repo.Pin(ctx, ref, res.Commit)
	}
	if err != nil {
		return answer, repo.Result{}, err
	}
	return answer, res, nil
}

// write applies a maker's text, without any check-out.
func (v *variant) write(ctx context.Context, m maker.Maker, req maker.Request, change repo.Change) (maker.Answer, repo.Result, error) {
	base, err := v.repo.Snapshot(ctx, v.from)
	if err != nil {
		return maker.Answer{}, repo.Result{}, err
	}
	req.Tree = base
	req.Show = func(ctx context.Context) (*brief.Request, error) {
		return Show(ctx, v.repo, v.from, v.spec, v.cfg.Cache)
	}
	answer, err := m.Make(ctx, req)
	if err != nil {
		return answer, repo.Result{}, err
	}
	applied, err := patch.Apply(answer.Patch, base, patch.Options{})
	if err != nil {
		return answer, repo.Result{}, err
	}
	v.tellPlaces(ctx, applied)
	change.Writes = applied.Writes
	err = v.allow(func(yield func(string) bool) {
		for _, w := range change.Writes {
			if !yield(w.Path) {
				return
			}
		}
	})
	if err != nil {
		return answer, repo.Result{}, err
	}
	res, err := v.repo.Commit(ctx, change)
	return answer, res, err
}

// tellPlaces says which hunks did not fit as they were written.
func (v *variant) tellPlaces(ctx context.Context, applied patch.Result) {
	for _, f := range applied.Files {
		for _, m := range f.Moved {
			v.step(ctx, "%s: hunk %d applied %+d lines from where it says", f.Path, m.Hunk, m.Lines)
		}
		for _, p := range f.Placed {
			if p.Tier > patch.TierExact {
				v.step(ctx, "%s: hunk %d does not match byte for byte, but at the tier %s", f.Path, p.Hunk, p.Tier)
			}
		}
	}
}

// maxPast is how many commits are looked at for what changes together.
const maxPast = 1000

// Show is what a maker may be shown of a commit for a Spec. cache may be nil.
func Show(ctx context.Context, r *repo.Repo, commit string, spec agent.Spec, cache *brief.Cache) (*brief.Request, error) {
	tree, err := r.Snapshot(ctx, commit)
	if err != nil {
		return nil, err
	}
	past, err := r.History(ctx, spec.Base, maxPast)
	if err != nil {
		return nil, err
	}
	req := &brief.Request{Tree: tree, Words: spec.Text, Paths: spec.Limits.Paths, Cache: cache}
	for _, p := range past {
		req.History = append(req.History, brief.Change(p))
	}
	return req, nil
}

// refusal says how a try ended that made no commit, what to tell the maker before
// another, and whether it was an answer at all: without one the next maker is asked.
func (v *variant) refusal(m maker.Maker, answer maker.Answer, err error) (out agent.Outcome, again string, answered bool) {
	if bad, ok := errors.AsType[*maker.Error](err); ok {
		if bad.Own {
			v.rest(m.Name(), bad)
		}
		return agent.Outcome{Verdict: bad.Verdict, Reason: bad.Error(), Said: answer.Said}, bad.Again, !bad.Own
	}
	bad, unfit := errors.AsType[*patch.Error](err)
	nothing := errors.Is(err, repo.ErrNoChange) || unfit && bad.Kind == patch.Empty
	said := answer.Said
	if unfit {
		said = string(answer.Patch)
	}
	if question := maker.Question(said); nothing && question != "" && v.spec.Kind == agent.Prompt {
		return agent.Outcome{Verdict: agent.NeedsInput, Reason: question, Said: question}, "", true
	}
	switch {
	case unfit && bad.Kind == patch.Empty && v.spec.Kind == agent.Prompt:
		return agent.Outcome{Verdict: agent.NoPatch, Reason: "the answer holds no edits", Said: said}, "No edits were found in your answer.", true
	case unfit:
		return agent.Outcome{Verdict: VerdictOf(bad), Reason: bad.Error(), Said: answer.Said}, bad.Report(), true
	case nothing && v.from != v.spec.Base:
		return agent.Outcome{Verdict: agent.NoPatch, Reason: "nothing was changed in this try"}, "Nothing was changed.", true
	case nothing:
		return agent.Outcome{Verdict: agent.NoPatch, Reason: "nothing differs from the base", Said: answer.Said}, "The answer changes nothing.", true
	}
	return failed(err), "", true
}

// rest leaves a maker alone for as long as its error says.
func (v *variant) rest(name string, bad *maker.Error) {
	if err := v.cfg.Makers.Ledger().Rest(name, bad.Rest, bad.Reason); err != nil {
		v.log.Warn("not remembered", "maker", name, "err", err)
	}
}

// note remembers how an answer did.
func (v *variant) note(out agent.Outcome, try int, usage agent.Usage) {
	if v.spec.Kind != agent.Prompt || out.Verdict == agent.Failed || out.Verdict == agent.Canceled {
		return
	}
	err := v.cfg.Makers.Ledger().Note(out.Maker, out.Verdict, try == 1 && v.self().Revises == 0, usage)
	if err != nil {
		v.log.Warn("not remembered", "maker", out.Maker, "err", err)
	}
}
