package repo

import (
	"errors"
	"os"
	"syscall"
)

// The flags of sync_file_range(2).
const (
	syncWaitBefore = 1
	syncWrite      = 2
	syncWaitAfter  = 4
)

// startWriting begins to bring the file's data to disk.
func startWriting(f *os.File) error { return syncRange(f, syncWrite) }

// waitWritten returns when the file's data is on disk. The file's length and the
// disk's own cache are for one fsync after the last file.
func waitWritten(f *os.File) error { return syncRange(f, syncWaitBefore|syncWrite|syncWaitAfter) }

func syncRange(f *os.File, flags int) error {
	err := syscall.SyncFileRange(int(f.Fd()), 0, 0, flags)
	if errors.Is(err, syscall.ENOSYS) || errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ESPIPE) {
		return f.Sync()
	}
	return err
}
