package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"codeagent.dev/agent/config"
	"codeagent.dev/agent/tui"
)

type configOptions struct {
	*app
	origin, json bool
}

func newConfigCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Read and change settings",
		Long: `Read and change settings. They come from, each winning over the one before: defaults,
the machine's file, your file, the repository's .agent.yaml, the environment, flags.

Providers of models, coding agents and prices have names of your choice: their settings are
providers.NAME.url, agents.NAME.run, prices.PROVIDER/MODEL.input and so on. They have no
variables in the environment, and no repository can make them. Keys are never written to
settings: providers.NAME.key is the name of the variable, or file:/path of the file, that
holds the key.`,
		Example: `  agent config list --show-origin
  agent config set workers 4
  agent config set providers.groq.key GROQ_API_KEY`,
	}
	return parent(cmd, newConfigGetCmd(a), newConfigSetCmd(a), newConfigUnsetCmd(a), newConfigListCmd(a), newConfigPathCmd(a), newConfigValidateCmd(a), newConfigSchemaCmd(a))
}

type settingDoc struct {
	Name        string `json:"name"`
	Value       string `json:"value"`
	Default     string `json:"default"`
	Origin      string `json:"origin"`
	Environment string `json:"environment"`
	Doc         string `json:"doc"`
}

func newSettingDoc(v config.Value) settingDoc {
	return settingDoc{v.Key.Name, v.Text, v.Key.Default, v.Origin.String(), v.Key.Env(), v.Key.Doc}
}

// loadAll loads the settings as they count here, the repository's own file included.
func (o *configOptions) loadAll(ctx context.Context) (*config.Config, error) {
	paths, err := o.paths()
	if err != nil {
		return nil, err
	}
	src := config.Sources{Paths: paths}
	if root, err := o.root(ctx); err == nil {
		src.RepoFile = filepath.Join(root, config.RepoFile)
	}
	return o.machine().Load(src)
}

func newConfigGetCmd(a *app) *cobra.Command {
	o := &configOptions{app: a}
	cmd := &cobra.Command{
		Use:     "get KEY",
		Short:   "Print one setting",
		Example: "  agent config get workers",
		Args:    args(1, 1, "the setting's name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := o.loadAll(cmd.Context())
			if err != nil {
				return err
			}
			v, err := c.Value(args[0])
			if err != nil {
				return err
			}
			if o.json {
				return o.printJSON(struct {
					header
					Setting settingDoc `json:"setting"`
				}{docHeader, newSettingDoc(v)})
			}
			fmt.Fprintln(o.out, v.Text)
			return nil
		},
		ValidArgsFunction: completeKeys,
	}
	addJSON(cmd, &o.json)
	return exits(cmd)
}

func newConfigListCmd(a *app) *cobra.Command {
	o := &configOptions{app: a}
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "Print every setting",
		Example: "  agent config list --show-origin",
		Args:    args(0, 0, ""),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runConfigList(cmd.Context(), o) },
	}
	cmd.Flags().BoolVar(&o.origin, "show-origin", false, "say where each value comes from")
	addJSON(cmd, &o.json)
	return exits(cmd)
}

func runConfigList(ctx context.Context, o *configOptions) error {
	c, err := o.loadAll(ctx)
	if err != nil {
		return err
	}
	if o.json {
		doc := struct {
			header
			Settings []settingDoc `json:"settings"`
		}{header: docHeader}
		for _, v := range c.Values() {
			doc.Settings = append(doc.Settings, newSettingDoc(v))
		}
		return o.printJSON(doc)
	}
	t := tui.Table{}
	for _, v := range c.Values() {
		row := []string{v.Key.Name, v.Text, o.style().Dim(v.Key.Doc)}
		if o.origin {
			row[2] = v.Origin.String()
		}
		t.Add(row...)
	}
	return t.Write(o.out, o.style(), o.width())
}

