package mem

import (
	"context"
	"time"

	"codeagent.dev/agent"
)

// Claim implements agent.Queue.
func (s *Store) Claim(ctx context.Context, worker string, ttl time.Duration) (agent.Lease, error) {
	if ttl <= 0 {
		return agent.Lease{}, agent.Errorf(agent.Invalid, "a lease of %v asked for", ttl)
	}
	for {
		if err := s.begin(ctx); err != nil {
			return agent.Lease{}, err
		}
		l, ok := s.claimLocked(worker, ttl)
		changed := s.changed
		s.mu.Unlock()
		if ok {
			return l, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

func (s *Store) claimLocked(worker string, ttl time.Duration) (agent.Lease, bool) {
	for _, id := range s.idsLocked(true) {
		j := s.jobs[id]
		for _, v := range j.Job.Variants {
			if v.State != agent.Queued {
				continue
			}
			s.token++
			j.Claim(v.Number, worker, s.token, time.Now())
			s.publishLocked(j)
			l := agent.Lease{Job: j.Job.Clone(), Variant: v.Number, Token: s.token}
			s.holdLocked(j, l, ttl)
			return l, true
		}
	}
	return agent.Lease{}, false
}

// holdLocked lets l run out ttl from now.
func (s *Store) holdLocked(j *job, l agent.Lease, ttl time.Duration) {
	j.ends[l.Token] = time.Now().Add(ttl)
	time.AfterFunc(ttl, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.lapseLocked(j, l)
	})
}

// lapseLocked ends l if its time is over; a Renew meanwhile has moved that time.
func (s *Store) lapseLocked(j *job, l agent.Lease) {
	held := j.Tokens[l.Variant-1] == l.Token
	if s.closed || !held || time.Now().Before(j.ends[l.Token]) {
		return
	}
	j.Lapse(l.Variant, s.maxClaims, time.Now())
	s.publishLocked(j)
}

// act does one thing under a lease.
func (s *Store) act(ctx context.Context, l agent.Lease, do func(j *job, now time.Time) error) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	j, ok := s.jobs[l.Job.ID]
	if !ok || l.Variant < 1 || l.Variant > len(j.Tokens) {
		return agent.LostLease(l)
	}
	s.lapseLocked(j, l)
	seen := j.Job.Events
	err := do(j, time.Now())
	if j.Job.Events > seen {
		s.publishLocked(j)
	}
	return err
}

// Renew implements agent.Queue.
func (s *Store) Renew(ctx context.Context, l agent.Lease, ttl time.Duration) error {
	if ttl <= 0 {
		return agent.Errorf(agent.Invalid, "a lease of %v asked for", ttl)
	}
	return s.act(ctx, l, func(j *job, _ time.Time) error {
		err := j.Held(l)
		if err == nil {
			s.holdLocked(j, l, ttl)
		}
		return err
	})
}

// Record implements agent.Queue.
func (s *Store) Record(ctx context.Context, l agent.Lease, typ agent.EventType, text string) error {
	return s.act(ctx, l, func(j *job, now time.Time) error { return j.Record(l, typ, text, now) })
}

// Attempt implements agent.Queue.
func (s *Store) Attempt(ctx context.Context, l agent.Lease, a agent.Attempt) error {
	return s.act(ctx, l, func(j *job, now time.Time) error { return j.Attempt(l, a, now) })
}

// Finish implements agent.Queue.
func (s *Store) Finish(ctx context.Context, l agent.Lease, o agent.Outcome) error {
	return s.act(ctx, l, func(j *job, now time.Time) error { return j.Finish(l, o, now) })
}

// Release implements agent.Queue.
func (s *Store) Release(ctx context.Context, l agent.Lease) error {
	return s.act(ctx, l, func(j *job, now time.Time) error { return j.Release(l, now) })
}
