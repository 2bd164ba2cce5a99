//go:build unix

package proc_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"codeagent.dev/agent/proc"
)

// shell is a command line in a directory of its own.
func shell(t *testing.T, line string) proc.Cmd {
	t.Helper()
	return proc.Cmd{Shell: line, Dir: t.TempDir(), Env: basicEnv, Time: 30 * time.Second}
}

func run(t *testing.T, c proc.Cmd) proc.Result {
	t.Helper()
	r, err := proc.Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if r.Left != 0 {
		t.Errorf("%d processes left", r.Left)
	}
	return r
}

var marks atomic.Int64

// mark returns a number of seconds that only this test sleeps, so that its sleepers
// can be told from all other processes.
func mark(t *testing.T) string {
	t.Helper()
	m := fmt.Sprintf("%d.%06d%03d", 90000+os.Getpid()%9000, time.Now().Nanosecond()/1000, marks.Add(1)%1000)
	t.Cleanup(func() {
		if left := sleepers(t, m); len(left) > 0 {
			t.Errorf("still running: %v", left)
		}
	})
	return m
}

// sleepers returns the processes that have the mark in their arguments.
func sleepers(t *testing.T, mark string) (pids []int) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		line, err := os.ReadFile(f)
		if err != nil || !bytes.Contains(line, []byte(mark)) {
			continue // ended meanwhile
		}
		pid, err := strconv.Atoi(strings.Split(f, "/")[2])
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return pids
}
