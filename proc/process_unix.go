//go:build linux || darwin

package proc

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"time"
)

// guardPatience bounds the wait for a guard that was told to kill everything. It is
// longer than the guard's own patience, so that the guard can still report.
const guardPatience = sweepLimit + 10*time.Second

// process is a command under its guard.
type process struct {
	guard   *os.Process
	control *os.File       // to the guard: the request, then 't' and 'k'; its end is 'k' too
	printed *os.File       // the command's stdout and stderr; with Cmd.Talk stderr alone
	said    *os.File       // with Cmd.Talk its stdout, else nil
	reads   sync.WaitGroup // the readers of printed and said
	ended   chan struct{}  // closed when the guard reported or died
	end     end            // valid after ended
	stdin   *os.File       // nil when the command has none
	pid     int            // the command's, once it runs
	hung    *time.Timer    // ends a guard that does not report
}

// watch waits for the guard's report of the command's end.
func (p *process) watch(status *os.File) {
	defer close(p.ended)
	r, err := readReport(status)
	_ = status.Close()
	if err != nil || r.kind != over {
		p.end = end{exit: -1, err: p.lost()}
		return
	}
	ws := syscall.WaitStatus(r.a)
	p.end = end{exit: ws.ExitStatus(), left: int(r.b)}
	if ws.Signaled() {
		p.end.signal = ws.Signal()
	}
}

// lost ends what can be found of a command whose guard was killed. On Linux the
// command itself is dead by then (PR_SET_PDEATHSIG); what it started is not.
func (p *process) lost() error {
	if p.pid > 1 {
		_ = syscall.Kill(-p.pid, syscall.SIGKILL)
	}
	hunt(p.printed)
	if p.said != nil {
		hunt(p.said)
	}
	return errors.New("the guard of the command was killed; processes it started may be left")
}

// term asks the command's process group to end.
func (p *process) term() { _, _ = p.control.Write([]byte{'t'}) }

// kill ends the whole tree. Should the guard itself hang, it is ended as well.
func (p *process) kill() {
	_, _ = p.control.Write([]byte{'k'})
	if p.hung == nil {
		p.hung = time.AfterFunc(guardPatience, func() { _ = p.guard.Kill() })
	}
}

// finish waits for the guard and takes the rest of the output.
func (p *process) finish() end {
	_ = p.printed.SetReadDeadline(time.Now()) // wakes drain; see there
	if p.said != nil {
		_ = p.said.SetReadDeadline(time.Now())
		_ = p.stdin.Close() // who writes to nobody could not read the rest
	}
	p.reads.Wait()
	_ = p.control.Close()
	_, _ = p.guard.Wait()
	if p.hung != nil {
		p.hung.Stop()
	}
	_ = p.printed.Close()
	if p.said != nil {
		_ = p.said.Close()
	}
	if p.stdin != nil {
		_ = p.stdin.Close() // ends the writer of what nobody read
	}
	return p.end
}

// drain passes output on until its end, or, once finish says that the command is
// over, until the pipe is empty: a process that escaped may hold it open forever.
func drain(pipe *os.File, pass func([]byte)) {
	buf := make([]byte, 32<<10)
	for {
		n, err := pipe.Read(buf)
		pass(buf[:n])
		if errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
		if err != nil {
			return
		}
	}
	_ = pipe.SetReadDeadline(time.Time{})
	raw, err := pipe.SyscallConn()
	if err != nil {
		return
	}
	for range pipeCapacity / len(buf) {
		n := 0
		_ = raw.Read(func(fd uintptr) bool {
			n, _ = syscall.Read(int(fd), buf)
			return true // never wait
		})
		if n <= 0 {
			return
		}
		pass(buf[:n])
	}
}

// pipeCapacity is more than a pipe holds unless somebody enlarged it.
const pipeCapacity = 1 << 20
