//go:build linux || darwin

package proc

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// startPatience bounds the wait for a guard to start its command. Only a machine that
// is all but dead needs more than milliseconds.
const startPatience = time.Minute

// pipes are the file descriptors of one run: ours and the guard's.
type pipes struct {
	ours, theirs []*os.File
}

// add makes a pipe; out: the guard writes it.
func (p *pipes) add(out bool) (ours *os.File, err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	ours, theirs := w, r
	if out {
		ours, theirs = r, w
	}
	// A command must never see EAGAIN on its stdin or stdout.
	if err := syscall.SetNonblock(int(theirs.Fd()), false); err != nil {
		return nil, errors.Join(err, r.Close(), w.Close())
	}
	p.ours, p.theirs = append(p.ours, ours), append(p.theirs, theirs)
	return ours, nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		_ = f.Close() // pipes of ours: nothing is buffered in them
	}
}

// start starts the guard, hands it the command, and returns once the command runs. A
// *notFoundError means that the program could not be executed.
func start(c Cmd, path string, out *output) (*process, error) {
	if !armed.Load() {
		return nil, errors.New("proc.Guard was not called at the start of this program")
	}
	var fds pipes
	p, status, err := launch(c, &fds)
	closeAll(fds.theirs)
	if err != nil {
		closeAll(fds.ours)
		return nil, fmt.Errorf("cannot run a command: %w", err)
	}
	p.ended = make(chan struct{})
	if err := p.request(c, path, status); err != nil {
		_ = p.control.Close() // the guard ends by that
		state, _ := p.guard.Wait()
		if state != nil && !state.Exited() {
			err = p.lost()
		}
		closeAll(fds.ours)
		return nil, err
	}
	go p.watch(status)
	p.reads.Go(func() { drain(p.printed, out.take) })
	if p.said != nil {
		p.reads.Go(func() {
			drain(p.said, out.say)
			_ = out.voice.Close()
		})
	} else if p.stdin != nil {
		go func() {
			_, _ = p.stdin.Write(c.Stdin) // a command need not read it
			_ = p.stdin.Close()
		}()
	}
	return p, nil
}

// launch makes the pipes and starts the guard. Its descriptors are: 0 to 2 the
// command's, 3 the control pipe, 4 the status pipe, 5 Cmd.Hold.
func launch(c Cmd, fds *pipes) (p *process, status *os.File, err error) {
	p = &process{}
	if c.Stdin == nil && c.Talk == nil {
		null, err := os.Open(os.DevNull)
		if err != nil {
			return nil, nil, err
		}
		fds.theirs = append(fds.theirs, null)
	} else if p.stdin, err = fds.add(false); err != nil {
		return nil, nil, err
	}
	if c.Talk != nil {
		if p.said, err = fds.add(true); err != nil {
			return nil, nil, err
		}
	}
	if p.printed, err = fds.add(true); err != nil {
		return nil, nil, err
	}
	stderr := len(fds.theirs) - 1
	if p.control, err = fds.add(false); err != nil {
		return nil, nil, err
	}
	if status, err = fds.add(true); err != nil {
		return nil, nil, err
	}
	t := fds.theirs
	attr := &os.ProcAttr{
		Dir:   "/", // the guard must not keep a directory busy
		Env:   guardEnv,
		Files: []*os.File{t[0], t[1], t[stderr], t[stderr+1], t[stderr+2]},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	}
	if c.Hold != nil {
		attr.Files = append(attr.Files, c.Hold)
	}
	p.guard, err = startSelf(attr)
	return p, status, err
}

// startSelf starts this program again. /proc/self/exe is the running program even
// when its file was replaced or removed by an upgrade.
func startSelf(attr *os.ProcAttr) (*os.Process, error) {
	argv := []string{guardName}
	if runtime.GOOS == "linux" {
		if p, err := os.StartProcess("/proc/self/exe", argv, attr); err == nil {
			return p, nil
		}
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return os.StartProcess(self, argv, attr)
}

// request tells the guard what to run and reads its first answer.
func (p *process) request(c Cmd, path string, status *os.File) error {
	argv := c.argv()
	if err := writeRequest(p.control, request{path: path, dir: c.Dir, argv: argv, env: c.Env}); err != nil {
		return fmt.Errorf("cannot run a command: its guard takes no request: %w", err)
	}
	_ = status.SetReadDeadline(time.Now().Add(startPatience))
	r, err := readReport(status)
	_ = status.SetReadDeadline(time.Time{})
	switch {
	case err != nil:
		return fmt.Errorf("cannot run a command: its guard did not start it: %w", err)
	case r.kind == started:
		p.pid = int(r.a)
		return nil
	}
	return c.refused(path, syscall.Errno(r.a))
}

// refused explains why the system did not execute the program.
func (c Cmd) refused(path string, errno syscall.Errno) error {
	if err := c.checkDir(); err != nil {
		return err // removed since the first look
	}
	name := c.argv()[0]
	switch errno {
	case syscall.ENOENT, syscall.ENOTDIR:
		if _, err := os.Stat(path); err == nil {
			return &notFoundError{name, "its interpreter does not exist"}
		}
		return &notFoundError{name, "no such file"}
	case syscall.EACCES, syscall.ENOEXEC, syscall.EISDIR, syscall.ELOOP:
		return &notFoundError{name, errno.Error()}
	}
	return fmt.Errorf("cannot run %s in %s: %w", filepath.Base(name), c.Dir, errno)
}
