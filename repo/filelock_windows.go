package repo

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lockFile locks an open file. The error is errLocked when it would have to wait and
// must not.
func lockFile(file *os.File, how holding, wait bool) error {
	var flags uint32
	if how == exclusive {
		flags |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	if !wait {
		flags |= windows.LOCKFILE_FAIL_IMMEDIATELY
	}
	err := windows.LockFileEx(windows.Handle(file.Fd()), flags, 0, 1, 0, new(windows.Overlapped))
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return errLocked
	}
	return err
}
