package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/config"
	"codeagent.dev/agent/repo"
	"codeagent.dev/agent/tui"
)

// watchPause is how long the daemon leaves a working tree alone that it could not watch:
// it may be on a disk that is not there.
const watchPause = 30 * time.Second

// watchers are the working trees that the daemon watches, because a person agreed to
// it. It makes jobs and applies nothing.
type watchers struct {
	jobs    agent.Jobs
	set     *repo.Set
	environ []string
	user    string
	log     *slog.Logger

	mu      sync.Mutex
	conf    *config.Config
	changed chan struct{} // closed when conf was replaced
}

func newWatchers(jobs agent.Jobs, set *repo.Set, a *app, conf *config.Config, log *slog.Logger) *watchers {
	return &watchers{jobs: jobs, set: set, environ: a.environ, user: a.user(), log: log, conf: conf, changed: make(chan struct{})}
}

// use goes on with other settings.
func (w *watchers) use(conf *config.Config) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conf = conf
	close(w.changed)
	w.changed = make(chan struct{})
}

func (w *watchers) settings() *config.Config {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.conf
}

// Busy says that this is no worker that makes variants.
func (w *watchers) Busy() (running, limit int) { return 0, 0 }

// Run watches until ctx ends.
func (w *watchers) Run(ctx context.Context) error {
	running := map[string]context.CancelFunc{}
	var group sync.WaitGroup
	defer group.Wait()
	word := ""
	for {
		w.mu.Lock()
		conf, changed := w.conf, w.changed
		w.mu.Unlock()
		wanted := map[string]bool{}
		for _, dir := range conf.WatchRepos {
			wanted[dir] = true
		}
		for dir, stop := range running {
			if !wanted[dir] || conf.WatchWord != word {
				stop()
				delete(running, dir)
				w.log.Info("not watched any more", "repo", dir)
			}
		}
		word = conf.WatchWord
		for dir := range wanted {
			if running[dir] != nil {
				continue
			}
			one, stop := context.WithCancel(ctx)
			running[dir] = stop
			group.Go(func() { w.keep(one, dir) })
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
	}
}

// keep watches one working tree, and comes back to it when that fails.
func (w *watchers) keep(ctx context.Context, dir string) {
	log := w.log.With("repo", dir)
	said := ""
	for ctx.Err() == nil {
		err := w.watch(ctx, dir, log)
		if ctx.Err() != nil {
			return
		}
		if err != nil && err.Error() != said {
			said = err.Error()
			log.Warn("not watched for now", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(watchPause):
		}
	}
}

func (w *watchers) watch(ctx context.Context, dir string, log *slog.Logger) error {
	r, err := w.set.Open(ctx, dir)
	if err != nil {
		return err
	}
	if err := wantsWatch(ctx, r); err != nil {
		return err
	}
	conf := w.settings()
	spec := agent.Spec{Kind: agent.Prompt, Repo: r.Root(), Origin: agent.Origin{Via: "watch", User: w.user}}
	one := &watcher{
		jobs: w.jobs, set: w.set, root: r.Root(), word: conf.WatchWord, spec: spec,
		env: func() map[string]string { return w.settings().Env(w.environ) }, may: wantsWatch,
		tell: func(text string) { log.Info(text) },
		warn: func(err error) { log.Warn(err.Error(), "hint", agent.HintOf(err)) },
		done: func(_ context.Context, a asked, job agent.Job) {
			log.Info("a watched comment is done", "job", job.ID, "verdict", job.Verdict, "place", a.place(), "title", tui.Line(job.Spec.Title))
		},
	}
	return one.run(ctx)
}

// preparedJobs is the store with the gateway's preparation of what is submitted: what
// runs inside of the daemon asks as a client would.
type preparedJobs struct {
	agent.Jobs
	prepare func(ctx context.Context, spec *agent.Spec) error
}

// Submit implements agent.Jobs.
func (j preparedJobs) Submit(ctx context.Context, spec agent.Spec) (agent.Job, error) {
	if err := j.prepare(ctx, &spec); err != nil {
		return agent.Job{}, err
	}
	return j.Jobs.Submit(ctx, spec)
}
