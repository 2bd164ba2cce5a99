package bolt

import (
	"context"
	"encoding/binary"
	"maps"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"codeagent.dev/agent"
)

// Submit implements agent.Jobs.
func (s *Store) Submit(ctx context.Context, spec agent.Spec) (agent.Job, error) {
	spec = own(spec)
	if err := spec.Validate(); err != nil {
		return agent.Job{}, err
	}
	if err := s.begin(ctx); err != nil {
		return agent.Job{}, err
	}
	if spec.Key != "" {
		return s.submitKeyed(spec)
	}
	s.lastID++
	id := s.lastID
	s.mu.Unlock()

	// Encoded here, so that many submitters share the work and nobody waits for it.
	r, a, err := newRecord(id, spec)
	if err != nil {
		return agent.Job{}, err
	}
	if err := s.begin(ctx); err != nil {
		return agent.Job{}, err
	}
	return s.addAndUnlock(r, a)
}

// own copies what Validate changes, and what the caller could.
func own(spec agent.Spec) agent.Spec {
	spec.Checks = slices.Clone(spec.Checks)
	spec.Makers = slices.Clone(spec.Makers)
	spec.Limits.Paths = slices.Clone(spec.Limits.Paths)
	spec.Env = maps.Clone(spec.Env)
	return spec
}

func newRecord(id agent.ID, spec agent.Spec) (*record, *act, error) {
	r := &record{Entry: agent.NewEntry(id, spec, time.Now())}
	a, err := created(r.Entry)
	r.text, r.Job.Spec.Text = &spec.Text, ""
	return r, a, err
}

// addAndUnlock queues a new job and waits until it is on disk.
func (s *Store) addAndUnlock(r *record, a *act) (agent.Job, error) {
	job := r.Job.Clone()
	s.enqueueLocked(r, r.Entry, a)
	b := r.last
	if a.key != "" {
		s.keys[a.key] = r
	}
	s.mu.Unlock()
	if err := b.wait(); err != nil {
		return agent.Job{}, err
	}
	return job, nil
}

// submitKeyed is Submit for a Spec with a Key, with the store locked so that no other
// job can take the Key meanwhile. It unlocks.
func (s *Store) submitKeyed(spec agent.Spec) (agent.Job, error) {
	r := s.keys[spec.Key]
	if r == nil {
		id, err := s.findKey(spec.Key)
		if err != nil {
			s.mu.Unlock()
			return agent.Job{}, err
		}
		r, _ = s.recordLocked(id)
	}
	if r != nil && !r.gone {
		job, b := r.Job.Clone(), r.last
		s.mu.Unlock()
		if err := b.wait(); err != nil {
			return agent.Job{}, err
		}
		return job, nil
	}
	s.lastID++
	r, a, err := newRecord(s.lastID, spec)
	if err != nil {
		s.mu.Unlock()
		return agent.Job{}, err
	}
	return s.addAndUnlock(r, a)
}

// findKey returns the job on disk with this Key, or 0.
func (s *Store) findKey(key string) (id agent.ID, err error) {
	err = s.view(func(tx *bolt.Tx) error {
		if value := bucket(tx, bucketKeys).Get([]byte(key)); len(value) == 8 {
			id = agent.ID(binary.BigEndian.Uint64(value))
		}
		return nil
	})
	return id, err
}

// Job implements agent.Jobs.
func (s *Store) Job(ctx context.Context, id agent.ID) (job agent.Job, err error) {
	for {
		if err := s.begin(ctx); err != nil {
			return agent.Job{}, err
		}
		r := s.records[id]
		if r == nil {
			s.mu.Unlock()
			break
		}
		job, text, gone, b := r.Job.Clone(), r.text, r.gone, r.last
		s.mu.Unlock()
		if b.wait() != nil {
			continue // what was before the acts that failed is the answer
		}
		if gone {
			return agent.Job{}, agent.NoJob(id)
		}
		job.Spec.Text, err = s.text(id, text)
		return job, err
	}
	err = s.view(func(tx *bolt.Tx) error {
		e, err := readEntry(tx, id)
		if err != nil {
			return err
		}
		job = e.Job
		job.Spec.Text, err = readText(tx, id)
		return err
	})
	return job, err
}

// text returns a job's text: pending, or else from the database.
func (s *Store) text(id agent.ID, pending *string) (text string, err error) {
	if pending != nil {
		return *pending, nil
	}
	err = s.view(func(tx *bolt.Tx) error {
		text, err = readText(tx, id)
		return err
	})
	return text, err
}

// Change implements agent.Jobs.
func (s *Store) Change(ctx context.Context, id agent.ID, c agent.Change) (agent.Job, error) {
	if err := s.begin(ctx); err != nil {
		return agent.Job{}, err
	}
	job, b, err := s.changeLocked(id, c)
	s.mu.Unlock()
	if err := outcome(b, err); err != nil {
		return agent.Job{}, err
	}
	return job, nil
}

func (s *Store) changeLocked(id agent.ID, c agent.Change) (agent.Job, *batch, error) {
	r, err := s.recordLocked(id)
	if err != nil {
		return agent.Job{}, nil, err
	}
	b, err := s.actLocked(r, nil, func(e *agent.Entry, now time.Time) error { return e.Change(c, now) })
	if err != nil {
		return agent.Job{}, nil, err
	}
	if c.Op == agent.OpRemove {
		r.gone = true
		s.enqueueLocked(r, r.Entry, removed(r.Entry))
		b = r.last
	}
	return r.Job.Clone(), b, nil
}

// Status implements agent.Jobs.
func (s *Store) Status(ctx context.Context) (agent.Status, error) {
	if _, err := s.catchUp(ctx); err != nil {
		return agent.Status{}, err
	}
	if err := s.begin(ctx); err != nil {
		return agent.Status{}, err
	}
	defer s.mu.Unlock()
	t := s.totals
	st := agent.Status{
		Queued: int(t.queued), Running: int(t.running), Done: int(t.done),
		Waiting: int(t.waiting), Held: int(t.held), Bytes: t.bytes,
	}
	if sl, ok := s.ready.first(); ok {
		st.Oldest = s.ready.made[sl]
	}
	return st, nil
}

// catchUp waits until what was begun before it is on disk, or has failed. It returns
// the newest batch that is.
func (s *Store) catchUp(ctx context.Context) (*batch, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	b := s.last
	s.mu.Unlock()
	_ = b.wait()
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	if len(s.pending) == 0 {
		return nil, nil
	}
	return s.pending[len(s.pending)-1], nil
}
