package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
	"codeagent.dev/agent/config"
)

type initOptions struct {
	*app
	print, force, json bool
}

func newInitCmd(a *app) *cobra.Command {
	o := &initOptions{app: a}
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write .agent.yaml with the checks found in the repository",
		Long: `Write a commented .agent.yaml at the root of the repository, with the checks that its
build files (go.mod, package.json, Cargo.toml, pyproject.toml, Makefile and others)
suggest.

Commit it: a job takes its checks from the .agent.yaml of its base commit, never from
what a patch changes.`,
		Example: "  agent init\n  agent init --print",
		Args:    args(0, 0, ""),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runInit(cmd.Context(), o) },
	}
	cmd.Flags().BoolVar(&o.print, "print", false, "print it instead")
	cmd.Flags().BoolVarP(&o.force, "force", "f", false, "replace an existing file")
	addJSON(cmd, &o.json)
	return exits(cmd)
}

type initDoc struct {
	header
	Path    string        `json:"path"`
	Written bool          `json:"written"`
	Checks  []agent.Check `json:"checks"`
}

func runInit(ctx context.Context, o *initOptions) error {
	root, err := o.root(ctx)
	if err != nil {
		return err
	}
	checks := config.Detect(os.DirFS(root))
	text := config.Template(checks)
	file := filepath.Join(root, config.RepoFile)
	if o.print && !o.json {
		_, err := o.out.Write(text)
		return err
	}
	if !o.print {
		if err := writeNew(file, text, o.force); err != nil {
			return err
		}
	}
	if o.json {
		return o.printJSON(initDoc{docHeader, file, !o.print, checks})
	}
	fmt.Fprintf(o.out, "wrote %s\n", oneLine(file))
	for _, c := range checks {
		o.say("  check: %s", oneLine(c.Run))
	}
	if len(checks) == 0 {
		o.say("no build file was recognised: name your checks in it, else results are unverified")
	}
	o.say("commit it: git add %[1]s && git commit -m 'add %[1]s'", config.RepoFile)
	return nil
}

// writeNew writes a file whole or not at all, and over an existing one only when told.
func writeNew(file string, text []byte, force bool) error {
	if _, err := os.Lstat(file); err == nil && !force {
		return agent.Errorf(agent.WrongState, "%s exists already", file).WithHint("agent init --print shows what would be written, --force replaces it")
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(file), ".agent-*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(text)
	if err := errors.Join(err, temp.Chmod(0o644), temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), file)
}
