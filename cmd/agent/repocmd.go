package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
)

func newRepoCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "repo",
		Short:   "Get at results with plain git",
		Long:    `Results are commits in a bare repository of our own, a mirror of yours.`,
		Example: "  git remote add agent \"$(agent repo path)\"\n  git fetch agent 'refs/agent/*:refs/remotes/agent/*'",
	}
	return parent(cmd, newRepoPathCmd(a))
}

func newRepoPathCmd(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "path",
		Short: "Print the path of this repository's mirror",
		Long: `Print the path of the bare repository that holds the results for this repository. Each
is a ref: refs/agent/JOB/VARIANT.`,
		Example: "  git remote add agent \"$(agent repo path)\"",
		Args:    args(0, 0, ""),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runRepoPath(cmd.Context(), a, asJSON) },
	}
	addJSON(cmd, &asJSON)
	return exits(cmd)
}

func runRepoPath(ctx context.Context, a *app, asJSON bool) error {
	dir, err := a.workDir()
	if err != nil {
		return err
	}
	set, err := a.repos()
	if err != nil {
		return err
	}
	r, err := set.Open(ctx, dir)
	if err != nil {
		return err
	}
	if asJSON {
		return a.printJSON(struct {
			header
			Root   string `json:"root"`
			Mirror string `json:"mirror"`
		}{docHeader, r.Root(), r.Mirror()})
	}
	fmt.Fprintln(a.out, r.Mirror())
	return nil
}

// root is the top of the work tree the command works in. It asks git alone: opening
// the repository would make a mirror of it.
func (a *app) root(ctx context.Context) (string, error) {
	dir, err := a.workDir()
	if err != nil {
		return "", err
	}
	top, err := a.git(ctx, "rev-parse", "--show-toplevel")
	if err != nil {
		return "", agent.Errorf(agent.Invalid, "%s is not in a git repository with a work tree", dir).
			WithHint("cd into a repository, name one with -C DIR, or make one with: git init")
	}
	return filepath.FromSlash(top), nil
}
