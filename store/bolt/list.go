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
	var rows [][]byte
	err = s.read(b, func(tx *bolt.Tx) error {
		ids, err := find(tx, &f)
		if err != nil {
			return err
		}
		jobs := bucket(tx, bucketJobs)
		for _, id := range ids {
			rows = append(rows, bytes.Clone(jobs.Get(idKey(id))))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	page := make([]agent.Job, 0, len(rows))
	for _, value := range rows { // decoded when the transaction is over
		e, err := decodeRow(value)
		if err != nil {
			return nil, err
		}
		page = append(page, e.Job)
	}
	return page, nil
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
