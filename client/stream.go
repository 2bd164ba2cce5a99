package client

import (
	"bufio"
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
)

// How a stream that was cut off comes back.
const (
	firstDelay = 50 * time.Millisecond
	maxDelay   = 2 * time.Second
	giveUp     = 30 * time.Second // without a daemon; a draining one takes its time
)

// Events implements agent.Jobs. It survives a restart of the daemon: it goes on after
// the last event it yielded. A daemon that died, rather than was stopped, is started
// again if Options.Start can.
func (c *Client) Events(ctx context.Context, id agent.ID, after uint64) iter.Seq2[agent.Event, error] {
	return func(yield func(agent.Event, error) bool) {
		again := c.reconnector()
		for {
			resp, err := c.send(ctx, request{method: http.MethodGet, path: api.PathEvents(id, after)})
			if err == nil {
				again.met = true
				err = readLines(ctx, resp, func(l api.Line) bool {
					again.reset()
					if l.Seq <= after {
						return true // never an event twice
					}
					after = l.Seq
					return yield(l.Event, nil)
				})
			}
			if err == nil || errors.Is(err, errEnough) {
				return
			}
			if err := again.wait(ctx, err); err != nil {
				yield(agent.Event{}, err)
				return
			}
		}
	}
}

// Watch implements agent.Jobs. The daemon has subscribed us when it returns. After a
// restart of the daemon it yields every job that may have changed meanwhile.
func (c *Client) Watch(ctx context.Context) iter.Seq2[agent.ID, error] {
	open := func() (*http.Response, error) {
		return c.send(ctx, request{method: http.MethodGet, path: api.PathWatch})
	}
	resp, err := open()
	return func(yield func(agent.ID, error) bool) {
		again := c.reconnector()
		for {
			if err == nil {
				again.met = true
				err = readLines(ctx, resp, func(l api.Line) bool {
					again.reset()
					return yield(l.Job, nil)
				})
			}
			if err == nil || errors.Is(err, errEnough) {
				return
			}
			if err = again.wait(ctx, err); err != nil {
				yield(0, err)
				return
			}
			if resp, err = open(); err == nil && !c.missed(ctx, yield) {
				resp.Body.Close()
				return
			}
		}
	}
}

// WatchOnce is Watch for who wants to know at once that the daemon is gone: its stream
// ends with an Unavailable error then. A daemon that died, rather than was stopped, is
// started again by the next call if Options.Start can. Jobs may have changed between two calls.
func (c *Client) WatchOnce(ctx context.Context) iter.Seq2[agent.ID, error] {
	if c.died.Swap(false) && c.opt.Start != nil {
		_ = c.connect(ctx) // what is wrong shows below
	}
	resp, err := c.send(ctx, request{method: http.MethodGet, path: api.PathWatch})
	return func(yield func(agent.ID, error) bool) {
		if err == nil {
			err = readLines(ctx, resp, func(l api.Line) bool { return yield(l.Job, nil) })
		}
		switch {
		case err == nil || errors.Is(err, errEnough):
			return
		case errors.Is(err, errCut):
			c.died.Store(true)
			err = agent.Errorf(agent.Unavailable, "the daemon went away").WithHint("agent daemon logs")
		}
		yield(0, err)
	}
}

// missed yields the rules and the jobs that may have changed while we were not watching: those that
// are not done, and the newest that are.
func (c *Client) missed(ctx context.Context, yield func(agent.ID, error) bool) bool {
	if !yield(0, nil) { // the rules
		return false
	}
	for _, f := range []agent.Filter{
		{States: []agent.State{agent.Queued, agent.Running}, Limit: 10_000},
		{States: []agent.State{agent.Done}, Limit: 1000},
	} {
		jobs, err := c.List(ctx, f)
		if err != nil {
			return true // the stream itself will tell
		}
		for _, j := range jobs {
			if !yield(j.ID, nil) {
				return false
			}
		}
	}
	return true
}

// errEnough says that the consumer wants no more; errCut that a stream stopped without
// its last line.
var (
	errEnough = errors.New("enough")
	errCut    = errors.New("the stream was cut off")
)

// readLines hands every line of a stream to each. It returns nil at the stream's end,
// the error its last line carries, or errCut.
func readLines(ctx context.Context, resp *http.Response, each func(api.Line) bool) error {
	defer resp.Body.Close()
	// A silent peer is a dead one: closing the body ends the read.
	timer := time.AfterFunc(api.Silence, func() { resp.Body.Close() })
	defer timer.Stop()
	lines := bufio.NewScanner(&alive{resp.Body, timer})
	lines.Buffer(make([]byte, 0, 16<<10), api.MaxStreamLine)
	for lines.Scan() {
		if len(lines.Bytes()) == 0 {
			continue
		}
		l, err := api.DecodeLine(lines.Bytes())
		switch {
		case err != nil && ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return errCut // half a line: the daemon died while it wrote
		case l.Error != nil:
			return l.Error.Unwrap()
		case l.End:
			return nil
		case !each(l):
			return errEnough
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return agent.Errorf(agent.Internal, "a line of the stream is longer than %d MiB", api.MaxStreamLine>>20)
	}
	return errCut
}

// alive sets the timer anew whenever something is heard.
type alive struct {
	r     io.Reader
	timer *time.Timer
}

func (a *alive) Read(p []byte) (int, error) {
	n, err := a.r.Read(p)
	if n > 0 {
		a.timer.Reset(api.Silence)
	}
	return n, err
}

// reconnector decides what becomes of a stream that broke.
type reconnector struct {
	c     *Client
	met   bool // the daemon answered at least once
	delay time.Duration
	since time.Time // of the trouble; zero: all is well
}

func (c *Client) reconnector() *reconnector { return &reconnector{c: c, delay: firstDelay} }

// reset says that all is well again.
func (r *reconnector) reset() { r.delay, r.since = firstDelay, time.Time{} }

// wait returns nil when the stream should be tried again, and otherwise the error that
// ends it.
func (r *reconnector) wait(ctx context.Context, err error) error {
	cut := errors.Is(err, errCut)
	if !cut && (!r.met || agent.CodeOf(err) != agent.Unavailable) {
		return err
	}
	if r.since.IsZero() {
		r.since = time.Now()
	}
	if cut && r.c.opt.Start != nil {
		// Nobody stopped the daemon: it died, and is started again like at Open.
		if err := r.c.connect(ctx); err != nil && agent.CodeOf(err) != agent.Unavailable {
			return err
		}
	}
	if time.Since(r.since) > giveUp {
		if cut {
			return agent.Errorf(agent.Unavailable, "the daemon went away").WithHint("agent daemon logs")
		}
		return err
	}
	select {
	case <-time.After(r.delay):
	case <-ctx.Done():
		return ctx.Err()
	}
	r.delay = min(2*r.delay, maxDelay)
	return nil
}
