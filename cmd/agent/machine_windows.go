package main

import (
	"io/fs"
	"syscall"

	"golang.org/x/sys/windows"
)

// freeSpace is how many bytes we may still use where dir is.
func freeSpace(dir string) (int64, error) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, err
	}
	var free uint64
	err = windows.GetDiskFreeSpaceEx(name, &free, nil, nil)
	return int64(free), err
}

// owned reports whether a file is ours; access lists decide that here, and trying to
// write tells.
func owned(fs.FileInfo) (owner string, ours bool) { return "", true }

// detached is how the demo's daemon is kept from the console's interrupts.
func detached() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
}
