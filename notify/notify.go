// Package notify tells a person what became of their jobs, where they are: on the desktop,
// by a command of theirs, or at a web address. It follows an agent.Jobs and owns nothing
// but a small file that says what was told already.
//
// Every end of a job is told at least once, also one that came while no daemon ran or just
// before it was killed, as long as that is not a day ago and the job is among the newest
// 1000 that are done. It is told twice only when the process dies between the telling and
// the note of it. What a batch was made of is counted anew after a restart.
package notify

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"codeagent.dev/agent"
)

// Event names what a person wants to hear of.
type Event string

const (
	JobDone    Event = "job.done"    // a job ended, and needs nobody
	BatchDone  Event = "batch.done"  // a group, or a repository, has nothing left to do
	NeedsInput Event = "needs_input" // a job ended with a question, or needs approval
)

// Events are all of them.
func Events() []Event { return []Event{JobDone, BatchDone, NeedsInput} }

// Sink is a way to reach a person.
type Sink interface {
	Name() string

	// Send tells a notice. It returns within a time of its own, or when ctx ends, and
	// keeps nothing of it.
	Send(ctx context.Context, n Notice) error
}

// Config says what to tell and how. Jobs and Log are required.
type Config struct {
	Jobs  agent.Jobs
	On    []Event
	Sinks []Sink
	Path  string // of the file that says what was told; "": it is forgotten with the process
	Log   *slog.Logger
}

// Notifier tells what becomes of jobs.
type Notifier struct {
	cfg  Config
	told *told

	mu      sync.Mutex
	changed map[agent.ID]bool
	more    chan struct{} // holds one: changed is not empty

	batches map[heap]*batch // what ended since the heap last had nothing to do
}

// New makes a Notifier. It reads and starts nothing.
func New(cfg Config) *Notifier {
	return &Notifier{cfg: cfg, changed: map[agent.ID]bool{}, more: make(chan struct{}, 1), batches: map[heap]*batch{}}
}

const (
	settle = time.Second     // a change waits for others before anybody is told
	pause  = 5 * time.Second // between two tellings: a burst becomes one

	// round is how long a sink has for all that is told at a time, so that one that
	// answers nobody does not keep the others from what comes next.
	round = 20 * time.Second
)

// Run tells until ctx ends, and returns its error. Nobody but a sink waits for it: it only
// reads, and what cannot be told is logged and left.
func (n *Notifier) Run(ctx context.Context) error {
	if len(n.cfg.Sinks) == 0 || len(n.cfg.On) == 0 {
		<-ctx.Done()
		return ctx.Err()
	}
	var err error
	if n.told, err = openTold(n.cfg.Path, time.Now()); err != nil {
		n.cfg.Log.Warn("what was told before is not known", "err", err)
	}
	watched := n.watch(ctx) // before the look back, so that nothing falls between
	defer func() { <-watched }()
	if err := n.lookBack(ctx); err != nil && ctx.Err() == nil {
		n.cfg.Log.Warn("what ended meanwhile is not known", "err", err)
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-n.more:
		}
		if !sleep(ctx, settle) {
			return ctx.Err()
		}
		if n.tell(ctx) && !sleep(ctx, pause-settle) {
			return ctx.Err()
		}
	}
}

// sleep reports whether the time went by before ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// watch notes which jobs change until ctx ends, and closes the channel then.
func (n *Notifier) watch(ctx context.Context) <-chan struct{} {
	ids := n.cfg.Jobs.Watch(ctx)
	over := make(chan struct{})
	go func() {
		defer close(over)
		for id, err := range ids {
			if err == nil && id != 0 { // 0: the rules changed
				n.mark(id)
			} else if err != nil && ctx.Err() == nil {
				n.cfg.Log.Warn("no further notifications: jobs cannot be watched", "err", err)
			}
		}
	}()
	return over
}

func (n *Notifier) mark(id agent.ID) {
	n.mu.Lock()
	n.changed[id] = true
	n.mu.Unlock()
	select {
	case n.more <- struct{}{}:
	default:
	}
}

// lookBack marks the jobs that ended while nobody told.
func (n *Notifier) lookBack(ctx context.Context) error {
	found, err := n.cfg.Jobs.List(ctx, agent.Filter{States: []agent.State{agent.Done}, Limit: maxTold})
	for _, job := range found {
		if n.told.news(job.ID, job.Ended) {
			n.mark(job.ID)
		}
	}
	return err
}

// tell tells what is new of the jobs that changed, and reports whether there was any.
func (n *Notifier) tell(ctx context.Context) bool {
	ended := n.ended(ctx)
	if len(ended) == 0 {
		return false
	}
	notices := n.notices(ctx, ended)
	var all sync.WaitGroup
	for _, s := range n.cfg.Sinks {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, round)
			defer cancel()
			for _, notice := range notices {
				if err := s.Send(ctx, notice); err != nil && !errors.Is(ctx.Err(), context.Canceled) {
					n.cfg.Log.Warn("a notification did not arrive", "by", s.Name(), "event", string(notice.Event), "err", err)
				}
			}
		})
	}
	all.Wait()
	if ctx.Err() != nil {
		return true // cut short: the next daemon tells it
	}
	if err := n.told.note(ended); err != nil {
		n.cfg.Log.Warn("what was told cannot be noted", "err", err)
	}
	return len(notices) > 0
}

// ended reads the jobs that changed, and returns those with an end that was not told.
func (n *Notifier) ended(ctx context.Context) (ended []agent.Job) {
	n.mu.Lock()
	changed := n.changed
	n.changed = map[agent.ID]bool{}
	n.mu.Unlock()
	for id := range changed {
		job, err := n.cfg.Jobs.Job(ctx, id)
		switch {
		case agent.CodeOf(err) == agent.NotFound: // forgotten meanwhile
		case err != nil:
			if !errors.Is(err, context.Canceled) {
				n.cfg.Log.Warn("a job cannot be read, and nobody is told of it", "job", id, "err", err)
			}
		case job.State == agent.Done && n.told.news(id, job.Ended):
			job.Spec.Text = "" // it can be large
			ended = append(ended, job)
		}
	}
	slices.SortFunc(ended, func(a, b agent.Job) int { return int(a.ID - b.ID) })
	return ended
}

func (n *Notifier) on(e Event) bool { return slices.Contains(n.cfg.On, e) }
