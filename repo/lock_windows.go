package repo

import (
	"os"

	"golang.org/x/sys/windows"
)

func waitLock(f *os.File, how holding) error {
	var flags uint32
	if how == exclusive {
		flags = windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	return windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &windows.Overlapped{})
}
