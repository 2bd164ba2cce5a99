package bolt

import (
	"context"
	"time"

	"codeagent.dev/agent"
)

// lease is a worker's hold on a variant. Its time runs by the monotonic clock.
type lease struct {
	rec     *record
	variant int
	token   uint64
	ends    time.Time
	timer   *time.Timer
	failed  error // why an act that its holder did not wait for is not on disk
}

// Claim implements agent.Queue.
func (s *Store) Claim(ctx context.Context, c agent.Claim) (agent.Lease, error) {
	if err := c.Validate(); err != nil {
		return agent.Lease{}, err
	}
	var w *waiter
	for {
		if err := s.begin(ctx); err != nil {
			if w != nil {
				s.leave(w) // what it was woken for is another's
			}
			return agent.Lease{}, err
		}
		if next, ok := s.line.Next(&c, time.Now()); ok {
			l, text, err := s.claimLocked(next, c)
			s.wakeLocked() // for what is left
			s.mu.Unlock()
			if err == nil {
				l.Job.Spec.Text, err = s.text(l.Job.ID, text)
			}
			return l, err
		}
		w = s.joinLocked(c)
		s.wakeLocked() // what this one was woken for and does not want
		s.mu.Unlock()
		select {
		case <-w.woken:
		case <-ctx.Done():
		case <-s.closing:
		}
	}
}

func (s *Store) claimLocked(next agent.Ref, c agent.Claim) (l agent.Lease, text *string, err error) {
	r, err := s.recordLocked(next.Job)
	if err != nil {
		return agent.Lease{}, nil, err
	}
	s.token++
	held := s.holdLocked(r, next.Variant, s.token, c.TTL)
	turn := s.line.Serve(r.Job.Spec.Repo)
	_, err = s.actLocked(r, held, func(e *agent.Entry, now time.Time) error {
		e.Claim(next.Variant, c.Worker, s.token, now)
		return nil
	}, put{bucketTurns, repoPrefix(r.Job.Spec.Repo), append(number(turn), r.Job.Spec.Repo...)})
	if err != nil {
		s.letGoLocked(held)
		return agent.Lease{}, nil, err
	}
	return agent.Lease{Job: r.Job.Clone(), Variant: next.Variant, Token: s.token}, r.text, nil
}

func (s *Store) holdLocked(r *record, variant int, token uint64, ttl time.Duration) *lease {
	l := &lease{rec: r, variant: variant, token: token, ends: time.Now().Add(ttl)}
	l.timer = time.AfterFunc(ttl, func() { s.expire(token) })
	s.leases[token] = l
	s.useLocked(r)
	return l
}

// letGoLocked forgets a lease.
func (s *Store) letGoLocked(l *lease) {
	l.timer.Stop()
	delete(s.leases, l.token)
	s.dropLocked(l.rec)
}

// expire runs when a lease's time may be over.
func (s *Store) expire(token uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.leases[token]
	if l == nil || s.usableLocked() != nil {
		return
	}
	if left := time.Until(l.ends); left > 0 { // renewed just now
		l.timer.Reset(left)
		return
	}
	s.lapseLocked(l)
}

func (s *Store) lapseLocked(l *lease) *batch {
	b, err := s.actLocked(l.rec, l, func(e *agent.Entry, now time.Time) error {
		e.Lapse(l.variant, s.maxClaims, now)
		return nil
	})
	if err == nil {
		s.letGoLocked(l)
	}
	return b
}

// leaseLocked returns the live lease that l names, or why there is none.
func (s *Store) leaseLocked(l agent.Lease) (*lease, error) {
	held := s.leases[l.Token]
	if held == nil || held.rec.Job.ID != l.Job.ID || held.variant != l.Variant {
		return nil, agent.LostLease(l)
	}
	if time.Until(held.ends) <= 0 {
		s.lapseLocked(held)
		return nil, agent.LostLease(l)
	}
	if err := held.failed; err != nil {
		held.failed = nil
		return nil, err
	}
	return held, nil
}

// under does one thing under a lease; last says that it ends the lease. It returns
// the batch to wait for.
func (s *Store) under(ctx context.Context, l agent.Lease, behind, last bool, do func(e *agent.Entry, now time.Time) error) (*batch, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	held, err := s.leaseLocked(l)
	if err != nil {
		return nil, err
	}
	tell := held
	if !behind {
		tell = nil
	}
	b, err := s.actLocked(held.rec, tell, do)
	if err != nil {
		return nil, err
	}
	if last {
		s.letGoLocked(held)
	}
	if behind && s.unsynced < maxBehind {
		return nil, nil
	}
	return b, nil
}

// Renew implements agent.Queue.
func (s *Store) Renew(ctx context.Context, l agent.Lease, ttl time.Duration) error {
	if ttl <= 0 {
		return agent.Errorf(agent.Invalid, "a lease of %v asked for", ttl)
	}
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	held, err := s.leaseLocked(l)
	if err != nil {
		return err
	}
	if err := held.rec.Held(l); err != nil {
		return err
	}
	held.ends = time.Now().Add(ttl)
	held.timer.Reset(ttl)
	return nil
}

// Record implements agent.Queue. It waits for the disk only when the disk is far
// behind.
func (s *Store) Record(ctx context.Context, l agent.Lease, typ agent.EventType, text string) error {
	return outcome(s.under(ctx, l, true, false, func(e *agent.Entry, now time.Time) error {
		return e.Record(l, typ, text, now)
	}))
}

// Attempt implements agent.Queue.
func (s *Store) Attempt(ctx context.Context, l agent.Lease, a agent.Attempt) error {
	return outcome(s.under(ctx, l, false, false, func(e *agent.Entry, now time.Time) error {
		return e.Attempt(l, a, now)
	}))
}

// Finish implements agent.Queue.
func (s *Store) Finish(ctx context.Context, l agent.Lease, o agent.Outcome) error {
	return outcome(s.under(ctx, l, false, true, func(e *agent.Entry, now time.Time) error {
		return e.Finish(l, o, now)
	}))
}

// Release implements agent.Queue.
func (s *Store) Release(ctx context.Context, l agent.Lease) error {
	return outcome(s.under(ctx, l, false, true, func(e *agent.Entry, now time.Time) error {
		return e.Release(l, now)
	}))
}

// outcome returns err, or what comes of waiting for b.
func outcome(b *batch, err error) error {
	if err != nil {
		return err
	}
	return b.wait()
}
