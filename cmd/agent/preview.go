package main

import (
	"context"
	"fmt"
	"strings"

	"codeagent.dev/agent"
	"codeagent.dev/agent/maker"
	"codeagent.dev/agent/tui"
)

// dryRunner is what can complete a request without storing it: the client.
type dryRunner interface {
	DryRun(ctx context.Context, spec agent.Spec) (agent.Spec, error)
}

type specDoc struct {
	header
	DryRun bool       `json:"dry_run"`
	Spec   agent.Spec `json:"spec"`

	Estimate *maker.Estimate `json:"estimate,omitempty"` // of a model's first answer
}

// preview shows what a request would become, and queues nothing.
func (o *patchOptions) preview(ctx context.Context, spec agent.Spec) error {
	jobs, err := o.jobs(ctx)
	if err != nil {
		return err
	}
	d, ok := jobs.(dryRunner)
	if !ok {
		return agent.Errorf(agent.Internal, "this queue cannot preview a job")
	}
	if spec, err = d.DryRun(ctx, spec); err != nil {
		return err
	}
	if o.json {
		doc := specDoc{docHeader, true, spec, nil}
		if doc.Estimate, err = o.estimate(ctx, spec); err != nil {
			return err
		}
		doc.Spec.Env = nil
		return o.printJSON(doc)
	}
	t := tui.Table{}
	row := func(name, value string) {
		if value != "" {
			t.Add(name, value)
		}
	}
	row("would ask for", string(spec.Kind)+": "+oneLine(spec.Title))
	row("repository", oneLine(spec.Repo))
	row("base", tui.Short(spec.Base))
	row("variants", fmt.Sprint(spec.Variants))
	if spec.Kind == agent.Prompt {
		row("makers", oneLine(strings.Join(spec.Makers, ", ")))
		row("tries", fmt.Sprint(spec.Tries))
	}
	row("author", oneLine(spec.Author))
	row("only in", oneLine(strings.Join(spec.Limits.Paths, ", ")))
	for _, c := range spec.Checks {
		row("check", oneLine(c.Run))
	}
	if len(spec.Checks) == 0 {
		row("check", "none: the result would be unverified")
	}
	if err := t.Write(o.out, o.style(), 0); err != nil || spec.Kind != agent.Prompt {
		return err
	}
	e, err := o.estimate(ctx, spec)
	if err != nil {
		return err
	}
	return o.showEstimate(e)
}
