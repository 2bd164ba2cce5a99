//go:build unix

package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
)

// screen is a terminal that answers no question, and a command that runs on it.
type screen struct {
	*exec.Cmd
	t    *testing.T
	host *os.File
	done chan struct{}

	mu   sync.Mutex
	text bytes.Buffer
}

// person is a home and a state directory; its daemon is stopped at the end.
type person struct {
	t    *testing.T
	home string
	env  []string
}

func newPerson(t *testing.T) person {
	t.Helper()
	home, err := os.MkdirTemp("", "p") // short: a socket's path has little room
	if err != nil {
		t.Fatal(err)
	}
	p := person{t, home, []string{
		"HOME=" + home, "PATH=" + os.Getenv("PATH"), "TERM=xterm-256color", "AGENT_STATE_DIR=" + filepath.Join(home, "s"),
		"AGENT_LISTEN=off", "GIT_CONFIG_NOSYSTEM=1",
	}}
	p.run("git", "config", "--global", "user.name", "Ada")
	p.run("git", "config", "--global", "user.email", "ada@example.org")
	t.Cleanup(func() {
		p.run("agent", "daemon", "stop")
		if err := os.RemoveAll(home); err != nil {
			t.Error(err)
		}
	})
	return p
}

func (p person) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Env, cmd.Dir = p.env, p.home
	return cmd
}

func (p person) run(name string, args ...string) string {
	p.t.Helper()
	out, err := p.command(name, args...).CombinedOutput()
	if err != nil {
		p.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// on runs a command on a terminal.
func (p person) on(args ...string) *screen {
	p.t.Helper()
	cmd := p.command("agent", args...)
	host, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 120})
	if err != nil {
		p.t.Skipf("no pseudo-terminal: %v", err)
	}
	s := &screen{Cmd: cmd, t: p.t, host: host, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		io.Copy(s, host) // ends with an error when the command is gone
	}()
	return s
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// end waits for the command and returns its exit status and what it wrote.
func (s *screen) end() (int, string) {
	s.t.Helper()
	patience := time.AfterFunc(scriptPatience, func() { s.Process.Kill() })
	defer patience.Stop()
	s.Wait() // the exit status tells
	<-s.done
	s.host.Close()
	return s.ProcessState.ExitCode(), s.String()
}

// until waits for text on the terminal.
func (s *screen) until(want string) {
	s.t.Helper()
	for end := time.Now().Add(scriptPatience); !strings.Contains(s.String(), want); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			s.Process.Kill()
			s.t.Fatalf("no %q on the terminal: %q", want, s.String())
		}
	}
}

// TestSilentTerminal: a terminal that answers nothing makes no command slower, because
// none asks it anything, and what is not meant to be coloured writes no escape byte.
func TestSilentTerminal(t *testing.T) {
	p := newPerson(t)
	for _, args := range [][]string{{"version"}, {"help"}, {"patch", "--help"}, {"--no-start", "list"}, {"config", "path"}, {"completion", "bash"}} {
		begun := time.Now()
		_, text := p.on(args...).end()
		if strings.ContainsRune(text, '\x1b') {
			t.Errorf("agent %s writes an escape sequence: %q", args, text)
		}
		if text == "" {
			t.Errorf("agent %s writes nothing", args)
		}
		if took := time.Since(begun); took > 4*time.Second {
			t.Errorf("agent %s takes %s: it waits for the terminal", args, took)
		}
	}
}

// TestInterruptWhileFollowing: Ctrl-C ends the watching with status 130, says how to
// come back, leaves a clean terminal, and the job goes on.
func TestInterruptWhileFollowing(t *testing.T) {
	p := newPerson(t)
	p.run("git", "init", "-q", ".")
	p.run("git", "commit", "-q", "--allow-empty", "-m", "first")
	s := p.on("patch", "--run", "sleep 300", "--follow")
	s.until("running")
	if _, err := s.host.Write([]byte{3}); err != nil {
		t.Fatal(err)
	}
	status, text := s.end()
	if status != 130 {
		t.Errorf("exit status %d, want 130", status)
	}
	if !strings.Contains(text, "job 1 goes on") || !strings.Contains(text, "agent cancel 1") {
		t.Errorf("does not say what goes on: %q", text)
	}
	if hide, show := strings.LastIndex(text, "\x1b[?25l"), strings.LastIndex(text, "\x1b[?25h"); hide > show {
		t.Errorf("the cursor stays hidden: %q", text)
	}
	if out := p.run("agent", "list"); !strings.Contains(out, "running") {
		t.Errorf("the job does not go on:\n%s", out)
	}
	p.run("agent", "cancel", "1")
}

