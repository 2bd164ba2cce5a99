package proc_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"codeagent.dev/agent/proc"
)

// What a test makes another start of this program do: run $PROC_TEST_RUN, in one of
// these ways.
const (
	plainly      = "plainly"
	withoutGuard = "without calling Guard"
	afterRemoval = "after its own file was removed"
)

func TestMain(m *testing.M) {
	how := os.Getenv("PROC_TEST_HOW")
	if how != withoutGuard {
		proc.Guard()
	}
	if how != "" {
		os.Exit(another(how))
	}
	goleak.VerifyTestMain(m)
}

func another(how string) int {
	if how == afterRemoval {
		if err := os.Remove(os.Args[0]); err != nil {
			fmt.Println(err)
			return 1
		}
	}
	r, err := proc.Run(context.Background(), proc.Cmd{Shell: os.Getenv("PROC_TEST_RUN"), Dir: "/", Env: basicEnv})
	fmt.Println(string(r.Tail), r.Why, err)
	return 0
}

var basicEnv = []string{"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}

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

// eventually waits for a condition of the outside world.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !cond() {
		if time.Now().After(deadline) {
			t.Fatalf("never happened: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}