func newConfigSetCmd(a *app) *cobra.Command {
	o := &configOptions{app: a}
	cmd := &cobra.Command{
		Use:   "set KEY VALUE",
		Short: "Change a setting in your file",
		Long: `Change a setting in your settings file; its comments stay. A running daemon reads it at once;
a few settings, which it names then, take effect when it starts again.`,
		Example: "  agent config set workers 4\n  agent config set limits.cost 0.50\n" +
			"  agent config set agents.mine.run 'aider --message {prompt} --yes-always'",
		Args: args(2, 2, "the setting's name or its value"),
		RunE: func(_ *cobra.Command, args []string) error {
			paths, err := o.paths()
			if err != nil {
				return err
			}
			if err := config.Set(paths.UserFile(), args[0], args[1]); err != nil {
				return err
			}
			o.say("set in %s; %s", paths.UserFile(), takesEffect(args[0]))
			return nil
		},
		ValidArgsFunction: completeKeys,
	}
	return exits(cmd)
}

func newConfigUnsetCmd(a *app) *cobra.Command {
	o := &configOptions{app: a}
	cmd := &cobra.Command{
		Use:   "unset KEY",
		Short: "Take a setting out of your file",
		Long: `Take a setting out of your settings file, or all settings of one provider, agent or
price; comments stay. What the layers before your file say counts again.`,
		Example: "  agent config unset workers\n  agent config unset providers.groq",
		Args:    args(1, 1, "the setting's name"),
		RunE: func(_ *cobra.Command, args []string) error {
			paths, err := o.paths()
			if err != nil {
				return err
			}
			if err := config.Unset(paths.UserFile(), args[0]); err != nil {
				return err
			}
			o.say("taken out of %s; %s", paths.UserFile(), takesEffect(args[0]))
			return nil
		},
		ValidArgsFunction: completeKeys,
	}
	return exits(cmd)
}

// takesEffect says when a running daemon goes by a setting that was changed.
func takesEffect(name string) string {
	if k, err := config.Lookup(name); err == nil && k.Start {
		return "a running daemon goes by it from its next start: agent daemon restart"
	}
	return "a running daemon goes by it at once"
}

type pathsDoc struct {
	header
	User       string `json:"user"`
	System     string `json:"system"`
	Repository string `json:"repository,omitempty"`
	State      string `json:"state"`
	Database   string `json:"database"`
	Log        string `json:"log"`
	Socket     string `json:"socket"`
}

func newConfigPathCmd(a *app) *cobra.Command {
	o := &configOptions{app: a}
	cmd := &cobra.Command{
		Use:     "path",
		Short:   "Print where settings and data are kept",
		Example: "  agent config path --json | jq -r .user",
		Args:    args(0, 0, ""),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runConfigPath(cmd.Context(), o) },
	}
	addJSON(cmd, &o.json)
	return exits(cmd)
}

func runConfigPath(ctx context.Context, o *configOptions) error {
	p, err := o.paths()
	if err != nil {
		return err
	}
	socket, err := p.Socket()
	if err != nil {
		return err
	}
	doc := pathsDoc{docHeader, p.UserFile(), p.SystemFile(), "", p.State, p.Database(), p.Log(), socket}
	if root, err := o.root(ctx); err == nil {
		doc.Repository = filepath.Join(root, config.RepoFile)
	}
	if o.json {
		return o.printJSON(doc)
	}
	t := tui.Table{}
	for _, row := range [][2]string{
		{"your settings", doc.User}, {"the machine's settings", doc.System}, {"the repository's settings", doc.Repository},
		{"state", doc.State}, {"queue", doc.Database}, {"log", doc.Log}, {"socket", doc.Socket},
	} {
		if row[1] != "" {
			t.Add(row[0], row[1])
		}
	}
	return t.Write(o.out, o.style(), 0)
}

func completeKeys(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	var words []string
	switch {
	case len(args) == 0:
		for _, k := range config.Keys() {
			words = append(words, cobra.CompletionWithDesc(strings.Replace(k.Name, "*", "NAME", 1), k.Doc))
		}
	case len(args) == 1 && cmd.Name() == "set":
		if k, err := config.Lookup(args[0]); err == nil {
			words = k.Words()
		}
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}
