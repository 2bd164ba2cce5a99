package client

import (
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"codeagent.dev/agent"
)

// Starting a daemon does not help against somebody else's socket.
func TestAForeignSocketIsNoMissingDaemon(t *testing.T) {
	c := New(Options{Socket: "/srv/agent.sock"})
	refused := &dialError{&net.OpError{Op: "dial", Net: "unix", Err: os.NewSyscallError("connect", syscall.EACCES)}}
	err := c.unreachable(t.Context(), refused)
	if agent.CodeOf(err) != agent.Unavailable || !strings.Contains(err.Error(), "/srv/agent.sock may not be opened") {
		t.Errorf("error %q with code %s", err, agent.CodeOf(err))
	}
	if hint := agent.HintOf(err); !strings.Contains(hint, "AGENT_STATE_DIR") {
		t.Errorf("hint %q", hint)
	}
	if isAbsent(err) {
		t.Error("a daemon would be started in its place")
	}
}
