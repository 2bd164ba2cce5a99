package main

import (
	"context"
	"strings"

	"codeagent.dev/agent"
)

// lookMakers says who would make patches from words, as far as this process can tell:
// what counts in the end is the daemon's environment.
func (o *doctorOptions) lookMakers(ctx context.Context) finding {
	conf, err := o.config()
	if err != nil {
		return fine("not looked for, because the settings cannot be read")
	}
	set, err := o.makers(conf, "")
	if err != nil {
		return failing(err)
	}
	defer set.Close()
	if len(conf.Makers) > 0 {
		if _, err := set.For(agent.Spec{Kind: agent.Prompt, Makers: conf.Makers}, 0); err != nil {
			return failing(err)
		}
		return fine("configured: %s", strings.Join(conf.Makers, ", "))
	}
	chain, err := set.Chain(ctx)
	if err != nil {
		return note("agent models --all", "nobody here could make a patch from words; commands and diffs need nobody")
	}
	return fine("found: %s", strings.Join(chain, ", "))
}
