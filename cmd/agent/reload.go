package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/config"
	"codeagent.dev/agent/watch"
)

// reloadPause is how long a change of the settings is left alone: an editor writes a
// file in several steps.
const reloadPause = 200 * time.Millisecond

// reloader reads the daemon's settings anew when they change. Settings that are wrong
// change nothing: the last good ones stay, and the log says so.
type reloader struct {
	dirs []string // that hold settings
	log  *slog.Logger
	now  *config.Config // what holds; of those that take effect at the next start: what was read last
	load func() (*config.Config, error)
	use  func(*config.Config) error // all of it, or an error and nothing

	said string // what was wrong last
}

// Busy says that this is no worker that makes variants.
func (r *reloader) Busy() (running, limit int) { return 0, 0 }

// Run reads the settings until ctx ends.
func (r *reloader) Run(ctx context.Context) error {
	changed := make(chan struct{}, 1)
	var group sync.WaitGroup
	defer group.Wait()
	for _, dir := range r.dirs {
		if dir == "" {
			continue
		}
		signals, err := watch.Dir(ctx, dir)
		if err != nil { // a file in its place: nothing can be read from there
			r.log.Warn("changes of the settings are not seen", "err", err)
			continue
		}
		group.Go(func() {
			for range signals {
				select {
				case changed <- struct{}{}:
				default:
				}
			}
		})
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(reloadPause):
			r.reload()
		}
	}
}

// reload goes on with the settings as they are written now.
func (r *reloader) reload() {
	conf, err := r.load()
	var changes []config.Change
	if err == nil {
		if changes = config.Changes(r.now, conf); len(changes) == 0 {
			r.mended()
			return
		}
		err = r.use(conf)
	}
	if err != nil {
		if r.said != err.Error() {
			r.said = err.Error()
			r.log.Error("the settings are wrong; the last good ones hold", "err", err, "hint", agent.HintOf(err))
		}
		return
	}
	r.mended()
	r.now = conf
	for _, c := range changes {
		effect := "now"
		if c.Key.Start {
			effect = "at the next start"
		}
		r.log.Info("a setting changed", "key", c.Key.Name, "from", c.From, "to", c.To, "takes effect", effect)
	}
}

func (r *reloader) mended() {
	if r.said != "" {
		r.said = ""
		r.log.Info("the settings are right again")
	}
}
