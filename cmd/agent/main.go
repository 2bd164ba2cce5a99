// Command agent is a patch queue for developers: hand it a change to make, go on
// working, and pick what it proved. `agent help` lists what it can do.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"codeagent.dev/agent"
	"codeagent.dev/agent/proc"
	"codeagent.dev/agent/tui"
)

func main() {
	proc.Guard()
	os.Exit(run(os.Args[1:], newApp()))
}

// run runs one command line and returns the exit status.
func run(args []string, a *app) int {
	ctx := newInterruptible()
	defer ctx.close()
	first := ""
	if len(args) > 0 {
		first = args[0]
	}
	root := newRootCmd(a, first)
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	err := root.ExecuteContext(ctx)
	if closeErr := a.close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = a.unwritten()
	}
	if ctx.Err() != nil && err != nil && errors.Is(err, context.Canceled) {
		err = errInterrupted
	}
	complain(a.err, err)
	return exitStatus(err)
}

// errInterrupted is what a command returns when a person interrupted it.
var errInterrupted = errors.New("interrupted")

// complain tells a person what went wrong and what helps.
func complain(w io.Writer, err error) {
	if err == nil || errors.Is(err, errSaid) {
		return
	}
	fmt.Fprintf(w, "agent: %s\n", tui.Clean(err.Error()))
	if hint := agent.HintOf(err); hint != "" {
		fmt.Fprintf(w, "hint: %s\n", tui.Clean(hint))
	}
}

// errSaid marks an error whose text a command has already printed.
var errSaid = errors.New("already said")

// ended is what a command returns when its jobs are Done and were shown: only the
// exit status is left to say.
type ended struct{ verdicts []agent.Verdict }

func (e *ended) Error() string { return "the jobs are done" }

func (e *ended) Is(target error) bool { return target == errSaid }

// stopped is what an interrupted command returns once it said what goes on without it.
type stopped struct{ err error }

func (e *stopped) Error() string { return e.err.Error() }

func (e *stopped) Unwrap() error { return e.err }

func (e *stopped) Is(target error) bool { return target == errSaid }

// Exit statuses. Every command's help lists those it can end with.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitChecks      = 3
	exitNoPatch     = 4
	exitStopped     = 5
	exitNeedsPerson = 6
	exitNoDaemon    = 7
	exitProtocol    = 8
	exitInterrupted = 130
)

// exitStatus is the one place that turns an error, or how jobs ended, into the
// process's exit status.
func exitStatus(err error) int {
	if err == nil {
		return exitOK
	}
	if errors.Is(err, errInterrupted) {
		return exitInterrupted
	}
	if e, ok := errors.AsType[*ended](err); ok {
		worst := exitOK
		for _, v := range e.verdicts {
			worst = max(worst, verdictStatus(v))
		}
		return worst
	}
	if e, ok := errors.AsType[*unfit](err); ok {
		return verdictStatus(e.verdict)
	}
	switch agent.CodeOf(err) {
	case agent.Invalid:
		return exitUsage
	case agent.TimedOut, agent.Stopped:
		return exitStopped
	case agent.Unavailable:
		return exitNoDaemon
	case agent.Protocol:
		return exitProtocol
	}
	return exitFailed
}

func verdictStatus(v agent.Verdict) int {
	switch v {
	case agent.Verified, agent.Unverified:
		return exitOK
	case agent.ChecksFailed:
		return exitChecks
	case agent.Canceled:
		return exitStopped
	case agent.NeedsInput, agent.NeedsApproval:
		return exitNeedsPerson
	}
	return exitNoPatch
}
