package bolt

import (
	"cmp"
	"container/heap"
	"slices"
	"time"

	"codeagent.dev/agent"
)

// slot is a variant that can be claimed.
type slot struct {
	job     agent.ID
	variant int
}

// ready holds the slots in the order they are claimed. Its zero value is empty.
type ready struct {
	order slots              // a heap; may still hold slots that were removed
	made  map[slot]time.Time // those that count: when their jobs were submitted
}

func (r *ready) push(s slot, made time.Time) bool {
	if _, ok := r.made[s]; ok {
		return false
	}
	if r.made == nil {
		r.made = map[slot]time.Time{}
	}
	r.made[s] = made
	heap.Push(&r.order, s)
	return true
}

func (r *ready) remove(s slot) { delete(r.made, s) }

// first returns the slot that is claimed next.
func (r *ready) first() (s slot, ok bool) {
	for len(r.order) > 0 {
		if _, ok := r.made[r.order[0]]; ok {
			return r.order[0], true
		}
		heap.Pop(&r.order)
	}
	return slot{}, false
}

func (r *ready) pop() (s slot, ok bool) {
	if s, ok = r.first(); ok {
		heap.Pop(&r.order)
		r.remove(s)
	}
	return s, ok
}

// slots implements heap.Interface: the oldest job first, then the lowest variant.
type slots []slot

func (h slots) Len() int { return len(h) }
func (h slots) Less(i, k int) bool {
	return cmp.Or(cmp.Compare(h[i].job, h[k].job), cmp.Compare(h[i].variant, h[k].variant)) < 0
}
func (h slots) Swap(i, k int) { h[i], h[k] = h[k], h[i] }
func (h *slots) Push(s any)   { *h = append(*h, s.(slot)) }
func (h *slots) Pop() any {
	old := *h
	s := old[len(old)-1]
	*h = old[:len(old)-1]
	return s
}

// pushLocked makes a slot claimable and wakes one claim for it.
func (s *Store) pushLocked(sl slot, made time.Time) {
	if s.ready.push(sl, made) {
		s.wakeLocked()
	}
}

func (s *Store) wakeLocked() {
	if len(s.waiters) > 0 {
		close(s.waiters[0])
		s.waiters = s.waiters[1:]
	}
}

// joinLocked queues a claim behind those that wait already.
func (s *Store) joinLocked() chan struct{} {
	w := make(chan struct{})
	s.waiters = append(s.waiters, w)
	return w
}

// leave takes a claim out of the queue. If it was woken meanwhile, another one is.
func (s *Store) leave(w chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.waiters, w); i >= 0 {
		s.waiters = slices.Delete(s.waiters, i, i+1)
		return
	}
	if _, ok := s.ready.first(); ok {
		s.wakeLocked()
	}
}
