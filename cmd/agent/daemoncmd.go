package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
	"codeagent.dev/agent/client"
	"codeagent.dev/agent/tui"
)

type daemonOptions struct {
	*app
	json   bool
	ifIdle bool
	lines  int
	follow bool
}

func newDaemonCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "daemon",
		Short: "Start, stop and look at the daemon",
		Long: `The daemon keeps the queue and does the work. Commands that need it start it; these are
for when you want to do it yourself.`,
		Example: "  agent daemon status\n  agent daemon restart",
	}
	return parent(cmd, newDaemonStartCmd(a), newDaemonStopCmd(a), newDaemonRestartCmd(a),
		newDaemonStatusCmd(a), newDaemonRunCmd(a), newDaemonLogsCmd(a))
}

func newDaemonStartCmd(a *app) *cobra.Command {
	o := &daemonOptions{app: a}
	cmd := &cobra.Command{
		Use:     "start",
		Short:   "Start the daemon, if none runs",
		Example: "  agent daemon start",
		Args:    args(0, 0, ""),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runDaemonStart(cmd.Context(), o) },
	}
	addJSON(cmd, &o.json)
	return exits(cmd, talking)
}

func runDaemonStart(ctx context.Context, o *daemonOptions) error {
	if o.noStart {
		return agent.Errorf(agent.Invalid, "--no-start forbids what daemon start is for")
	}
	c, err := o.connect(ctx, true)
	if err != nil {
		return err
	}
	return o.showPing(ctx, c)
}

func (o *daemonOptions) showPing(ctx context.Context, c *client.Client) error {
	p, err := c.Ping(ctx)
	if err != nil {
		return err
	}
	if o.json {
		return o.printJSON(struct {
			header
			Running bool `json:"running"`
			api.Ping
		}{docHeader, true, p})
	}
	fmt.Fprintf(o.out, "the daemon runs: version %s, pid %d, state in %s\n", p.Build.Version, p.PID, oneLine(p.State))
	return nil
}

func newDaemonStopCmd(a *app) *cobra.Command {
	o := &daemonOptions{app: a}
	cmd := &cobra.Command{
		Use:   "stop",
		Short: "Stop the daemon",
		Long: `Stop the daemon and wait until it is gone. What runs is ended and goes back to the queue,
without using up an attempt; the next daemon takes it up again.`,
		Example: "  agent daemon stop\n  agent daemon stop --if-idle",
		Args:    args(0, 0, ""),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runDaemonStop(cmd.Context(), o) },
	}
	cmd.Flags().BoolVar(&o.ifIdle, "if-idle", false, "refuse while a job runs")
	return exits(cmd, talking)
}

func runDaemonStop(ctx context.Context, o *daemonOptions) error {
	was, err := o.stop(ctx)
	if err != nil {
		return err
	}
	if was {
		fmt.Fprintln(o.out, "the daemon stopped")
	} else {
		o.say("no daemon was running")
	}
	return nil
}

// stop stops the daemon, also one we could not work with; was tells whether there
// was one.
func (o *daemonOptions) stop(ctx context.Context) (was bool, err error) {
	opt, err := o.clientOptions()
	if err != nil {
		return false, err
	}
	c := client.New(opt)
	defer c.Close()
	if _, err := c.Ping(ctx); err != nil {
		if agent.CodeOf(err) == agent.Unavailable {
			return false, nil
		}
		return false, err
	}
	defer o.doing("waiting until the daemon has given back what runs")()
	return true, c.Shutdown(ctx, o.ifIdle)
}

func newDaemonRestartCmd(a *app) *cobra.Command {
	o := &daemonOptions{app: a}
	cmd := &cobra.Command{
		Use:     "restart",
		Short:   "Stop the daemon and start it again",
		Long:    `Stop the daemon and start one of this program's version, with the settings as they are now.`,
		Example: "  agent daemon restart",
		Args:    args(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := o.stop(cmd.Context()); err != nil {
				return err
			}
			return runDaemonStart(cmd.Context(), o)
		},
	}
	cmd.Flags().BoolVar(&o.ifIdle, "if-idle", false, "refuse while a job runs")
	addJSON(cmd, &o.json)
	return exits(cmd, talking)
}

func newDaemonStatusCmd(a *app) *cobra.Command {
	o := &daemonOptions{app: a}
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show whether the daemon runs, and how it is",
		Long: `Show whether the daemon runs, and how it is. None is started; the exit status is 7 when
none runs, 1 when it is not well.`,
		Example: `  agent daemon status
  agent daemon status --json | jq .health.queue`,
		Args: args(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return runDaemonStatus(cmd.Context(), o) },
	}
	addJSON(cmd, &o.json)
	return exits(cmd, talking)
}

