package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
)

func newCompletionCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "completion {bash | zsh | fish | powershell}",
		Short: "Print a script that completes commands and job ids",
		Long: `Print a script for the shell that completes commands, flags, settings, makers and the ids of
jobs with their titles; after 12/ the variants of job 12. Ids are asked for at a running
daemon; none is started for it, and one that does not answer at once is done without. The
script for bash needs the package bash-completion.`,
		Example: `  source <(agent completion bash)
  agent completion zsh > "${fpath[1]}/_agent"
  agent completion fish > ~/.config/fish/completions/agent.fish`,
		Args:      args(1, 1, "the name of a shell"),
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(a.out, true)
			case "zsh":
				return root.GenZshCompletion(a.out)
			case "fish":
				return root.GenFishCompletion(a.out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(a.out)
			}
			return usageError(cmd, fmt.Errorf("no completion for %q", args[0]))
		},
	}
	return exits(cmd)
}

// complete offers fixed values for a flag.
func complete(cmd *cobra.Command, flag string, values ...string) {
	completeWith(cmd, flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

// A chooser names what of a job a command can take: its id, or its variants.
type chooser func(agent.Job) []string

func anyJob(job agent.Job) []string { return []string{job.ID.String()} }

func openJob(job agent.Job) []string {
	if job.State == agent.Done {
		return nil
	}
	return anyJob(job)
}

func doneJob(job agent.Job) []string {
	if job.State != agent.Done {
		return nil
	}
	return anyJob(job)
}

// resultOf names the variants that have a commit.
func resultOf(job agent.Job) []string {
	var refs []string
	for _, v := range job.Variants {
		if v.Verdict.HasCommit() {
			refs = append(refs, agent.Ref{Job: job.ID, Variant: v.Number}.String())
		}
	}
	return refs
}

func resultJob(job agent.Job) []string {
	if job.Chosen() == 0 {
		return nil
	}
	return append(anyJob(job), resultOf(job)...)
}
