package main

import (
	"context"
	"fmt"

	"codeagent.dev/agent"
	"codeagent.dev/agent/brief"
	"codeagent.dev/agent/daemon/worker"
	"codeagent.dev/agent/maker"
	"codeagent.dev/agent/tui"
)

// estimate says what the first model of a Spec would be shown and could cost; nil when
// none of its makers is a model.
func (a *app) estimate(ctx context.Context, spec agent.Spec) (*maker.Estimate, error) {
	if spec.Kind != agent.Prompt {
		return nil, nil
	}
	conf, err := a.config()
	if err != nil {
		return nil, err
	}
	set, err := a.makers(conf, "")
	if err != nil {
		return nil, err
	}
	defer set.Close()
	all, err := set.For(spec, 1)
	if err != nil {
		return nil, err
	}
	first, ok := all[0].(maker.Estimator)
	if !ok {
		return nil, nil
	}
	defer a.doing("choosing what " + first.Name() + " is shown")()
	repos, err := a.repos()
	if err != nil {
		return nil, err
	}
	r, err := repos.Open(ctx, spec.Repo)
	if err != nil {
		return nil, err
	}
	e, err := first.Estimate(ctx, maker.Request{
		Spec: spec, Variant: 1, Try: 1,
		Show: func(ctx context.Context) (*brief.Request, error) { return worker.Show(ctx, r, spec.Base, spec, nil) },
	})
	return &e, err
}

// showEstimate prints the files that would be shown, and the sum.
func (o *patchOptions) showEstimate(e *maker.Estimate) error {
	if e == nil {
		o.say("the first maker is no model: it reads the files itself")
		return nil
	}
	t := tui.Table{Head: []string{"TOKENS", "FILE", "WHY"}}
	for _, f := range e.Manifest.Guidance {
		t.Add(fmt.Sprint(f.Tokens), oneLine(f.Path), "guidance")
	}
	for _, f := range e.Manifest.Files {
		why := f.Why
		if !f.Whole {
			why += " (in parts)"
		}
		t.Add(fmt.Sprint(f.Tokens), oneLine(f.Path), oneLine(why))
	}
	fmt.Fprintf(o.out, "\n%s would be shown:\n", e.Maker)
	if err := t.Write(o.out, o.style(), o.width()); err != nil {
		return err
	}
	for _, l := range e.Manifest.Left {
		if l.Reason == "secret" || l.Reason == "budget" || l.Reason == "not a file" {
			fmt.Fprintf(o.out, "left out: %s (%s)\n", oneLine(l.Path), l.Reason)
		}
	}
	cost := "the price is unknown"
	if e.Priced {
		cost = "at most " + money(e.MicroUSD) + " for an answer"
	}
	fmt.Fprintf(o.out, "\nabout %d tokens to send, at most %d to get; %s\n", e.Input, e.Output, cost)
	return nil
}

// money shows millionths of a US dollar.
func money(micro int64) string {
	if micro != 0 && micro < 10_000 {
		return fmt.Sprintf("$%.4f", float64(micro)/1e6)
	}
	return fmt.Sprintf("$%.2f", float64(micro)/1e6)
}
