package agent

import (
	"container/heap"
	"time"
)

// Line holds the jobs that are not done, and says whose turn it is and why the others
// wait. A turn costs the number of repositories, groups and makers among those that wait
// and not the number of jobs. It is not safe for concurrent use; the zero value is
// usable with the rules nobody has changed.
type Line struct {
	Turns Turns

	rules   Rules
	load    Load
	waiting map[string]int // queued variants by group
	places  map[ID]*seat
	lanes   map[laneKey]*lane
	later   byTime // those that wait for a time
	oldest  byID   // those with queued variants
}

// laneKey is what jobs have in common that may begin, or not, together.
type laneKey struct {
	repo, group, makers string
	now                 bool
}

// seat is a place in the line. Its indexes are -1 where it does not stand.
type seat struct {
	Place
	lane                  *lane
	inLane, inLater, inID int
}

// lane is a heap.
type lane struct {
	key laneKey
	all []*seat
}

// SetRules makes r the rules.
func (l *Line) SetRules(r Rules) { l.rules = r.Clone() }

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
		l.places, l.lanes, l.waiting = map[ID]*seat{}, map[laneKey]*lane{}, map[string]int{}
		l.load = Load{Repos: map[string]int{}, Groups: map[string]int{}}
	}
	s := l.places[p.ID]
	if s == nil {
		s = &seat{inLane: -1, inLater: -1, inID: -1}
		l.places[p.ID] = s
	}
	l.leave(s)
	l.count(&s.Place, -1)
	s.Place = p
	l.count(&s.Place, 1)
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

func (l *Line) join(s *seat) {
	key := laneKey{s.Repo, s.Group, s.Makers, s.Now}
	la := l.lanes[key]
	if la == nil {
		la = &lane{key: key}
		l.lanes[key] = la
	}
	s.lane = la
	heap.Push(la, s)
}

func (l *Line) leave(s *seat) {
	if s.inID >= 0 {
		heap.Remove(&l.oldest, s.inID)
	}
	if s.inLater >= 0 {
		heap.Remove(&l.later, s.inLater)
	}
	if s.inLane >= 0 {
		heap.Remove(s.lane, s.inLane)
		if len(s.lane.all) == 0 {
			delete(l.lanes, s.lane.key)
		}
		s.lane = nil
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
	for key, la := range l.lanes {
		s := la.all[0]
		switch {
		case c.Now && !key.now, !c.passes(key.makers):
		case best != nil && l.Turns.Before(&s.Place, &best.Place, &l.load) > 0:
		case !key.now && l.rules.blocksAll(key.repo, key.group, &l.load) != nil:
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

// Why returns why a job's queued variants have not begun, nil when it has none.
func (l *Line) Why(id ID, now time.Time) *Waiting {
	s := l.places[id]
	if s == nil || s.Queued == 0 {
		return nil
	}
	if w := l.rules.Blocks(&s.Place, &l.load, now); w != nil {
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

// The heaps. Each tells its members where they are.

func (h *lane) Len() int           { return len(h.all) }
func (h *lane) Less(i, k int) bool { return h.all[i].before(&h.all[k].Place) < 0 }
func (h *lane) Swap(i, k int) {
	h.all[i], h.all[k] = h.all[k], h.all[i]
	h.all[i].inLane, h.all[k].inLane = i, k
}
func (h *lane) Push(v any) {
	s := v.(*seat)
	s.inLane = len(h.all)
	h.all = append(h.all, s)
}
func (h *lane) Pop() any {
	s := pop(&h.all)
	s.inLane = -1
	return s
}

type byTime []*seat

func (h byTime) Len() int { return len(h) }
func (h byTime) Less(i, k int) bool {
	if a, b := h[i].NotBefore, h[k].NotBefore; !a.Equal(b) {
		return a.Before(b)
	}
	return h[i].ID < h[k].ID
}
func (h byTime) Swap(i, k int) {
	h[i], h[k] = h[k], h[i]
	h[i].inLater, h[k].inLater = i, k
}
func (h *byTime) Push(v any) {
	s := v.(*seat)
	s.inLater = len(*h)
	*h = append(*h, s)
}
func (h *byTime) Pop() any {
	s := pop((*[]*seat)(h))
	s.inLater = -1
	return s
}

type byID []*seat

func (h byID) Len() int           { return len(h) }
func (h byID) Less(i, k int) bool { return h[i].ID < h[k].ID }
func (h byID) Swap(i, k int) {
	h[i], h[k] = h[k], h[i]
	h[i].inID, h[k].inID = i, k
}
func (h *byID) Push(v any) {
	s := v.(*seat)
	s.inID = len(*h)
	*h = append(*h, s)
}
func (h *byID) Pop() any {
	s := pop((*[]*seat)(h))
	s.inID = -1
	return s
}

func pop(all *[]*seat) *seat {
	old := *all
	s := old[len(old)-1]
	old[len(old)-1] = nil
	*all = old[:len(old)-1]
	return s
}
