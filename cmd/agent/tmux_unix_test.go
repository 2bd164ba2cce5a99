//go:build unix

package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

const patience = 30 * time.Second // with what a loaded machine does

// tmux is a real terminal, with what a person sees and types.
type tmux struct {
	*world
	socket string
}

func newTmux(t *testing.T, w *world, columns, rows int, command string) *tmux {
	t.Helper()
	needs(t, "tmux")
	x := &tmux{w, filepath.Join(w.home, "tmux")}
	x.tmux("new-session", "-d", "-x", strconv.Itoa(columns), "-y", strconv.Itoa(rows), command)
	t.Cleanup(func() { _ = x.command("tmux", "-S", x.socket, "kill-server").Run() })
	return x
}

func (x *tmux) tmux(args ...string) string {
	x.t.Helper()
	cmd := x.command("tmux", append([]string{"-S", x.socket, "-f", "/dev/null"}, args...)...)
	cmd.Env = append(cmd.Env, "TERM=xterm-256color", "LC_ALL=C.UTF-8", "SHELL=/bin/sh")
	out, err := cmd.Output()
	if err != nil {
		x.t.Fatalf("tmux %s: %v\n%s", strings.Join(args, " "), err, stderrOf(err))
	}
	return string(out)
}

// screen is what stands on the terminal.
func (x *tmux) screen() string { return x.tmux("capture-pane", "-p") }

func (x *tmux) keys(keys ...string) {
	x.t.Helper()
	x.tmux(append([]string{"send-keys"}, keys...)...)
}

func (x *tmux) types(text string) {
	x.t.Helper()
	x.tmux("send-keys", "-l", text)
}

// shows waits until all of the texts stand on the screen.
func (x *tmux) shows(texts ...string) string {
	x.t.Helper()
	last := ""
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		last = x.screen()
		missing := ""
		for _, text := range texts {
			if !strings.Contains(last, text) {
				missing = text
				break
			}
		}
		if missing == "" {
			return last
		}
		if time.Now().After(end) {
			x.t.Fatalf("%q never stood on the screen:\n%s", missing, last)
		}
	}
}

// TestMonitorInARealTerminal: a person opens the monitor, asks for a change in its form,
// watches it, reads the diff, applies it, takes it back, and leaves; another command line
// goes on where the screen was left.
func TestMonitorInARealTerminal(t *testing.T) {
	w := newWorld(t, "USER=ada")
	w.write("a.txt", "one\n", ".agent.yaml", "checks:\n  - grep -q two a.txt\n")
	w.commit("first")
	x := newTmux(t, w, 100, 30, w.bin+`; echo "left with $?"; exec sh`)
	x.shows("no jobs yet", "n makes one")

	x.keys("n")
	x.shows("new job", "kind")
	x.types("sleep 1; echo two >> a.txt")
	x.keys("Tab", "Space")
	x.shows("command")
	x.keys("C-s")
	x.shows("running", "echo two")
	x.shows("verified", "1/1")

	x.keys("Enter")
	x.shows("every check passed on exactly this commit")
	x.keys("d")
	x.shows("a.txt", "+two")
	x.keys("a")
	x.shows("apply 1/1: 1 file, +1 -0, into")
	x.keys("n")
	if got := w.git("status", "--short"); got != "" {
		t.Errorf("no was taken for yes: %s", got)
	}
	x.keys("a")
	x.shows("apply 1/1")
	x.keys("y")
	x.shows("applied 1/1")
	if got := w.git("diff", "--stat"); !strings.Contains(got, "a.txt | 1 +") {
		t.Errorf("applied: %q", got)
	}

	// What another command line does is seen at once.
	x.keys("Escape")
	x.shows("enter open", "echo two")
	w.ok("patch", "--run", "echo three > b", "--hold", "--label", "later")
	x.shows("held", "echo three")
	w.ok("pause", "lunch")
	w.ok("release", "2")
	x.shows("paused by ada: lunch")
	x.keys("/")
	x.types("label:later")
	x.keys("Enter")
	x.until("the filter leaves one", patience, func() bool { return !strings.Contains(x.screen(), "echo two") })
	x.keys("Escape")
	x.shows("echo two")
	x.keys("P")
	x.shows("resume the queue, paused by ada: lunch?")
	x.keys("y")
	x.shows("the queue goes on")
	x.until("the queue goes on", patience, func() bool { return w.job("2").State == "done" })
	x.keys("q")
	left := x.shows("left with 0")
	if strings.Contains(left, "verified") {
		t.Errorf("the monitor left something on the screen:\n%s", left)
	}
}

// TestMonitorOutlivesTheDaemon: it says that the daemon is gone, and goes on with the next.
func TestMonitorOutlivesTheDaemon(t *testing.T) {
	w := newWorld(t)
	w.write("a.txt", "one\n")
	w.commit("first")
	w.ok("patch", "--run", "echo two >> a.txt", "-w")
	x := newTmux(t, w, 80, 24, w.bin+` tui --no-start; echo "left with $?"; exec sh`)
	x.shows("unverified")
	if err := w.daemon().Kill(); err != nil {
		t.Fatal(err)
	}
	x.shows("daemon lost")
	w.ok("patch", "--run", "echo three >> a.txt", "-w")
	x.shows("echo three")
	x.until("the head is calm again", patience, func() bool { return !strings.Contains(x.screen(), "daemon lost") })
	x.keys("C-c")
	x.shows("left with")
}

// needs ends the test where a program is missing: a failure where everything has to be.
func needs(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		missing(t, program+" is not installed")
	}
}

func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what)
	}
	t.Skip(what)
}
