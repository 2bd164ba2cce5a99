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
	if spec.Key != "" || len(spec.After) > 0 {
		return s.submitOrdered(spec)
	}
	if err := s.allowedLocked(&spec); err != nil {
		s.mu.Unlock()
		return agent.Job{}, err
	}
	s.lastID++
	id := s.lastID
	s.mu.Unlock()

	// Encoded here, so that many submitters share the work and nobody waits for it.
	r, a, err := newRecord(agent.NewEntry(id, spec, time.Now()))
	if err != nil {
		return agent.Job{}, err
	}
	if err := s.begin(ctx); err != nil {
		return agent.Job{}, err
	}
	if err := s.allowedLocked(&spec); err != nil { // its group was removed meanwhile
		s.mu.Unlock()
		return agent.Job{}, err
	}
	return s.addAndUnlock(r, a)
}

// own copies what Validate changes, and what the caller could.
func own(spec agent.Spec) agent.Spec {
	spec.Checks = slices.Clone(spec.Checks)
	spec.Makers = slices.Clone(spec.Makers)
	spec.Labels = slices.Clone(spec.Labels)
	spec.After = slices.Clone(spec.After)
	spec.Limits.Paths = slices.Clone(spec.Limits.Paths)
	spec.Env = maps.Clone(spec.Env)
	return spec
}

func newRecord(e *agent.Entry) (*record, *act, error) {
	r := &record{Entry: e}
	a, err := created(r.Entry)
	r.text, r.Job.Spec.Text = a.text, ""
	return r, a, err
}

// addAndUnlock queues a new job and waits until it is on disk.
func (s *Store) addAndUnlock(r *record, a *act) (agent.Job, error) {
	s.enqueueLocked(r, r.Entry, a)
	b, job := r.last, r.Job.Clone()
	if a.key != "" {
		s.keys[a.key] = r
	}
	s.mu.Unlock()
	return s.stored(job, b)
}

// stored returns the job once b is on disk, and why it waits then.
func (s *Store) stored(job agent.Job, b *batch) (agent.Job, error) {
	if err := b.wait(); err != nil {
		return agent.Job{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	job.Waiting = s.line.Why(&job, time.Now())
	return job, nil
}

// shownLocked is the job as its record has it, and why it waits.
func (s *Store) shownLocked(r *record) agent.Job {
	job := r.Job.Clone()
	job.Waiting = s.line.Why(&job, time.Now())
	return job
}

// submitOrdered is Submit for a Spec with a Key or jobs to come after, with the store
// locked so that nothing else can take the Key, or change those jobs, meanwhile. It
// unlocks.
func (s *Store) submitOrdered(spec agent.Spec) (agent.Job, error) {
	return s.addKeyed(spec.Key, func() (*agent.Entry, error) {
		if err := s.allowedLocked(&spec); err != nil {
			return nil, err
		}
		parents, err := s.parentsLocked(&spec)
		if err != nil {
			return nil, err
		}
		now := time.Now()
		e := agent.NewEntry(s.lastID+1, spec, now)
		e.Follow(parents, now)
		return e, nil
	})
}

// Import implements agent.Jobs.
func (s *Store) Import(ctx context.Context, j agent.Job, history []agent.Event) (agent.Job, error) {
	if err := s.begin(ctx); err != nil {
		return agent.Job{}, err
	}
	return s.addKeyed(j.Spec.Key, func() (*agent.Entry, error) {
		e, err := agent.NewImported(s.lastID+1, j, history, time.Now())
		if err != nil {
			return nil, err
		}
		if _, ok := s.rules.Group(e.Job.Spec.Group); !ok {
			e.Job.Spec.Group = ""
		}
		return e, nil
	})
}

// addKeyed adds the job that make makes, unless one with the Key is there. It unlocks.
func (s *Store) addKeyed(key string, make func() (*agent.Entry, error)) (agent.Job, error) {
	r, err := s.keyedLocked(key)
	if err != nil {
		s.mu.Unlock()
		return agent.Job{}, err
	}
	if r != nil {
		b, job := r.last, r.Job.Clone()
		s.mu.Unlock()
		return s.stored(job, b)
	}
	e, err := make()
	if err != nil {
		s.mu.Unlock()
		return agent.Job{}, err
	}
	s.lastID++
	r, a, err := newRecord(e)
	if err != nil {
		s.mu.Unlock()
		return agent.Job{}, err
	}
	return s.addAndUnlock(r, a)
}

// keyedLocked returns the job with this Key, nil when there is none.
func (s *Store) keyedLocked(key string) (*record, error) {
	if key == "" {
		return nil, nil
	}
	if r := s.keys[key]; r != nil {
		if r.gone {
			return nil, nil
		}
		return r, nil
	}
	id, err := s.findKey(key)
	if err != nil {
		return nil, err
	}
	r, _ := s.recordLocked(id)
	return r, nil
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
		job, text, gone, b := s.shownLocked(r), r.text, r.gone, r.last
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
	if err == nil {
		s.mu.Lock()
		job.Waiting = s.line.Why(&job, time.Now())
		s.mu.Unlock()
	}
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
	if err != nil {
		return agent.Job{}, err
	}
	return s.stored(job, b)
}

func (s *Store) changeLocked(id agent.ID, c agent.Change) (agent.Job, *batch, error) {
	r, err := s.recordLocked(id)
	if err != nil {
		return agent.Job{}, nil, err
	}
	if c.Op == agent.OpSwitch {
		return s.switchLocked(r, c)
	}
	spec := &r.Job.Spec
	if c.Op == agent.OpEdit && c.Spec != nil {
		spec = c.Spec
		if err := s.allowedLocked(spec); err != nil {
			return agent.Job{}, nil, err
		}
	}
	parents, err := s.parentsLocked(spec)
	if err != nil {
		return agent.Job{}, nil, err
	}
	old := ""
	if c.Op == agent.OpEdit {
		if old, err = s.text(id, r.text); err != nil {
			return agent.Job{}, nil, err
		}
	}
	tokens := r.Tokens
	b, err := s.actLocked(r, nil, func(e *agent.Entry, now time.Time) error {
		seen := e.Job.Events
		e.Job.Spec.Text = old // which the new one takes the place of
		err := e.Change(c, now)
		if err == nil && e.Job.Events > seen {
			e.Follow(parents, now)
		}
		return err
	})
	if err != nil {
		return agent.Job{}, nil, err
	}
	s.fenceLocked(r, tokens)
	if c.Op == agent.OpRemove {
		r.gone = true
		s.enqueueLocked(r, r.Entry, removed(r.Entry))
		b, err = r.last, s.driveLocked(id)
	}
	return r.Job.Clone(), b, err
}

// switchLocked changes two jobs in one commit.
func (s *Store) switchLocked(r *record, c agent.Change) (agent.Job, *batch, error) {
	other, err := s.recordLocked(c.With)
	if err != nil {
		return agent.Job{}, nil, err
	}
	mine, theirs := r.Clone(), other.Clone()
	if err := agent.Switch(mine, theirs, c.By, time.Now()); err != nil {
		return agent.Job{}, nil, err
	}
	first, err := changed(r.Entry, mine)
	if err != nil {
		return agent.Job{}, nil, err
	}
	second, err := changed(other.Entry, theirs)
	if err != nil {
		return agent.Job{}, nil, err
	}
	s.openBatchLocked(2)
	s.enqueueLocked(r, mine, first)
	s.enqueueLocked(other, theirs, second)
	return r.Job.Clone(), r.last, nil
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
	st.Oldest = s.line.Oldest()
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
