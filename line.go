package agent

import (
	"container/heap"
	"time"
)

// Line holds the jobs that are not done, and says whose turn it is and why the others
// wait. A turn costs the number of different groups and makers among those that wait,
// and neither that of jobs nor that of repositories. It is not safe for concurrent use;
// the zero value is usable with the rules nobody has changed.
type Line struct {
	turns   Turns
	rules   Rules
	load    Load
	waiting map[string]int // queued variants by group
	places  map[ID]*seat
	roads   map[roadKey]*road
	lanes   map[string][]*lane // by repository
	later   byTime             // those that wait for a time
	oldest  byID               // those with queued variants
}

// SetRules makes r the rules.
func (l *Line) SetRules(r Rules) {
	old := l.rules.PerRepo
	l.rules = r.Clone()
	if old != r.PerRepo {
		for repo := range l.lanes {
			l.rank(repo)
		}
	}
}

// Serve notes that a variant of the repository was claimed, and returns the number of
// this turn.
func (l *Line) Serve(repo string) uint64 {
	turn := l.turns.Serve(repo)
	l.rank(repo)
	return turn
}

// Recall notes a turn that was served before.
func (l *Line) Recall(repo string, turn uint64) {
	l.turns.Recall(repo, turn)
	l.rank(repo)
}

// rank puts the lanes of a repository where its load and its turn put them.
func (l *Line) rank(repo string) {
	for _, la := range l.lanes[repo] {
		la.road.fix(la)
	}
}

// Rules returns the rules with the groups' present numbers.
func (l *Line) Rules() Rules {
	r := l.rules.Clone()
	if len(r.Groups) == 0 {
		r = NewRules()
	}
	r.Running = l.load.All
	for i := range r.Groups {
		g := &r.Groups[i]
		g.Running, g.Waiting = l.load.Groups[g.Name], l.waiting[g.Name]
	}
	return r
}

// Uses reports whether a job of the group is in the line.
func (l *Line) Uses(group string) bool {
	for _, s := range l.places {
		if s.Group == group {
			return true
		}
	}
	return false
}

// Get returns a job's place as it was put last.
func (l *Line) Get(id ID) (Place, bool) {
	s, ok := l.places[id]
	if !ok {
		return Place{}, false
	}
	return s.Place, true
}

// Put sets a job's place. One without queued and running variants leaves the line.
func (l *Line) Put(p Place) {
	if l.places == nil {
		l.places, l.waiting = map[ID]*seat{}, map[string]int{}
		l.roads, l.lanes = map[roadKey]*road{}, map[string][]*lane{}
		l.load = Load{Repos: map[string]int{}, Groups: map[string]int{}}
	}
	s := l.places[p.ID]
	if s == nil {
		s = &seat{inLane: -1, inLater: -1, inID: -1}
		l.places[p.ID] = s
	}
	l.leave(s)
	old := s.Place
	l.count(&old, -1)
	s.Place = p
	l.count(&s.Place, 1)
	if old.Running > 0 && (old.Running != p.Running || old.Repo != p.Repo) {
		l.rank(old.Repo)
	}
	if p.Running > 0 && (old.Running != p.Running || old.Repo != p.Repo) {
		l.rank(p.Repo)
	}
	if p.Queued == 0 && p.Running == 0 {
		delete(l.places, p.ID)
		return
	}
	l.enter(s)
}

// Remove takes a job out of the line.
func (l *Line) Remove(id ID) { l.Put(Place{ID: id}) }

func (l *Line) count(p *Place, by int) {
	if p.Repo == "" {
		return // not counted yet
	}
	l.load.All += by * p.Running
	add(l.load.Repos, p.Repo, by*p.Running)
	add(l.load.Groups, p.Group, by*p.Running)
	for q := p.Queued; q != 0; q &= q - 1 {
		add(l.waiting, p.Group, by)
	}
}

func add(m map[string]int, key string, by int) {
	if by == 0 {
		return
	}
	if m[key] += by; m[key] == 0 {
		delete(m, key)
	}
}

// enter puts s where it belongs.
func (l *Line) enter(s *seat) {
	if s.Queued == 0 {
		return
	}
	heap.Push(&l.oldest, s)
	switch {
	case s.After != "":
	case s.Now:
		l.join(s)
	case s.Hold:
	case !s.NotBefore.IsZero():
		heap.Push(&l.later, s) // Next moves it on
	default:
		l.join(s)
	}
}

// Next returns the variant whose turn it is. It stays where it is until its job is put
// again.
func (l *Line) Next(c *Claim, now time.Time) (Ref, bool) {
	for len(l.later) > 0 && !l.later[0].NotBefore.After(now) {
		s := l.later[0]
		heap.Pop(&l.later)
		l.join(s)
	}
	var best *seat
	for key, ro := range l.roads {
		if len(ro.heap) == 0 {
			continue
		}
		s := ro.heap[0].all[0]
		switch {
		case c.Now && !key.now, !c.passes(key.makers):
		case best != nil && l.turns.Before(&s.Place, &best.Place, &l.load) > 0:
		case !key.now && l.rules.blocksAll(s.Repo, key.group, &l.load) != nil:
		default:
			best = s
		}
	}
	if best == nil {
		return Ref{}, false
	}
	return Ref{Job: best.ID, Variant: best.Variant()}, true
}

// Wakes returns when the next job that waits for a time may begin; zero: none does.
func (l *Line) Wakes() time.Time {
	if len(l.later) == 0 {
		return time.Time{}
	}
	return l.later[0].NotBefore
}

// Why returns why the queued variants of a job, which need not stand in the line as it
// is given, have not begun; nil when it has none.
func (l *Line) Why(j *Job, now time.Time) *Waiting {
	p := PlaceOf(j)
	if p.Queued == 0 {
		return nil
	}
	if w := l.rules.Blocks(&p, &l.load, now); w != nil {
		return w
	}
	return &Waiting{For: WaitWorker}
}

// Oldest returns when the oldest job with queued variants was submitted; zero: there is none.
func (l *Line) Oldest() time.Time {
	if len(l.oldest) == 0 {
		return time.Time{}
	}
	return l.oldest[0].Created
}
