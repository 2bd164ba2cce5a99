package bolt

import (
	"context"
	"iter"

	"codeagent.dev/agent"
)

// watcher collects the ids of changed jobs, each once, until they are yielded.
type watcher struct {
	ids  []agent.ID
	seen map[agent.ID]bool
	more chan struct{} // one token: ids is not empty
}

func (w *watcher) add(id agent.ID) {
	if w.seen[id] {
		return
	}
	w.seen[id] = true
	w.ids = append(w.ids, id)
	select {
	case w.more <- struct{}{}:
	default:
	}
}

// Watch implements agent.Jobs.
func (s *Store) Watch(ctx context.Context) iter.Seq2[agent.ID, error] {
	w := &watcher{seen: map[agent.ID]bool{}, more: make(chan struct{}, 1)}
	s.mu.Lock()
	s.watchers[w] = struct{}{}
	s.mu.Unlock()
	forget := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.watchers, w)
	}
	context.AfterFunc(ctx, forget) // also when nobody ranges over it
	return func(yield func(agent.ID, error) bool) {
		defer forget()
		for {
			if err := s.begin(ctx); err != nil {
				yield(0, err)
				return
			}
			ids := w.ids
			w.ids = nil
			clear(w.seen)
			s.mu.Unlock()
			for _, id := range ids {
				if !yield(id, nil) {
					return
				}
			}
			select {
			case <-w.more:
			case <-ctx.Done():
			case <-s.closing:
			}
		}
	}
}
