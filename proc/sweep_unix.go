//go:build linux || darwin

package proc

import (
	"os"
	"syscall"
	"time"
)

// sweepPatience bounds a guard's attempts to end what a command left; what is left
// then belongs to another user or is stuck in the kernel.
const sweepPatience = 5 * time.Second

// freezePatience bounds one attempt to stop a tree that goes on forking.
const freezePatience = time.Second

// sweep ends every process below this one, and the group of the command, and returns
// how many it could not end. alone is closed once no child is left.
func sweep(group int, alone <-chan struct{}) (left int) {
	deadline := time.Now().Add(sweepPatience)
	lonely := false
	for pause := 100 * time.Microsecond; ; pause = min(2*pause, 20*time.Millisecond) {
		select {
		case <-alone:
			lonely, alone = true, nil
		default:
		}
		if lonely && groupEmpty(group) {
			return 0
		}
		found, denied := killTree(group)
		if time.Now().After(deadline) || found > 0 && found == denied {
			return max(found, 1)
		}
		select {
		case <-alone:
			lonely, alone = true, nil
		case <-time.After(pause):
		}
	}
}

// killTree stops every process of the tree, looking again until no new one appears,
// and then kills them. Stopping first has two reasons. A stopped process neither forks
// nor restarts a sibling, so the tree cannot outrun the search. And it does not exit,
// so its id, seen in the tree again after it was stopped, cannot have passed to a
// stranger: only such ids are killed, and a stranger stopped by mistake is continued.
func killTree(group int) (found, denied int) {
	deadline := time.Now().Add(freezePatience)
	stopped := map[int]bool{}
	for {
		tree, err := members(os.Getpid(), group)
		if err != nil { // no process table: the group is all we know
			if syscall.Kill(-group, syscall.SIGKILL) == syscall.EPERM {
				return 1, 1
			}
			return 1, 0
		}
		fresh := 0
		for pid := range tree {
			if !stopped[pid] {
				fresh++
				_ = syscall.Kill(pid, syscall.SIGSTOP)
			}
		}
		if fresh == 0 || time.Now().After(deadline) {
			return len(tree), killStopped(tree, stopped)
		}
		for pid := range tree {
			stopped[pid] = true
		}
	}
}

// killStopped kills what was stopped and is of the tree, and counts refusals.
func killStopped(tree, stopped map[int]bool) (denied int) {
	for pid := range stopped {
		if !tree[pid] {
			_ = syscall.Kill(pid, syscall.SIGCONT)
		} else if syscall.Kill(pid, syscall.SIGKILL) == syscall.EPERM {
			denied++
		}
	}
	return denied
}

// entry is a row of the process table.
type entry struct{ pid, parent, group int }

// members returns the ids of all processes below root and, where orphans do not stay
// below it, of those in the group.
func members(root, group int) (map[int]bool, error) {
	table, err := processTable()
	if err != nil {
		return nil, err
	}
	children := make(map[int][]int, len(table))
	tree := map[int]bool{}
	queue := []int{root}
	for _, e := range table {
		children[e.parent] = append(children[e.parent], e.pid)
		if orphansEscape && e.group == group && e.pid != root {
			tree[e.pid] = true
			queue = append(queue, e.pid)
		}
	}
	for len(queue) > 0 {
		last := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		for _, pid := range children[last] {
			if !tree[pid] {
				tree[pid] = true
				queue = append(queue, pid)
			}
		}
	}
	return tree, nil
}
