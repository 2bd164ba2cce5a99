//go:build linux || darwin

package proc

import (
	"errors"
	"io"
	"os"
	"os/signal"
	"runtime"
	"sync/atomic"
	"syscall"
)

// guardName is the argv[0] that makes a start of this program a guard.
const guardName = "agent-guard"

// guardEnv keeps the guard's own Go runtime small, and lets a guard of a test binary
// with the race detector end without a second's sleep. Nothing of it reaches the command.
var guardEnv = []string{"GOMAXPROCS=1", "GOGC=off", "GOMEMLIMIT=64MiB", "GORACE=atexit_sleep_ms=0"}

// armed is set once Guard was called. Without it Run would start a copy of the
// program that does not know it is a guard: in a test binary, all the tests again.
var armed atomic.Bool

// Guard must be the first thing in main, and in TestMain of every package whose tests
// run commands. When this process was started by Run as the guard of a command, Guard
// runs that command and never returns; else it returns at once.
//
// A guard is a process between ours and the command's, in a session of its own, that
// adopts whatever the command leaves behind (on Linux; elsewhere what stays in the
// command's process group or below it) and ends it all when the command ends, when
// Run asks, or when our process dies, be it by SIGKILL: it reads a pipe that ends then.
func Guard() {
	if len(os.Args) != 1 || os.Args[0] != guardName {
		armed.Store(true)
		return
	}
	g := guard{control: 3, status: 4, kill: make(chan struct{}), over: make(chan struct{}), alone: make(chan struct{})}
	os.Exit(g.main())
}

// guard is the guard's side of a run.
type guard struct {
	control, status fd
	pid             int // the command's, which is its session and group as well

	kill  chan struct{} // closed when everything must end
	over  chan struct{} // closed when the command itself ended
	alone chan struct{} // closed when no child is left
	wait  syscall.WaitStatus
	gone  atomic.Bool // the command was reaped: its group may be another's
}

func (g *guard) main() int {
	runtime.LockOSThread() // PR_SET_PDEATHSIG is about the thread that forked
	adopt()
	// Caught, not ignored: what is ignored stays so in the command. Only what a group or
	// a person is likely to send: each one costs a switch of threads.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT,
		syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGUSR2)
	r, err := readRequest(g.control)
	if err != nil {
		return 1 // our parent died, or somebody starts us by hand
	}
	if err := g.start(r); err != nil {
		errno, _ := errors.AsType[syscall.Errno](err)
		g.report(report{kind: refused, a: uint32(errno)})
		return 0
	}
	g.report(report{kind: started, a: uint32(g.pid)})
	go g.listen()
	go g.reap()
	select {
	case <-g.over:
	case <-g.kill:
	}
	left := sweep(g.pid, g.alone)
	if left == 0 {
		<-g.over
	}
	select {
	case <-g.over:
	default: // the command itself could not be ended
		g.wait = syscall.WaitStatus(syscall.SIGKILL)
	}
	g.report(report{kind: over, a: uint32(g.wait), b: uint32(left)})
	return 0
}

// start starts the command and lets go of its descriptors, so that its output ends
// when its last process does.
func (g *guard) start(r request) (err error) {
	keepPrivate()
	g.pid, err = syscall.ForkExec(r.path, r.argv, &syscall.ProcAttr{
		Dir: r.dir, Env: r.env, Files: []uintptr{0, 1, 2}, Sys: commandAttr(),
	})
	if err != nil {
		return err
	}
	null, err := syscall.Open(os.DevNull, syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	for fd := range 3 {
		if err != nil {
			_ = syscall.Close(fd)
			continue
		}
		_ = dup(null, fd)
	}
	return nil
}

// listen does what the parent asks. The end of the pipe is the end of the parent.
func (g *guard) listen() {
	var b [1]byte
	for {
		n, _ := g.control.Read(b[:])
		if n == 1 && b[0] == 't' {
			if !g.gone.Load() {
				_ = syscall.Kill(-g.pid, syscall.SIGTERM)
			}
			continue
		}
		close(g.kill)
		return
	}
}

// reap collects children, the command and what was adopted, until none is left.
func (g *guard) reap() {
	for pid := 0; pid != g.pid; {
		pid, g.wait = waitChild(0)
		if pid < 0 {
			break // not reached: the command is our child
		}
	}
	g.gone.Store(true)
	left := 1
	for left > 0 {
		left, _ = waitChild(syscall.WNOHANG)
	}
	if left < 0 {
		close(g.alone) // before over: the common case needs no sweep
		close(g.over)
		return
	}
	close(g.over)
	for left >= 0 {
		left, _ = waitChild(0)
	}
	close(g.alone)
}

// waitChild reaps a child and returns its id: 0 when none has ended, -1 when there is none.
func waitChild(options int) (pid int, ws syscall.WaitStatus) {
	for {
		pid, err := syscall.Wait4(-1, &ws, options, nil)
		if err != syscall.EINTR {
			return pid, ws
		}
	}
}

func (g *guard) report(r report) { _, _ = g.status.Write(r.bytes()) }

// fd is a descriptor that is read and written without Go's poller.
type fd int

func (f fd) Read(b []byte) (int, error) {
	for {
		n, err := syscall.Read(int(f), b)
		switch {
		case err == syscall.EINTR:
		case n == 0 && err == nil:
			return 0, io.EOF
		default:
			return max(n, 0), err
		}
	}
}

func (f fd) Write(b []byte) (int, error) {
	for {
		n, err := syscall.Write(int(f), b)
		if err != syscall.EINTR {
			return max(n, 0), err
		}
	}
}
