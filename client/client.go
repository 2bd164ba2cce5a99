// Package client is agent.Jobs over HTTP on the daemon's unix socket, for every front
// end. Open finds the daemon, starts one when none answers, and replaces an idle older
// one; streams outlive a restart of the daemon.
package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
)

// Options says where the daemon is and how to start one. Only Socket is required.
type Options struct {
	Socket string // path of the daemon's unix socket

	// Start returns the command that becomes the daemon, not started yet: program and
	// arguments, and Env if it is not this process's own. The client gives it no
	// terminal, the root directory, a session of its own, and an environment without
	// GIT_*. Nil: never start a daemon.
	Start func() (*exec.Cmd, error)

	Lock string // OS lock held while a daemon starts; empty: Socket + ".lock"
	Log  string // the daemon's log, whose end is told when it does not come up; may be empty

	Build  api.Build         // ours, to be compared with the daemon's; zero: not compared
	Notice func(text string) // told once when the daemon is of another build; may be nil
}

// Client talks to one daemon. It is safe for concurrent use.
type Client struct {
	opt    Options
	http   *http.Client
	notice sync.Once
	met    atomic.Bool   // the daemon has been judged
	died   atomic.Bool   // the daemon has, when WatchOnce last looked
	wait   time.Duration // pingTime, but for tests
}

var _ agent.Jobs = (*Client)(nil)

// New makes a Client that has talked to nobody yet. If the first thing it is asked is a
// Submit, that does what Open does, but without a ping: see first. Anything else starts
// and replaces nothing.
func New(opt Options) *Client {
	if opt.Lock == "" {
		opt.Lock = opt.Socket + ".lock"
	}
	return &Client{opt: opt, wait: pingTime, http: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			conn, err := api.Dial(ctx, opt.Socket)
			if err != nil {
				return nil, &dialError{err}
			}
			return conn, nil
		},
		DisableCompression:  true,
		MaxIdleConnsPerHost: 256,
		IdleConnTimeout:     time.Minute,
	}}}
}

// Close lets go of idle connections. The daemon goes on.
func (c *Client) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

// dialError marks a failure before anything was sent.
type dialError struct{ err error }

func (e *dialError) Error() string { return cause(e.err).Error() }
func (e *dialError) Unwrap() error { return e.err }

// lostError marks a connection that broke after it was made.
type lostError struct{ err error }

func (e *lostError) Error() string { return cause(e.err).Error() }
func (e *lostError) Unwrap() error { return e.err }

// request is one call. The body, if any, is head and then text.
type request struct {
	method, path string
	typ          string // content type of the body
	head         []byte
	text         string
}

// smallText is copied behind its head, which is cheaper than what reads two parts.
const smallText = 64 << 10

func (q request) body() io.Reader {
	if len(q.text) <= smallText {
		return bytes.NewReader(append(q.head[:len(q.head):len(q.head)], q.text...))
	}
	return io.MultiReader(bytes.NewReader(q.head), strings.NewReader(q.text))
}

// send returns the answer to q, whose body the caller closes. An answer that is an
// error is returned as one; no answer is Unavailable, unless ctx ended.
func (c *Client) send(ctx context.Context, q request) (*http.Response, error) {
	var body io.Reader
	if len(q.head) > 0 {
		body = q.body()
	}
	req, err := http.NewRequestWithContext(ctx, q.method, "http://agent"+q.path, body)
	if err != nil {
		return nil, agent.Errorf(agent.Internal, "%s %s: %w", q.method, q.path, err)
	}
	req.Header.Set(api.HeaderProtocol, api.Speaks().String())
	if body != nil {
		req.Header.Set("Content-Type", q.typ)
		req.ContentLength = int64(len(q.head) + len(q.text))
		// For a connection that turns out to be closed before anything is sent.
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(q.body()), nil }
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.unreachable(ctx, err)
	}
	if resp.StatusCode >= 400 {
		defer resp.Body.Close()
		err := api.ReadError(resp)
		if _, ok := errors.AsType[*agent.Error](err); ok {
			return nil, err
		}
		return nil, c.unreachable(ctx, err)
	}
	return resp, nil
}

// call is send with the answer read whole.
func (c *Client) call(ctx context.Context, q request) (string, error) {
	resp, err := c.send(ctx, q)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := api.Read(resp.Body, resp.ContentLength, maxAnswer)
	switch {
	case err != nil && ctx.Err() != nil:
		return "", ctx.Err()
	case err != nil:
		return "", agent.Errorf(agent.Unavailable, "the daemon went away in the middle of an answer: %w", err).WithHint("agent daemon logs")
	}
	return body, nil
}

// maxAnswer bounds what is read of an answer, against a peer gone mad.
const maxAnswer = 1 << 30

// unreachable turns a failure of the connection into the error that callers see.
func (c *Client) unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if e, ok := errors.AsType[*agent.Error](err); ok && e.Code == agent.Invalid {
		return e // the path of the socket, or whose it is
	}
	if d, ok := errors.AsType[*dialError](err); ok && errors.Is(d.err, os.ErrPermission) {
		return agent.Errorf(agent.Unavailable, "the daemon's socket %s may not be opened: %w", c.opt.Socket, d).
			WithHint("it is another user's: set AGENT_STATE_DIR to a directory of yours")
	} else if ok {
		return agent.Errorf(agent.Unavailable, "no daemon answers on %s: %w", c.opt.Socket, d).WithHint("agent daemon start")
	}
	return agent.Errorf(agent.Unavailable, "the daemon went away: %w", &lostError{err}).WithHint("agent daemon logs")
}

// cause strips what net and net/http put before the reason, a path among them.
func cause(err error) error {
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return e.Err
	}
	return err
}
