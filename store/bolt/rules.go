package bolt

import (
	"context"
	"encoding/json"
	"time"

	"codeagent.dev/agent"
)

// Rules implements agent.Jobs.
func (s *Store) Rules(ctx context.Context) (agent.Rules, error) {
	if _, err := s.catchUp(ctx); err != nil {
		return agent.Rules{}, err
	}
	if err := s.begin(ctx); err != nil {
		return agent.Rules{}, err
	}
	defer s.mu.Unlock()
	return s.line.Rules(), nil
}

// Rule implements agent.Jobs.
func (s *Store) Rule(ctx context.Context, c agent.RuleChange) (agent.Rules, error) {
	if err := s.begin(ctx); err != nil {
		return agent.Rules{}, err
	}
	b, err := s.ruleLocked(c)
	s.mu.Unlock()
	if err := outcome(b, err); err != nil {
		return agent.Rules{}, err
	}
	return s.Rules(ctx)
}

func (s *Store) ruleLocked(c agent.RuleChange) (*batch, error) {
	next := s.rules.Clone()
	if err := next.Apply(c, c.Op == agent.RuleUngroup && s.usesLocked(c.Group), time.Now()); err != nil {
		return nil, err
	}
	value, err := json.Marshal(next)
	if err != nil {
		return nil, err
	}
	a := &act{rules: &next}
	a.put(bucketMeta, []byte(keyRules), value)
	s.rules = next
	s.giveLocked(a)
	return s.last, nil
}

// usesLocked reports whether a job of the group is not Done, be it not yet on disk.
func (s *Store) usesLocked(group string) bool {
	for _, r := range s.records {
		if !r.gone && r.Job.State != agent.Done && r.Job.Spec.Group == group {
			return true
		}
	}
	return s.line.Uses(group)
}
