package proc

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// adopt: this system has no subreaper. What the command orphans is found as long as it
// stays in the command's process group; a daemon that leaves it escapes.
func adopt() {}

func keepPrivate() {
	syscall.CloseOnExec(3)
	syscall.CloseOnExec(4)
	syscall.CloseOnExec(5)
}

// commandAttr gives the command a session of its own, so that signals to its group,
// `kill 0` among them, do not reach the guard.
func commandAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

func dup(from, to int) error { return unix.Dup2(from, to) }

// groupEmpty reports whether nothing that lives is in the group. A group of nothing but
// zombies answers EPERM.
func groupEmpty(group int) bool { return syscall.Kill(-group, 0) != nil }

// members returns the ids of all processes below root, and of those in the group with
// what is below them: orphans do not stay below the guard.
func members(root, group int) (map[int]bool, error) {
	rows, err := unix.SysctlKinfoProcSlice("kern.proc.all")
	if err != nil {
		return nil, err
	}
	table := make([]entry, len(rows))
	for i, r := range rows {
		table[i] = entry{pid: int(r.Proc.P_pid), parent: int(r.Eproc.Ppid)}
		if int(r.Eproc.Pgid) == group && table[i].pid != root {
			table[i].parent = root
		}
	}
	return below(root, table), nil
}

// hunt: there is no cheap way to find who holds a pipe. The group was killed.
func hunt(*os.File) {}
