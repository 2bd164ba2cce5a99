package main

import (
	"context"
	"log/slog"

	"codeagent.dev/agent"
	"codeagent.dev/agent/config"
	"codeagent.dev/agent/hook"
	"codeagent.dev/agent/repo"
	"codeagent.dev/agent/spool"
	"codeagent.dev/agent/watch"
)

// hookTaker is the daemon's part that makes jobs of what git hooks tell.
func (a *app) hookTaker(paths config.Paths, set *repo.Set, p *preparer, queue agent.Jobs, log *slog.Logger) *spool.Taker {
	return spool.New(spool.Config{
		State: paths.State,
		Watch: watch.Dir,
		Repos: set,
		Rules: p.baseFile,
		Submit: func(ctx context.Context, spec agent.Spec) (agent.Job, error) {
			spec.Origin.User = a.user()
			return preparedJobs{queue, p.prepare}.Submit(ctx, spec)
		},
		Live: func(ctx context.Context, root string) bool {
			p, err := hook.Find(ctx, root)
			return err == nil && p.Live(ctx)
		},
		Env: func() map[string]string { return p.config.Load().Env(a.environ) },
		Log: log,
	})
}
