package maker

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"codeagent.dev/agent"
)

// doors count who is asked at the moment, so that no more are than may be.
type doors struct {
	mu      sync.Mutex
	inside  map[string]int // by provider or coding agent
	changed chan struct{}  // closed and replaced when something may have changed; nil: nobody waits
}

// change wakes those who wait for something to change.
func (d *doors) change() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.changeLocked()
}

func (d *doors) changeLocked() {
	if d.changed != nil {
		close(d.changed)
		d.changed = nil
	}
}

func (d *doors) waitLocked() <-chan struct{} {
	if d.changed == nil {
		d.changed = make(chan struct{})
	}
	return d.changed
}

// doorOf is the name that a maker's limit is under.
func doorOf(maker string) string {
	provider, _, _ := strings.Cut(maker, "/")
	return provider
}

// Enter waits until the maker may be asked one thing more, and returns what to call when
// it has answered. full is called first if it has to wait. The error is ctx's.
func (s *Set) Enter(ctx context.Context, maker string, full func(limit int)) (leave func(), err error) {
	door := doorOf(maker)
	limit := 0
	d := &s.doors
	for said := false; ; said = true {
		d.mu.Lock()
		limit = s.cfg.Load().Parallel[door] // settings change while we wait
		if limit == 0 || d.inside[door] < limit {
			break
		}
		changed := d.waitLocked()
		d.mu.Unlock()
		if !said {
			full(limit)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	defer d.mu.Unlock()
	if d.inside == nil {
		d.inside = map[string]int{}
	}
	if d.inside[door]++; d.inside[door] == limit {
		d.changeLocked()
	}
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.inside[door]--
		d.changeLocked() // there may be a limit by now
	}, nil
}

// Out is who cannot be asked at present.
type Out struct {
	Names   []string        // as agent.Claim.Without has them
	Changed <-chan struct{} // closed once that may be otherwise
	until   time.Time       // when the first of them has rested; zero: nobody rests
}

// Over returns what delivers when the first of those who rest has rested.
func (o *Out) Over() <-chan time.Time {
	if o.until.IsZero() {
		return nil
	}
	return time.After(min(time.Until(o.until), time.Minute)) // clocks jump
}

// Unavailable returns who cannot be asked: those that rest, and those that are asked as
// much as they may be.
func (s *Set) Unavailable() Out {
	s.doors.mu.Lock()
	out := Out{Changed: s.doors.waitLocked()}
	for door, limit := range s.cfg.Load().Parallel {
		if limit > 0 && s.doors.inside[door] >= limit {
			out.Names = append(out.Names, door)
		}
	}
	s.doors.mu.Unlock()
	for _, r := range s.ledger.Records() {
		if until, _, resting := s.ledger.Resting(r.Name); resting {
			out.Names = append(out.Names, r.Name)
			if out.until.IsZero() || until.Before(out.until) {
				out.until = until
			}
		}
	}
	slices.Sort(out.Names)
	return out
}

// Blocks returns why none of the makers can be asked, in terms of the one that can be
// soonest, and nil when one can.
func (s *Set) Blocks(makers []string) *agent.Waiting {
	var soonest *agent.Waiting
	for _, name := range makers {
		w := s.blocks(name)
		if w == nil {
			return nil
		}
		if soonest == nil || !w.Until.IsZero() && w.Until.Before(soonest.Until) || w.Until.IsZero() {
			soonest = w
		}
	}
	return soonest
}

func (s *Set) blocks(name string) *agent.Waiting {
	if until, why, resting := s.ledger.Resting(name); resting {
		return &agent.Waiting{For: agent.WaitMaker, What: name, Until: until, Why: why}
	}
	door := doorOf(name)
	limit := s.cfg.Load().Parallel[door]
	s.doors.mu.Lock()
	defer s.doors.mu.Unlock()
	if have := s.doors.inside[door]; limit > 0 && have >= limit {
		return &agent.Waiting{For: agent.WaitMaker, What: door, Have: have, Limit: limit}
	}
	return nil
}
