package bolt

import (
	"slices"
	"time"

	"codeagent.dev/agent"
)

// waiter is a claim that waits.
type waiter struct {
	claim agent.Claim
	woken chan struct{} // closed when there may be something for it
}

// standLocked tells the line where a job stands. Of its queued variants only those in
// known can be claimed: the others are not on disk as such.
func (s *Store) standLocked(j *agent.Job, known uint32) {
	p := agent.PlaceOf(j)
	p.Queued &= known
	if old, ok := s.line.Get(p.ID); !ok && p.Queued == 0 && p.Running == 0 || ok && old == p {
		return
	}
	s.line.Put(p)
}

// maxAlarm bounds the wait for a job's time, because clocks jump.
const maxAlarm = time.Minute

// wakeLocked lets the first claim go on that may have something. It looks again when it
// has taken it.
func (s *Store) wakeLocked() {
	if len(s.waiters) == 0 {
		return
	}
	now := time.Now()
	for i, w := range s.waiters {
		if i > 0 && sameWants(&w.claim, &s.waiters[i-1].claim) {
			continue
		}
		if _, ok := s.line.Next(&w.claim, now); ok || s.broken != nil {
			close(w.woken)
			s.waiters = slices.Delete(s.waiters, i, i+1)
			return
		}
	}
	if at := s.line.Wakes(); !at.IsZero() {
		s.alarm.Reset(min(time.Until(at), maxAlarm))
	}
}

func sameWants(a, b *agent.Claim) bool { return a.Now == b.Now && slices.Equal(a.Without, b.Without) }

// joinLocked queues a claim behind those that wait already.
func (s *Store) joinLocked(c agent.Claim) *waiter {
	w := &waiter{claim: c, woken: make(chan struct{})}
	s.waiters = append(s.waiters, w)
	if at := s.line.Wakes(); !at.IsZero() {
		s.alarm.Reset(min(time.Until(at), maxAlarm))
	}
	return w
}

// leave takes a claim out of the queue. If it was woken meanwhile, another one is.
func (s *Store) leave(w *waiter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.waiters, w); i >= 0 {
		s.waiters = slices.Delete(s.waiters, i, i+1)
		return
	}
	s.wakeLocked()
}

// ring is what the alarm runs.
func (s *Store) ring() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.usableLocked() == nil {
		s.wakeLocked()
	}
}
