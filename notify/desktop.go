package notify

import (
	"context"
	"time"

	"codeagent.dev/agent/proc"
)

// Desktop shows notices with what the system has for that: notify-send, osascript, or a
// toast. Texts are arguments or variables of a fixed command, never part of a script.
type Desktop struct {
	Dir string            // absolute; must exist
	Env map[string]string // where the session is found: DBUS_SESSION_BUS_ADDRESS, DISPLAY, PATH
}

const desktopTime = 10 * time.Second

// Name implements Sink.
func (Desktop) Name() string { return "desktop" }

// Send implements Sink.
func (d Desktop) Send(ctx context.Context, n Notice) error {
	return run(ctx, proc.Cmd{Argv: desktopArgv(n), Dir: d.Dir, Env: proc.Env(d.Env, n.Env()...), Time: desktopTime})
}
