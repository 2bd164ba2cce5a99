//go:build linux || darwin

package proc

import (
	"maps"
	"os"
	"syscall"
	"time"
)

// A guard gives up on what a command left once nothing changed for sweepPatience and
// sweepLooks: what is left then belongs to another user or is stuck in the kernel. The
// looks are counted as well, because on a busy machine seconds pass between two of them.
const (
	sweepPatience = 5 * time.Second
	sweepLooks    = 50
	sweepLimit    = time.Minute // of all attempts, whatever changes meanwhile
)

// Stopping a tree that goes on forking ends after freezePatience and freezeLooks.
const (
	freezePatience = time.Second
	freezeLooks    = 20
)

// sweep ends every process below this one, and the group of the command, and returns
// how many it could not end. alone is closed once no child is left.
func sweep(group int, alone <-chan struct{}) (left int) {
	begun := time.Now()
	last, since, looks := map[int]bool(nil), begun, 0
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
		tree, denied := killTree(group)
		if !maps.Equal(tree, last) {
			last, since, looks = tree, time.Now(), 0
		}
		looks++
		stuck := looks > sweepLooks && time.Since(since) > sweepPatience
		if stuck || len(tree) > 0 && len(tree) == denied || time.Since(begun) > sweepLimit {
			return max(len(tree), 1)
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
// A nil tree means that the group is all we know.
func killTree(group int) (tree map[int]bool, denied int) {
	begun := time.Now()
	stopped := map[int]bool{}
	for looks := 1; ; looks++ {
		tree, err := members(os.Getpid(), group)
		if err != nil {
			_ = syscall.Kill(-group, syscall.SIGKILL)
			return nil, 0
		}
		fresh := 0
		for pid := range tree {
			if !stopped[pid] {
				fresh++
				_ = syscall.Kill(pid, syscall.SIGSTOP)
			}
		}
		if fresh == 0 || looks > freezeLooks && time.Since(begun) > freezePatience {
			return tree, killStopped(tree, stopped)
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
type entry struct{ pid, parent int }

// below returns the ids of the processes below root.
func below(root int, table []entry) map[int]bool {
	children := make(map[int][]int, len(table))
	for _, e := range table {
		children[e.parent] = append(children[e.parent], e.pid)
	}
	tree := map[int]bool{}
	for queue := []int{root}; len(queue) > 0; {
		last := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		for _, pid := range children[last] {
			if !tree[pid] {
				tree[pid] = true
				queue = append(queue, pid)
			}
		}
	}
	return tree
}
