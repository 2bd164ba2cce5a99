package main

import (
	"context"
	"fmt"
	"strings"

	"codeagent.dev/agent"
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
		spec.Env = nil
		return o.printJSON(specDoc{docHeader, true, spec})
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
	return t.Write(o.out, o.style(), 0)
}
