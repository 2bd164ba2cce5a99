package repo

import (
	"errors"
	"os"
	"path/filepath"
)

// errLocked says that somebody else holds a lock.
var errLocked = errors.New("locked by another process")

// fileLock is a lock of the operating system on a file that exists for nothing else.
// It ends with the process that holds it, however that ends, so that there is never a
// stale lock to judge by age. A child process that is given the file holds it too, and
// goes on when we end: that is why releasing it only closes the file, and why it is
// not gofrs/flock, which unlocks for the child as well and hands no file out.
//
// A lock file is never removed: who opened it before would hold a lock that nobody
// who comes later can see.
type fileLock struct{ file *os.File }

// holding is how a lock is held.
type holding bool

const (
	shared    holding = false // with others that share it
	exclusive holding = true
)

// tryFileLock takes the lock at path for us alone, without waiting. The error is
// errLocked when another holder, in this process or another, has it.
func tryFileLock(path string) (*fileLock, error) { return openFileLock(path, exclusive, false) }

// lock waits for the mirror's lock, which keeps GC from removing what a commit is
// about to use: who adds objects shares it, who removes them has it alone.
func (m *mirror) lock(how holding) (*fileLock, error) {
	return openFileLock(filepath.Join(m.dir, "lock"), how, true)
}

func openFileLock(path string, how holding, wait bool) (*fileLock, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lockFile(file, how, wait); err != nil {
		file.Close()
		if !errors.Is(err, errLocked) {
			err = &os.PathError{Op: "lock", Path: path, Err: err}
		}
		return nil, err
	}
	return &fileLock{file: file}, nil
}

// release gives the lock up.
func (l *fileLock) release() error { return l.file.Close() }
