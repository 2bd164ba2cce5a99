package worker

import (
	"context"
	"sync"
)

// slots is a semaphore whose size can change. What is taken stays so when it shrinks.
type slots struct {
	mu          sync.Mutex
	size, taken int
	freed       chan struct{} // closed and replaced when a slot may be free; nil: nobody waits
}

// take waits for a slot; false: ctx ended first.
func (s *slots) take(ctx context.Context) bool {
	for {
		s.mu.Lock()
		if s.taken < s.size {
			s.taken++
			s.mu.Unlock()
			return true
		}
		if s.freed == nil {
			s.freed = make(chan struct{})
		}
		freed := s.freed
		s.mu.Unlock()
		select {
		case <-freed:
		case <-ctx.Done():
			return false
		}
	}
}

func (s *slots) give() { s.change(func() { s.taken-- }) }

func (s *slots) resize(n int) { s.change(func() { s.size = n }) }

func (s *slots) change(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
	if s.freed != nil && s.taken < s.size {
		close(s.freed)
		s.freed = nil
	}
}

func (s *slots) limit() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.size
}
