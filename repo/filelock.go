package repo

import (
	"errors"
	"os"
)

// errLocked says that somebody else holds a lock.
var errLocked = errors.New("locked by another process")

// fileLock is an exclusive lock of the operating system on a file that exists for
// nothing else. It ends with the process that holds it, however that ends, so that
// there is never a stale lock to judge by age.
//
// A lock file is never removed: who opened it before would hold a lock that nobody
// who comes later can see.
type fileLock struct{ file *os.File }

// tryFileLock takes the lock at path without waiting. The error is errLocked when
// another holder, in this process or another, has it.
func tryFileLock(path string) (*fileLock, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lockFile(file); err != nil {
		file.Close()
		return nil, err
	}
	return &fileLock{file: file}, nil
}

// release gives the lock up.
func (l *fileLock) release() error { return l.file.Close() }
