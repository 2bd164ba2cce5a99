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
	"io"
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
	Idle   time.Duration // limit on the time in which nothing is printed; 0: none
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

	// Talk, instead of Stdin, holds a conversation with the command. It reads stdout, of
	// which Sink and Result.Tail then get nothing, and writes stdin. When it returns,
	// stdin is closed and the command has Grace to end by itself. It must read until it
	// returns, and return when stdout ends, as it does with the command; Run waits for it.
	Talk func(stdin io.WriteCloser, stdout io.Reader)
}

// Reason says why a command ended.
type Reason string

const (
	Exited        Reason = "exited"          // by itself; Result.Exit is its exit status
	Signaled      Reason = "signaled"        // by a signal that we did not send
	TimedOut      Reason = "timed_out"       // Cmd.Time
	Stalled       Reason = "stalled"         // Cmd.Idle
	TooMuchOutput Reason = "too_much_output" // Cmd.Output
	Canceled      Reason = "canceled"        // the context ended
	Dismissed     Reason = "dismissed"       // Cmd.Talk was over and the command went on
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
	out := newOutput(c)
	p, err := start(c, path, out)
	var missing *notFoundError
	if errors.As(err, &missing) {
		return ended(NotFound, missing.Error()), nil
	}
	if err != nil {
		return Result{}, err
	}
	talked := c.talk(p, out)
	reason := supervise(ctx, c, p, out, talked)
	e := p.finish() // no more output after this
	if talked != nil {
		_ = out.voice.Close()
		<-talked
	}
	if e.err != nil {
		return Result{}, e.err
	}
	r := e.result(reason, c)
	r.Took, r.Output, r.Tail = time.Since(begun), out.printed(), out.tail()
	return r, nil
}

// talk lets Cmd.Talk begin, if there is one, and returns what is closed when it is over.
func (c Cmd) talk(p *process, out *output) <-chan struct{} {
	if c.Talk == nil {
		return nil
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		c.Talk(p.stdin, out.heard)
		_ = p.stdin.Close()
		_ = out.heard.Close() // what is still said is counted and dropped
	}()
	return over
}

// supervise waits for the command's end and returns why we ended it, or "".
func supervise(ctx context.Context, c Cmd, p *process, out *output, talked <-chan struct{}) (reason Reason) {
	limit, idle := newTimer(c.Time), newTimer(c.Idle)
	defer limit.Stop()
	defer idle.Stop()
	var patience, grace <-chan time.Time
	cancel, over := ctx.Done(), out.over
	stop := func(r Reason) {
		reason, cancel, over, talked, patience = r, nil, nil, nil, nil
		limit.Stop()
		idle.Stop()
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
		case <-limit.C:
			stop(TimedOut)
		case <-idle.C:
			if rest := c.Idle - out.quiet(); rest > 0 {
				idle.Reset(rest)
			} else {
				stop(Stalled)
			}
		case <-over:
			stop(TooMuchOutput)
		case <-cancel:
			stop(Canceled)
		case <-talked:
			talked, patience = nil, time.After(max(c.grace(), 0))
		case <-patience:
			stop(Dismissed)
		case <-grace:
			p.kill()
		}
	}
}

// newTimer makes a timer that, without a limit, never fires.
func newTimer(limit time.Duration) *time.Timer {
	if limit > 0 {
		return time.NewTimer(limit)
	}
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
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
	case Stalled:
		r.Why = "no output for " + c.Idle.String()
	case Canceled:
		r.Why = "canceled"
	case Dismissed:
		r.Why = "ended after the conversation"
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
