package monitor

import (
	"cmp"
	"slices"
	"strings"

	"codeagent.dev/agent"
)

// table is all jobs as rows, sorted, and those of them that the filter lets through. A
// change of one row costs a binary search and a move of memory, whatever their number.
type table struct {
	rows  map[agent.ID]*row
	gone  map[agent.ID]bool // removed: a page that was read before must not bring them back
	all   []*row            // sorted by by
	shown []*row            // of all, those that match
	by    sorting
	query query
	ended map[int64]int // jobs by the minute that they ended in
	seen  map[agent.ID]bool
}

func newTable() *table {
	return &table{rows: map[agent.ID]*row{}, gone: map[agent.ID]bool{}, ended: map[int64]int{}}
}

// sorting is an order of the list.
type sorting int

const (
	byNewest sorting = iota
	byState
	byRepo
	byAge
	byCost
	byPriority
	sortings // how many there are
)

func (s sorting) String() string {
	return [...]string{"newest", "state", "repository", "age", "cost", "priority"}[s]
}

// compare orders rows; it is 0 for the same job alone.
func (s sorting) compare(a, b *row) int {
	c := 0
	switch s {
	case byState:
		c = cmp.Compare(stateOrder(a), stateOrder(b))
	case byRepo:
		c = strings.Compare(a.repo, b.repo)
	case byAge:
		c = b.age().Compare(a.age())
	case byPriority:
		c = cmp.Or(cmp.Compare(stateOrder(a), stateOrder(b)), cmp.Compare(b.rank, a.rank))
	case byCost:
		c = cmp.Compare(b.micro, a.micro)
	}
	return cmp.Or(c, cmp.Compare(b.id, a.id))
}

// stateOrder puts first what a person must see: questions, then what runs, waits, is
// done.
func stateOrder(r *row) int {
	switch {
	case r.verdict == agent.NeedsInput || r.verdict == agent.NeedsApproval:
		return 0
	case r.state == agent.Running:
		return 1
	case r.state == agent.Queued:
		return 2
	}
	return 3
}

// put adds a row or replaces the job's older one. It reports whether anything changed.
func (t *table) put(r *row) bool {
	old := t.rows[r.id]
	if t.seen != nil {
		t.seen[r.id] = true
	}
	if t.gone[r.id] || old != nil && old.events >= r.events && old.waits == r.waits {
		return false
	}
	if old != nil {
		t.take(old)
	}
	t.rows[r.id] = r
	t.count(r, 1)
	t.all = t.insert(t.all, r)
	if t.query.matches(r) {
		t.shown = t.insert(t.shown, r)
	}
	return true
}

// merge adds the rows of a page. Those that are new come in at once, in the time that
// one walk along the list takes.
func (t *table) merge(page []*row) {
	fresh := make([]*row, 0, len(page))
	for _, r := range page {
		if t.rows[r.id] != nil || t.gone[r.id] {
			t.put(r)
			continue
		}
		if t.seen != nil {
			t.seen[r.id] = true
		}
		t.rows[r.id] = r
		t.count(r, 1)
		fresh = append(fresh, r)
	}
	slices.SortFunc(fresh, t.by.compare)
	t.all = t.union(t.all, fresh)
	t.shown = t.union(t.shown, slices.DeleteFunc(fresh, func(r *row) bool { return !t.query.matches(r) }))
}

// union merges two sorted lists into the first.
func (t *table) union(list, more []*row) []*row {
	i, k := len(list)-1, len(more)-1
	list = slices.Grow(list, len(more))[:len(list)+len(more)]
	for at := len(list) - 1; k >= 0; at-- {
		if i >= 0 && t.by.compare(list[i], more[k]) > 0 {
			list[at], i = list[i], i-1
		} else {
			list[at], k = more[k], k-1
		}
	}
	return list
}

// drop forgets a job that was removed.
func (t *table) drop(id agent.ID) {
	t.gone[id] = true
	if r := t.rows[id]; r != nil {
		t.take(r)
		delete(t.rows, id)
	}
}

// take takes a row out of both lists.
func (t *table) take(r *row) {
	t.count(r, -1)
	if i, ok := slices.BinarySearchFunc(t.all, r, t.by.compare); ok {
		t.all = slices.Delete(t.all, i, i+1)
	}
	if i, ok := t.index(r); ok {
		t.shown = slices.Delete(t.shown, i, i+1)
	}
}

func (t *table) insert(list []*row, r *row) []*row {
	i, _ := slices.BinarySearchFunc(list, r, t.by.compare)
	return slices.Insert(list, i, r)
}

// index is where r stands, or would stand, among the rows shown.
func (t *table) index(r *row) (int, bool) {
	return slices.BinarySearchFunc(t.shown, r, t.by.compare)
}

func (t *table) sort(by sorting) {
	t.by = by
	slices.SortFunc(t.all, by.compare)
	slices.SortFunc(t.shown, by.compare)
}

// filter shows the rows that q matches. One that only asks for more than the last looks
// through what that one found.
func (t *table) filter(q query) {
	from := t.all
	if q.narrows(t.query) {
		from = t.shown
	}
	t.query = q
	if q.empty() {
		t.shown = append(t.shown[:0], t.all...)
		return
	}
	shown := make([]*row, 0, len(from)/4)
	for _, r := range from {
		if q.matches(r) {
			shown = append(shown, r)
		}
	}
	t.shown = shown
}

// begin starts a reading of everything; end forgets what it did not find.
func (t *table) begin() { t.seen = make(map[agent.ID]bool, len(t.rows)) }

func (t *table) end() {
	for id := range t.rows {
		if t.seen != nil && !t.seen[id] {
			t.drop(id)
		}
	}
	t.seen = nil
}

// count keeps the number of jobs that ended in each minute.
func (t *table) count(r *row, n int) {
	if r.ended.IsZero() {
		return
	}
	minute := r.ended.Unix() / 60
	if t.ended[minute] += n; t.ended[minute] <= 0 {
		delete(t.ended, minute)
	}
}

// throughput is how many jobs ended within the hour before the Unix time now.
func (t *table) throughput(now int64) (jobs int) {
	for minute := now/60 - 59; minute <= now/60; minute++ {
		jobs += t.ended[minute]
	}
	return jobs
}
