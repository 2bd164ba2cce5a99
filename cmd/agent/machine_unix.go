//go:build unix

package main

import (
	"io/fs"
	"os"
	"strconv"
	"syscall"
)

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
