package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"codeagent.dev/agent"
)

// List implements agent.Jobs. It reads the rows of the page and, beside them, only
// index entries of the states or verdicts asked for.
func (s *Store) List(ctx context.Context, f agent.Filter) ([]agent.Job, error) {
	if err := f.Validate(); err != nil {
		return nil, err
	}
	b, err := s.catchUp(ctx)
	if err != nil {
		return nil, err
	}
	var page []agent.Job
	if f.Deep() || f.Sort != agent.SortID || f.Skip > 0 {
		page, err = s.search(b, &f)
	} else {
		page, err = s.page(b, &f)
	}
	if err != nil {
		return nil, err
	}
	s.explain(page)
	return page, nil
}

// explain says of each job why it waits.
func (s *Store) explain(page []agent.Job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for i := range page {
		if page[i].State != agent.Done {
			page[i].Waiting = s.line.Why(&page[i], now)
		}
	}
}

// page reads what the indexes find.
func (s *Store) page(b *batch, f *agent.Filter) ([]agent.Job, error) {
	var rows [][]byte
	err := s.read(b, func(tx *bolt.Tx) error {
		ids, err := find(tx, f)
		rows = rowsOf(tx, ids)
		return err
	})
	if err != nil {
		return nil, err
	}
	return decodeRows(rows)
}

// rowsOf copies rows, so that they can be decoded when the transaction is over.
func rowsOf(tx *bolt.Tx, ids []agent.ID) (rows [][]byte) {
	jobs := bucket(tx, bucketJobs)
	for _, id := range ids {
		rows = append(rows, bytes.Clone(jobs.Get(idKey(id))))
	}
	return rows
}

func decodeRows(rows [][]byte) ([]agent.Job, error) {
	page := make([]agent.Job, 0, len(rows))
	for _, value := range rows {
		e, err := decodeRow(value)
		if err != nil {
			return nil, err
		}
		page = append(page, e.Job)
	}
	return page, nil
}

