//go:build unix

package repo

import (
	"errors"
	"os"
	"syscall"
)

func waitLock(f *os.File, how holding) error {
	op := syscall.LOCK_SH
	if how == exclusive {
		op = syscall.LOCK_EX
	}
	for {
		if err := syscall.Flock(int(f.Fd()), op); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
