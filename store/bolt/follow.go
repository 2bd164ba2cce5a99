package bolt

import (
	"maps"
	"slices"
	"time"

	"codeagent.dev/agent"
)

// linkLocked keeps in memory what an act changes of who comes after whom.
func (s *Store) linkLocked(a *act) {
	for _, parent := range a.parts {
		left := slices.DeleteFunc(slices.Clone(s.follows[parent]), func(id agent.ID) bool { return id == a.id })
		if s.follows[parent] = left; len(left) == 0 {
			delete(s.follows, parent)
		}
	}
	for _, parent := range a.joins {
		all := append(slices.Clone(s.follows[parent]), a.id)
		slices.Sort(all)
		s.follows[parent] = all
	}
}

// driveLocked lets those that come after a job do what it requires, which is not what it
// required before. Should a crash come before their acts are on disk, Open makes up for it.
func (s *Store) driveLocked(parent agent.ID) error {
	for _, id := range s.follows[parent] {
		if err := s.catchUpLocked(id); err != nil {
			return err
		}
	}
	return nil
}

// catchUpLocked lets one job do what those it comes after require.
func (s *Store) catchUpLocked(id agent.ID) error {
	r, err := s.recordLocked(id)
	if err != nil {
		return err
	}
	parents, err := s.parentsLocked(&r.Job.Spec)
	if err != nil {
		return err
	}
	tokens := r.Tokens
	_, err = s.actLocked(r, nil, func(e *agent.Entry, now time.Time) error {
		e.Follow(parents, now)
		return nil
	})
	s.fenceLocked(r, tokens)
	return err
}

// fenceLocked forgets the leases of a job that had these tokens and has not any more:
// their time must not run out on whoever comes next.
func (s *Store) fenceLocked(r *record, tokens []uint64) {
	for i, token := range tokens {
		if l := s.leases[token]; l != nil && (i >= len(r.Tokens) || r.Tokens[i] != token) {
			s.letGoLocked(l)
		}
	}
}

// parentsLocked returns the jobs that one comes after, nil for those that are no more.
func (s *Store) parentsLocked(spec *agent.Spec) ([]*agent.Job, error) {
	var parents []*agent.Job
	for _, id := range spec.After {
		r, err := s.recordLocked(id)
		switch {
		case agent.CodeOf(err) == agent.NotFound:
			parents = append(parents, nil)
		case err != nil:
			return nil, err
		default:
			parents = append(parents, &r.Job)
		}
	}
	return parents, nil
}

// followAll lets every job that comes after others do what they require: a crash may
// have come between their acts and its own.
func (s *Store) followAll() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.followAllLocked()
}

func (s *Store) followAllLocked() error {
	for _, parent := range slices.Sorted(maps.Keys(s.follows)) {
		if err := s.driveLocked(parent); err != nil {
			return err
		}
	}
	return nil
}

// allowedLocked returns an error for a Spec that names what is not there.
func (s *Store) allowedLocked(spec *agent.Spec) error {
	if _, ok := s.rules.Group(spec.Group); !ok {
		return agent.NoGroup(spec.Group)
	}
	for _, id := range spec.After {
		if _, err := s.recordLocked(id); err != nil {
			return err
		}
	}
	return nil
}
