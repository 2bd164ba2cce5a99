package bolt

import (
	"os"
	"syscall"
)

// datasync is f.Sync without what reading the data back does not need, such as times.
func datasync(f *os.File) error {
	for {
		if err := syscall.Fdatasync(int(f.Fd())); err != syscall.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
