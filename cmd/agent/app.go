package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/tui"
)

// app is what commands share: the streams, the global flags, and the ways to get at
// what a command needs. Nothing is made before it is asked for, so that a command
// costs only what it uses.
type app struct {
	in       io.Reader
	out, err io.Writer
	environ  []string
	now      func() time.Time

	dir     string // -C
	state   string // --state-dir
	noStart bool
	noColor bool
	quiet   bool

	// late: no ping when the daemon is dialled, because the first word is a submission,
	// which tells the same.
	late bool

	// jobs finds the daemon, or starts one. Tests put a store here.
	jobs func(context.Context) (agent.Jobs, error)

	settings settings  // loaded by a.settled
	busy     *tui.Busy // says what is being done; nil: nothing takes long
	closers  []func() error
}

func newApp() *app {
	a := &app{in: os.Stdin, out: os.Stdout, err: os.Stderr, environ: os.Environ(), now: time.Now}
	if !isTerminal(a.out) {
		a.out = &dataWriter{to: os.Stdout}
	}
	a.jobs = a.dial
	return a
}

// close lets go of what the command opened, in reverse order.
func (a *app) close() error {
	var errs []error
	for i := len(a.closers) - 1; i >= 0; i-- {
		errs = append(errs, a.closers[i]())
	}
	a.closers = nil
	return errors.Join(errs...)
}

// env returns a variable of the environment, "" when it is not set.
func (a *app) env(name string) string {
	value := ""
	for _, kv := range a.environ {
		if len(kv) > len(name) && kv[len(name)] == '=' && kv[:len(name)] == name {
			value = kv[len(name)+1:]
		}
	}
	return value
}

// style allows colour on a terminal only, and not against the person's will.
func (a *app) style() tui.Style {
	return tui.Style{Color: !a.noColor && a.env("NO_COLOR") == "" && a.env("TERM") != "dumb" && isTerminal(a.out)}
}

// workDir is the directory the command works in, absolute.
func (a *app) workDir() (string, error) {
	dir := a.dir
	if dir == "" {
		dir = "."
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", agent.Errorf(agent.Invalid, "the current directory is gone: %w", err).WithHint("cd to a directory that exists, or use -C DIR")
	}
	switch info, err := os.Stat(abs); {
	case err != nil:
		return "", agent.Errorf(agent.Invalid, "cannot work in %s: %w", abs, err).WithHint("name a directory that exists with -C DIR")
	case !info.IsDir():
		return "", agent.Errorf(agent.Invalid, "%s is not a directory", abs).WithHint("name the repository's directory with -C DIR")
	}
	return abs, nil
}

// user is the login name, for the record of who asked.
func (a *app) user() string {
	for _, name := range []string{"USER", "LOGNAME", "USERNAME"} {
		if u := a.env(name); u != "" {
			return u
		}
	}
	return ""
}

func (a *app) origin() agent.Origin { return agent.Origin{Via: "cli", User: a.user()} }

// standing is a job's verdict, or its state while it has none.
func (a *app) standing(job agent.Job) string { return a.style().Standing(job.State, job.Verdict) }

func oneLine(text string) string { return tui.Line(text) }
