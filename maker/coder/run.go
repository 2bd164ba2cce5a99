package coder

import (
	"context"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	"codeagent.dev/agent/proc"
)

// maxSaid bounds what Report.Said keeps of the agent's last words.
const maxSaid = 16 << 10

// run is an agent at work.
type run struct {
	agent  Agent
	task   Task
	lines  *proc.Lines
	report Report
	open   bool // what was said last has no end of its line yet
}

// prepare makes the command of the agent, and what to do when it ended. stdin reports
// whether the task is to be written to its stdin.
func (r *run) prepare() (c proc.Cmd, stdin bool, done func(), err error) {
	file := ""
	done = func() {
		if file != "" {
			_ = os.Remove(file)
		}
	}
	argv, said, err := r.agent.argv(r.task.Prompt, func() (string, error) {
		file, err = writePrompt(r.task.Prompt)
		return file, err
	})
	if err != nil {
		done()
		return proc.Cmd{}, false, nil, err
	}
	return proc.Cmd{
		Argv: argv, Dir: r.task.Dir, Env: r.agent.env(r.task), Hold: r.task.Hold,
		Time: r.task.Time, Output: r.task.Output, Sink: r.lines.Write,
	}, !said, done, nil
}

// ended makes the error of how a command ended, nil when that was by itself with status
// 0 or after a conversation.
func (r *run) ended(res proc.Result) error {
	e := &Error{Reason: Failed, Message: res.Why}
	switch res.Reason {
	case proc.Exited, proc.Signaled:
		if res.OK() {
			return nil
		}
		if last := lastLine(string(res.Tail)); last != "" {
			e = r.agent.blame(last)
			e.Message = res.Why + ": " + last
		}
	case proc.Dismissed:
		return nil
	case proc.NotFound:
		e.Reason, e.Hint = NotFound, r.agent.Install
	case proc.Canceled:
		e.Reason = Canceled
	case proc.TimedOut:
		e.Reason, e.Hint = TimedOut, "give it more time, or a smaller task"
	case proc.TooMuchOutput:
		e.Reason = TooMuchOutput
	case proc.Stalled:
		return r.stalled(string(res.Tail))
	}
	return e
}

// asking matches the end of an output that waits for an answer.
var asking = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)(\?|\[[yn]/[yn]\]|\([yn]/[yn]\)|\(yes/no\)|password|passphrase|press \w+( to \w+)?|enter .{1,60})[ :>…]*$`)
})

// stalled is the end of an agent that was silent for too long, whose last words may tell why.
func (r *run) stalled(tail string) error {
	e := &Error{Reason: Stalled, Message: "no progress for " + r.task.Idle.String(),
		Hint: "see that its service can be reached, or allow it more silence"}
	last := lastLine(tail)
	if last == "" {
		return e
	}
	if b := r.agent.blame(last); b.Reason != Failed {
		b.Message = e.Message + ": " + last
		return b
	}
	e.Message += ", last: " + last
	if asking().MatchString(last) {
		e.Reason, e.Hint = Asks, "there is nobody to answer: say it in the task, or give the agent a flag that answers yes"
	}
	return e
}

// command runs an agent of which nothing is known but its exit status.
func (r *run) command(ctx context.Context) error {
	c, stdin, done, err := r.prepare()
	if err != nil {
		return err
	}
	defer done()
	c.Idle = r.task.Idle
	if stdin {
		c.Stdin = []byte(r.task.Prompt)
	}
	res, err := proc.Run(ctx, c)
	if err != nil {
		return err
	}
	if res.OK() {
		r.report.Said, r.report.Stop = tailText(string(res.Tail)), res.Why
	}
	return r.ended(res)
}

// tailText is the end of an output as something said.
func tailText(tail string) string { return keep(strings.TrimSpace(proc.Plain(tail))) }

// show logs a line.
func (r *run) show(line string) {
	r.flush()
	r.lines.Write([]byte(line + "\n"))
}

// say logs a piece of what the agent says, as it comes.
func (r *run) say(piece string) {
	if piece != "" {
		r.lines.Write([]byte(piece))
		r.open = !strings.HasSuffix(piece, "\n")
	}
}

// flush ends the line that the agent left open.
func (r *run) flush() {
	if r.open {
		r.lines.Write([]byte("\n"))
		r.open = false
	}
}

// watch ends a run that makes no progress. Output alone is none: an agent without a
// network says for ever that it waits for one.
type watch struct {
	idle time.Duration
	end  func()

	mu    sync.Mutex
	timer *time.Timer
	fired bool
	over  bool
}

// newWatch starts the clock. With no limit there is none.
func newWatch(idle time.Duration, end func()) *watch {
	w := &watch{idle: idle, end: end}
	if idle > 0 {
		w.timer = time.AfterFunc(idle, w.fire)
	}
	return w
}

func (w *watch) fire() {
	w.mu.Lock()
	fired := !w.over
	w.fired = fired
	w.mu.Unlock()
	if fired {
		w.end()
	}
}

// progress starts the clock anew.
func (w *watch) progress() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil && !w.fired && !w.over {
		w.timer.Reset(w.idle)
	}
}

// stop ends the watch and reports whether it ended the run.
func (w *watch) stop() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	if w.timer != nil {
		w.timer.Stop()
	}
	return w.fired
}
