package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
)

// start brings a daemon up and returns its ping. Of many callers, in any number of
// processes, one starts it and the others wait for its ping. The lock is the operating
// system's, so one that dies while it holds it holds up nobody.
func (c *Client) start(ctx context.Context) (api.Ping, error) {
	if err := api.EnsureDir(filepath.Dir(c.opt.Lock)); err != nil {
		return api.Ping{}, err
	}
	// Long enough for the holder to try, and for us after it gave up.
	limit, cancel := context.WithTimeout(ctx, 2*readyTime)
	defer cancel()
	for delay := 5 * time.Millisecond; ; delay = min(2*delay, 100*time.Millisecond) {
		lock, err := api.TryLock(c.opt.Lock)
		if err != nil {
			return api.Ping{}, err
		}
		// Ping also with the lock: the one who held it before us may have been the one.
		if p, err := c.pingOnce(limit); !isAbsent(err) {
			unlock(lock)
			return p, err
		}
		if lock != nil {
			defer unlock(lock)
			return c.spawn(ctx)
		}
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return api.Ping{}, ctx.Err()
		case <-limit.Done():
			return api.Ping{}, agent.Errorf(agent.Unavailable, "another process is starting the daemon and does not get on (it holds %s)", c.opt.Lock).
				WithHint("agent daemon run")
		}
	}
}

func unlock(l *api.Lock) {
	if l != nil {
		_ = l.Unlock() // the file is closed either way
	}
}

// spawn starts the daemon's process and waits until it answers or has failed.
func (c *Client) spawn(ctx context.Context) (api.Ping, error) {
	cmd, err := c.opt.Start()
	if err != nil {
		return api.Ping{}, err
	}
	said, err := os.OpenFile(c.opt.Lock+".stderr", os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o600)
	if err != nil {
		return api.Ping{}, agent.Errorf(agent.Internal, "start the daemon: %w", err)
	}
	defer said.Close()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = nil, said, said
	cmd.Dir = rootDir(cmd.Path)
	cmd.Env = withoutGit(cmd.Environ())
	detach(cmd)
	if err := cmd.Start(); err != nil {
		return api.Ping{}, agent.Errorf(agent.Unavailable, "start the daemon: %w", err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }() // also reaps it when we outlive it
	return c.ready(ctx, exited, said)
}

// ready waits for the ping of the daemon just started.
func (c *Client) ready(ctx context.Context, exited <-chan error, said *os.File) (api.Ping, error) {
	limit, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	for delay := 2 * time.Millisecond; ; delay = min(2*delay, 50*time.Millisecond) {
		p, err := c.pingOnce(limit)
		if err == nil {
			return p, nil
		}
		if !isAbsent(err) && limit.Err() == nil {
			return p, err
		}
		select {
		case <-time.After(delay):
		case err := <-exited:
			// Someone else's daemon may have been quicker, and ours left the field to it.
			if p, err := c.pingOnce(limit); err == nil {
				return p, nil
			}
			return p, c.failed(fmt.Sprintf("ended at once (%s)", exitText(err)), said)
		case <-limit.Done():
			if ctx.Err() != nil {
				return p, ctx.Err()
			}
			return p, c.failed(fmt.Sprintf("does not answer after %s", readyTime), said)
		}
	}
}

// failed tells why the daemon did not come up: what it said before it could log, else
// the end of its log.
func (c *Client) failed(how string, said *os.File) error {
	text := tail(said)
	if text == "" && c.opt.Log != "" {
		if log, err := os.Open(c.opt.Log); err == nil {
			text = tail(log)
			log.Close()
		}
	}
	if text != "" {
		text = ":\n" + text
	}
	hint := "agent daemon run"
	if c.opt.Log != "" {
		hint = "agent daemon run  # the log is " + c.opt.Log
	}
	return agent.Errorf(agent.Unavailable, "the daemon was started but %s%s", how, text).WithHint(hint)
}

// tail returns the last lines of a file.
func tail(f *os.File) string {
	const size, lines = 4 << 10, 8
	info, err := f.Stat()
	if err != nil {
		return ""
	}
	b, err := io.ReadAll(io.NewSectionReader(f, max(0, info.Size()-size), size))
	if err != nil {
		return ""
	}
	all := strings.Split(strings.TrimSpace(strings.ToValidUTF8(string(b), "?")), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

func exitText(err error) string {
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		return e.String()
	}
	if err != nil {
		return err.Error()
	}
	return "exit status 0"
}

// withoutGit drops what git exports to its hooks: a daemon started from a hook must
// not think that every repository is that one.
func withoutGit(env []string) []string {
	kept := make([]string, 0, len(env))
	for _, kv := range env {
		if !strings.HasPrefix(kv, "GIT_") {
			kept = append(kept, kv)
		}
	}
	return kept
}
