package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"codeagent.dev/agent/proc"
)

// Command runs a person's command for each notice: the fields are in its environment, and
// the notice as JSON on its stdin.
type Command struct {
	Shell string            // a command line for the system's shell
	Dir   string            // absolute; must exist
	Env   map[string]string // of the command, besides the fields
}

const (
	commandTime = 30 * time.Second
	maxOutput   = 64 << 10
)

// Name implements Sink.
func (Command) Name() string { return "command" }

// Send implements Sink.
func (c Command) Send(ctx context.Context, n Notice) error {
	data, err := json.Marshal(n)
	if err != nil {
		return err
	}
	return run(ctx, proc.Cmd{Shell: c.Shell, Dir: c.Dir, Env: proc.Env(c.Env, n.Env()...), Stdin: append(data, '\n'), Time: commandTime})
}

// run runs a command that must succeed.
func run(ctx context.Context, cmd proc.Cmd) error {
	cmd.Output = maxOutput
	res, err := proc.Run(ctx, cmd)
	switch {
	case err != nil:
		return err
	case res.OK():
		return nil
	}
	if said := line(lastLine(string(res.Tail))); said != "" {
		return fmt.Errorf("%s: %s", res.Why, said)
	}
	return fmt.Errorf("%s", res.Why)
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}
