package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
	"codeagent.dev/agent/config"
	"codeagent.dev/agent/hook"
	"codeagent.dev/agent/spool"
)

func newHookRunCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run HOOK [ARG...]",
		Short: "Be a hook: for a hook manager's file, or to ask once more",
		Long: `Be a hook, with the arguments that git gives it: for the file of a hook manager, or to
have the hook's entries asked for HEAD by hand. It leaves a note, and says nothing; run by
git, it never fails. A commit's job is made once: agent retry makes it again.

pre-push refuses with status 1 while the newest job on what is pushed has not the verdict
that .agent.yaml requires. It reads the refs from stdin, as git writes them.`,
		Example: "  agent hook run post-commit\n  agent hook run pre-push origin git@example.org:x.git < /dev/null",
		Args:    args(1, -1, "HOOK"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(hook.Names(), args[0]) {
				return usageError(cmd, errors.New(args[0]+" is none of "+strings.Join(hook.Names(), ", ")))
			}
			if a.env("AGENT_JOB") != "" {
				return nil // a job's own commits ask for nothing
			}
			if args[0] == config.PrePush {
				return runPrePush(cmd.Context(), a)
			}
			err := leaveNote(cmd.Context(), a, args[0], args[1:])
			if a.env("GIT_EXEC_PATH") != "" {
				return nil // git runs it: it never fails a commit, and says nothing to those who installed no hooks
			}
			return err
		},
	}
	cmd.Flags().SetInterspersed(false)
	return exits(cmd, talking)
}

// leaveNote does what the lines of sh in a hook do.
func leaveNote(ctx context.Context, a *app, name string, args []string) error {
	p, opt, err := a.hookPlace(ctx)
	if err != nil {
		return err
	}
	if _, ok, err := spool.BookOf(opt.State, p.Common).Known(); err != nil {
		return err
	} else if !ok {
		return agent.Errorf(agent.WrongState, "the daemon does not look at %s", p.Root).WithHint("agent hook install")
	}
	if silent(p.GitDir, name, args) {
		return nil
	}
	if name == "post-checkout" && len(args) == 0 {
		head, err := a.git(ctx, "rev-parse", "HEAD")
		if err != nil {
			return agent.Errorf(agent.Invalid, "%s has no commit yet", p.Root)
		}
		args = []string{strings.Repeat("0", len(head)), head, "1"}
	}
	head, _ := os.ReadFile(filepath.Join(p.GitDir, "HEAD")) // without it, the daemon asks git
	return spool.Write(opt.State, spool.Note{
		Hook: name, Dir: p.Root, GitDir: p.GitDir, Head: strings.TrimRight(string(head), "\n"), Args: args,
	})
}

// silent reports whether a hook says nothing because a rebase goes on: post-rewrite
// speaks at its end.
func silent(gitDir, name string, args []string) bool {
	if name == "post-merge" || name == "post-rewrite" && slices.Equal(args, []string{"rebase"}) {
		return false
	}
	for _, dir := range []string{"rebase-merge", "rebase-apply"} {
		if _, err := os.Stat(filepath.Join(gitDir, dir)); err == nil {
			return true
		}
	}
	return false
}
