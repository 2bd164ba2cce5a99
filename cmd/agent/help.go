package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
)

// statusText says what each exit status means.
var statusText = map[int]string{
	exitOK:          "it worked",
	exitFailed:      "the operation failed",
	exitUsage:       "the command line, or what it names, makes no sense",
	exitChecks:      "finished, but checks failed",
	exitNoPatch:     "finished without a usable patch",
	exitStopped:     "canceled, or the time limit ran out",
	exitNeedsPerson: "it needs an answer or an approval",
	exitNoDaemon:    "the daemon cannot be reached",
	exitProtocol:    "the daemon and this program speak no common protocol",
	exitInterrupted: "interrupted",
}

// What kinds of commands can end with, beside 0, 1 and 2.
var (
	results = []int{exitChecks, exitNoPatch, exitStopped, exitNeedsPerson}
	talking = []int{exitNoDaemon, exitProtocol, exitInterrupted}
	waiting = []int{exitChecks, exitNoPatch, exitStopped, exitNeedsPerson, exitNoDaemon, exitProtocol, exitInterrupted}
)

const statusKey = "exit"

// exits notes the exit statuses of a command for its help.
func exits(cmd *cobra.Command, more ...[]int) *cobra.Command {
	all := []int{exitOK, exitFailed, exitUsage}
	for _, m := range more {
		all = append(all, m...)
	}
	slices.Sort(all)
	var text []string
	for _, s := range slices.Compact(all) {
		text = append(text, strconv.Itoa(s))
	}
	if cmd.Annotations == nil {
		cmd.Annotations = map[string]string{}
	}
	cmd.Annotations[statusKey] = strings.Join(text, " ")
	return cmd
}

// help writes a command's help. It is our own so that the sections are in the order
// of a manual page and no template has to be parsed.
func help(cmd *cobra.Command, _ []string) {
	w := cmd.OutOrStdout()
	about := cmd.Long
	if about == "" {
		about = cmd.Short
	}
	fmt.Fprintf(w, "%s\n\nUSAGE\n  %s\n", strings.TrimSpace(about), cmd.UseLine())
	if len(cmd.Aliases) > 0 {
		fmt.Fprintf(w, "\nALIASES\n  %s\n", strings.Join(cmd.Aliases, ", "))
	}
	helpCommands(w, cmd)
	if !cmd.HasParent() {
		helpTopics(w)
	}
	if cmd.Example != "" {
		fmt.Fprintf(w, "\nEXAMPLES\n%s\n", strings.Trim(cmd.Example, "\n"))
	}
	if f := cmd.LocalNonPersistentFlags().FlagUsages(); f != "" {
		fmt.Fprintf(w, "\nFLAGS\n%s", f)
	}
	if f := cmd.Root().PersistentFlags().FlagUsages(); f != "" {
		fmt.Fprintf(w, "\nGLOBAL FLAGS\n%s", f)
	}
	if text := cmd.Annotations[statusKey]; text != "" {
		fmt.Fprint(w, "\nEXIT STATUS\n")
		for _, word := range strings.Fields(text) {
			n, _ := strconv.Atoi(word)
			fmt.Fprintf(w, "  %3d  %s\n", n, statusText[n])
		}
	}
}

func helpCommands(w io.Writer, cmd *cobra.Command) {
	groups := append(cmd.Groups(), &cobra.Group{Title: "COMMANDS"})
	for _, g := range groups {
		title := "\n" + g.Title + "\n"
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() && c.GroupID == g.ID {
				fmt.Fprintf(w, "%s  %-*s  %s\n", title, cmd.NamePadding()+4, c.Name(), c.Short)
				title = ""
			}
		}
	}
}

// usageError is a mistake on the command line, with the way to the help.
func usageError(cmd *cobra.Command, err error) error {
	return agent.Errorf(agent.Invalid, "%w", err).WithHint(cmd.CommandPath() + " --help")
}

// args checks the number of arguments; most < 0 means any number.
func args(least, most int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return usageError(cmd, fmt.Errorf("%s is missing", what))
		case most >= 0 && len(args) > most:
			return usageError(cmd, fmt.Errorf("%q is one argument too many", args[most]))
		}
		return nil
	}
}

// unknownCommand is the error for a word that is no command, with what was perhaps
// meant.
func unknownCommand(cmd *cobra.Command, word string) error {
	err := agent.Errorf(agent.Invalid, "unknown command %q for %q", word, cmd.CommandPath())
	if near := cmd.SuggestionsFor(word); len(near) > 0 {
		return err.WithHint("perhaps " + cmd.CommandPath() + " " + near[0])
	}
	return err.WithHint(cmd.CommandPath() + " --help")
}

// parent completes a command that only holds others.
func parent(cmd *cobra.Command, children ...*cobra.Command) *cobra.Command {
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usageError(cmd, fmt.Errorf("say which: %s has several commands", cmd.CommandPath()))
		}
		return unknownCommand(cmd, args[0])
	}
	cmd.RunE = func(*cobra.Command, []string) error { return nil }
	cmd.AddCommand(children...)
	return exits(cmd)
}

func newHelpCmd() *cobra.Command {
	return exits(&cobra.Command{
		Use:     "help [COMMAND | TOPIC]",
		Short:   "Show the help of a command or a topic",
		Long:    "Show the help of a command or a topic. The topics are exit-codes, environment, formats and config.",
		Example: "  agent help patch\n  agent help exit-codes",
		Hidden:  true,
		RunE: func(cmd *cobra.Command, args []string) error {
			t, isTopic := topic{}, false
			if len(args) == 1 {
				t, isTopic = findTopic(args[0])
			}
			found, rest, err := cmd.Root().Find(args)
			isCommand := err == nil && found != nil && (len(rest) == 0 || found != cmd.Root())
			if !isCommand && !isTopic {
				return unknownCommand(cmd.Root(), args[0])
			}
			if isCommand {
				found.InitDefaultHelpFlag()
				help(found, nil)
			}
			if isCommand && isTopic {
				fmt.Fprintln(cmd.OutOrStdout())
			}
			if isTopic {
				t.write(cmd.OutOrStdout(), cmd.Root())
			}
			return nil
		},
		ValidArgsFunction: completeHelp,
	})
}

// completeHelp offers the commands and, in the first place, the topics.
func completeHelp(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	found, rest, err := cmd.Root().Find(args)
	if err != nil || len(rest) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var words []string
	for _, c := range found.Commands() {
		if c.IsAvailableCommand() {
			words = append(words, cobra.CompletionWithDesc(c.Name(), c.Short))
		}
	}
	for _, t := range topics() {
		if _, isCommand, _ := cmd.Root().Find([]string{t.name}); len(args) == 0 && len(isCommand) > 0 {
			words = append(words, cobra.CompletionWithDesc(t.name, t.short))
		}
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}

// exclusive refuses more than one of some flags, before the command runs. Cobra's own
// check gives an error that cannot be told from others.
func exclusive(cmd *cobra.Command, flags ...string) {
	before := cmd.PreRunE
	cmd.PreRunE = func(cmd *cobra.Command, args []string) error {
		first := ""
		for _, name := range flags {
			if !cmd.Flags().Changed(name) {
				continue
			}
			if first != "" {
				return usageError(cmd, fmt.Errorf("--%s and --%s exclude each other", first, name))
			}
			first = name
		}
		if before != nil {
			return before(cmd, args)
		}
		return nil
	}
}