// search looks at the rows of all jobs that the indexes leave.
func (s *Store) search(b *batch, f *agent.Filter) ([]agent.Job, error) {
	all := *f
	all.Limit, all.Skip = math.MaxInt, 0
	if f.Sort != agent.SortID {
		all.After = 0
	}
	var rows [][]byte
	err := s.read(b, func(tx *bolt.Tx) error {
		ids, err := find(tx, &all)
		if err != nil {
			return err
		}
		if ids, err = choose(tx, f, ids); err == nil {
			rows = rowsOf(tx, ids)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return decodeRows(rows)
}

// choose returns the page of those ids that f chooses, in its order. Sorted, it keeps no
// more of them than it may have to return.
func choose(tx *bolt.Tx, f *agent.Filter, ids []agent.ID) ([]agent.ID, error) {
	jobs, deep, sorted := bucket(tx, bucketJobs), f.Deep(), f.Sort != agent.SortID
	want := min(f.Skip, math.MaxInt32) + f.Limit
	var found []*agent.Job
	for _, id := range ids {
		if !sorted && len(found) == want {
			break
		}
		row := jobs.Get(idKey(id))
		if deep && !mayMatch(f, row) {
			continue
		}
		j, ok := &agent.Job{ID: id}, !sorted
		if sorted {
			j, ok = glance(f, id, row)
		}
		if deep || !ok {
			e, err := decodeRow(row)
			if err != nil {
				return nil, err
			}
			if j = &e.Job; !f.Matches(j) {
				continue
			}
		}
		if found = append(found, j); sorted && len(found) >= 2*want+1024 {
			found = best(f, found, want)
		}
	}
	if sorted {
		found = best(f, found, want)
	}
	var page []agent.ID
	for _, j := range found[min(f.Skip, len(found)):] {
		page = append(page, j.ID)
	}
	return page, nil
}

// best sorts jobs and keeps the first n.
func best(f *agent.Filter, jobs []*agent.Job, n int) []*agent.Job {
	slices.SortFunc(jobs, f.Compare)
	return slices.Delete(jobs, min(n, len(jobs)), len(jobs))
}

// find returns the ids of one page.
func find(tx *bolt.Tx, f *agent.Filter) ([]agent.ID, error) {
	if !f.EndedBefore.IsZero() {
		if ids, few := endedBefore(tx, f.EndedBefore); few {
			return findAmong(tx, f, ids)
		}
	}
	var scans []*scan
	for _, class := range classes(f) {
		if sc := newScan(tx, f, class); sc.ok {
			scans = append(scans, sc)
		}
	}
	var ids []agent.ID
	for len(scans) > 0 && len(ids) < f.Limit {
		next := slices.MinFunc(scans, func(a, b *scan) int {
			if f.Oldest {
				return int(a.id - b.id)
			}
			return int(b.id - a.id)
		})
		if next.endedBefore(f.EndedBefore) {
			ids = append(ids, next.id)
		}
		if next.step(); !next.ok {
			scans = slices.DeleteFunc(scans, func(sc *scan) bool { return sc == next })
		}
	}
	return ids, nil
}

// classes returns the classes that f's states and verdicts choose together.
func classes(f *agent.Filter) []byte {
	var all []byte
	add := func(state agent.State, verdict agent.Verdict, class byte) {
		if (len(f.States) == 0 || slices.Contains(f.States, state)) &&
			(len(f.Verdicts) == 0 || slices.Contains(f.Verdicts, verdict)) {
			all = append(all, class)
		}
	}
	if f.EndedBefore.IsZero() {
		add(agent.Queued, "", classQueued)
		add(agent.Running, "", classRunning)
	}
	for _, v := range verdicts {
		add(agent.Done, v, verdictClass(v))
	}
	return all
}

// scan walks one class's ids in the order asked for.
type scan struct {
	cursor *bolt.Cursor
	prefix []byte
	oldest bool
	id     agent.ID
	value  []byte
	ok     bool
}

func newScan(tx *bolt.Tx, f *agent.Filter, class byte) *scan {
	sc := &scan{cursor: bucket(tx, bucketClasses).Cursor(), prefix: []byte{class}, oldest: f.Oldest}
	if f.Repo != "" {
		sc.cursor = bucket(tx, bucketRepos).Cursor()
		sc.prefix = append(repoPrefix(f.Repo), class)
	}
	after := uint64(max(f.After, 0))
	switch {
	case f.Oldest:
		sc.set(sc.cursor.Seek(append(bytes.Clone(sc.prefix), number(after+1)...)))
	default:
		if after == 0 {
			after = math.MaxUint64
		}
		key, _ := sc.cursor.Seek(append(bytes.Clone(sc.prefix), number(after)...))
		if key == nil {
			sc.set(sc.cursor.Last())
		} else {
			sc.step()
		}
	}
	return sc
}

func (sc *scan) step() {
	if sc.oldest {
		sc.set(sc.cursor.Next())
	} else {
		sc.set(sc.cursor.Prev())
	}
}

func (sc *scan) set(key, value []byte) {
	id, ok := bytes.CutPrefix(key, sc.prefix)
	if sc.ok = ok && len(id) == 8; sc.ok {
		sc.id, sc.value = agent.ID(binary.BigEndian.Uint64(id)), value
	}
}

func (sc *scan) endedBefore(t time.Time) bool {
	return t.IsZero() || bytes.Compare(sc.value, timeKey(t)) < 0
}

// manyEnded is how many entries of the ended index are worth sorting. Beyond them a
// walk by id meets enough jobs that match.
const manyEnded = 4096

// endedBefore returns all jobs that ended before t, if they are few.
func endedBefore(tx *bolt.Tx, t time.Time) (ids []agent.ID, few bool) {
	limit := timeKey(t)
	c := bucket(tx, bucketEnded).Cursor()
	for k, _ := c.First(); len(k) == 16 && bytes.Compare(k[:8], limit) < 0; k, _ = c.Next() {
		if len(ids) == manyEnded {
			return nil, false
		}
		ids = append(ids, agent.ID(binary.BigEndian.Uint64(k[8:])))
	}
	return ids, true
}

// findAmong returns the page of those ids that match f.
func findAmong(tx *bolt.Tx, f *agent.Filter, ids []agent.ID) ([]agent.ID, error) {
	slices.Sort(ids)
	if !f.Oldest {
		slices.Reverse(ids)
	}
	var page []agent.ID
	for _, id := range ids {
		past := f.After == 0 || (f.Oldest && id > f.After) || (!f.Oldest && id < f.After)
		if !past || len(page) == f.Limit {
			continue
		}
		e, err := decodeRow(bucket(tx, bucketJobs).Get(idKey(id)))
		if err != nil {
			return nil, err
		}
		if f.Matches(&e.Job) {
			page = append(page, id)
		}
	}
	return page, nil
}
