package api

import (
	"path/filepath"

	"github.com/gofrs/flock"

	"codeagent.dev/agent"
)

// Lock is an exclusive lock of the operating system on a file. It ends with the
// process that holds it, however that ends, so a dead holder blocks nobody. The file
// stays: removing it would let two processes lock two files of one name.
type Lock struct{ file *flock.Flock }

// TryLock takes the lock on the file at path, which it creates, or returns nil at
// once when another holds it.
func TryLock(path string) (*Lock, error) {
	file := flock.New(path, flock.SetPermissions(0o600))
	ok, err := file.TryLock()
	if err != nil {
		return nil, agent.Errorf(agent.Internal, "the lock cannot be taken: %w", err).WithHint("check the owner and the rights of " + filepath.Dir(path))
	}
	if !ok {
		file.Close()
		return nil, nil
	}
	return &Lock{file}, nil
}

// Unlock lets go of the lock.
func (l *Lock) Unlock() error { return l.file.Unlock() }
