package proc

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// members returns the ids of all processes below root. adopt keeps the command's group
// there as well.
//
// Who a process started is read from the process itself, so that the cost is that of the
// tree and not of everything that runs: two hundred guards that each read the whole
// table would be all that a small machine does. A list read while the process goes on
// may lack some, proc_pid_task(5): killTree looks again once all are stopped.
func members(root, _ int) (map[int]bool, error) {
	tree := map[int]bool{}
	for queue := []int{root}; len(queue) > 0; {
		last := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		children, err := childrenOf(last)
		if err != nil && last == root {
			return scanned(root)
		}
		for _, pid := range children {
			if !tree[pid] {
				tree[pid] = true
				queue = append(queue, pid)
			}
		}
	}
	return tree, nil
}

// childrenOf reads /proc/PID/task/*/children, which kernels built without CONFIG_PROC_CHILDREN lack.
func childrenOf(pid int) (children []int, err error) {
	dir := "/proc/" + strconv.Itoa(pid) + "/task"
	threads, err := readNames(dir)
	for _, thread := range threads {
		text, readErr := os.ReadFile(filepath.Join(dir, thread, "children"))
		if readErr != nil {
			err = readErr // this thread ended, or there is no such file
			continue
		}
		for _, field := range bytes.Fields(text) {
			if child, err := strconv.Atoi(string(field)); err == nil {
				children = append(children, child)
			}
		}
	}
	if len(children) > 0 {
		err = nil
	}
	return children, err
}

func readNames(path string) ([]string, error) {
	dir, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return dir.Readdirnames(-1)
}

// scanned is members by the whole process table.
func scanned(root int) (map[int]bool, error) {
	names, err := readNames("/proc")
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
		if parent, ok := readParent(pid, buf[:]); ok {
			table = append(table, entry{pid: pid, parent: parent})
		}
	}
	return below(root, table), nil
}

// readParent reads "pid (name) state ppid …", proc_pid_stat(5). The name may hold spaces
// and parentheses.
func readParent(pid int, buf []byte) (parent int, ok bool) {
	fd, err := syscall.Open("/proc/"+strconv.Itoa(pid)+"/stat", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return 0, false // ended meanwhile
	}
	n, _ := syscall.Read(fd, buf)
	_ = syscall.Close(fd)
	fields := bytes.Fields(buf[max(0, 1+bytes.LastIndexByte(buf[:max(n, 0)], ')')):max(n, 0)])
	if len(fields) < 2 {
		return 0, false
	}
	parent, err = strconv.Atoi(string(fields[1]))
	return parent, err == nil
}
