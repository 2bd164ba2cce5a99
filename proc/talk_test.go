//go:build unix

package proc_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"codeagent.dev/agent/proc"
)

// TestTalk: question and answer in turns, stderr apart.
func TestTalk(t *testing.T) {
	c := shell(t, `echo noise >&2; while read -r n; do echo "got $n"; done; echo "end"; exit 3`)
	var heard []string
	c.Talk = func(stdin io.WriteCloser, stdout io.Reader) {
		answers := bufio.NewScanner(stdout)
		for i := range 100 {
			if _, err := fmt.Fprintln(stdin, i); err != nil || !answers.Scan() {
				t.Errorf("turn %d: %v %v", i, err, answers.Err())
				return
			}
			heard = append(heard, answers.Text())
		}
		_ = stdin.Close()
		for answers.Scan() {
			heard = append(heard, answers.Text())
		}
	}
	r := run(t, c)
	if r.Reason != proc.Exited || r.Exit != 3 || string(r.Tail) != "noise\n" {
		t.Errorf("%+v %s", r, r.Tail)
	}
	if len(heard) != 101 || heard[99] != "got 99" || heard[100] != "end" {
		t.Errorf("heard %q", heard)
	}
	if want := int64(len("noise\n") + len(strings.Join(heard, "\n")) + 1); r.Output != want {
		t.Errorf("counted %d bytes, want %d", r.Output, want)
	}
}

// TestTalkIsOver: who does not end when stdin does is made to, with all it started.
func TestTalkIsOver(t *testing.T) {
	m := mark(t)
	c := shell(t, "setsid sleep "+m+" & trap '' TERM; echo ready; while :; do echo more; done")
	c.Grace = 50 * time.Millisecond
	c.Talk = func(_ io.WriteCloser, stdout io.Reader) { _, _ = stdout.Read(make([]byte, 6)) }
	if r := run(t, c); r.Reason != proc.Dismissed || r.OK() || r.Why != "ended after the conversation" || r.Took > 10*time.Second {
		t.Errorf("%+v", r)
	}
	c = shell(t, "cat >/dev/null; exit 0")
	c.Talk = func(io.WriteCloser, io.Reader) {}
	if r := run(t, c); !r.OK() {
		t.Errorf("it ended by itself: %+v", r)
	}
}

