package main

import (
	"io/fs"
	"syscall"

	"golang.org/x/sys/windows"
)

// owned reports whether a file is ours; access lists decide that here, and trying to
// write tells.
func owned(fs.FileInfo) (owner string, ours bool) { return "", true }

// detached is how the demo's daemon is kept from the console's interrupts.
func detached() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
}
