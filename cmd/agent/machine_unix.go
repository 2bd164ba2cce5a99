//go:build unix

package main

import (
	"io/fs"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// freeSpace is how many bytes we may still use where dir is.
func freeSpace(dir string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return int64(st.Bavail) * int64(st.Bsize), nil
}

// owned reports whether a file is ours, and else whose.
func owned(info fs.FileInfo) (owner string, ours bool) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "", true
	}
	return "user " + strconv.Itoa(int(st.Uid)), int(st.Uid) == os.Geteuid()
}

// detached is how the demo's daemon is kept from the terminal's interrupts.
func detached() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }
