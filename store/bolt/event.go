package bolt

import (
	"bytes"
	"context"
	"iter"
	"slices"

	bolt "go.etcd.io/bbolt"

	"codeagent.dev/agent"
)

// What one read transaction, and one tail, may hold.
const (
	chunkEvents = 512
	chunkBytes  = 256 << 10
	tailEvents  = 4096
	tailBytes   = 1 << 20
)

// tail is the end of one job's history, as committed, shared by all who follow the
// job. It exists while somebody does. A follower that is slower than the tail is long
// reads the disk again.
type tail struct {
	events  []agent.Event // the newest, without gaps; never changed in place
	bytes   int
	done    bool          // the job was done after the last of events
	changed chan struct{} // closed and replaced when there is more
	uses    int
}

// followLocked adds a committed act to its job's tail.
func (s *Store) followLocked(a *act) {
	t := s.tails[a.rec.Job.ID]
	if t == nil {
		return
	}
	t.add(a)
	close(t.changed)
	t.changed = make(chan struct{})
}

func (t *tail) add(a *act) {
	t.events = append(t.events, a.events...)
	for i := range a.events {
		t.bytes += len(a.events[i].Text)
	}
	if len(t.events) > tailEvents || t.bytes > tailBytes {
		t.shorten()
	}
	t.done = a.done
}

// shorten keeps the newer part in a new array; followers may still read the old one.
func (t *tail) shorten() {
	n := len(t.events)
	for kept := 0; n > 0 && len(t.events)-n < tailEvents/2; n-- {
		if kept += len(t.events[n-1].Text); kept > tailBytes/2 {
			break
		}
	}
	t.events = slices.Clone(t.events[n:])
	t.bytes = 0
	for i := range t.events {
		t.bytes += len(t.events[i].Text)
	}
}

// after returns the events that follow seq; ok is false when the tail cannot know.
func (t *tail) after(seq uint64) (events []agent.Event, ok bool) {
	if len(t.events) == 0 || seq+1 < t.events[0].Seq || seq > t.events[len(t.events)-1].Seq {
		return nil, false
	}
	return t.events[seq+1-t.events[0].Seq:], true
}

func (s *Store) tailLocked(id agent.ID) *tail {
	t := s.tails[id]
	if t == nil {
		t = &tail{changed: make(chan struct{})}
		s.tails[id] = t
		s.seedLocked(id, t)
	}
	t.uses++
	return t
}

// seedLocked gives a new tail what the database does not have yet, so that a job can
// be followed from its first moment without waiting for the database.
func (s *Store) seedLocked(id agent.ID, t *tail) {
	if r := s.records[id]; r == nil || r.gone {
		return
	}
	for _, b := range s.pending {
		for _, a := range b.acts {
			if a.id == id {
				t.add(a)
			}
		}
	}
}

func (s *Store) leaveTail(id agent.ID, t *tail) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.uses--; t.uses == 0 {
		delete(s.tails, id)
	}
}

// Events implements agent.Jobs.
func (s *Store) Events(ctx context.Context, id agent.ID, after uint64) iter.Seq2[agent.Event, error] {
	return func(yield func(agent.Event, error) bool) {
		if err := s.begin(ctx); err != nil {
			yield(agent.Event{}, err)
			return
		}
		t := s.tailLocked(id)
		s.mu.Unlock()
		defer s.leaveTail(id, t)
		for {
			events, done, changed, err := s.more(ctx, id, t, after)
			if err != nil {
				yield(agent.Event{}, err)
				return
			}
			for _, e := range events {
				if !yield(e, nil) {
					return
				}
				after = e.Seq
			}
			if len(events) > 0 {
				continue
			}
			if done {
				return
			}
			select {
			case <-changed:
			case <-ctx.Done():
			case <-s.closing:
			}
		}
	}
}

// more returns some events after seq, from the tail or from disk. Without any it says
// whether the job is done, and what is closed when there is more.
func (s *Store) more(ctx context.Context, id agent.ID, t *tail, seq uint64) (events []agent.Event, done bool, changed chan struct{}, err error) {
	if err := s.begin(ctx); err != nil {
		return nil, false, nil, err
	}
	events, ok := t.after(seq)
	done, changed = t.done, t.changed
	s.mu.Unlock()
	if ok {
		return events, done, changed, nil
	}
	b, err := s.settled(ctx, id)
	if err != nil {
		return nil, false, nil, err
	}
	err = s.read(b, func(tx *bolt.Tx) error {
		events, done, err = readEvents(tx, id, seq)
		return err
	})
	return events, done, changed, err
}

// settled waits until what was done to a job is on disk, or has failed. It returns the
// newest batch with an act on the job, if there is any.
func (s *Store) settled(ctx context.Context, id agent.ID) (*batch, error) {
	for {
		if err := s.begin(ctx); err != nil {
			return nil, err
		}
		var b *batch
		if r := s.records[id]; r != nil {
			b = r.last
		}
		s.mu.Unlock()
		if b.wait() == nil {
			return b, nil
		}
	}
}

// readEvents reads a chunk of a job's history, and whether the job is done.
func readEvents(tx *bolt.Tx, id agent.ID, seq uint64) (events []agent.Event, done bool, err error) {
	value := bucket(tx, bucketJobs).Get(idKey(id))
	if value == nil {
		return nil, false, agent.NoJob(id)
	}
	prefix := idKey(id)
	c := bucket(tx, bucketEvents).Cursor()
	size := 0
	for k, v := c.Seek(eventKey(id, seq)); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		e, err := decodeEvent(k, v)
		if err != nil {
			return nil, false, err
		}
		if e.Seq <= seq {
			continue
		}
		events = append(events, e)
		if size += len(e.Text); len(events) == chunkEvents || size > chunkBytes {
			break
		}
	}
	if len(events) > 0 {
		return events, false, nil
	}
	e, err := decodeRow(value)
	if err != nil {
		return nil, false, err
	}
	return nil, e.Job.State == agent.Done, nil
}
