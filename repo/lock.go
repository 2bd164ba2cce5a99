package repo

import (
	"os"
	"path/filepath"
)

// holding is how a mirror's lock is held.
type holding bool

const (
	shared    holding = false // by who adds objects
	exclusive holding = true  // by who removes them
)

// lock waits for the mirror's lock, which keeps GC from removing what a commit is
// about to use. Closing the file gives it up, and so does the end of the process.
func (m *mirror) lock(how holding) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(m.dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := waitLock(f, how); err != nil {
		f.Close()
		return nil, &os.PathError{Op: "lock", Path: f.Name(), Err: err}
	}
	return f, nil
}
