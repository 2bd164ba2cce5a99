package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
	"codeagent.dev/agent/config"
	"codeagent.dev/agent/tui"
)

type configValidateOptions struct {
	*app
	json bool
}

func newConfigValidateCmd(a *app) *cobra.Command {
	o := &configValidateOptions{app: a}
	cmd := &cobra.Command{
		Use:   "validate [FILE...]",
		Short: "Say what is wrong with settings files",
		Long: `Say what is wrong with settings files, each mistake with its line. Without a FILE it is
the repository's .agent.yaml and your own settings, those that exist. A file named
.agent.yaml is read as a repository's, any other as a person's; - is the standard input,
and a repository's.`,
		Example: "  agent config validate\n  agent config validate .agent.yaml --json\n  git show main:.agent.yaml | agent config validate -",
		Args:    args(0, -1, ""),
		RunE:    func(cmd *cobra.Command, args []string) error { return runConfigValidate(cmd.Context(), o, args) },
	}
	addJSON(cmd, &o.json)
	return exits(cmd)
}

// mistake is one thing that is wrong with a settings file.
type mistake struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"` // from 1
	Column  int    `json:"column,omitempty"`
	Problem string `json:"problem"`
	Hint    string `json:"hint,omitempty"`
}

func runConfigValidate(ctx context.Context, o *configValidateOptions, files []string) error {
	named := len(files) > 0
	if !named {
		files = o.settingsFiles(ctx)
	}
	found := []mistake{}
	for _, file := range files {
		errs, err := o.validate(file)
		if !named && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return agent.Errorf(agent.Invalid, "cannot read the settings: %w", err)
		}
		for _, e := range errs {
			found = append(found, newMistake(file, e))
			if !o.json {
				fmt.Fprintln(o.out, tui.Clean(e.Error()))
				if hint := agent.HintOf(e); hint != "" {
					fmt.Fprintln(o.out, "hint: "+oneLine(hint))
				}
			}
		}
		if len(errs) == 0 && !o.json {
			fmt.Fprintf(o.out, "%s is right\n", oneLine(file))
		}
	}
	if o.json {
		err := o.printJSON(struct {
			header
			OK       bool      `json:"ok"`
			Mistakes []mistake `json:"mistakes"`
		}{docHeader, len(found) == 0, found})
		if err != nil {
			return err
		}
	}
	if len(found) > 0 {
		return fmt.Errorf("%s", tui.Count(len(found), "mistake"))
	}
	return nil
}

// settingsFiles are those that count here.
func (o *configValidateOptions) settingsFiles(ctx context.Context) (files []string) {
	if root, err := o.root(ctx); err == nil {
		files = append(files, filepath.Join(root, config.RepoFile))
	}
	if p, err := o.paths(); err == nil {
		files = append(files, p.UserFile(), p.SystemFile())
	}
	return slices.DeleteFunc(files, func(f string) bool { return f == "" })
}

func (o *configValidateOptions) validate(file string) ([]error, error) {
	const most = 1 << 20 // more than any settings file may have
	if file == "-" {
		data, err := io.ReadAll(io.LimitReader(o.in, most))
		return config.Validate(config.RepoFile, data), err
	}
	if o.dir != "" && !filepath.IsAbs(file) {
		file = filepath.Join(o.dir, file)
	}
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > most {
		return nil, fmt.Errorf("%s is no settings file", file)
	}
	data, err := os.ReadFile(file)
	return config.Validate(file, data), err
}

func newMistake(file string, err error) mistake {
	m := mistake{File: file, Problem: err.Error(), Hint: agent.HintOf(err)}
	if bad, ok := errors.AsType[*config.FileError](err); ok {
		m.Line, m.Column, m.Problem = bad.Line, bad.Column, bad.Problem
	}
	return m
}

func newConfigSchemaCmd(a *app) *cobra.Command {
	return exits(&cobra.Command{
		Use:   "schema",
		Short: "Print the JSON schema of .agent.yaml",
		Long: `Print the JSON schema (draft 2020-12) of .agent.yaml. Editors complete and check with it:
put this line at the top of the file, with the path where you keep the schema

  # yaml-language-server: $schema=./agent.schema.json`,
		Example: "  agent config schema >agent.schema.json",
		Args:    args(0, 0, ""),
		RunE: func(*cobra.Command, []string) error {
			_, err := a.out.Write(config.Schema())
			return err
		},
	})
}
