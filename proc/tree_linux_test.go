package proc_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"codeagent.dev/agent/proc"
)

// strays are ways to leave a process behind; %s is how long it sleeps.
var strays = map[string]string{
	"background":     `sleep %s & `,
	"nohup":          `nohup sleep %s >/dev/null 2>&1 & `,
	"setsid":         `setsid sleep %s & `,
	"double fork":    `(setsid sh -c 'sleep %s & ' &) ; `,
	"daemon":         `perl -e 'use POSIX; fork && exit; POSIX::setsid(); fork && exit; chdir "/"; exec "sleep", "%s"'; `,
	"stopped":        `sleep %s & kill -STOP $!; `,
	"ignores all":    `sh -c 'trap "" TERM HUP INT; sleep %s' & `,
	"many":           `for i in 1 2 3 4 5 6 7 8 9; do setsid sleep %s & done; `,
	"holds no pipes": `setsid sleep %s </dev/null >/dev/null 2>&1 & `,
	"own group":      `perl -e 'setpgrp(0,0); exec "sleep", "%s"' & `,
}

func TestLeavesNothing(t *testing.T) {
	for name, line := range strays {
		t.Run(name+", command ends", func(t *testing.T) {
			m := mark(t)
			c := shell(t, strings.ReplaceAll(line, "%s", m)+"until pgrep -f 'sleep "+m+"' | grep -v $$ >/dev/null; do :; done; exit 5")
			begun := time.Now()
			if r := run(t, c); r.Exit != 5 {
				t.Errorf("%+v %s", r, r.Tail)
			}
			if left := sleepers(t, m); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
			if took := time.Since(begun); took > 10*time.Second {
				t.Errorf("took %v", took)
			}
		})
		t.Run(name+", canceled", func(t *testing.T) {
			m := mark(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			c := shell(t, strings.ReplaceAll(line, "%s", m)+"echo ready; sleep "+m)
			c.Grace = 100 * time.Millisecond
			c.Sink = func([]byte) { cancel() }
			r, err := proc.Run(ctx, c)
			if err != nil || r.Reason != proc.Canceled || r.Left != 0 {
				t.Errorf("%+v %v", r, err)
			}
			if left := sleepers(t, m); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		})
		t.Run(name+", parent killed", func(t *testing.T) {
			m := mark(t)
			ready := filepath.Join(t.TempDir(), "ready")
			parent := exec.Command(os.Args[0])
			parent.Env = append(os.Environ(), "PROC_TEST_HOW="+plainly, "PROC_TEST_RUN="+strings.ReplaceAll(line, "%s", m)+" echo >"+ready+"; sleep "+m)
			if err := parent.Start(); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the command runs", func() bool { _, err := os.Stat(ready); return err == nil })
			if len(sleepers(t, m)) == 0 {
				t.Error("nothing runs that could be left")
			}
			_ = parent.Process.Kill()
			_ = parent.Wait()
			eventually(t, "all processes ended", func() bool { return len(sleepers(t, m)) == 0 })
		})
	}
}

// TestKilledGuard: a command that kills its guard, whatever it started before, gets no
// further than that, and Run returns although the guard cannot say a word.
func TestKilledGuard(t *testing.T) {
	for name, line := range strays {
		if name == "holds no pipes" || name == "nohup" {
			continue // nothing ties it to the command any more; see hunt
		}
		t.Run(name, func(t *testing.T) {
			m := mark(t)
			c := shell(t, strings.ReplaceAll(line, "%s", m)+" kill -9 $PPID; sleep "+m)
			begun := time.Now()
			r, err := proc.Run(t.Context(), c)
			if err == nil || !strings.Contains(err.Error(), "guard of the command was killed") {
				t.Errorf("%+v %v", r, err)
			}
			if took := time.Since(begun); took > 15*time.Second {
				t.Errorf("took %v", took)
			}
			eventually(t, "all processes ended", func() bool { return len(sleepers(t, m)) == 0 })
		})
	}
}

// TestHeldPipe: a process that escaped, because the guard was killed and it hides its
// output from hunt, does not keep Run waiting.
func TestHeldPipe(t *testing.T) {
	m := mark(t)
	hider := "setsid perl -e 'open my $r, \"<\", \"/proc/self/fd/1\"; $0 = \"" + m + "\"; print \"out\\n\"; $| = 1; select undef, undef, undef, 900' & "
	c := shell(t, hider+"until pgrep -f '^"+m+"' >/dev/null; do :; done; kill -9 $PPID; sleep "+m)
	begun := time.Now()
	if r, err := proc.Run(t.Context(), c); err == nil {
		t.Errorf("no error: %+v", r)
	}
	if took := time.Since(begun); took > 15*time.Second {
		t.Errorf("took %v", took)
	}
	left := sleepers(t, m)
	if len(left) != 1 {
		t.Errorf("%d processes escaped, want 1", len(left))
	}
	for _, pid := range left {
		if p, err := os.FindProcess(pid); err == nil {
			_ = p.Kill()
		}
	}
	eventually(t, "it ended", func() bool { return len(sleepers(t, m)) == 0 })
}

// TestForkStorm: processes in sessions of their own that each start two more, for a
// number of generations, while the command is ended.
func TestForkStorm(t *testing.T) {
	m := mark(t)
	dir := t.TempDir()
	storm := filepath.Join(dir, "storm")
	script := "#!/bin/sh\n[ $1 -gt 0 ] || exec sleep " + m + "\n" +
		"setsid " + storm + " $(($1-1)) &\nsetsid " + storm + " $(($1-1)) &\n[ $(($1%2)) = 0 ] || wait\n"
	if err := os.WriteFile(storm, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, after := range []time.Duration{time.Millisecond, 30 * time.Millisecond, 150 * time.Millisecond, 400 * time.Millisecond} {
		c := shell(t, storm+" 9; sleep "+m)
		c.Time, c.Grace = after, -1
		begun := time.Now()
		if r := run(t, c); r.Reason != proc.TimedOut {
			t.Errorf("%+v %s", r, r.Tail)
		}
		if left := sleepers(t, storm); len(left) > 0 {
			t.Errorf("after %v: %d left", after, len(left))
		}
		t.Logf("ended within %v", time.Since(begun)-after)
	}
}

// TestRespawn: two processes that start each other again when one dies.
func TestRespawn(t *testing.T) {
	m := mark(t)
	dir := t.TempDir()
	pair := filepath.Join(dir, "pair")
	script := "#!/bin/sh\ntrap '' TERM\nwhile :; do setsid " + pair + " " + m + " $(($1+1)) & wait $!; [ $2 -lt 3 ] || sleep " + m + "; done\n"
	script = strings.ReplaceAll(script, "$(($1+1))", "$(($2+1))")
	script = strings.Replace(script, "while", "[ $2 -lt 4 ] || exec sleep "+m+"\nwhile", 1)
	if err := os.WriteFile(pair, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	c := shell(t, pair+" "+m+" 0")
	c.Time, c.Grace = 200*time.Millisecond, 50*time.Millisecond
	if r := run(t, c); r.Reason != proc.TimedOut {
		t.Errorf("%+v %s", r, r.Tail)
	}
	if left := sleepers(t, m); len(left) > 0 {
		t.Errorf("%d left", len(left))
	}
}

func TestManyAtOnce(t *testing.T) {
	before := descriptors(t)
	var wg sync.WaitGroup
	for i := range 200 {
		c := shell(t, fmt.Sprintf("echo %d; sleep 0.01 & exit %d", i, i))
		wg.Go(func() {
			r, err := proc.Run(t.Context(), c)
			if err != nil || r.Exit != i || strings.TrimSpace(string(r.Tail)) != strconv.Itoa(i) || r.Left != 0 {
				t.Errorf("%d: %+v %v", i, r, err)
			}
		})
	}
	wg.Wait()
	if after := descriptors(t); after > before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
	eventually(t, "no guard is left unreaped", func() bool { return !hasChild(t) })
}

func descriptors(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

func hasChild(t *testing.T) bool {
	t.Helper()
	files, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if text, err := os.ReadFile(f); err == nil && len(text) > 0 {
			return true
		}
	}
	return false
}

func TestHugeOutputCostsNoMemory(t *testing.T) {
	c := shell(t, "head -c 1G /dev/zero")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := run(t, c)
	runtime.ReadMemStats(&after)
	if !r.OK() || r.Output != 1<<30 {
		t.Errorf("%s, %d bytes", r.Why, r.Output)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<20 {
		t.Errorf("allocated %d bytes for it", grown)
	}
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
