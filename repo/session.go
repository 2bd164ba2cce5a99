package repo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"

	"codeagent.dev/agent"
)

// kind is what a long-lived git process answers.
type kind string

const (
	contents kind = "cat-file --batch"       // an object's type, size and content
	headers  kind = "cat-file --batch-check" // an object's type and size
	refs     kind = "update-ref --stdin"     // transactions on references
	numbers  kind = "diff-tree --stdin -r -z -M -l1000 --numstat --no-ext-diff --no-textconv"
)

// parallel is how many processes of one kind run at once for one git directory.
// There is one writer of references: a second would only wait for its locks.
func (k kind) parallel() int {
	if k == refs {
		return 1
	}
	return 3
}

type poolKey struct {
	gitDir string
	kind   kind
}

// pool keeps a few git processes of one kind on one git directory. It starts them
// when they are needed and ends them when nobody asked them anything for a while;
// with no process there is no timer either.
type pool struct {
	key   poolKey
	dir   string // working directory: not the person's, so that theirs can be removed
	idle  time.Duration
	slots chan struct{}

	mu     sync.Mutex
	closed bool
	free   []*session // the one used last is last
	busy   map[*session]bool
	timer  *time.Timer
}

// pool returns the pool of git processes of that kind on gitDir.
func (s *Set) pool(gitDir string, k kind) (*pool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed()
	}
	key := poolKey{gitDir, k}
	p := s.pools[key]
	if p == nil {
		p = &pool{key: key, dir: s.state, idle: s.idle, slots: make(chan struct{}, k.parallel()), busy: map[*session]bool{}}
		s.pools[key] = p
	}
	return p, nil
}

// broken is the failure of the conversation with a git process, as against an
// answer that says no. The process is not used again.
type broken struct{ err error }

// unread is an error that leaves the answer unread on purpose: the process is not
// used again, but the question is not asked again either.
type unread struct{ err error }

func (u *unread) Error() string { return u.err.Error() }
func (u *unread) Unwrap() error { return u.err }

func (b *broken) Error() string { return b.err.Error() }
func (b *broken) Unwrap() error { return b.err }

// do runs fn with a process of its own. fn must read every answer to its end, or
// return a broken error. When ctx ends the process is ended with it, so a half-read
// answer can never be taken for the next one. A process that died while it was idle
// is replaced, so fn may run twice.
func (p *pool) do(ctx context.Context, fn func(*session) error) error {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for {
		s, fresh, err := p.take()
		if err != nil {
			return err
		}
		stop := context.AfterFunc(ctx, s.kill)
		err = fn(s)
		canceled := !stop()
		_, failed := errors.AsType[*broken](err)
		_, left := errors.AsType[*unread](err)
		switch {
		case canceled:
			p.drop(s)
			return ctx.Err()
		case left:
			p.drop(s)
			return err
		case !failed:
			p.put(s)
			return err
		}
		err = p.died(p.drop(s), err)
		if fresh || p.isClosed() {
			return err
		}
	}
}

// take returns an idle process, or a fresh one.
func (p *pool) take() (s *session, fresh bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, false, errClosed()
	}
	if n := len(p.free); n > 0 {
		s, p.free = p.free[n-1], p.free[:n-1]
	} else {
		run := gitRun{args: append([]string{"--git-dir=" + p.key.gitDir}, strings.Fields(string(p.key.kind))...), dir: p.dir, env: noFetch}
		if s, err = startSession(run); err != nil {
			return nil, false, err
		}
		fresh = true
	}
	p.busy[s] = true
	return s, fresh, nil
}

// noFetch keeps a git older than GIT_NO_LAZY_FETCH (2.45) from fetching what a
// partial clone left out: no transport is allowed at all.
var noFetch = []string{"GIT_ALLOW_PROTOCOL=none"}

func (p *pool) put(s *session) {
	p.mu.Lock()
	delete(p.busy, s)
	s.since = time.Now()
	keep := !p.closed
	if keep {
		p.free = append(p.free, s)
		if p.timer == nil {
			p.timer = time.AfterFunc(p.idle, p.reap)
		}
	}
	p.mu.Unlock()
	if !keep {
		s.end()
	}
}

func (p *pool) drop(s *session) *session {
	p.mu.Lock()
	delete(p.busy, s)
	p.mu.Unlock()
	s.kill()
	s.end()
	return s
}

// reap ends the processes that were idle long enough and comes back for the rest.
func (p *pool) reap() {
	p.mu.Lock()
	n := 0
	for n < len(p.free) && time.Since(p.free[n].since) >= p.idle {
		n++
	}
	old := p.free[:n]
	p.free = append([]*session(nil), p.free[n:]...)
	p.timer = nil
	if len(p.free) > 0 && !p.closed {
		p.timer = time.AfterFunc(p.idle-time.Since(p.free[0].since), p.reap)
	}
	p.mu.Unlock()
	for _, s := range old {
		s.end()
	}
}

func (p *pool) isClosed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

// retire ends the idle processes now and the busy ones when they have answered.
func (p *pool) retire() {
	p.mu.Lock()
	p.closed = true
	free := p.free
	p.free = nil
	if p.timer != nil {
		p.timer.Stop()
	}
	p.mu.Unlock()
	for _, s := range free {
		s.end()
	}
}

// close retires the pool and ends its busy processes. A process that writes
// references is left to finish: ended in between it would leave a lock behind.
func (p *pool) close() {
	p.retire()
	p.mu.Lock()
	if p.key.kind != refs {
		for s := range p.busy {
			s.kill()
		}
	}
	p.mu.Unlock()
	for range cap(p.slots) { // every do has returned
		p.slots <- struct{}{}
	}
}

// session is one conversation with a git process.
type session struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
	errs  *tail
	since time.Time // idle since
}

func startSession(run gitRun) (*session, error) {
	s := &session{cmd: run.command(context.Background()), errs: &tail{}}
	s.cmd.Stderr = s.errs
	s.cmd.WaitDelay = 5 * time.Second
	in, err := s.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, run.failed("", err)
	}
	s.in, s.out = in, bufio.NewReaderSize(out, 32<<10)
	return s, nil
}

// send writes one or more request lines.
func (s *session) send(lines string) error {
	if _, err := io.WriteString(s.in, lines); err != nil {
		return &broken{err}
	}
	return nil
}

// line reads one answer line, without its end.
func (s *session) line() (string, error) {
	line, err := s.out.ReadString('\n')
	if err != nil {
		return "", &broken{fmt.Errorf("no answer: %w", err)}
	}
	return line[:len(line)-1], nil
}

func (s *session) kill() { s.cmd.Process.Kill() }

// end closes the conversation and waits until the process is gone. Its exit status
// says nothing that the conversation has not said.
func (s *session) end() {
	s.in.Close()
	_ = s.cmd.Wait()
}

// died adds what git said before it ended to err. The session must have ended.
func (p *pool) died(s *session, err error) error {
	name, _, _ := strings.Cut(string(p.key.kind), " ")
	return agent.Errorf(agent.Internal, "git %s in %s: %w", name, p.key.gitDir, &gitError{stderr: s.errs.String(), err: err})
}

// tail keeps the end of what a process writes to stderr.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailBytes = 4 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if over := len(t.text) - tailBytes; over > 0 {
		t.text = append(t.text[:0], t.text[over:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