// TestTalkHearsTheEnd: however the command ends, the conversation ends with it, and what
// was said before is heard.
func TestTalkHearsTheEnd(t *testing.T) {
	text := strings.Repeat("0123456789", 30000)
	for name, tc := range map[string]struct {
		line   string
		change func(*proc.Cmd)
		want   proc.Reason
	}{
		"exits":     {"", nil, proc.Exited},
		"killed":    {"kill -9 $$", nil, proc.Signaled},
		"time":      {"exec sleep ", func(c *proc.Cmd) { c.Time = 300 * time.Millisecond }, proc.TimedOut},
		"idle":      {"exec sleep ", func(c *proc.Cmd) { c.Idle = 300 * time.Millisecond }, proc.Stalled},
		"strays":    {"setsid sleep MARK & exit 0; : ", nil, proc.Exited},
		"no reader": {"exec sleep ", func(c *proc.Cmd) { c.Output = 1 << 17 }, proc.TooMuchOutput},
	} {
		t.Run(name, func(t *testing.T) {
			m := mark(t)
			c := shell(t, "cat text; "+strings.ReplaceAll(tc.line, "MARK", m)+m)
			if tc.line == "" || strings.HasPrefix(tc.line, "kill") {
				c.Shell = "cat text; " + tc.line
			}
			if err := os.WriteFile(filepath.Join(c.Dir, "text"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if tc.change != nil {
				tc.change(&c)
			}
			var heard []byte
			c.Talk = func(stdin io.WriteCloser, stdout io.Reader) {
				done := make(chan error, 1)
				go func() { // more than a pipe holds, for one who does not read
					_, err := io.WriteString(stdin, text)
					done <- err
				}()
				heard, _ = io.ReadAll(stdout)
				if err := <-done; err == nil {
					t.Error("all was written to one who reads nothing")
				}
			}
			r := run(t, c)
			if r.Reason != tc.want || r.Left != 0 {
				t.Errorf("%+v", r)
			}
			want := text
			if c.Output > 0 {
				want = text[:c.Output]
			}
			if !bytes.Equal(heard, []byte(want)) {
				t.Errorf("heard %d bytes, want %d", len(heard), len(want))
			}
		})
	}
}

func TestTalkCanceled(t *testing.T) {
	m := mark(t)
	ctx, cancel := context.WithCancel(t.Context())
	c := shell(t, "setsid sleep "+m+" & echo ready; sleep "+m)
	c.Talk = func(_ io.WriteCloser, stdout io.Reader) {
		_, _ = stdout.Read(make([]byte, 16))
		cancel()
		_, _ = io.Copy(io.Discard, stdout)
	}
	if r, err := proc.Run(ctx, c); err != nil || r.Reason != proc.Canceled || r.Left != 0 {
		t.Errorf("%+v %v", r, err)
	}
}

// TestTalkLimits: both streams count, together.
func TestTalkLimits(t *testing.T) {
	c := shell(t, "while :; do echo 0123456789; echo 0123456789 >&2; done")
	c.Output = 100000
	var heard, seen int64
	c.Sink = func(b []byte) { seen += int64(len(b)) }
	c.Talk = func(_ io.WriteCloser, stdout io.Reader) { heard, _ = io.Copy(io.Discard, stdout) }
	if r := run(t, c); r.Reason != proc.TooMuchOutput || heard+seen != c.Output || heard == 0 || seen == 0 {
		t.Errorf("%+v: %d+%d bytes", r.Why, heard, seen)
	}
}

func TestTalkLeaksNothing(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("needs /proc/self/fd")
	}
	count := func() int {
		all, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	before := count()
	for range 20 {
		c := shell(t, "cat")
		c.Talk = func(stdin io.WriteCloser, stdout io.Reader) {
			_, _ = io.WriteString(stdin, "x")
			_ = stdin.Close()
			if text, _ := io.ReadAll(stdout); string(text) != "x" {
				t.Errorf("heard %q", text)
			}
		}
		run(t, c)
		c = proc.Cmd{Argv: []string{"./missing"}, Dir: c.Dir, Talk: c.Talk}
		if r := run(t, c); r.Reason != proc.NotFound {
			t.Errorf("%+v", r)
		}
	}
	if after := count(); after > before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

func TestStalled(t *testing.T) {
	c := shell(t, "echo begun; sleep "+mark(t))
	c.Idle = 100 * time.Millisecond
	if r := run(t, c); r.Reason != proc.Stalled || r.Why != "no output for 100ms" || string(r.Tail) != "begun\n" {
		t.Errorf("%+v", r)
	}
	c = shell(t, "for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.2; done")
	c.Idle = time.Second
	if r := run(t, c); !r.OK() {
		t.Errorf("it printed all the time: %+v", r)
	}
	c = shell(t, "head -c 200000 /dev/zero")
	c.Idle = 300 * time.Millisecond
	c.Sink = func([]byte) { time.Sleep(500 * time.Millisecond) }
	if r := run(t, c); !r.OK() {
		t.Errorf("our own slowness was held against it: %+v", r)
	}
}

func TestTalkAndStdin(t *testing.T) {
	c := proc.Cmd{Shell: "cat", Dir: t.TempDir(), Stdin: []byte{}, Talk: func(io.WriteCloser, io.Reader) {}}
	if _, err := proc.Run(t.Context(), c); err == nil || !strings.Contains(err.Error(), "not both") {
		t.Errorf("got %v", err)
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"tool": 0o755, "plain": 0o644} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"), mode); err != nil {
			t.Fatal(err)
		}
	}
	tool := filepath.Join(dir, "tool")
	for name, want := range map[string]string{
		"tool":         tool,
		tool:           tool,
		"plain":        `"plain": ` + dir + `/plain is not executable`,
		"missing":      `"missing": not found in PATH`,
		"./tool":       `"./tool": is relative to a directory that is not known yet`,
		dir + "/x":     `"` + dir + `/x": no such file`,
		dir:            `"` + dir + `": is a directory`,
		tool + "/x":    `"` + tool + `/x": stat ` + tool + `/x: not a directory`,
		dir + "/plain": `"` + dir + `/plain": is not executable`,
	} {
		got, err := proc.Find(name, []string{"PATH=relative:" + dir})
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}
