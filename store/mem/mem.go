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
	rules   agent.Rules
	turns   agent.Turns
	changes []agent.ID    // every change since New, for Watch
	changed chan struct{} // closed and replaced by every change
}

// job is an entry, its history, and the time its leases run out.
type job struct {
	*agent.Entry
	events   []agent.Event
	ends     map[uint64]time.Time // by token
	followed agent.Followed       // what those that come after it know of it
}

// New returns an empty Store.
func New(opt Options) *Store {
	return &Store{
		maxClaims: cmp.Or(opt.MaxClaims, agent.DefaultMaxClaims),
		jobs:      map[agent.ID]*job{},
		keys:      map[string]agent.ID{},
		rules:     agent.NewRules(),
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

// publishLocked files the news of j, lets those that come after it follow, and wakes
// everybody who waits for anything.
func (s *Store) publishLocked(j *job) {
	j.events = append(j.events, j.News()...)
	s.changes = append(s.changes, j.Job.ID)
	close(s.changed)
	s.changed = make(chan struct{})
	now, gone := j.Job.Followed(), s.jobs[j.Job.ID] == nil
	if now == j.followed && !gone {
		return
	}
	j.followed = now
	for _, id := range s.idsLocked(true) {
		if child := s.jobs[id]; slices.Contains(child.Job.Spec.After, j.Job.ID) {
			s.followLocked(child)
		}
	}
}

// followLocked lets j do what the jobs it comes after require.
func (s *Store) followLocked(j *job) {
	seen := j.Job.Events
	j.Follow(s.parentsLocked(&j.Job), time.Now())
	if j.Job.Events > seen {
		s.publishLocked(j)
	}
}

func (s *Store) parentsLocked(j *agent.Job) (parents []*agent.Job) {
	for _, id := range j.Spec.After {
		if p := s.jobs[id]; p != nil {
			parents = append(parents, &p.Job)
		} else {
			parents = append(parents, nil)
		}
	}
	return parents
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
		return s.textlessLocked(s.jobs[id]), nil
	}
	if err := s.allowedLocked(&spec); err != nil {
		return agent.Job{}, err
	}
	return s.addLocked(agent.NewEntry(s.lastID+1, spec, time.Now())), nil
}

// Import implements agent.Jobs.
func (s *Store) Import(ctx context.Context, j agent.Job, history []agent.Event) (agent.Job, error) {
	if err := s.begin(ctx); err != nil {
		return agent.Job{}, err
	}
	defer s.mu.Unlock()
	if id, ok := s.keys[j.Spec.Key]; ok && j.Spec.Key != "" {
		return s.textlessLocked(s.jobs[id]), nil
	}
	e, err := agent.NewImported(s.lastID+1, j, history, time.Now())
	if err != nil {
		return agent.Job{}, err
	}
	if _, ok := s.rules.Group(e.Job.Spec.Group); !ok {
		e.Job.Spec.Group = ""
	}
	return s.addLocked(e), nil
}

func (s *Store) addLocked(e *agent.Entry) agent.Job {
	s.lastID++
	j := &job{Entry: e, ends: map[uint64]time.Time{}}
	s.jobs[s.lastID] = j
	if e.Job.Spec.Key != "" {
		s.keys[e.Job.Spec.Key] = s.lastID
	}
	j.Follow(s.parentsLocked(&j.Job), time.Now())
	s.publishLocked(j)
	return s.textlessLocked(j)
}

// allowedLocked returns an error for a Spec that names what is not there.
func (s *Store) allowedLocked(spec *agent.Spec) error {
	if _, ok := s.rules.Group(spec.Group); !ok {
		return agent.NoGroup(spec.Group)
	}
	for _, id := range spec.After {
		if s.jobs[id] == nil {
			return agent.NoJob(id)
		}
	}
	return nil
}

func (s *Store) textlessLocked(j *job) agent.Job {
	c := j.Job.Clone()
	c.Spec.Text, c.Waiting = "", s.whyLocked(&c)
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
	c := j.Job.Clone()
	c.Waiting = s.whyLocked(&c)
	return c, nil
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
	var found []agent.Job
	for _, id := range s.idsLocked(f.Oldest) {
		past := f.Sort != agent.SortID || f.After == 0 || (f.Oldest && id > f.After) || (!f.Oldest && id < f.After)
		if j := s.jobs[id]; past && f.Matches(&j.Job) {
			b := j.Job.Brief()
			b.Waiting = s.whyLocked(&b)
			found = append(found, b)
		}
	}
	slices.SortFunc(found, func(a, b agent.Job) int { return f.Compare(&a, &b) })
	found = found[min(f.Skip, len(found)):]
	return found[:min(f.Limit, len(found))], nil
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
	if c.Op == agent.OpSwitch {
		return s.switchLocked(j, c)
	}
	if c.Op == agent.OpEdit && c.Spec != nil {
		if err := s.allowedLocked(c.Spec); err != nil {
			return agent.Job{}, err
		}
	}
	seen := j.Job.Events
	if err := j.Entry.Change(c, time.Now()); err != nil {
		return agent.Job{}, err
	}
	if c.Op == agent.OpRemove {
		delete(s.jobs, id)
		delete(s.keys, j.Job.Spec.Key)
	}
	if j.Job.Events > seen {
		j.Follow(s.parentsLocked(&j.Job), time.Now())
	}
	if c.Op == agent.OpRemove || j.Job.Events > seen {
		s.publishLocked(j)
	}
	return s.textlessLocked(j), nil
}

func (s *Store) switchLocked(j *job, c agent.Change) (agent.Job, error) {
	other, err := s.findLocked(c.With)
	if err != nil {
		return agent.Job{}, err
	}
	if err := agent.Switch(j.Entry, other.Entry, c.By, time.Now()); err != nil {
		return agent.Job{}, err
	}
	s.publishLocked(j)
	s.publishLocked(other)
	return s.textlessLocked(j), nil
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
