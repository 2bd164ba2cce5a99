//go:build unix

package client

import (
	"os/exec"
	"syscall"
)

// detach gives the daemon a session of its own, so that neither ^C nor the end of the
// terminal reaches it.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// rootDir keeps the daemon from holding a directory that someone wants to unmount.
func rootDir(string) string { return "/" }
