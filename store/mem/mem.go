// Package mem is an agent.Store in memory: one mutex, nothing clever. It is what the
// other stores are compared with, and what tests use that need no disk.
package mem

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"sync"
	"time"

	"codeagent.dev/agent"
)

// Options tune a Store. The zero value is usable.
type Options struct {
	MaxClaims int // lost workers that end a variant; 0: agent.DefaultMaxClaims
}

// Store is an agent.Store that forgets everything when the process ends.
type Store struct {
	maxClaims int

	mu      sync.Mutex
	closed  bool
	lastID  agent.ID
	token   uint64
	jobs    map[agent.ID]*job
	keys    map[string]agent.ID
	changes []agent.ID    // every change since New, for Watch
	changed chan struct{} // closed and replaced by every change
}

// job is an entry, its history, and the time its leases run out.
type job struct {
	*agent.Entry
	events []agent.Event
	ends   map[uint64]time.Time // by token
}

// New returns an empty Store.
func New(opt Options) *Store {
	return &Store{
		maxClaims: cmp.Or(opt.MaxClaims, agent.DefaultMaxClaims),
		jobs:      map[agent.ID]*job{},
		keys:      map[string]agent.ID{},
		changed:   make(chan struct{}),
	}
}

var _ agent.Store = (*Store)(nil)

// Close ends streams and waiting claims.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.closed = true
		close(s.changed)
	}
	return nil
}

// begin locks the store for one act.
func (s *Store) begin(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return errClosed()
	}
	return nil
}

func errClosed() error { return agent.Errorf(agent.Unavailable, "the store is closed") }

func (s *Store) findLocked(id agent.ID) (*job, error) {
	if j, ok := s.jobs[id]; ok {
		return j, nil
	}
	return nil, agent.NoJob(id)
}

// publishLocked files the news of j and wakes everybody who waits for anything.
func (s *Store) publishLocked(j *job) {
	j.events = append(j.events, j.News()...)
	s.changes = append(s.changes, j.Job.ID)
	close(s.changed)
	s.changed = make(chan struct{})
}

// Submit implements agent.Jobs.
func (s *Store) Submit(ctx context.Context, spec agent.Spec) (agent.Job, error) {
	spec.Checks = slices.Clone(spec.Checks)
	if err := spec.Validate(); err != nil {
		return agent.Job{}, err
	}
	if err := s.begin(ctx); err != nil {
		return agent.Job{}, err
	}
	defer s.mu.Unlock()
	if id, ok := s.keys[spec.Key]; ok && spec.Key != "" {
		return textless(s.jobs[id]), nil
	}
	s.lastID++
	j := &job{Entry: agent.NewEntry(s.lastID, spec, time.Now()), ends: map[uint64]time.Time{}}
	s.jobs[s.lastID] = j
	if spec.Key != "" {
		s.keys[spec.Key] = s.lastID
	}
	s.publishLocked(j)
	return textless(j), nil
}

func textless(j *job) agent.Job {
	c := j.Job.Clone()
	c.Spec.Text = ""
	return c
}

// Job implements agent.Jobs.
func (s *Store) Job(ctx context.Context, id agent.ID) (agent.Job, error) {
	if err := s.begin(ctx); err != nil {
		return agent.Job{}, err
	}
	defer s.mu.Unlock()
	j, err := s.findLocked(id)
	if err != nil {
		return agent.Job{}, err
	}
	return j.Job.Clone(), nil
}

// List implements agent.Jobs.
func (s *Store) List(ctx context.Context, f agent.Filter) ([]agent.Job, error) {
	if err := f.Validate(); err != nil {
		return nil, err
	}
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var page []agent.Job
	for _, id := range s.idsLocked(f.Oldest) {
		past := f.After == 0 || (f.Oldest && id > f.After) || (!f.Oldest && id < f.After)
		if j := s.jobs[id]; past && f.Matches(&j.Job) && len(page) < f.Limit {
			page = append(page, j.Job.Brief())
		}
	}
	return page, nil
}

func (s *Store) idsLocked(oldest bool) []agent.ID {
	var ids []agent.ID
	for id := range s.jobs {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	if !oldest {
		slices.Reverse(ids)
	}
	return ids
}

// Change implements agent.Jobs.
func (s *Store) Change(ctx context.Context, id agent.ID, c agent.Change) (agent.Job, error) {
	if err := s.begin(ctx); err != nil {
		return agent.Job{}, err
	}
	defer s.mu.Unlock()
	j, err := s.findLocked(id)
	if err != nil {
		return agent.Job{}, err
	}
	seen := j.Job.Events
	if err := j.Entry.Change(c, time.Now()); err != nil {
		return agent.Job{}, err
	}
	if c.Op == agent.OpRemove {
		delete(s.jobs, id)
		delete(s.keys, j.Job.Spec.Key)
	}
	if c.Op == agent.OpRemove || j.Job.Events > seen {
		s.publishLocked(j)
	}
	return textless(j), nil
}

// Status implements agent.Jobs.
func (s *Store) Status(ctx context.Context) (agent.Status, error) {
	if err := s.begin(ctx); err != nil {
		return agent.Status{}, err
	}
	defer s.mu.Unlock()
	var st agent.Status
	for _, id := range s.idsLocked(true) {
		j := &s.jobs[id].Job
		switch j.State {
		case agent.Queued:
			st.Queued++
		case agent.Running:
			st.Running++
		case agent.Done:
			st.Done++
		}
		st.Bytes += j.Bytes
		for _, v := range j.Variants {
			switch v.State {
			case agent.Running:
				st.Held++
			case agent.Queued:
				st.Waiting++
				if st.Oldest.IsZero() {
					st.Oldest = j.Created
				}
			}
		}
	}
	return st, nil
}

// Events implements agent.Jobs.
func (s *Store) Events(ctx context.Context, id agent.ID, after uint64) iter.Seq2[agent.Event, error] {
	return func(yield func(agent.Event, error) bool) {
		for {
			if err := s.begin(ctx); err != nil {
				yield(agent.Event{}, err)
				return
			}
			j, err := s.findLocked(id)
			if err != nil {
				s.mu.Unlock()
				yield(agent.Event{}, err)
				return
			}
			fresh := slices.Clone(j.events[min(after, uint64(len(j.events))):])
			done, changed := j.Job.State == agent.Done, s.changed
			s.mu.Unlock()

			for _, e := range fresh {
				if !yield(e, nil) {
					return
				}
				after = e.Seq
			}
			if done {
				return
			}
			select {
			case <-changed:
			case <-ctx.Done():
			}
		}
	}
}

// Watch implements agent.Jobs.
func (s *Store) Watch(ctx context.Context) iter.Seq2[agent.ID, error] {
	s.mu.Lock()
	seen := len(s.changes)
	s.mu.Unlock()
	return func(yield func(agent.ID, error) bool) {
		for {
			if err := s.begin(ctx); err != nil {
				yield(0, err)
				return
			}
			fresh, changed := slices.Clone(s.changes[seen:]), s.changed
			s.mu.Unlock()

			for _, id := range fresh {
				if !yield(id, nil) {
					return
				}
				seen++
			}
			select {
			case <-changed:
			case <-ctx.Done():
			}
		}
	}
}
