// Package worker takes variants from a queue and carries each through its steps:
// make a patch, apply it, commit it, prove it, report it.
package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/brief"
	"codeagent.dev/agent/maker"
	"codeagent.dev/agent/repo"
)

// Queue is what a worker needs of a store: the queue, and hints that a job changed,
// by which a cancel reaches a running command at once and not at the next renewal.
type Queue interface {
	agent.Queue
	Watch(ctx context.Context) iter.Seq2[agent.ID, error]

	// What earlier variants were made from, for those that go on from them.
	Job(ctx context.Context, id agent.ID) (agent.Job, error)
	Events(ctx context.Context, id agent.ID, after uint64) iter.Seq2[agent.Event, error]

	Rules(ctx context.Context) (agent.Rules, error)
}

// Config is what New needs. Zero numbers take the defaults named here.
type Config struct {
	Queue    Queue
	Repos    *repo.Set
	Makers   *maker.Set
	Cache    *brief.Cache  // of what is known of files, for what makers are shown; may be nil
	Baseline string        // directory for the base's own check results
	Name     string        // who claims, as events show it; default "worker"
	Slots    int           // variants carried at a time, unless the queue's rules say how many; default 1
	Checks   int           // check commands run at a time, over all slots; default 1
	Lease    time.Duration // default 30 s; renewed at a third of it
	Limits   agent.Limits  // for what a Spec leaves open; Make and Check default to 10 min, Output to 64 MiB
	Room     func() error  // why nothing should be begun now, such as a full disk; may be nil
	Log      *slog.Logger
}

// Worker carries variants. One Worker serves one process.
type Worker struct {
	cfg      Config
	checking chan struct{} // a token for each check command that may run
	base     *baseline
	slots    slots
	ruled    atomic.Int64 // slots as the rules have it; 0: they do not say
	wanted   atomic.Int64 // slots as the settings have it
	busy     atomic.Int32 // variants carried, in slots and beside them
	held     held
}

// New returns a worker that does nothing until Run.
func New(cfg Config) *Worker {
	setDefault(&cfg.Name, "worker")
	setDefault(&cfg.Slots, 1)
	setDefault(&cfg.Checks, 1)
	setDefault(&cfg.Lease, 30*time.Second)
	setDefault(&cfg.Limits.Make, agent.Duration(10*time.Minute))
	setDefault(&cfg.Limits.Check, agent.Duration(10*time.Minute))
	setDefault(&cfg.Limits.Output, 64<<20)
	setDefault(&cfg.Limits.Idle, agent.Duration(5*time.Minute))
	if cfg.Makers == nil {
		cfg.Makers = maker.NewSet(maker.Config{})
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	w := &Worker{cfg: cfg, checking: make(chan struct{}, cfg.Checks), base: newBaseline(cfg.Baseline, cfg.Log)}
	w.Resize(cfg.Slots)
	return w
}

func setDefault[T comparable](v *T, to T) {
	var zero T
	if *v == zero {
		*v = to
	}
}

// Busy returns how many variants are being carried, and how many could be.
func (w *Worker) Busy() (running, limit int) {
	return int(w.busy.Load()), w.slots.limit()
}

// Run claims and carries variants until ctx ends. Then it ends what runs, gives the
// variants back without using up an attempt, and returns nil. It returns an error
// only when the queue itself is gone.
func (w *Worker) Run(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var parts sync.WaitGroup
	parts.Go(func() { w.listen(ctx) })
	parts.Go(func() { w.base.tidy(ctx) })
	for _, serve := range []func(context.Context) error{w.serve, w.serveNow} {
		parts.Go(func() {
			if err := serve(ctx); err != nil {
				stop(err)
			}
		})
	}
	<-ctx.Done()
	parts.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("worker %s: %w", w.cfg.Name, err)
	}
	return nil
}

// serve carries what may begin, as many at a time as there are slots.
func (w *Worker) serve(ctx context.Context) error {
	var carried sync.WaitGroup
	defer carried.Wait()
	for w.slots.take(ctx) && w.awaitRoom(ctx) {
		lease, err := w.claim(ctx, false)
		if err != nil {
			w.slots.give()
			return unlessEnded(ctx, err)
		}
		carried.Go(func() {
			defer w.slots.give()
			w.busy.Add(1)
			defer w.busy.Add(-1)
			w.carry(ctx, lease)
		})
	}
	return nil
}

// claim waits for a variant that one of its makers can make, with now for one of a job
// that was told to start. Which makers those are changes while it waits.
func (w *Worker) claim(ctx context.Context, now bool) (agent.Lease, error) {
	for {
		out := w.cfg.Makers.Unavailable()
		turn, cancel := context.WithCancel(ctx)
		go func() {
			defer cancel()
			select {
			case <-out.Changed:
			case <-out.Over():
			case <-turn.Done():
			}
		}()
		lease, err := w.cfg.Queue.Claim(turn, agent.Claim{Worker: w.cfg.Name, TTL: w.cfg.Lease, Without: out.Names, Now: now})
		again := err != nil && turn.Err() != nil && ctx.Err() == nil
		cancel()
		if !again {
			return lease, err
		}
	}
}

// serveNow carries at once what a person told to start, beside the slots.
func (w *Worker) serveNow(ctx context.Context) error {
	var carried sync.WaitGroup
	defer carried.Wait()
	for w.awaitRoom(ctx) {
		lease, err := w.claim(ctx, true)
		if err != nil {
			return unlessEnded(ctx, err)
		}
		carried.Go(func() {
			w.busy.Add(1)
			defer w.busy.Add(-1)
			w.carry(ctx, lease)
		})
	}
	return nil
}

func unlessEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// roomPause is how long a worker without room waits before it looks again.
const roomPause = 5 * time.Second

// awaitRoom returns true once there is room for another variant, false when ctx ends.
// Without it a full disk would fail every job that waits, one after the other.
func (w *Worker) awaitRoom(ctx context.Context) bool {
	for said := false; ctx.Err() == nil; said = true {
		err := w.room()
		if err == nil {
			return true
		}
		if !said {
			w.cfg.Log.Warn("nothing is begun for now", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(roomPause):
		}
	}
	return false
}

func (w *Worker) room() error {
	if w.cfg.Room == nil {
		return nil
	}
	return w.cfg.Room()
}

// listen passes the store's hints on to the holds of the jobs they name, and follows
// the rules. Losing the hints costs promptness only: renewals still find out.
func (w *Worker) listen(ctx context.Context) {
	for ctx.Err() == nil {
		hints := w.cfg.Queue.Watch(ctx) // before the rules are read, so that no change is missed
		w.obey(ctx)
		for id, err := range hints {
			if err != nil {
				break
			}
			if id == 0 {
				w.obey(ctx)
			}
			w.held.nudge(id)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// obey has as many slots as the rules say.
func (w *Worker) obey(ctx context.Context) {
	rules, err := w.cfg.Queue.Rules(ctx)
	if err != nil {
		if ctx.Err() == nil {
			w.cfg.Log.Warn("the queue's rules cannot be read", "err", err)
		}
		return
	}
	w.ruled.Store(int64(rules.Parallel))
	w.fit()
}

// Resize carries n variants at a time from now on, where the queue's rules say nothing
// else. What is carried beyond that is carried to its end.
func (w *Worker) Resize(n int) {
	w.wanted.Store(int64(n))
	w.fit()
}

func (w *Worker) fit() { w.slots.resize(int(cmp.Or(w.ruled.Load(), w.wanted.Load()))) }
