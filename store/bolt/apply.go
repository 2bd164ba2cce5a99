package bolt

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
)

// lag is how long batches may wait in the journal when nobody asks for them. Whatever
// comes within it shares one commit, and rows that change again are written once.
const lag = 100 * time.Millisecond

// lagRefused takes its place after the system refused the database space.
const lagRefused = 10 * time.Second

// pendLocked remembers a batch that is in the journal and not in the database.
func (s *Store) pendLocked(b *batch) {
	if len(s.pending) == 0 {
		s.later.Reset(lag)
	}
	s.pending = append(s.pending, b)
}

// applyLate is what the timer runs.
func (s *Store) applyLate() {
	again := lag
	if err := s.apply(newest); err != nil {
		again = lagRefused
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pending) > 0 && s.usableLocked() == nil {
		s.later.Reset(again)
	}
}

// newest stands for the newest record of the journal.
const newest = ^uint64(0)

// apply returns when record number seq is in the database, together with all that
// were journaled before it was called.
func (s *Store) apply(seq uint64) error {
	s.applying.Lock()
	defer s.applying.Unlock()
	s.mu.Lock()
	pending, broken := slices.Clone(s.pending), s.broken
	s.mu.Unlock()
	if broken != nil {
		return broken
	}
	if len(pending) == 0 || pending[0].seq > seq {
		return nil
	}
	err := guard(func() error {
		return s.db.Update(func(tx *bolt.Tx) error { return merge(tx, pending) })
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		if !refused(err) {
			s.breakLocked(writeError(s.path, err))
		}
		return err
	}
	for _, b := range pending {
		s.appliedLocked(b)
	}
	if s.pending = s.pending[len(pending):]; len(s.pending) == 0 {
		s.pending = nil
	}
	return nil
}

// appliedLocked lets go of what stood for rows not yet in the database.
func (s *Store) appliedLocked(b *batch) {
	for _, a := range b.acts {
		if s.keys[a.key] == a.rec {
			delete(s.keys, a.key)
		}
		if a.rec == nil {
			continue
		}
		if a.rec.text == a.text {
			a.rec.text = nil
		}
		s.dropLocked(a.rec)
	}
	b.acts, b.puts = nil, nil
}

// read runs a read-only transaction that sees at least what was done up to b.
func (s *Store) read(b *batch, read func(tx *bolt.Tx) error) error {
	if b != nil {
		switch err := s.apply(b.seq); {
		case err == nil:
		case refused(err):
			return s.viewPending(read)
		default:
			return writeError(s.path, err)
		}
	}
	return s.view(read)
}

// viewPending is view as if everything journaled were in the database, for when that
// cannot grow. It writes nothing.
func (s *Store) viewPending(read func(tx *bolt.Tx) error) error {
	s.mu.Lock()
	pending := slices.Clone(s.pending)
	s.mu.Unlock()
	return s.viewWith(pending, read)
}

func (s *Store) viewWith(pending []*batch, read func(tx *bolt.Tx) error) error {
	if len(pending) == 0 {
		return s.view(read)
	}
	onlyRead := errors.New("not to be committed")
	err := guard(func() error {
		return s.db.Update(func(tx *bolt.Tx) error {
			return cmp.Or(merge(tx, pending), read(tx), onlyRead)
		})
	})
	if errors.Is(err, onlyRead) {
		return nil
	}
	return s.viewError(err)
}

// merge writes those batches that the database does not have yet. They come in order,
// and of several puts of a row the last counts.
func merge(tx *bolt.Tx, batches []*batch) error {
	applied := getNumber(bucket(tx, bucketMeta), keyApplied)
	var puts []put
	for _, b := range batches {
		if b.seq > applied {
			puts, applied = append(puts, b.puts...), b.seq
		}
	}
	slices.SortStableFunc(puts, func(a, b put) int {
		return cmp.Or(strings.Compare(a.bucket, b.bucket), bytes.Compare(a.key, b.key))
	})
	w := newWriter(tx)
	for i, p := range puts {
		if i+1 < len(puts) && puts[i+1].bucket == p.bucket && bytes.Equal(puts[i+1].key, p.key) {
			continue
		}
		if err := w.put(p); err != nil {
			return err
		}
	}
	return w.put(put{bucketMeta, []byte(keyApplied), number(applied)})
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
	switch {
	case p.bucket == bucketAll:
		return w.wipe(p.key)
	case p.value == nil:
		return w.bucket(p.bucket).Delete(p.key)
	}
	return w.bucket(p.bucket).Put(p.key, p.value)
}

// wipe deletes every key that begins with a job's id.
func (w *writer) wipe(id []byte) error {
	for _, name := range []string{bucketJobs, bucketBodies, bucketDetails, bucketEvents} {
		var keys [][]byte
		c := w.bucket(name).Cursor()
		for k, _ := c.Seek(id); bytes.HasPrefix(k, id); k, _ = c.Next() {
			keys = append(keys, k)
		}
		for _, k := range keys {
			if err := w.bucket(name).Delete(k); err != nil {
				return err
			}
		}
	}
	return nil
}
