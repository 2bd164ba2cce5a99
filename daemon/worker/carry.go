package worker

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"codeagent.dev/agent"
)

// closing bounds what is still done for a variant after its context ended.
const closing = 10 * time.Second

// carry takes one claimed variant to its end: finished, given back, or lost.
func (w *Worker) carry(ctx context.Context, lease agent.Lease) {
	log := w.cfg.Log.With("job", lease.Job.ID, "variant", lease.Variant)
	work, cancel := context.WithCancelCause(ctx)
	h := &hold{queue: w.cfg.Queue, lease: lease, ttl: w.cfg.Lease, hints: make(chan struct{}, 1), cancel: cancel}
	w.held.add(h)
	renewing := make(chan struct{})
	go func() { defer close(renewing); h.keep(work) }()
	defer func() { cancel(nil); <-renewing; w.held.drop(h) }()

	log.Info("claimed", "kind", lease.Job.Spec.Kind, "base", lease.Job.From())
	outcome := w.attempt(work, h, log)
	switch code := agent.CodeOf(context.Cause(work)); {
	case code == agent.Lost:
		log.Warn("lease lost; the variant is somebody else's now")
	case code == agent.Stopped:
		w.finish(ctx, h, log, agent.Outcome{Verdict: agent.Canceled, Reason: "canceled while running", Usage: outcome.Usage})
	case outcome.Verdict == "": // interrupted by a stopping daemon
		w.release(h, log)
	case outcome.Verdict == agent.Failed && w.room() != nil: // that says nothing about the job
		log.Warn("failed for lack of room", "reason", outcome.Reason)
		w.release(h, log)
	default:
		w.finish(ctx, h, log, outcome)
	}
}

// attempt runs the variant's steps; an empty verdict means that ctx ended before they
// did. A panic in there is that variant's failure and
// not the daemon's end: patches are hostile input.
func (w *Worker) attempt(ctx context.Context, h *hold, log *slog.Logger) (out agent.Outcome) {
	defer func() {
		if p := recover(); p != nil {
			log.Error("panic while carrying a variant", "panic", p, "stack", string(debug.Stack()))
			out = failed(fmt.Errorf("defect in agent: %v", p))
		}
	}()
	v := &variant{Worker: w, hold: h, spec: h.lease.Job.Spec, log: log}
	v.spec.Base = h.lease.Job.From()
	v.fillLimits()
	return v.run(ctx)
}

// finish reports the outcome.
func (w *Worker) finish(ctx context.Context, h *hold, log *slog.Logger, out agent.Outcome) {
	err := insist(ctx, log, func(ctx context.Context) error { return w.cfg.Queue.Finish(ctx, h.lease, out) })
	switch {
	case err == nil:
		log.Info("finished", "verdict", out.Verdict, "commit", out.Commit, "reason", out.Reason)
	case ctx.Err() != nil:
		// It lapses, or is requeued when the daemon starts again.
	default:
		log.Warn("result not taken", "verdict", out.Verdict, "err", err)
	}
}

// insist has the queue write something down. A store that cannot write now (a full
// disk) is asked again until ctx ends or the lease is lost: work that was done should
// not be done twice.
func insist(ctx context.Context, log *slog.Logger, write func(context.Context) error) error {
	for pause := time.Second; ; pause = min(2*pause, 15*time.Second) {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
		err := write(last)
		cancel()
		switch agent.CodeOf(err) {
		case agent.Unavailable, agent.Internal, agent.TimedOut:
		default:
			return err
		}
		log.Error("not recorded; trying again", "err", err)
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

func (w *Worker) release(h *hold, log *slog.Logger) {
	last, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	if err := w.cfg.Queue.Release(last, h.lease); err != nil {
		log.Warn("not given back; it will lapse", "err", err)
		return
	}
	log.Info("given back")
}
