// Package bolt is an agent.Store in one bbolt file with a journal beside it, for one
// process.
//
// What was acknowledged is on disk. A committer takes every act that waits, writes
// them to the journal as one record, syncs that once, and acknowledges; there is no
// timer, so a lone caller waits for one sync and many share it. The database, which
// takes two syncs and many scattered pages a commit, follows: soon, or at once when a
// reader needs it. Open makes up for what a crash left in the journal; Close leaves
// none. The ready queue, leases and their clocks
// are in memory and rebuilt by Open. A claim is written, but nobody waits for it: what
// ran when the process died is queued again, and counts towards the poison limit.
//
// Readers see committed state, and never less than what they were told before: they
// wait for the acts begun before them.
package bolt

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"codeagent.dev/agent"
)

// Options say where a Store lies and how it behaves.
type Options struct {
	Path      string        // the file; it and its directory are made when missing
	MaxClaims int           // lost workers that end a variant; 0: agent.DefaultMaxClaims
	LockWait  time.Duration // how long Open waits for another process to let go; 0: a second
}

// Store is an agent.Store in one bbolt file.
type Store struct {
	db        *bolt.DB
	journal   *journal
	path      string
	maxClaims int

	closing chan struct{} // closed by Close: streams and claims end
	work    chan struct{} // one token: the queue is not empty
	stopped chan struct{} // closed when the committer has ended
	later   *time.Timer   // runs applyLate

	applying sync.Mutex // held by whoever commits to the database; taken before mu

	mu       sync.Mutex
	closed   bool
	broken   error // set when the disk can no longer be trusted
	lastID   agent.ID
	token    uint64 // the newest lease's; its high bits count the openings of the file
	records  map[agent.ID]*record
	leases   map[uint64]*lease       // by token
	keys     map[string]*record      // jobs with this Key that the database does not know
	queue    []*batch                // what the committer has not yet taken
	last     *batch                  // the newest batch that was begun
	pending  []*batch                // those in the journal, and not yet in the database
	unsynced int64                   // bytes in acts not yet committed
	totals   totals                  // as committed
	line     agent.Line              // who is next: what can be claimed as committed, what runs as begun
	rules    agent.Rules             // as begun
	follows  map[agent.ID][]agent.ID // who comes after a job, as begun, in order
	redrive  bool                    // acts were lost that followers may have been part of
	waiters  []*waiter               // claims that wait, the oldest first
	alarm    *time.Timer             // runs ring when a job's time has come
	tails    map[agent.ID]*tail
	watchers map[*watcher]struct{}
}

// record is a job that something is being done to. Its entry is ahead of the database
// by the acts in batches not yet applied. Spec.Text is left out.
type record struct {
	*agent.Entry
	text *string // Spec.Text, until it is in the database
	last *batch  // the newest batch with an act on it
	gone bool    // removed, though perhaps not yet from disk
	uses int     // acts not yet applied, and leases
}

var _ agent.Store = (*Store)(nil)

// Close ends streams and claims, waits for the acts under way, and lets go of the file.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		<-s.stopped
		return nil
	}
	s.closed = true
	for _, l := range s.leases {
		l.timer.Stop()
	}
	close(s.closing)
	s.mu.Unlock()
	<-s.stopped
	s.later.Stop()
	s.alarm.Stop()
	err := s.finish()
	s.applying.Lock() // an apply under way ends
	defer s.applying.Unlock()
	if cerr := s.db.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return writeError(s.path, err)
	}
	return nil
}

// finish makes the file whole and removes the journal, which stays when that fails.
func (s *Store) finish() error {
	defer s.journal.close()
	if err := s.apply(newest); err != nil {
		return err
	}
	// With the free pages on disk the next Open need not look for them.
	s.db.NoFreelistSync = false
	err := s.db.Update(func(tx *bolt.Tx) error {
		meta := bucket(tx, bucketMeta)
		return errors.Join(
			meta.Put([]byte(keyClean), []byte{1}),
			meta.Put([]byte(keyWhole), []byte{1}),
		)
	})
	if err != nil {
		return err
	}
	s.journal.close()
	for _, path := range segmentPaths(s.path) {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}

// begin locks the store for one act.
func (s *Store) begin(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	if err := s.usableLocked(); err != nil {
		s.mu.Unlock()
		return err
	}
	return nil
}

func (s *Store) usableLocked() error {
	if s.closed {
		return errClosed()
	}
	return s.broken
}

func errClosed() error { return agent.Errorf(agent.Unavailable, "the store is closed") }

// view runs a read-only transaction.
func (s *Store) view(read func(tx *bolt.Tx) error) error {
	return s.viewError(guard(func() error { return s.db.View(read) }))
}

func (s *Store) viewError(err error) error {
	switch {
	case errors.Is(err, berrors.ErrDatabaseNotOpen):
		return errClosed()
	case errors.Is(err, errFault):
		return damaged(s.path, err)
	}
	return err
}

// recordLocked returns the record of a job, read from disk if nothing is being done
// to it. Only records with uses are kept.
func (s *Store) recordLocked(id agent.ID) (*record, error) {
	if r, ok := s.records[id]; ok {
		if r.gone {
			return nil, agent.NoJob(id)
		}
		return r, nil
	}
	r := &record{}
	err := s.view(func(tx *bolt.Tx) (err error) {
		r.Entry, err = readEntry(tx, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

func (s *Store) useLocked(r *record) {
	r.uses++
	s.records[r.Job.ID] = r
}

func (s *Store) dropLocked(r *record) {
	if r.uses--; r.uses == 0 && s.records[r.Job.ID] == r {
		delete(s.records, r.Job.ID)
	}
}

// actLocked does one thing to a record and queues what that writes. It returns the
// batch to wait for, and nil when there is nothing to wait for. With behind set the
// holder of that lease will not wait, and learns of a failure by its next act. The puts
// are written as well.
func (s *Store) actLocked(r *record, behind *lease, do func(e *agent.Entry, now time.Time) error, puts ...put) (*batch, error) {
	next := r.Clone()
	if err := do(next, time.Now()); err != nil {
		return r.last, err
	}
	if next.Job.Events == r.Job.Events {
		return r.last, nil
	}
	a, err := changed(r.Entry, next)
	if err != nil {
		return nil, err
	}
	a.behind = behind
	for _, p := range puts {
		a.put(p.bucket, p.key, p.value)
	}
	if a.text != nil {
		r.text, next.Job.Spec.Text = a.text, ""
	}
	before := r.Job.Followed()
	s.enqueueLocked(r, next, a)
	if r.Job.Followed() != before {
		if err := s.driveLocked(r.Job.ID); err != nil {
			return nil, err
		}
	}
	return r.last, nil
}
