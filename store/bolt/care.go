package bolt

import (
	"context"
	"errors"
	"io"

	bolt "go.etcd.io/bbolt"
)

// Check reads the whole file and returns an Internal error for the first thing in it
// that is not consistent.
func (s *Store) Check(ctx context.Context) error {
	b, err := s.catchUp(ctx)
	if err != nil {
		return err
	}
	var first error
	err = s.read(b, func(tx *bolt.Tx) error {
		for err := range tx.Check() { // to its end: the sender waits for us
			if first == nil {
				first = damaged(s.path, err)
			}
		}
		return ctx.Err()
	})
	if first != nil {
		return first
	}
	return err
}

// Backup writes the file as it is at one moment to w, while the store goes on.
func (s *Store) Backup(ctx context.Context, w io.Writer) error {
	if _, err := s.catchUp(ctx); err != nil {
		return err
	}
	tx, err := s.whole()
	if err != nil {
		return writeError(s.path, err)
	}
	_, err = tx.WriteTo(w)
	return errors.Join(err, tx.Rollback())
}

// whole begins a read-only transaction in which the file needs no journal.
func (s *Store) whole() (tx *bolt.Tx, err error) {
	if err := s.apply(newest); err != nil {
		return nil, err
	}
	s.applying.Lock()
	defer s.applying.Unlock()
	err = guard(func() error {
		if err := s.db.Update(func(tx *bolt.Tx) error { return bucket(tx, bucketMeta).Put([]byte(keyWhole), []byte{1}) }); err != nil {
			return err
		}
		if tx, err = s.db.Begin(false); err != nil {
			return err
		}
		return s.db.Update(func(tx *bolt.Tx) error { return bucket(tx, bucketMeta).Delete([]byte(keyWhole)) })
	})
	if err != nil && tx != nil {
		_ = tx.Rollback() // what went wrong first is what matters
	}
	return tx, err
}
