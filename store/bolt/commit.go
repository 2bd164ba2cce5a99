package bolt

import (
	"runtime"
	"time"

	"codeagent.dev/agent"
)

const (
	batchActs  = 1024
	batchBytes = 8 << 20  // half a segment of the journal
	maxBehind  = 16 << 20 // bytes that may wait for the disk with nobody waiting for them
)

// batch is a number of acts that are committed together, as one record of the journal.
// done is closed when they are on disk, or when err says why they are not.
type batch struct {
	seq     uint64 // the record's number
	puts    []put
	acts    []*act
	size    int64
	awaited int // acts that somebody waits for
	kept    int // acts to come that there is room for, whatever their size
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
	r.Entry = next
	a.rec, a.entry = r, next
	s.useLocked(r)
	p, _ := s.line.Get(next.Job.ID)
	s.standLocked(&next.Job, p.Queued)
	s.giveLocked(a)
	r.last = s.last
	s.linkLocked(a)
}

// giveLocked gives an act to the committer.
func (s *Store) giveLocked(a *act) {
	if s.last == nil || s.last.kept == 0 {
		s.openBatchLocked(1)
	}
	s.last.kept--
	s.last.acts = append(s.last.acts, a)
	s.last.size += a.size
	if a.behind == nil {
		s.last.awaited++
	}
	s.unsynced += a.size
	select {
	case s.work <- struct{}{}:
	default:
	}
}

// openBatchLocked makes sure that the newest batch waits and has room for so many acts,
// which are committed together then.
func (s *Store) openBatchLocked(acts int) {
	if len(s.queue) == 0 || s.queue[len(s.queue)-1].full(acts) {
		s.last = &batch{done: make(chan struct{})}
		s.queue = append(s.queue, s.last)
	}
	s.last.kept = acts
}

func (b *batch) full(more int) bool { return len(b.acts)+more > batchActs || b.size >= batchBytes }

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

// write makes b durable in the journal.
func (s *Store) write(b *batch) error {
	s.mu.Lock()
	idle := len(s.pending) == 0
	s.mu.Unlock()
	j := s.journal
	b.number(j.seq+1, s.totals) // only the committer changes the totals
	record := j.encode(b)
	switch {
	case idle:
		if err := j.rewind(j.now); err != nil {
			return err
		}
	case j.full(len(record)):
		if err := s.apply(j.other().last); err != nil {
			return err
		}
		if err := j.rewind(1 - j.now); err != nil {
			return err
		}
		s.later.Reset(0) // so that the one just left is free when this one is full
	}
	return j.write(record)
}

// number makes b a record: what its acts put, and the totals afterwards.
func (b *batch) number(seq uint64, sum totals) {
	b.seq = seq
	for _, a := range b.acts {
		b.puts = append(b.puts, a.puts...)
		a.puts = nil
		sum = sum.plus(a.delta)
	}
	b.puts = append(b.puts, put{bucketMeta, []byte(keyTotals), sum.encode()})
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
	if s.redrive { // it can be written again: what could not follow then does so now
		s.redrive = s.followAllLocked() != nil
	}
	s.unsynced -= b.size
	s.pendLocked(b)
	close(b.done)
}

// publishLocked shows a committed act to everybody who waits for it.
func (s *Store) publishLocked(a *act) {
	s.totals = s.totals.plus(a.delta)
	switch {
	case a.rules != nil:
		s.line.SetRules(*a.rules)
	case a.rec.gone:
		s.line.Remove(a.id)
	default:
		s.standLocked(&a.rec.Job, agent.QueuedOf(&a.entry.Job))
	}
	if a.rec != nil {
		s.followLocked(a)
	}
	for w := range s.watchers {
		w.add(a.id)
	}
	s.wakeLocked()
}

// failLocked gives up b and all that waits behind it, since that was built on a state
// that is not on disk, and goes back to what is.
func (s *Store) failLocked(b *batch, err error) {
	mayGoOn := refused(err)
	err = writeError(s.path, err)
	if !mayGoOn {
		s.breakLocked(err)
	}
	failed := append([]*batch{b}, s.queue...)
	s.queue, s.unsynced = nil, 0
	old := s.leases
	if s.broken == nil {
		if rerr := s.recoverLocked(); rerr != nil {
			s.breakLocked(rerr)
		}
		s.redrive = true
		s.wakeLocked()
	}
	for _, b := range failed {
		for _, a := range b.acts {
			if l := a.behind; l != nil && s.leases[l.token] != nil {
				s.leases[l.token].failed = err
			}
		}
		b.err, b.acts, b.puts = err, nil, nil
		close(b.done)
	}
	for token, l := range old {
		if s.leases[token] != l {
			l.timer.Stop()
		}
	}
}

// breakLocked ends all writing after an error that leaves unknown what is on disk.
func (s *Store) breakLocked(err error) {
	if s.broken == nil {
		s.broken = err
	}
	for len(s.waiters) > 0 {
		s.wakeLocked() // to learn that there will be nothing to claim
	}
}