// TestColourOnATerminalOnly also holds NO_COLOR and --no-color.
func TestColourOnATerminalOnly(t *testing.T) {
	p := newPerson(t)
	p.run("git", "init", "-q", ".")
	p.run("git", "commit", "-q", "--allow-empty", "-m", "first")
	p.run("agent", "patch", "-w", "--run", "echo a > a")
	if _, text := p.on("list").end(); !strings.Contains(text, "\x1b[33m○ unverified\x1b[0m") {
		t.Errorf("no colour on a terminal: %q", text)
	}
	for _, args := range [][]string{{"list", "--no-color"}, {"show", "1", "--no-color"}, {"diff", "1", "--no-color"}} {
		p.env = append(p.env, "PAGER=cat")
		if _, text := p.on(args...).end(); strings.ContainsRune(text, '\x1b') {
			t.Errorf("agent %s: %q", args, text)
		}
	}
	if _, text := p.on("diff", "1").end(); !strings.Contains(text, "\x1b[32m+a\x1b[0m") {
		t.Errorf("a diff without colour: %q", text)
	}
	p.env = append(p.env, "NO_COLOR=1")
	if _, text := p.on("list").end(); strings.ContainsRune(text, '\x1b') {
		t.Errorf("NO_COLOR: %q", text)
	}
}

// TestBellAtTheEnd: the terminal that waits gets what is set, and nothing else does.
func TestBellAtTheEnd(t *testing.T) {
	p := newPerson(t)
	p.run("git", "init", "-q", "tool")
	p.run("git", "-C", "tool", "commit", "-q", "--allow-empty", "-m", "first")
	p.env = append(p.env, "AGENT_NOTIFY_TERMINAL=osc9")
	if _, text := p.on("-C", "tool", "patch", "-w", "--run", "echo a > a").end(); !strings.Contains(text, "\x1b]9;tool: job 1 unverified\a") {
		t.Errorf("no OSC 9: %q", text)
	}
	p.env = append(p.env, "AGENT_NOTIFY_TERMINAL=bell")
	if _, text := p.on("wait", "1").end(); strings.Count(text, "\a") != 1 {
		t.Errorf("no bell: %q", text)
	}
	if out := p.run("agent", "wait", "1"); strings.ContainsRune(out, '\a') {
		t.Errorf("a bell for no terminal: %q", out)
	}
}

// TestLongWorkShowsALine: on a terminal a line says what is done and for how long, goes
// when the work ends, and nothing else on the terminal is disturbed.
func TestLongWorkShowsALine(t *testing.T) {
	p := newPerson(t)
	p.run("git", "init", "-q", ".")
	p.run("git", "commit", "-q", "--allow-empty", "-m", "first")
	s := p.on("patch", "-w", "--run", "until test -e "+filepath.Join(p.home, "go-on")+"; do sleep 0.1; done; echo a > a")
	s.until("waiting for job 1 (1s)\x1b[K")
	s.until("waiting for job 1 (2s)\x1b[K")
	if err := os.WriteFile(filepath.Join(p.home, "go-on"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	status, text := s.end()
	if status != 0 {
		t.Errorf("exit status %d", status)
	}
	if !strings.Contains(text, ")\x1b[K\r\x1b[K1/1: finished") {
		t.Errorf("a step does not stand above the line: %q", text)
	}
	if last := text[strings.LastIndex(text, "waiting for"):]; !strings.Contains(last, ")\x1b[K\r\x1b[K") {
		t.Errorf("the line stays: %q", last)
	}
	for line := range strings.Lines(strings.ReplaceAll(text, "\r\n", "\n")) {
		if i := strings.LastIndex(line, "waiting for"); i >= 0 && !strings.Contains(line[i:], "\r") {
			t.Errorf("a line that is no line: %q", line)
		}
	}
	// Elsewhere there is no such thing.
	if out := p.run("agent", "patch", "-w", "--run", "sleep 2; echo b > b"); strings.ContainsAny(out, "\r\x1b") {
		t.Errorf("on no terminal: %q", out)
	}
}
