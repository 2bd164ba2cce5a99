package mem

import (
	"context"
	"math/bits"
	"time"

	"codeagent.dev/agent"
)

// Claim implements agent.Queue.
func (s *Store) Claim(ctx context.Context, c agent.Claim) (agent.Lease, error) {
	if err := c.Validate(); err != nil {
		return agent.Lease{}, err
	}
	for {
		if err := s.begin(ctx); err != nil {
			return agent.Lease{}, err
		}
		l, ok := s.claimLocked(c)
		changed, wakes := s.changed, s.wakesLocked()
		s.mu.Unlock()
		if ok {
			return l, nil
		}
		timer := time.NewTimer(wakes)
		select {
		case <-changed:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// wakesLocked is how long it takes until the next job that waits for a time may begin.
func (s *Store) wakesLocked() time.Duration {
	wakes := time.Hour
	for _, j := range s.jobs {
		if left := time.Until(j.Job.Spec.NotBefore); left > 0 {
			wakes = min(wakes, left)
		}
	}
	return wakes
}

func (s *Store) claimLocked(c agent.Claim) (agent.Lease, bool) {
	load, now := s.loadLocked(), time.Now()
	var next *agent.Place
	for _, id := range s.idsLocked(true) {
		p := agent.PlaceOf(&s.jobs[id].Job)
		if p.Queued == 0 || !c.Wants(&p) || s.rules.Blocks(&p, &load, now) != nil {
			continue
		}
		if next == nil || s.turns.Before(&p, next, &load) < 0 {
			next = &p
		}
	}
	if next == nil {
		return agent.Lease{}, false
	}
	s.token++
	s.turns.Serve(next.Repo)
	j := s.jobs[next.ID]
	j.Claim(next.Variant(), c.Worker, s.token, now)
	s.publishLocked(j)
	l := agent.Lease{Job: j.Job.Clone(), Variant: next.Variant(), Token: s.token}
	s.holdLocked(j, l, c.TTL)
	return l, true
}

// loadLocked counts what runs.
func (s *Store) loadLocked() agent.Load {
	load := agent.Load{Repos: map[string]int{}, Groups: map[string]int{}}
	for _, j := range s.jobs {
		p := agent.PlaceOf(&j.Job)
		load.All += p.Running
		load.Repos[p.Repo] += p.Running
		load.Groups[p.Group] += p.Running
	}
	return load
}

// whyLocked says why a job's queued variants have not begun.
func (s *Store) whyLocked(j *agent.Job) *agent.Waiting {
	p, load := agent.PlaceOf(j), s.loadLocked()
	if p.Queued == 0 {
		return nil
	}
	if w := s.rules.Blocks(&p, &load, time.Now()); w != nil {
		return w
	}
	return &agent.Waiting{For: agent.WaitWorker}
}

// Rules implements agent.Jobs.
func (s *Store) Rules(ctx context.Context) (agent.Rules, error) {
	if err := s.begin(ctx); err != nil {
		return agent.Rules{}, err
	}
	defer s.mu.Unlock()
	return s.rulesLocked(), nil
}

func (s *Store) rulesLocked() agent.Rules {
	r, load := s.rules.Clone(), s.loadLocked()
	r.Running = load.All
	for i := range r.Groups {
		g := &r.Groups[i]
		g.Running = load.Groups[g.Name]
		for _, j := range s.jobs {
			p := agent.PlaceOf(&j.Job)
			if p.Group == g.Name {
				g.Waiting += bits.OnesCount32(p.Queued)
			}
		}
	}
	return r
}

// Rule implements agent.Jobs.
func (s *Store) Rule(ctx context.Context, c agent.RuleChange) (agent.Rules, error) {
	if err := s.begin(ctx); err != nil {
		return agent.Rules{}, err
	}
	defer s.mu.Unlock()
	waiting := false
	for _, j := range s.jobs {
		waiting = waiting || j.Job.State != agent.Done && agent.PlaceOf(&j.Job).Group == c.Group
	}
	if err := s.rules.Apply(c, waiting, time.Now()); err != nil {
		return agent.Rules{}, err
	}
	s.changes = append(s.changes, 0)
	close(s.changed)
	s.changed = make(chan struct{})
	return s.rulesLocked(), nil
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
