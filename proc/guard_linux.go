package proc

import (
	"math"
	"syscall"

	"golang.org/x/sys/unix"
)

// adopt makes this process the parent of every orphan among its descendants, however
// they forked and whatever session they made.
func adopt() {
	_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) // since Linux 3.4
}

// keepPrivate keeps the guard's own pipes, and whatever our process was started with,
// from the command.
func keepPrivate() {
	if unix.CloseRange(3, math.MaxInt32, unix.CLOSE_RANGE_CLOEXEC) != nil { // before Linux 5.11
		syscall.CloseOnExec(3)
		syscall.CloseOnExec(4)
		syscall.CloseOnExec(5)
	}
}

// commandAttr gives the command a session of its own, so that signals to its group,
// `kill 0` among them, do not reach the guard, and ends it should the guard be killed.
func commandAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
}

func dup(from, to int) error { return unix.Dup3(from, to, 0) }

// groupEmpty: the group lies below the guard, which has seen that nothing does.
func groupEmpty(int) bool { return true }
