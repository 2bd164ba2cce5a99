package bolt

import (
	"runtime"
	"time"

	bolt "go.etcd.io/bbolt"

	"codeagent.dev/agent"
)

const (
	batchActs  = 1024
	batchBytes = 32 << 20 // keeps one transaction's memory in bounds
	maxBehind  = 16 << 20 // bytes that may wait for the disk with nobody waiting for them
)

// batch is a number of acts that are committed together. done is closed when they
// are on disk, or when err says why they are not.
type batch struct {
	acts    []*act
	size    int64
	awaited int // acts that somebody waits for
	done    chan struct{}
	err     error
}

// wait returns when everything up to b is settled.
func (b *batch) wait() error {
	if b == nil {
		return nil
	}
	<-b.done
	return b.err
}

// enqueueLocked makes next the record's entry and gives a to the committer.
func (s *Store) enqueueLocked(r *record, next *agent.Entry, a *act) {
	for _, v := range next.Job.Variants {
		if v.State != agent.Queued {
			s.ready.remove(slot{next.Job.ID, v.Number})
		}
	}
	r.Entry = next
	a.rec = r
	s.useLocked(r)
	if len(s.queue) == 0 || s.queue[len(s.queue)-1].full() {
		s.last = &batch{done: make(chan struct{})}
		s.queue = append(s.queue, s.last)
	}
	s.last.acts = append(s.last.acts, a)
	s.last.size += a.size
	if a.behind == nil {
		s.last.awaited++
	}
	s.unsynced += a.size
	r.last = s.last
	select {
	case s.work <- struct{}{}:
	default:
	}
}

func (b *batch) full() bool { return len(b.acts) >= batchActs || b.size >= batchBytes }

// commit is the committer: it takes what waits, writes it, and tells, until the store
// is closed and nothing waits.
func (s *Store) commit() {
	defer close(s.stopped)
	var callers int // in the last commit, and those who came during it
	var took time.Duration
	for {
		s.gather(callers, took)
		s.mu.Lock()
		var b *batch
		if len(s.queue) > 0 {
			b, s.queue = s.queue[0], s.queue[1:]
		}
		closed, broken := s.closed, s.broken
		s.mu.Unlock()
		switch {
		case b != nil:
			awaited, start := b.awaited, time.Now()
			err := broken
			if err == nil {
				err = s.write(b)
			}
			took, callers = time.Since(start), awaited+s.awaited()
			s.settle(b, err)
		case closed:
			return
		default:
			select {
			case <-s.work:
			case <-s.closing:
			}
		}
	}
}

// gather lets those come who were acknowledged by the last commit and go on with their
// next act, so that there may be as many acts as there are callers. Without it they
// would miss this commit and come in the next, and two halves would take turns for
// ever. It is no timer: a lone caller waits for nobody, and no more than a quarter of
// the last commit's time is spent.
func (s *Store) gather(callers int, took time.Duration) {
	if s.awaited() == 0 {
		return
	}
	for start := time.Now(); s.awaited() < callers && time.Since(start) < took/4; {
		runtime.Gosched()
	}
}

// awaited counts the acts that somebody waits for.
func (s *Store) awaited() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.queue {
		n += b.awaited
	}
	return n
}

// write commits b in one transaction.
func (s *Store) write(b *batch) error {
	sum := s.totals // only the committer changes them
	update := func(tx *bolt.Tx) error {
		w := newWriter(tx)
		for _, a := range b.acts {
			sum = sum.plus(a.delta)
			if err := w.write(a); err != nil {
				return err
			}
		}
		return w.put(put{bucketMeta, []byte(keyTotals), sum.encode()})
	}
	return guard(func() error { return s.db.Update(update) })
}

// writer keeps a transaction's buckets at hand.
type writer struct {
	tx      *bolt.Tx
	buckets map[string]*bolt.Bucket
}

func newWriter(tx *bolt.Tx) *writer {
	return &writer{tx, map[string]*bolt.Bucket{}}
}

func (w *writer) bucket(name string) *bolt.Bucket {
	b, ok := w.buckets[name]
	if !ok {
		b = bucket(w.tx, name)
		b.FillPercent = 0.9 // most keys are appended
		w.buckets[name] = b
	}
	return b
}

func (w *writer) put(p put) error {
	if p.value == nil {
		return w.bucket(p.bucket).Delete(p.key)
	}
	return w.bucket(p.bucket).Put(p.key, p.value)
}

func (w *writer) write(a *act) error {
	for _, p := range a.puts {
		if err := w.put(p); err != nil {
			return err
		}
	}
	if !a.wipe {
		return nil
	}
	prefix := idKey(a.rec.Job.ID)
	for _, name := range []string{bucketJobs, bucketBodies, bucketDetails, bucketEvents} {
		if err := wipe(w.bucket(name), prefix); err != nil {
			return err
		}
	}
	return nil
}

// wipe deletes every key that begins with prefix.
func wipe(b *bolt.Bucket, prefix []byte) error {
	var keys [][]byte
	c := b.Cursor()
	for k, _ := c.Seek(prefix); k != nil && string(k[:min(len(k), len(prefix))]) == string(prefix); k, _ = c.Next() {
		keys = append(keys, k)
	}
	for _, k := range keys {
		if err := b.Delete(k); err != nil {
			return err
		}
	}
	return nil
}

// settle acknowledges b, or fails it together with everything that was built on it.
func (s *Store) settle(b *batch, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.failLocked(b, err)
		return
	}
	for _, a := range b.acts {
		s.publishLocked(a)
	}
	s.unsynced -= b.size
	b.acts = nil
	close(b.done)
}

// publishLocked shows a committed act to everybody who waits for it.
func (s *Store) publishLocked(a *act) {
	s.totals = s.totals.plus(a.delta)
	delete(s.keys, a.key)
	for _, n := range a.ready {
		if a.rec.Job.Variants[n-1].State == agent.Queued { // not canceled since
			s.pushLocked(slot{a.rec.Job.ID, n}, a.rec.Job.Created)
		}
	}
	s.followLocked(a)
	for w := range s.watchers {
		w.add(a.rec.Job.ID)
	}
	s.dropLocked(a.rec)
}

// failLocked gives up b and all that waits behind it, since that was built on a state
// that is not on disk, and goes back to what is.
func (s *Store) failLocked(b *batch, err error) {
	mayGoOn := refused(err)
	err = writeError(s.path, err)
	if s.broken == nil && !mayGoOn {
		s.broken = err
	}
	failed := append([]*batch{b}, s.queue...)
	s.queue, s.unsynced = nil, 0
	old := s.leases
	if s.broken == nil {
		if rerr := s.recoverLocked(); rerr != nil {
			s.broken = rerr
		}
	}
	for _, b := range failed {
		for _, a := range b.acts {
			delete(s.keys, a.key)
			if l := a.behind; l != nil && s.leases[l.token] != nil {
				s.leases[l.token].failed = err
			}
		}
		b.err, b.acts = err, nil
		close(b.done)
	}
	for token, l := range old {
		if s.leases[token] != l {
			l.timer.Stop()
		}
	}
	for s.broken != nil && len(s.waiters) > 0 {
		s.wakeLocked() // to learn that there will be nothing to claim
	}
}
