package agent

import (
	"container/heap"
	"slices"
)

// roadKey is what jobs have in common that may begin, or not, together, but for their
// repository.
type roadKey struct {
	group, makers string
	now           bool
}

// road is a heap of lanes, one a repository. Those at the repository's limit are not in
// the heap.
type road struct {
	key   roadKey
	line  *Line
	lanes map[string]*lane
	heap  []*lane
}

// seat is a place in the line. Its indexes are -1 where it does not stand.
type seat struct {
	Place
	lane                  *lane
	inLane, inLater, inID int
}

// lane is a heap of seats.
type lane struct {
	repo   string
	road   *road
	inRoad int
	all    []*seat
}

func (l *Line) join(s *seat) {
	key := roadKey{s.Group, s.Makers, s.Now}
	ro := l.roads[key]
	if ro == nil {
		ro = &road{key: key, line: l, lanes: map[string]*lane{}}
		l.roads[key] = ro
	}
	la := ro.lanes[s.Repo]
	if la == nil {
		la = &lane{repo: s.Repo, road: ro, inRoad: -1}
		ro.lanes[s.Repo] = la
		l.lanes[s.Repo] = append(l.lanes[s.Repo], la)
	}
	s.lane = la
	heap.Push(la, s)
	ro.fix(la)
}

func (l *Line) leave(s *seat) {
	if s.inID >= 0 {
		heap.Remove(&l.oldest, s.inID)
	}
	if s.inLater >= 0 {
		heap.Remove(&l.later, s.inLater)
	}
	if s.inLane < 0 {
		return
	}
	la := s.lane
	s.lane = nil
	heap.Remove(la, s.inLane)
	la.road.fix(la)
	if len(la.all) > 0 {
		return
	}
	if delete(la.road.lanes, la.repo); len(la.road.lanes) == 0 {
		delete(l.roads, la.road.key)
	}
	left := slices.DeleteFunc(l.lanes[la.repo], func(other *lane) bool { return other == la })
	if l.lanes[la.repo] = left; len(left) == 0 {
		delete(l.lanes, la.repo)
	}
}

// fix puts a lane where it belongs after something it is ordered by has changed.
func (ro *road) fix(la *lane) {
	limit := ro.line.rules.PerRepo
	open := len(la.all) > 0 && (ro.key.now || limit == 0 || ro.line.load.Repos[la.repo] < limit)
	switch in := la.inRoad >= 0; {
	case in && open:
		heap.Fix(ro, la.inRoad)
	case in:
		heap.Remove(ro, la.inRoad)
	case open:
		heap.Push(ro, la)
	}
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

func (ro *road) Len() int { return len(ro.heap) }
func (ro *road) Less(i, k int) bool {
	return ro.line.turns.Before(&ro.heap[i].all[0].Place, &ro.heap[k].all[0].Place, &ro.line.load) < 0
}
func (ro *road) Swap(i, k int) {
	ro.heap[i], ro.heap[k] = ro.heap[k], ro.heap[i]
	ro.heap[i].inRoad, ro.heap[k].inRoad = i, k
}
func (ro *road) Push(v any) {
	la := v.(*lane)
	la.inRoad = len(ro.heap)
	ro.heap = append(ro.heap, la)
}
func (ro *road) Pop() any {
	la := pop(&ro.heap)
	la.inRoad = -1
	return la
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

func pop[T any](all *[]*T) *T {
	old := *all
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*all = old[:len(old)-1]
	return last
}
