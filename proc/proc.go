// Package proc runs one command with limits and ends its whole process tree: what
// it started and left behind, what made itself a session of its own, and what
// outlives this process when it is killed.
//
// On unix each command runs under a guard, which is this same program started
// again; Guard explains. On Windows it runs in a job object.
package proc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// TailSize is how much of the end of a command's output Result.Tail holds.
const TailSize = 16 << 10

// DefaultGrace is how long a command may take to end after it was asked to.
const DefaultGrace = 2 * time.Second

// Cmd is one command. Argv or Shell is required, and Dir.
type Cmd struct {
	Argv  []string // program and arguments; a name without slash is looked up in Env's PATH
	Shell string   // instead of Argv: a command line for the system's shell, see Shell
	Dir   string   // absolute; must exist
	Env   []string // "KEY=value", all of it: nothing is added or inherited
	Stdin []byte   // nil: closed, so that reading it finds its end

	Time   time.Duration // limit on the whole run; 0: none
	Output int64         // limit on the bytes printed; 0: none
	Grace  time.Duration // from SIGTERM to SIGKILL when a limit ends it; 0: DefaultGrace; negative: none

	// Hold is kept open, but not for the command, until the last process of its tree has
	// ended, also when this process is killed before. With a lock on it, what the
	// command works on stays locked for just as long. May be nil; ignored on Windows,
	// where nothing outlives this process.
	Hold *os.File

	// Sink gets stdout and stderr, merged, as they come, byte for byte, at most Output
	// bytes. Calls are never concurrent and none comes after Run returned. It must not
	// keep the slice. A slow Sink slows the command down, not the limits.
	Sink func(chunk []byte)
}

// Reason says why a command ended.
type Reason string

const (
	Exited        Reason = "exited"          // by itself; Result.Exit is its exit status
	Signaled      Reason = "signaled"        // by a signal that we did not send
	TimedOut      Reason = "timed_out"       // Cmd.Time
	TooMuchOutput Reason = "too_much_output" // Cmd.Output
	Canceled      Reason = "canceled"        // the context ended
	NotFound      Reason = "not_found"       // there is no such program, or it cannot be executed
)

// Result is how a command ended. No process of its tree is left, unless Left says so.
type Result struct {
	Reason Reason
	Exit   int            // the exit status when Reason is Exited, else -1
	Signal syscall.Signal // when Reason is Signaled
	Why    string         // one line for people: "exit status 3", "time limit of 10m0s"
	Took   time.Duration
	Output int64  // bytes it printed, as far as they were read
	Tail   []byte // the end of what Sink got, at most TailSize bytes
	Left   int    // processes that could not be ended: another user's, or stuck in the kernel
}

// OK reports whether the command ended by itself with status 0.
func (r Result) OK() bool { return r.Reason == Exited && r.Exit == 0 }

// Run runs a command to its end and returns how it ended. When the context ends or a
// limit is reached, the command's process group is asked to end (SIGTERM), and after
// Cmd.Grace the whole tree is made to. When the command ends by itself, whatever it
// left running is ended at once. An error means that it could not be run at all.
//
// The program must have called Guard.
func Run(ctx context.Context, c Cmd) (Result, error) {
	begun := time.Now()
	if err := c.check(); err != nil {
		return Result{}, err
	}
	if ctx.Err() != nil {
		return ended(Canceled, "canceled before it started"), nil
	}
	path, err := c.path()
	if err != nil {
		return ended(NotFound, err.Error()), nil
	}
	out := &output{limit: c.Output, sink: c.Sink, over: make(chan struct{})}
	p, err := start(c, path, out)
	var missing *notFoundError
	if errors.As(err, &missing) {
		return ended(NotFound, missing.Error()), nil
	}
	if err != nil {
		return Result{}, err
	}
	reason := supervise(ctx, c, p, out.over)
	e := p.finish() // no more output after this
	if e.err != nil {
		return Result{}, e.err
	}
	r := e.result(reason, c)
	r.Took, r.Output, r.Tail = time.Since(begun), out.seen, out.tail()
	return r, nil
}

// supervise waits for the command's end and returns why we ended it, or "".
func supervise(ctx context.Context, c Cmd, p *process, over <-chan struct{}) (reason Reason) {
	var limit, grace <-chan time.Time
	if c.Time > 0 {
		t := time.NewTimer(c.Time)
		defer t.Stop()
		limit = t.C
	}
	cancel := ctx.Done()
	stop := func(r Reason) {
		reason, limit, cancel, over = r, nil, nil, nil
		if c.Grace < 0 {
			p.kill()
			return
		}
		p.term()
		grace = time.After(c.grace())
	}
	for {
		select {
		case <-p.ended:
			return reason
		case <-limit:
			stop(TimedOut)
		case <-over:
			stop(TooMuchOutput)
		case <-cancel:
			stop(Canceled)
		case <-grace:
			p.kill()
		}
	}
}

func (c Cmd) grace() time.Duration {
	if c.Grace == 0 {
		return DefaultGrace
	}
	return c.Grace
}

// end is what became of a started command.
type end struct {
	exit   int // -1 when signal is set
	signal syscall.Signal
	left   int
	err    error // its guard was lost
}

func (e end) result(reason Reason, c Cmd) Result {
	r := ended(reason, "")
	r.Left = e.left
	switch reason {
	case TimedOut:
		r.Why = "time limit of " + c.Time.String()
	case TooMuchOutput:
		r.Why = "output limit of " + size(c.Output)
	case Canceled:
		r.Why = "canceled"
	default:
		r.Reason, r.Exit, r.Why = Exited, e.exit, fmt.Sprintf("exit status %d", e.exit)
		if e.signal != 0 {
			r.Reason, r.Exit, r.Signal = Signaled, -1, e.signal
			r.Why = fmt.Sprintf("ended by signal %d (%s)", int(e.signal), e.signal)
		}
	}
	if r.Left > 0 {
		r.Why += fmt.Sprintf("; %d of its processes could not be ended", r.Left)
	}
	return r
}

func ended(reason Reason, why string) Result {
	return Result{Reason: reason, Exit: -1, Why: why}
}

// size renders a number of bytes as people set it.
func size(n int64) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}
