package client

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
)

const (
	pingTime  = 5 * time.Second  // a daemon that answers no ping by then hangs
	readyTime = 10 * time.Second // a started daemon must answer by then
)

// Open finds the daemon that answers on the socket, or starts one. An older daemon
// that is idle is replaced; a busy one is used as long as both speak a common
// protocol. The errors are Unavailable when there is no daemon and none came up, and
// Protocol when the one that runs cannot be talked to; both with a hint.
func Open(ctx context.Context, opt Options) (*Client, error) {
	c := New(opt)
	if err := c.connect(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// connect makes sure that a daemon we can talk to answers.
func (c *Client) connect(ctx context.Context) error {
	p, err := c.pingOnce(ctx)
	if isAbsent(err) {
		if c.opt.Start == nil {
			return err
		}
		if p, err = c.start(ctx); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	old, err := c.judge(p)
	switch {
	case p.Stopping && c.opt.Start != nil:
		err = c.replace(ctx, p, false, err)
	case old && c.canReplace(p):
		err = c.replace(ctx, p, true, err)
	}
	if err == nil {
		c.met.Store(true)
	}
	return err
}

// pingOnce pings with a time limit of its own. A daemon that dies while we ask is
// asked once more, to learn that it is gone.
func (c *Client) pingOnce(ctx context.Context) (api.Ping, error) {
	short, cancel := context.WithTimeout(ctx, c.wait)
	defer cancel()
	p, err := c.Ping(short)
	if _, lost := errors.AsType[*lostError](err); lost {
		p, err = c.Ping(short)
	}
	if err != nil && short.Err() != nil && ctx.Err() == nil {
		err = agent.Errorf(agent.Unavailable, "the daemon on %s does not answer", c.opt.Socket).WithHint("agent daemon restart")
	}
	return p, err
}

// isAbsent reports whether nobody listens, as opposed to somebody who answers badly or
// may not be asked.
func isAbsent(err error) bool {
	d, ok := errors.AsType[*dialError](err)
	return ok && !errors.Is(d.err, os.ErrPermission) && agent.CodeOf(d.err) == agent.Internal
}

// judge compares the daemon with us. old says that it is of an older build; the error
// is Protocol when the two cannot talk.
func (c *Client) judge(p api.Ping) (old bool, err error) {
	ours := api.Speaks()
	switch {
	case p.Protocol.Max < ours.Min:
		return true, agent.Errorf(agent.Protocol, "the running daemon (%s, pid %d) speaks protocol %s; this agent (%s) speaks %s",
			p.Build.Version, p.PID, p.Protocol, c.opt.Build.Version, ours).WithHint("agent daemon restart")
	case p.Protocol.Min > ours.Max:
		return false, agent.Errorf(agent.Protocol, "the running daemon (%s, pid %d) speaks protocol %s; this agent (%s) speaks only %s",
			p.Build.Version, p.PID, p.Protocol, c.opt.Build.Version, ours).WithHint("update " + self() + " to " + p.Build.Version)
	case c.opt.Build == (api.Build{}) || c.opt.Build.Same(p.Build):
		return false, nil
	case p.Build.Before(c.opt.Build):
		if !c.canReplace(p) {
			c.tell(fmt.Sprintf("the running daemon is older (%s, this agent is %s); restart it with `agent daemon restart`", p.Build.Version, c.opt.Build.Version))
		}
		return true, nil
	case c.opt.Build.Before(p.Build):
		c.tell(fmt.Sprintf("the running daemon is newer (%s, this agent is %s); update %s", p.Build.Version, c.opt.Build.Version, self()))
	default:
		c.tell(fmt.Sprintf("the running daemon is another build (%s, this agent is %s)", p.Build.Version, c.opt.Build.Version))
	}
	return false, nil
}

// tell says once what is odd about the daemon but does not matter now.
func (c *Client) tell(text string) {
	if c.opt.Notice != nil {
		c.notice.Do(func() { c.opt.Notice(text) })
	}
}

func (c *Client) canReplace(p api.Ping) bool { return c.opt.Start != nil && !p.Busy }

// replace waits for the daemon to be gone, which stops if ifIdle allows it, and starts
// one of our build. mismatch is why the present one cannot be used, or nil if it can.
func (c *Client) replace(ctx context.Context, p api.Ping, ifIdle bool, mismatch error) error {
	err := c.Shutdown(ctx, ifIdle)
	if agent.CodeOf(err) == agent.WrongState { // it got work just now
		c.tell(fmt.Sprintf("the running daemon is older (%s) and busy; restart it with `agent daemon restart`", p.Build.Version))
		return mismatch
	}
	if err != nil && !isAbsent(err) {
		return err
	}
	_, err = c.start(ctx)
	return err
}

// self names this program for a hint.
func self() string {
	if path, err := os.Executable(); err == nil {
		return path
	}
	return "agent"
}