type daemonDoc struct {
	header
	Running bool        `json:"running"`
	Socket  string      `json:"socket"`
	Ping    *api.Ping   `json:"ping,omitempty"`
	Health  *api.Health `json:"health,omitempty"`
}

func runDaemonStatus(ctx context.Context, o *daemonOptions) error {
	opt, err := o.clientOptions()
	if err != nil {
		return err
	}
	doc := daemonDoc{header: docHeader, Socket: opt.Socket}
	c, err := o.connect(ctx, false)
	if err != nil {
		if o.json && agent.CodeOf(err) == agent.Unavailable {
			if printErr := o.printJSON(doc); printErr != nil {
				return printErr
			}
		}
		return err
	}
	p, err := c.Ping(ctx)
	if err != nil {
		return err
	}
	h, err := c.Health(ctx)
	if err != nil {
		return err
	}
	doc.Running, doc.Ping, doc.Health = true, &p, &h
	if o.json {
		err = o.printJSON(doc)
	} else {
		err = o.health(p, h)
	}
	if err == nil && !h.OK {
		return fmt.Errorf("the daemon is not well: %s: %s", h.Problems[0].Part, h.Problems[0].Reason)
	}
	return err
}

func (o *daemonOptions) health(p api.Ping, h api.Health) error {
	s, t := o.style(), tui.Table{}
	t.Add("daemon", fmt.Sprintf("version %s, pid %d, started %s", p.Build.Version, p.PID, tui.Ago(p.Started, o.now())))
	t.Add("state", oneLine(p.State))
	work := fmt.Sprintf("%d of %d at once, %d waiting", h.Workers.Running, h.Workers.Limit, h.Queue.Waiting)
	if h.Queue.Waiting > 0 {
		work += ", the oldest for " + tui.Took(time.Duration(h.Queue.OldestWait))
	}
	t.Add("work", work)
	t.Add("jobs", fmt.Sprintf("%d queued, %d running, %d done, %s", h.Queue.Queued, h.Queue.Running, h.Queue.Done, tui.Bytes(h.Store.Bytes)))
	t.Add("disk", fmt.Sprintf("%s free", tui.Bytes(int64(h.Disk.Free))))
	t.Add("git", oneLine(h.Git.Version))
	if h.OK {
		t.Add("health", s.Good("✓ ok"))
	}
	for _, problem := range h.Problems {
		t.Add("health", s.Bad("✗ "+problem.Part)+": "+oneLine(problem.Reason))
	}
	return t.Write(o.out, s, 0)
}

func newDaemonLogsCmd(a *app) *cobra.Command {
	o := &daemonOptions{app: a}
	cmd := &cobra.Command{
		Use:     "logs",
		Short:   "Print the end of the daemon's log",
		Long:    `Print the end of the daemon's log. Older parts lie beside the file: agent config path.`,
		Example: "  agent daemon logs -n 100\n  agent daemon logs -f",
		Args:    args(0, 0, ""),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runDaemonLogs(cmd.Context(), o) },
	}
	cmd.Flags().IntVarP(&o.lines, "lines", "n", 30, "so `many` lines")
	cmd.Flags().BoolVarP(&o.follow, "follow", "f", false, "go on with what is logged")
	return exits(cmd, []int{exitInterrupted})
}

const (
	logTail  = 1 << 20 // bytes of the log that are looked at for its last lines
	logPause = 200 * time.Millisecond
)

func runDaemonLogs(ctx context.Context, o *daemonOptions) error {
	p, err := o.paths()
	if err != nil {
		return err
	}
	f, err := os.Open(p.Log())
	if errors.Is(err, fs.ErrNotExist) {
		return agent.Errorf(agent.NotFound, "there is no log yet: %s", p.Log()).WithHint("agent daemon start")
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if err := o.lastLines(f); err != nil || !o.follow {
		return err
	}
	for {
		if _, err := io.Copy(o.out, f); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return errInterrupted
		case <-time.After(logPause):
		}
	}
}

func (o *daemonOptions) lastLines(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if _, err := f.Seek(max(0, info.Size()-logTail), io.SeekStart); err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(f, logTail))
	if err != nil {
		return err
	}
	lines := strings.SplitAfter(string(text), "\n")
	if n := len(lines); n > 0 && lines[n-1] == "" {
		lines = lines[:n-1]
	}
	_, err = io.WriteString(o.out, strings.Join(lines[max(0, len(lines)-o.lines):], ""))
	return err
}
