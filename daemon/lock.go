package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
)

// takeLock makes the state directory ours. A predecessor that is stopping is waited
// for; one that answers on the socket is not.
func (d *daemon) takeLock(ctx context.Context) (*api.Lock, error) {
	path := filepath.Join(d.opt.State, "daemon.lock")
	limit := time.After(lockTime)
	for {
		lock, err := api.TryLock(path)
		if lock != nil || err != nil {
			return lock, err
		}
		if answers(ctx, d.opt.Socket) {
			return nil, agent.Errorf(agent.WrongState, "a daemon already runs on %s%s", d.opt.State, d.holder()).WithHint("agent daemon stop")
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-limit:
			return nil, agent.Errorf(agent.WrongState, "the state directory %s is held by a process that does not answer%s", d.opt.State, d.holder()).
				WithHint("end that process, then: agent daemon start")
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// answers reports whether a daemon serves the socket. That it can be dialed says little:
// a child that was being forked when its daemon was killed keeps lock and socket
// open until it executes its own program.
func answers(ctx context.Context, socket string) bool {
	conn, err := api.Dial(ctx, socket)
	if err != nil {
		return false
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return false
	}
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: agent\r\nConnection: close\r\n\r\n", api.PathPing); err != nil {
		return false
	}
	n, err := conn.Read(make([]byte, 1))
	return n == 1 && err == nil
}

// runtimeInfo is left in the state directory for people. Nothing here decides by it:
// the process may be long dead and its number another's.
type runtimeInfo struct {
	PID     int       `json:"pid"`
	Version string    `json:"version"`
	Started time.Time `json:"started"`
	Socket  string    `json:"socket"`
	Listen  string    `json:"listen,omitempty"`
}

func (d *daemon) writeRuntime() error {
	b, err := json.MarshalIndent(runtimeInfo{os.Getpid(), d.opt.Build.Version, d.started, d.opt.Socket, d.address()}, "", "  ")
	if err == nil {
		err = os.WriteFile(d.runtimeFile(), append(b, '\n'), 0o600)
	}
	if err != nil {
		return agent.Errorf(agent.Internal, "the state directory cannot be written: %w", err).WithHint("check its owner, its rights and the disk's free space")
	}
	return nil
}

// holder names the process that last said it holds the state directory, for an error.
func (d *daemon) holder() string {
	var info runtimeInfo
	b, err := os.ReadFile(d.runtimeFile())
	if err != nil || json.Unmarshal(b, &info) != nil || info.PID == 0 {
		return ""
	}
	return fmt.Sprintf(" (pid %d, %s)", info.PID, info.Version)
}

// listenTCP opens the health port. It never takes another one than asked for: a probe
// would not find it.
func listenTCP(address string) (net.Listener, error) {
	if address == "" || address == "off" {
		return nil, nil
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, agent.Errorf(agent.Invalid, "the listen address %q is no host:port", address).WithHint("agent config set listen 127.0.0.1:7717")
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, agent.Errorf(agent.Invalid, "the listen address %s is not on the loopback interface", address).WithHint("agent config set listen 127.0.0.1:7717")
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, agent.Errorf(agent.Unavailable, "the health port %s cannot be opened: %w", address, reason(err)).
			WithHint("choose another with `agent config set listen 127.0.0.1:PORT`, or none with `agent config set listen off`")
	}
	return l, nil
}

// reason strips what net puts before it.
func reason(err error) error {
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return e.Err
	}
	return err
}
