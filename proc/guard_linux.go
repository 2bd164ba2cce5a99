package proc

import (
	"bytes"
	"math"
	"os"
	"strconv"
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

const orphansEscape = false // adopt keeps them below the guard

// groupEmpty: the group lies below the guard, which has seen that nothing does.
func groupEmpty(int) bool { return true }

// processTable reads every /proc/PID/stat that there is.
func processTable() ([]entry, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	table := make([]entry, 0, len(names))
	var buf [512]byte
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if e, ok := readStat(pid, buf[:]); ok {
			table = append(table, e)
		}
	}
	return table, nil
}

// readStat reads "pid (name) state ppid pgrp …", proc_pid_stat(5). The name may hold
// spaces and parentheses.
func readStat(pid int, buf []byte) (entry, bool) {
	fd, err := syscall.Open("/proc/"+strconv.Itoa(pid)+"/stat", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return entry{}, false // ended meanwhile
	}
	n, _ := syscall.Read(fd, buf)
	_ = syscall.Close(fd)
	fields := bytes.Fields(buf[max(0, 1+bytes.LastIndexByte(buf[:max(n, 0)], ')')):max(n, 0)])
	if len(fields) < 3 {
		return entry{}, false
	}
	parent, err1 := strconv.Atoi(string(fields[1]))
	group, err2 := strconv.Atoi(string(fields[2]))
	return entry{pid, parent, group}, err1 == nil && err2 == nil
}
