package worker

import (
	"context"
	"sync"
	"time"

	"codeagent.dev/agent"
)

// hold keeps a lease alive while its variant is carried, and ends the variant's
// context, with the queue's error as the cause, once the lease is gone or the job
// was canceled.
type hold struct {
	queue  agent.Queue
	lease  agent.Lease
	ttl    time.Duration
	hints  chan struct{} // somebody says the job changed
	cancel context.CancelCauseFunc
}

// held finds the holds of a job.
type held struct {
	mu    sync.Mutex
	holds map[*hold]struct{}
}

func (h *held) add(one *hold) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.holds == nil {
		h.holds = map[*hold]struct{}{}
	}
	h.holds[one] = struct{}{}
}

func (h *held) drop(one *hold) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.holds, one)
}

func (h *held) nudge(id agent.ID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for one := range h.holds {
		if one.lease.Job.ID == id {
			select {
			case one.hints <- struct{}{}:
			default:
			}
		}
	}
}

// nudgePause keeps a chatty job, whose every line of output is a hint, from
// renewing its lease at every line.
const nudgePause = 200 * time.Millisecond

// keep renews until ctx ends. A renewal that fails for the store's own reasons is
// tried again at the next turn: the lease may outlive the trouble.
func (h *hold) keep(ctx context.Context) {
	every := time.NewTicker(h.ttl / 3)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		case <-h.hints:
			select {
			case <-ctx.Done():
				return
			case <-time.After(nudgePause):
			}
		}
		h.end(h.queue.Renew(ctx, h.lease, h.ttl))
	}
}

// end looks at an answer of the queue and ends the work when it says that the lease
// is no longer ours to work under.
func (h *hold) end(err error) {
	if code := agent.CodeOf(err); code == agent.Lost || code == agent.Stopped {
		h.cancel(err)
	}
}

// record appends an event. What goes wrong shows at the next renewal.
func (h *hold) record(ctx context.Context, typ agent.EventType, text string) {
	h.end(h.queue.Record(ctx, h.lease, typ, text))
}
