package main

import (
	"github.com/spf13/cobra"
)

// newRootCmd builds the command tree for a command line that begins with the word
// first; "" builds all of it. It makes nothing that a command might need: that happens
// on first use, in app.
func newRootCmd(a *app, first string) *cobra.Command {
	root := &cobra.Command{
		Use:   "agent",
		Short: "A patch queue for developers",
		Long: `agent is a patch queue for developers. Hand it a change to make - in words, as a
command, or as a ready diff - and go on working. A daemon makes the patch away from
your working tree, proves it with your own checks, and delivers only what you pick.

Without a command it opens the monitor on a terminal, and else prints the status.`,
		Example: `  agent demo                             see it all on a small made-up repository
  agent patch --run 'gofmt -s -w .' -F   ask for a change and watch it
  agent apply 12                         put the result of job 12 into your tree`,
		Args: rootArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if a.interactive() {
				return runTUI(cmd.Context(), a)
			}
			return runStatus(cmd.Context(), &statusOptions{app: a})
		},
		SilenceErrors:              true,
		SilenceUsage:               true,
		SuggestionsMinimumDistance: 2,
		CompletionOptions:          cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	f := root.PersistentFlags()
	f.SortFlags = false
	f.StringVarP(&a.dir, "dir", "C", "", "work as if started in this `directory`")
	f.StringVar(&a.state, "state-dir", "", "keep everything in this `directory` (default: $AGENT_STATE_DIR, else the user's)")
	f.BoolVar(&a.noStart, "no-start", false, "do not start the daemon")
	f.BoolVar(&a.noColor, "no-color", false, "no colour, as with $NO_COLOR")
	f.BoolVarP(&a.quiet, "quiet", "q", false, "no talk on stderr but errors")
	f.BoolP("help", "h", false, "show this help")
	root.SetHelpFunc(help)
	root.SetFlagErrorFunc(usageError)
	root.SetHelpCommand(newHelpCmd())
	addCommands(root, a, first)
	return exits(root, talking)
}

// addCommands adds the command that the first word of the command line names, or all
// of them when it names none: making forty takes a tenth of the time that one runs.
func addCommands(root *cobra.Command, a *app, first string) {
	only := false
	for _, g := range commandGroups() {
		for _, c := range g.commands {
			only = only || c.name == first
		}
	}
	for _, g := range commandGroups() {
		root.AddGroup(&cobra.Group{ID: g.title, Title: g.title})
		for _, c := range g.commands {
			if !only || c.name == first {
				cmd := c.make(a)
				cmd.GroupID = g.title
				root.AddCommand(cmd)
			}
		}
	}
}

type commandGroup struct {
	title    string
	commands []namedCommand
}

type namedCommand struct {
	name string
	make func(*app) *cobra.Command
}

func commandGroups() []commandGroup {
	return []commandGroup{
		{"MAKE CHANGES", []namedCommand{{"patch", newPatchCmd}, {"wait", newWaitCmd}, {"cancel", newCancelCmd}, {"retry", newRetryCmd}, {"edit", newEditCmd}, {"revise", newReviseCmd}, {"approve", newApproveCmd}, {"watch", newWatchCmd}, {"replay", newReplayCmd}}},
		{"LOOK AT THEM", []namedCommand{{"list", newListCmd}, {"show", newShowCmd}, {"diff", newDiffCmd}, {"logs", newLogsCmd}, {"status", newStatusCmd}, {"tui", newTUICmd}}},
		{"ORDER THEM", []namedCommand{{"hold", newHoldCmd}, {"release", newReleaseCmd}, {"start", newStartCmd}, {"priority", newPriorityCmd}, {"switch", newSwitchCmd}, {"pause", newPauseCmd}, {"resume", newResumeCmd}, {"parallel", newParallelCmd}, {"group", newGroupCmd}}},
		{"TAKE THEM", []namedCommand{{"pick", newPickCmd}, {"apply", newApplyCmd}, {"branch", newBranchCmd}, {"undo", newUndoCmd}, {"repo", newRepoCmd}}},
		{"KEEP HOUSE", []namedCommand{{"init", newInitCmd}, {"hook", newHookCmd}, {"models", newModelsCmd}, {"stats", newStatsCmd}, {"config", newConfigCmd}, {"daemon", newDaemonCmd}, {"doctor", newDoctorCmd}, {"notify", newNotifyCmd}, {"clean", newCleanCmd}, {"gc", newGCCmd}, {"export", newExportCmd}, {"import", newImportCmd}}},
		{"MORE", []namedCommand{{"demo", newDemoCmd}, {"mcp", newMCPCmd}, {"version", newVersionCmd}, {"completion", newCompletionCmd}, {"debug", newDebugCmd}}},
	}
}

// rootArgs makes an unknown command a usage error with a suggestion.
func rootArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return unknownCommand(cmd, args[0])
}
