package gateway

import (
	"context"
	"encoding/json"
	"sync"

	"codeagent.dev/agent"
)

// hub holds the feeds of the jobs that are followed now. A feed has one reader of the
// store, which starts with its first follower and ends with its last.
type hub struct {
	ctx  context.Context // ends every reader
	jobs agent.Jobs

	mu    sync.Mutex
	over  bool // no reader begins any more
	feeds map[agent.ID]*feed
	group sync.WaitGroup // readers
}

func newHub(ctx context.Context, jobs agent.Jobs) *hub {
	return &hub{ctx: ctx, jobs: jobs, feeds: map[agent.ID]*feed{}}
}

// wait returns when all readers ended, after ctx did.
func (h *hub) wait() {
	h.mu.Lock()
	h.over = true
	h.mu.Unlock()
	h.group.Wait()
}

// follow hands the job's events after the given Seq to out until the job is done. job
// is as it was a moment ago.
func (h *hub) follow(ctx context.Context, job agent.Job, after uint64, out *stream) error {
	id := job.ID
	if job.State == agent.Done {
		return h.history(ctx, id, after, out, func(uint64) bool { return false })
	}
	f, err := h.join(id, job.Events)
	if err != nil {
		return err
	}
	defer h.leave(id, f)
	for next := after + 1; ; {
		lines, last, state, wake := f.take(next)
		switch state {
		case takeLines:
			if err := out.write(lines); err != nil {
				return err
			}
			next = last + 1
		case takeEnded:
			return f.err
		case takeBehind:
			// The store's own end of the events is not told apart from having caught up:
			// in both cases the feed knows what comes next.
			err := h.history(ctx, id, next-1, out, func(seq uint64) bool { next = seq + 1; return f.has(next) })
			if err != nil {
				return err
			}
			if !f.has(next) {
				return nil // the job ended, and the store yielded it to its end
			}
		case takeWait:
			select {
			case <-wake:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

// history writes the events after a Seq from the store until enough says so of one.
func (h *hub) history(ctx context.Context, id agent.ID, after uint64, out *stream, enough func(seq uint64) bool) error {
	for ev, err := range h.jobs.Events(ctx, id, after) {
		if err != nil {
			return err
		}
		line, err := encode(ev)
		if err != nil {
			return err
		}
		if err := out.push(line); err != nil {
			return err
		}
		if enough(ev.Seq) {
			return nil
		}
	}
	return nil
}

// join returns the job's feed, with us as a follower. A new one begins after the
// given Seq.
func (h *hub) join(id agent.ID, after uint64) (*feed, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over || h.ctx.Err() != nil {
		return nil, errStopping()
	}
	f := h.feeds[id]
	if f == nil {
		ctx, cancel := context.WithCancel(h.ctx)
		f = newFeed(after, cancel)
		h.feeds[id] = f
		h.group.Go(func() { h.read(ctx, id, after, f) })
	}
	f.mu.Lock()
	f.followers++
	f.mu.Unlock()
	return f, nil
}

func (h *hub) leave(id agent.ID, f *feed) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.followers--; f.followers > 0 {
		return
	}
	f.stop()
	if h.feeds[id] == f {
		delete(h.feeds, id)
	}
}

// read fills the feed until the job is done or nobody follows it.
func (h *hub) read(ctx context.Context, id agent.ID, after uint64, f *feed) {
	err := func() error {
		for ev, err := range h.jobs.Events(ctx, id, after) {
			if err != nil {
				return err
			}
			line, err := encode(ev)
			if err != nil {
				return err
			}
			f.append(ev.Seq, line)
		}
		return nil
	}()
	if h.ctx.Err() != nil {
		err = errStopping()
	}
	// A job can be retried after its end, so whoever comes now needs a new feed.
	h.mu.Lock()
	if h.feeds[id] == f {
		delete(h.feeds, id)
	}
	h.mu.Unlock()
	f.end(err)
}

// encode returns an event's line.
func encode(ev agent.Event) ([]byte, error) {
	line, err := json.Marshal(ev)
	if err != nil {
		return nil, agent.Errorf(agent.Internal, "encode event %d of job %d: %w", ev.Seq, ev.Job, err)
	}
	return append(line, '\n'), nil
}

// head returns a job without its text, which can be large.
func head(ctx context.Context, jobs agent.Jobs, id agent.ID) (agent.Job, error) {
	if id < 1 {
		return agent.Job{}, noJob(id)
	}
	list, err := jobs.List(ctx, agent.Filter{After: id - 1, Oldest: true, Limit: 1})
	if err != nil {
		return agent.Job{}, err
	}
	if len(list) == 0 || list[0].ID != id {
		return agent.Job{}, noJob(id)
	}
	return list[0], nil
}

func noJob(id agent.ID) error {
	return agent.NoJob(id)
}
