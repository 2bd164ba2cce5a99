package api

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"codeagent.dev/agent"
)

// maxSocketPath is sizeof(sun_path) less its final NUL.
func maxSocketPath() int {
	if runtime.GOOS == "darwin" {
		return 103
	}
	return 107
}

func checkSocketPath(path string) error {
	if len(path) <= maxSocketPath() {
		return nil
	}
	return agent.Errorf(agent.Invalid, "the socket's path %s is %d bytes long; this system allows %d", path, len(path), maxSocketPath()).
		WithHint("set XDG_RUNTIME_DIR or AGENT_STATE_DIR to a shorter directory")
}

// EnsureDir makes dir, for us alone, or verifies an existing one: it must be ours and
// nobody else's to write. The mode of an existing directory is never changed, because
// it may be anybody's choice (a home, /tmp).
func EnsureDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return agent.Errorf(agent.Internal, "the directory %s cannot be made: %w", dir, err).
			WithHint("check who owns it, or set AGENT_STATE_DIR to a directory of yours")
	}
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return agent.Errorf(agent.Internal, "the directory %s: %w", dir, err)
	case !info.IsDir():
		return agent.Errorf(agent.Internal, "%s is no directory", dir)
	}
	return checkOwner(dir, info)
}

// Listen opens the socket at path. A socket left by a dead process is probed, then
// replaced; one that answers is a WrongState error. Only the caller that holds the
// state directory's lock may do this. Connections of other users are closed, and
// refused, which may be nil, is told why.
func Listen(path string, refused func(error)) (net.Listener, error) {
	if err := checkSocketPath(path); err != nil {
		return nil, err
	}
	if err := EnsureDir(filepath.Dir(path)); err != nil {
		return nil, err
	}
	if err := removeStale(path); err != nil {
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, agent.Errorf(agent.Internal, "open the socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, agent.Errorf(agent.Internal, "close the socket to others: %w", err)
	}
	if refused == nil {
		refused = func(error) {}
	}
	return &listener{l, refused}, nil
}

func removeStale(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return agent.Errorf(agent.Internal, "the socket: %w", err)
	}
	// Windows shows a unix socket as an irregular file.
	if info.Mode()&(fs.ModeSocket|fs.ModeIrregular) == 0 {
		return agent.Errorf(agent.Internal, "%s is in the way: it is no socket", path).WithHint("move it away")
	}
	if conn, err := net.DialTimeout("unix", path, time.Second); err == nil {
		conn.Close()
		return agent.Errorf(agent.WrongState, "another daemon answers on %s", path).WithHint("agent daemon stop")
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return agent.Errorf(agent.Internal, "remove the stale socket: %w", err)
	}
	return nil
}

// listener closes what does not come from its own user.
type listener struct {
	net.Listener
	refused func(error)
}

func (l *listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if err := checkPeer(conn); err != nil {
			conn.Close()
			l.refused(err)
			continue
		}
		return conn, nil
	}
}

// Dial connects to the socket at path and makes sure that our own user is at the
// other end: a submission carries the environment.
func Dial(ctx context.Context, path string) (net.Conn, error) {
	if err := checkSocketPath(path); err != nil {
		return nil, err
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	if err := checkPeer(conn); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// checkPeer makes sure that the process at the other end of conn is our own user's.
func checkPeer(conn net.Conn) error {
	uc, ok := conn.(*net.UnixConn)
	if !ok {
		return fmt.Errorf("%T is no unix socket", conn)
	}
	uid, known, err := peerUID(uc)
	switch {
	case err != nil:
		return agent.Errorf(agent.Internal, "who is at the other end of the socket: %w", err)
	case known && uid != os.Geteuid():
		return agent.Errorf(agent.Invalid, "the other end of the socket belongs to user %d, not to %d", uid, os.Geteuid())
	}
	return nil
}
