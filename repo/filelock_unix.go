//go:build unix

package repo

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// lockFile locks an open file. The error is errLocked when it would have to wait and
// must not.
func lockFile(file *os.File, how holding, wait bool) error {
	op := unix.LOCK_SH
	if how == exclusive {
		op = unix.LOCK_EX
	}
	if !wait {
		op |= unix.LOCK_NB
	}
	for {
		err := unix.Flock(int(file.Fd()), op)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EWOULDBLOCK):
			return errLocked
		}
		return err
	}
}
