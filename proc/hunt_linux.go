package proc

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// huntPatience bounds the search for what a killed guard left.
const huntPatience = 2 * time.Second

// huntQuiet is how many searches must find nobody: one can miss a process whose parent
// started it and ended while we looked elsewhere.
const huntQuiet = 4

// hunt kills every process that can write to the pipe, until none is left. It is what
// is left to do when the guard was killed, perhaps before it could say what it started:
// the command's processes are nobody's descendants then, but unless they closed both
// stdout and stderr they hold its output.
func hunt(pipe *os.File) {
	info, err := pipe.Stat()
	if err != nil {
		return
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return
	}
	name := fmt.Sprintf("pipe:[%d]", stat.Ino)
	deadline := time.Now().Add(huntPatience)
	for quiet := 0; quiet < huntQuiet && time.Now().Before(deadline); quiet++ {
		dirs, _ := filepath.Glob("/proc/[0-9]*/fd")
		for _, dir := range dirs {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
			if err == nil && pid != os.Getpid() && onlyWrites(dir, name) {
				quiet = -1
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
		time.Sleep(time.Millisecond)
	}
}

// onlyWrites reports whether a process holds the pipe's writing end and not its reading
// end. Who has both is a copy of ours about to execute another command's guard.
func onlyWrites(dir, pipe string) (writes bool) {
	fds, err := os.ReadDir(dir)
	if err != nil {
		return false // ended meanwhile, or another user's
	}
	for _, fd := range fds {
		link := filepath.Join(dir, fd.Name())
		if to, err := os.Readlink(link); err != nil || to != pipe {
			continue
		}
		info, err := os.Lstat(link) // its permissions are the descriptor's: proc_pid_fd(5)
		if err != nil {
			return false
		}
		if info.Mode()&0o200 == 0 {
			return false
		}
		writes = true
	}
	return writes
}
