package client

import (
	"os/exec"
	"path/filepath"
	"syscall"
)

const createNoWindow = 0x08000000 // CREATE_NO_WINDOW, process creation flags

// detach keeps the daemon from the console: no window, and no ^C. DETACHED_PROCESS
// would do too, but then every console program it runs opens a window of its own.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP | createNoWindow}
}

// rootDir keeps the daemon from holding a directory that someone wants to remove.
func rootDir(program string) string { return filepath.VolumeName(program) + `\` }
