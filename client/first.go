package client

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
)

// first submits to a daemon that nobody has pinged: most commands that submit do only
// that, and the ping is a round trip. What it would tell comes with the answer:
//
//   - Nobody listens, or the daemon refuses because we have no common protocol, it
//     stops, or it is older and idle: nothing was taken. Then we do as Open, and submit
//     to whoever answers now.
//   - An older daemon that took the job is busy, or we cannot start another; a newer
//     one is fine. We are told once, as by Open.
//   - An answer without a protocol is not our daemon's.
//
// What is lost in between stays Unavailable: whether the job was taken is not known.
func (c *Client) first(ctx context.Context, q request) (string, error) {
	if len(q.head)+len(q.text) > smallText { // the socket may not hold it at once, and wait
		if err := c.connect(ctx); err != nil {
			return "", err
		}
		return c.call(ctx, q)
	}
	head, body, err := c.once(ctx, q)
	if isAbsent(err) || err != nil && head != nil && refused(err) {
		if err := c.connect(ctx); err != nil {
			return "", err
		}
		return c.call(ctx, q)
	}
	if err != nil {
		return "", err
	}
	if _, err := c.judge(pingOf(head)); err != nil {
		return "", err
	}
	c.met.Store(true)
	return body, nil
}

// refused reports whether a daemon's answer says that it takes no jobs, of nobody or
// of us.
func refused(err error) bool {
	code := agent.CodeOf(err)
	return code == agent.Protocol || code == agent.Unavailable
}

// pingOf is what the headers of an accepted submission tell about the daemon.
func pingOf(head http.Header) api.Ping {
	p := api.Ping{Name: api.Name, Busy: true}                    // it has our job at least
	p.Protocol, _ = api.ParseRange(head.Get(api.HeaderProtocol)) // once found sound
	p.Build, _ = api.ParseBuild(head.Get(api.HeaderBuild))       // without one it is as old as can be
	return p
}

// once is call on a connection of its own. http.Transport would start two goroutines
// and touch a hundred more pages: 0.6 ms of a process that asks one thing. head is nil
// when no daemon of ours has answered.
func (c *Client) once(ctx context.Context, q request) (head http.Header, body string, err error) {
	conn, err := api.Dial(ctx, c.opt.Socket)
	if err != nil {
		return nil, "", c.unreachable(ctx, &dialError{err})
	}
	defer conn.Close()
	// A deadline long past ends whatever waits for the connection.
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	_, sent := c.write(conn, q)
	r := bufio.NewReader(conn)
	if err := c.patience(ctx, conn, r); err != nil {
		return nil, "", err
	}
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		// A daemon may refuse what it has not read, and then the answer counts.
		return nil, "", c.unreachable(ctx, errors.Join(sent, err))
	}
	defer resp.Body.Close()
	if _, err := api.ParseRange(resp.Header.Get(api.HeaderProtocol)); err != nil {
		return nil, "", c.foreign()
	}
	if resp.StatusCode >= 400 {
		err := api.ReadError(resp)
		if _, ok := errors.AsType[*agent.Error](err); !ok {
			return nil, "", c.unreachable(ctx, err)
		}
		return resp.Header, "", err
	}
	if body, err = api.Read(resp.Body, resp.ContentLength, maxAnswer); err != nil {
		return nil, "", c.unreachable(ctx, err)
	}
	return resp.Header, body, nil
}

// write sends q (RFC 9112, section 3). No part of the head comes from elsewhere.
func (c *Client) write(conn net.Conn, q request) (int64, error) {
	head := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: agent\r\n%s: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n",
		q.method, q.path, api.HeaderProtocol, api.Speaks(), q.typ, len(q.head)+len(q.text))
	if c.opt.Start != nil {
		head += api.HeaderWants + ": " + c.opt.Build.Header() + "\r\n"
	}
	all := net.Buffers{append([]byte(head+"\r\n"), q.head...), []byte(q.text)}
	return all.WriteTo(conn)
}

// patience waits for the first byte of the answer. One that takes long is a slow disk,
// or a daemon that hangs; another connection tells.
func (c *Client) patience(ctx context.Context, conn net.Conn, r *bufio.Reader) error {
	if err := conn.SetReadDeadline(time.Now().Add(c.wait)); err != nil {
		return c.unreachable(ctx, err)
	}
	if _, err := r.Peek(1); errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() == nil {
		if _, err := c.pingOnce(ctx); err != nil {
			return err
		}
	}
	if err := conn.SetReadDeadline(time.Time{}); err != nil {
		return c.unreachable(ctx, err)
	}
	return ctx.Err() // which may have ended, and set its deadline, before ours was lifted
}

// foreign is the error for a socket at which something else answers.
func (c *Client) foreign() error {
	return agent.Errorf(agent.Unavailable, "what answers on %s is no agent daemon", c.opt.Socket).WithHint("stop it, or remove the socket")
}
