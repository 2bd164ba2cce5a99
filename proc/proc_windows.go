package proc

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Guard does nothing here: the system ends a job object's processes with its last handle.
func Guard() {}

// process is a command in a job object of its own.
type process struct {
	cmd   *exec.Cmd
	job   windows.Handle
	stdin *os.File      // with Cmd.Talk, else nil
	read  chan struct{} // closed when the readers of the output are done
	ended chan struct{}
	end   end // valid after ended

	mu     sync.RWMutex
	closed bool // no more output is passed on
}

// drainPatience bounds the wait for the rest of the output of a job that ended. Nothing
// that could hold the pipe open leaves a job, so this is a net, not a plan.
const drainPatience = 5 * time.Second

// start starts the command suspended, puts it into its job, and lets it run, so that it
// cannot start anything outside.
func start(c Cmd, path string, out *output) (*process, error) {
	job, err := newJob()
	if err != nil {
		return nil, fmt.Errorf("cannot run a command: %w", err)
	}
	cmd := c.prepare(path)
	fds, err := c.connect(cmd)
	if err != nil {
		return nil, errors.Join(err, windows.CloseHandle(job))
	}
	err = cmd.Start()
	closeAll(fds.theirs)
	if err == nil {
		err = release(job, uint32(cmd.Process.Pid))
		if err != nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	}
	if err != nil {
		closeAll(fds.ours)
		_ = windows.CloseHandle(job)
		return nil, c.refused(err)
	}
	p := &process{cmd: cmd, job: job, read: make(chan struct{}), ended: make(chan struct{})}
	go p.watch()
	var reads sync.WaitGroup
	reads.Go(func() { p.drain(fds.ours[0], out.take) })
	if c.Talk != nil {
		p.stdin = fds.ours[2]
		reads.Go(func() {
			p.drain(fds.ours[1], out.say)
			_ = out.voice.Close()
		})
	}
	go func() {
		reads.Wait()
		close(p.read)
	}()
	return p, nil
}

// pipes are the ends of a command's pipes: ours are stderr, or all output, and with
// Cmd.Talk stdout and stdin.
type pipes struct{ ours, theirs []*os.File }

// connect gives the command its pipes.
func (c Cmd) connect(cmd *exec.Cmd) (fds pipes, err error) {
	add := func(out bool) *os.File {
		r, w, e := os.Pipe()
		if e != nil {
			err = e
			return nil
		}
		ours, theirs := w, r
		if out {
			ours, theirs = r, w
		}
		fds.ours, fds.theirs = append(fds.ours, ours), append(fds.theirs, theirs)
		return theirs
	}
	w := add(true)
	cmd.Stdout, cmd.Stderr = w, w
	if c.Talk != nil && err == nil {
		cmd.Stdout, cmd.Stdin = add(true), add(false)
	}
	if err != nil {
		closeAll(append(fds.ours, fds.theirs...))
	}
	return fds, err
}

func closeAll(files []*os.File) {
	for _, f := range files {
		_ = f.Close() // pipes of ours: nothing is buffered in them
	}
}

// newJob makes a job whose processes die with its last handle, which is ours alone: so
// they die with us.
func newJob() (windows.Handle, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return 0, err
	}
	var info windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION
	info.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
	if err != nil {
		return 0, errors.Join(err, windows.CloseHandle(job))
	}
	return job, nil
}

// release puts a suspended process into the job and lets it run.
func release(job windows.Handle, pid uint32) error {
	h, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, pid)
	if err != nil {
		return err
	}
	defer windows.CloseHandle(h)
	if err := windows.AssignProcessToJobObject(job, h); err != nil {
		return err
	}
	return resume(pid)
}

// resume resumes the threads of a process. os/exec does not hand out the first one's
// handle, so it is looked up.
func resume(pid uint32) error {
	all, err := windows.CreateToolhelp32Snapshot(windows.TH32CS_SNAPTHREAD, 0)
	if err != nil {
		return err
	}
	defer windows.CloseHandle(all)
	te := windows.ThreadEntry32{Size: uint32(unsafe.Sizeof(windows.ThreadEntry32{}))}
	resumed := false
	for err = windows.Thread32First(all, &te); err == nil; err = windows.Thread32Next(all, &te) {
		if te.OwnerProcessID != pid {
			continue
		}
		t, err := windows.OpenThread(windows.THREAD_SUSPEND_RESUME, false, te.ThreadID)
		if err != nil {
			return err
		}
		_, err = windows.ResumeThread(t)
		_ = windows.CloseHandle(t)
		if err != nil {
			return err
		}
		resumed = true
	}
	if !resumed {
		return errors.New("its first thread was not found")
	}
	return nil
}

// watch waits for the command and ends what it left.
func (p *process) watch() {
	defer close(p.ended)
	err := p.cmd.Wait()
	_ = windows.TerminateJobObject(p.job, 1)
	p.end = end{exit: p.cmd.ProcessState.ExitCode()}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) {
		p.end.err = err
	}
}

// term: there is no SIGTERM for a process without a console of ours.
func (p *process) term() { p.kill() }

func (p *process) kill() { _ = windows.TerminateJobObject(p.job, 1) }

func (p *process) finish() end {
	if p.stdin != nil {
		_ = p.stdin.Close() // who writes to nobody could not read the rest
	}
	t := time.NewTimer(drainPatience)
	defer t.Stop()
	select {
	case <-p.read:
	case <-t.C:
	}
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	_ = windows.CloseHandle(p.job)
	return p.end
}

// drain passes output on until its end.
func (p *process) drain(r *os.File, pass func([]byte)) {
	defer r.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Read(buf)
		p.mu.RLock() // one reader must not wait for who takes the other's
		if !p.closed {
			pass(buf[:n])
		}
		p.mu.RUnlock()
		if err != nil {
			return
		}
	}
}

// refused explains why the system did not start the program.
func (c Cmd) refused(err error) error {
	if dir := c.checkDir(); dir != nil {
		return dir // removed since the first look
	}
	name := c.Argv
	for _, missing := range []error{os.ErrNotExist, os.ErrPermission, syscall.Errno(windows.ERROR_BAD_EXE_FORMAT)} {
		if len(name) > 0 && errors.Is(err, missing) {
			return &notFoundError{name[0], missing.Error()}
		}
	}
	return fmt.Errorf("cannot run a command in %s: %w", c.Dir, err)
}
