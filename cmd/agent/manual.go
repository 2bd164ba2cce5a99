package main

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// manualDoc is all that help knows, for whoever writes it down in another form.
type manualDoc struct {
	header
	Version  string        `json:"version"`
	Commands []manualCmd   `json:"commands"` // parents first; the first is the program itself
	Topics   []manualTopic `json:"topics"`
}

type manualCmd struct {
	Path     string         `json:"path"` // "agent daemon start"
	Usage    string         `json:"usage"`
	Short    string         `json:"short"`
	Long     string         `json:"long"`
	Example  string         `json:"example,omitempty"`
	Aliases  []string       `json:"aliases,omitempty"`
	Flags    []manualFlag   `json:"flags,omitempty"`
	Global   []manualFlag   `json:"global_flags,omitempty"` // of the program itself alone
	Statuses []manualStatus `json:"statuses"`
	Children []string       `json:"children,omitempty"` // their paths
}

type manualFlag struct {
	Short   string `json:"short,omitempty"` // without its dash
	Name    string `json:"name"`
	Value   string `json:"value,omitempty"` // what it takes; "": nothing
	Default string `json:"default,omitempty"`
	Text    string `json:"text"`
}

type manualStatus struct {
	Status int    `json:"status"`
	Text   string `json:"text"`
}

type manualTopic struct {
	Name  string `json:"name"`
	Short string `json:"short"`
	Text  string `json:"text"`
}

func newManualCmd(a *app) *cobra.Command {
	return exits(&cobra.Command{
		Use:     "manual",
		Short:   "Print all that help knows as JSON",
		Long:    "Print all that help knows as JSON. The manual pages are made of it: go run ./scripts/man.",
		Example: "  agent debug manual | jq -r '.commands[].path'",
		Args:    args(0, 0, ""),
		RunE: func(*cobra.Command, []string) error {
			return a.printJSON(manual(newRootCmd(a, "")))
		},
	})
}

func manual(root *cobra.Command) manualDoc {
	doc := manualDoc{header: docHeader, Version: buildVersion(), Commands: []manualCmd{newManual(root)}}
	eachCommand(root, func(c *cobra.Command) { doc.Commands = append(doc.Commands, newManual(c)) })
	for _, t := range topics() {
		var text strings.Builder
		t.write(&text, root)
		doc.Topics = append(doc.Topics, manualTopic{t.name, t.short, text.String()})
	}
	return doc
}

func newManual(c *cobra.Command) manualCmd {
	m := manualCmd{
		Path: c.CommandPath(), Usage: c.UseLine(), Short: c.Short, Long: strings.TrimSpace(c.Long), Example: strings.Trim(c.Example, "\n"),
		Aliases: c.Aliases, Flags: manualFlags(c.LocalNonPersistentFlags()),
	}
	if !c.HasParent() {
		m.Global = manualFlags(c.PersistentFlags())
	}
	for _, child := range c.Commands() {
		if child.IsAvailableCommand() {
			m.Children = append(m.Children, child.CommandPath())
		}
	}
	for _, word := range strings.Fields(c.Annotations[statusKey]) {
		n, _ := strconv.Atoi(word) // ours
		m.Statuses = append(m.Statuses, manualStatus{n, statusText[n]})
	}
	return m
}

func manualFlags(set *pflag.FlagSet) (flags []manualFlag) {
	set.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, text := pflag.UnquoteUsage(f)
		m := manualFlag{Short: f.Shorthand, Name: f.Name, Value: value, Text: text}
		if f.DefValue != "0" && f.DefValue != "false" && f.DefValue != "[]" && f.DefValue != "0s" {
			m.Default = f.DefValue
		}
		flags = append(flags, m)
	})
	return flags
}
