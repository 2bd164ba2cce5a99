// Package monitor is the screen that a person keeps open: the list of jobs, one of
// them in detail (its variants, diff, log, checks, prompt, attempts), and the keys that
// do something to it. It lives on Jobs.Watch and Jobs.Events and asks for nothing in
// between, holds one brief row a job, and draws only what can be seen.
//
// What only a program can do (write to a working tree, start an editor, make a job out
// of words) is handed in as functions. Whatever comes from elsewhere is cleaned before
// it reaches the screen.
package monitor

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"time"

	tea "charm.land/bubbletea/v2"

	"codeagent.dev/agent"
)

// Config is what Run needs. Jobs alone is required.
type Config struct {
	Jobs   agent.Jobs
	Health func(context.Context) (Health, error) // nil: the head shows the queue alone
	Act    Actions
	By     string // who acts, for the events of jobs

	In      io.Reader // nil: the standard input
	Out     io.Writer // nil: the standard output
	Env     []string  // of the terminal (TERM and the like); nil: the process's own
	NoColor bool
	Now     func() time.Time // nil: time.Now
}

// Health is what the head of the screen says of the daemon beside its queue.
type Health struct {
	Daemon    string // one word or two: a version, an address
	Busy      int    // workers that hold a variant
	Workers   int    // workers there are
	Cooldowns []Cooldown
	DiskFree  int64 // bytes where results are kept; 0: unknown
	DiskMin   int64 // bytes below which nothing is begun
}

// Cooldown is a maker that is left alone for a while.
type Cooldown struct {
	Maker string
	Until time.Time
}

// Actions are what the monitor can have done outside of the queue. What is nil is not
// offered. The texts that come back are one line for a person.
type Actions struct {
	Into    func(job agent.Job) string // where Apply would write; nil: Spec.Repo
	Apply   func(ctx context.Context, ref agent.Ref) (string, error)
	Branch  func(ctx context.Context, ref agent.Ref, name string) (string, error)
	Undo    func(ctx context.Context, ref agent.Ref) (string, error)
	Open    func(ctx context.Context, ref agent.Ref) (string, error)
	Diff    func(ctx context.Context, ref agent.Ref) (string, error)              // unified, against the base
	Between func(ctx context.Context, job agent.ID, from, to int) (string, error) // unified, of two variants
	NewJob  func(ctx context.Context, d Draft) (agent.Job, error)                 // nil: no form
	Editor  func(file string) *exec.Cmd                                           // nil: no editor
}

// Draft is what the form for a new job asks for. Empty fields mean the defaults that
// `agent patch` has.
type Draft struct {
	Kind     agent.Kind
	Text     string
	Repo     string
	Base     string
	Makers   []string
	Variants int
	Tries    int
	Group    string
	Labels   []string
	Priority int
	After    []string // ids of jobs
	Begin    string   // no sooner than: "2h", "22:30", "2026-01-31 06:00"
	Hold     bool
}

// Run shows the monitor until the person leaves or ctx ends, which is no error. What
// writes outside of the queue (Apply, Branch, Undo) is waited for and does not see ctx
// end: a working tree written by half can neither be used nor undone. The terminal is as
// it was before, whichever way it ends; a panic comes back as an error.
func Run(ctx context.Context, cfg Config) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	m := newModel(ctx, cfg)
	var opts []tea.ProgramOption
	if cfg.In != nil {
		opts = append(opts, tea.WithInput(cfg.In))
	}
	if cfg.Out != nil {
		opts = append(opts, tea.WithOutput(cfg.Out))
	}
	if cfg.Env != nil {
		opts = append(opts, tea.WithEnvironment(cfg.Env))
	}
	p := tea.NewProgram(m, opts...)
	m.send = p.Send
	defer context.AfterFunc(ctx, p.Quit)() // it leaves in order, which the end of a program's own context does not
	f := newFeed(m.cfg, p.Send)
	m.watch = f.show
	fed := make(chan struct{})
	go func() { defer close(fed); f.run(ctx) }()
	_, err := p.Run()
	stop()
	<-fed
	m.whole.work.Wait()
	if m.broke != nil {
		return m.broke.err()
	}
	if errors.Is(err, tea.ErrInterrupted) {
		return nil
	}
	return err
}
