package daemon

import (
	"context"
	"time"

	"codeagent.dev/agent"
)

// Keep says how long finished jobs stay. Zero fields keep for ever.
type Keep struct {
	Age   time.Duration
	Bytes int64 // of all jobs together; the oldest finished ones go first
}

const (
	sweepEvery = time.Hour
	sweepPage  = 500
)

// sweepHourly removes what need not be kept: at the start, then every hour.
func (d *daemon) sweepHourly(ctx context.Context) {
	if d.opt.Keep == (Keep{}) {
		return
	}
	timer := time.NewTimer(sweepEvery)
	defer timer.Stop()
	for {
		removed, err := d.sweep(ctx)
		if err != nil && ctx.Err() == nil {
			d.opt.Log.Warn("old jobs could not be removed", "removed", removed, "err", err)
		} else if removed > 0 {
			d.opt.Log.Info("old jobs were removed", "removed", removed)
		}
		timer.Reset(sweepEvery)
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
	}
}

// sweep removes finished jobs that are too old, then the oldest while all take too
// much space.
func (d *daemon) sweep(ctx context.Context) (removed int, err error) {
	if age := d.opt.Keep.Age; age > 0 {
		old := agent.Filter{EndedBefore: time.Now().Add(-age)}
		if removed, err = d.removeWhile(ctx, old, func() bool { return true }, func(agent.Job) {}); err != nil {
			return removed, err
		}
	}
	if d.opt.Keep.Bytes <= 0 {
		return removed, nil
	}
	status, err := d.parts.Store.Status(ctx)
	if err != nil {
		return removed, err
	}
	excess := status.Bytes - d.opt.Keep.Bytes
	n, err := d.removeWhile(ctx, agent.Filter{}, func() bool { return excess > 0 }, func(j agent.Job) { excess -= j.Bytes })
	return removed + n, err
}

// removeWhile removes finished jobs that f lets through, oldest first, while more says
// so. A job whose results cannot be let go of stays for the next time.
func (d *daemon) removeWhile(ctx context.Context, f agent.Filter, more func() bool, gone func(agent.Job)) (removed int, err error) {
	needed, err := agent.Needed(ctx, d.parts.Store)
	if err != nil {
		return 0, err
	}
	f.States, f.Oldest, f.Limit = []agent.State{agent.Done}, true, sweepPage
	for more() {
		page, err := d.parts.Store.List(ctx, f)
		if err != nil || len(page) == 0 {
			return removed, err
		}
		for _, job := range page {
			if !more() {
				break
			}
			if needed[job.ID] {
				continue
			}
			ok, err := d.remove(ctx, job)
			if err != nil {
				return removed, err
			}
			if ok {
				removed++
				gone(job)
			}
		}
		f.After = page[len(page)-1].ID
	}
	return removed, nil
}

// remove lets go of a job's results first: a crash in between leaves a job that the
// next sweep removes, and never results that nothing names.
func (d *daemon) remove(ctx context.Context, job agent.Job) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if d.parts.Forget != nil {
		if err := d.parts.Forget(ctx, job); err != nil {
			d.opt.Log.Warn("the results of an old job stay", "job", job.ID, "err", err)
			return false, nil
		}
	}
	_, err := d.parts.Store.Change(ctx, job.ID, agent.Change{Op: agent.OpRemove, By: "retention"})
	switch agent.CodeOf(err) {
	case agent.NotFound, agent.WrongState: // a person was quicker, with remove or retry
		return false, nil
	}
	return err == nil, err
}
