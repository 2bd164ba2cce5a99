package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
)

type demoOptions struct {
	*app
	keep, json bool
}

func newDemoCmd(a *app) *cobra.Command {
	o := &demoOptions{app: a}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show it all on a small repository made for it",
		Long: `Make a small git repository with a failing test in a temporary directory, run a daemon
with its own state there, hand it five jobs, follow them, and apply the best result.

Everything is real: git, the daemon, the checks. Nothing outside the temporary
directory is touched, and the directory is removed at the end. It needs git and sh.`,
		Example: "  agent demo\n  agent demo --keep",
		Args:    args(0, 0, ""),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runDemo(cmd.Context(), o) },
	}
	cmd.Flags().BoolVar(&o.keep, "keep", false, "keep the directory, to look around")
	addJSON(cmd, &o.json)
	return exits(cmd, []int{exitNoDaemon, exitInterrupted})
}

// demo is one run of the demonstration: a directory, a daemon in it, and this
// program's own commands, run one after the other as a person would.
type demo struct {
	*app
	home string // the temporary directory
	repo string
	self string // this program
	env  []string
	show io.Writer // where the story goes
	ids  map[string]string
}

func runDemo(ctx context.Context, o *demoOptions) (err error) {
	for _, tool := range []string{"git", "sh"} {
		if _, err := exec.LookPath(tool); err != nil {
			return agent.Errorf(agent.NotFound, "the demo needs %s, which is not on PATH", tool).WithHint("install " + tool)
		}
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	home, err := os.MkdirTemp("", "agent-demo-")
	if err != nil {
		return err
	}
	home = resolved(home)
	d := &demo{app: o.app, home: home, repo: filepath.Join(home, "slug"), self: self, show: o.out, ids: map[string]string{}}
	if o.json {
		d.show = o.err
	}
	d.env = sandbox(o.environ, home)
	defer func() { err = errors.Join(err, d.end(o.keep)) }()
	if err := d.makeRepo(ctx); err != nil {
		return err
	}
	stop, err := d.startDaemon(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	if err := d.story(ctx); err != nil {
		if ctx.Err() != nil {
			return errInterrupted
		}
		return err
	}
	if o.json {
		return d.run(ctx, o.out, "list", "--all", "--json")
	}
	return nil
}

// sandbox is an environment in which nothing of the person's is found but programs.
func sandbox(environ []string, home string) []string {
	var env []string
	for _, kv := range environ {
		name, _, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, "GIT_") && !strings.HasPrefix(name, "XDG_") && !strings.HasPrefix(name, "AGENT_") && name != "HOME" {
			env = append(env, kv)
		}
	}
	return append(env,
		"PAGER=cat", "HOME="+home, "USERPROFILE="+home, "AGENT_STATE_DIR="+filepath.Join(home, "state"), "AGENT_LISTEN=off",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+filepath.Join(home, "gitconfig"))
}

// end removes the directory, or says where it is.
func (d *demo) end(keep bool) error {
	if keep {
		d.tell("\nkept %s; look around:\n  cd %s\n  agent --state-dir %s list\n", d.home, d.repo, filepath.Join(d.home, "state"))
		return nil
	}
	if err := os.RemoveAll(d.home); err != nil {
		return err
	}
	d.tell("\nremoved %s\n", d.home)
	return nil
}

func (d *demo) tell(format string, args ...any) { fmt.Fprintf(d.show, format, args...) }

// step begins a part of the story.
func (d *demo) step(title string) {
	d.tell("\n%s\n", d.style().Bold(title))
}

// run runs this program in the sandbox, its stdout going to out.
func (d *demo) run(ctx context.Context, out io.Writer, args ...string) error {
	return d.exec(ctx, out, d.self, args...)
}

// do shows a command of ours and runs it.
func (d *demo) do(ctx context.Context, args ...string) error {
	d.tell("%s\n", d.style().Dim("$ agent "+quoted(args)))
	if err := d.run(ctx, d.show, args...); err != nil {
		return fmt.Errorf("agent %s: %w", quoted(args), err)
	}
	return nil
}

// exec runs a program in the repository. An interrupt reaches it as an interrupt, so
// that it can clean up.
func (d *demo) exec(ctx context.Context, out io.Writer, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = d.repo, d.env
	cmd.Stdout, cmd.Stderr = out, d.err
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = demoPatience
	return cmd.Run()
}

// quoted writes arguments as a person would type them.
func quoted(args []string) string {
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = a
		if a == "" || strings.ContainsAny(a, " $*'\"\\!|&;<>") {
			words[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}
