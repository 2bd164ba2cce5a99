package bolt

import (
	"context"
	"io"

	bolt "go.etcd.io/bbolt"
)

// Check reads the whole file and returns an Internal error for the first thing in it
// that is not consistent.
func (s *Store) Check(ctx context.Context) error {
	if err := s.catchUp(ctx); err != nil {
		return err
	}
	var first error
	err := s.view(func(tx *bolt.Tx) error {
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
	if err := s.catchUp(ctx); err != nil {
		return err
	}
	return s.view(func(tx *bolt.Tx) error {
		_, err := tx.WriteTo(w)
		return err
	})
}
