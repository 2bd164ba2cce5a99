package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
	"codeagent.dev/agent/config"
	"codeagent.dev/agent/maker/model"
	"codeagent.dev/agent/notify"
	"codeagent.dev/agent/patch"
)

// topic is a text of help that belongs to no command. Its tables are those of the code.
type topic struct {
	name, short string
	write       func(w io.Writer, root *cobra.Command)
}

func topics() []topic {
	return []topic{
		{"exit-codes", "What an exit status means, and which command ends with it", exitTopic},
		{"environment", "The variables that are read, and those that commands are given", environmentTopic},
		{"formats", "The forms of patches, and of what is printed for programs", formatsTopic},
		{"config", "The settings, their defaults and their variables", configTopic},
	}
}

// findTopic returns the topic of that name. config is a command as well: its help comes
// first, and the settings below.
func findTopic(name string) (topic, bool) {
	for _, t := range topics() {
		if t.name == name {
			return t, true
		}
	}
	return topic{}, false
}

func exitTopic(w io.Writer, root *cobra.Command) {
	fmt.Fprint(w, `An exit status says how a command ended, for scripts. A command that waits for several
jobs ends with the highest of theirs.

EXIT STATUSES
`)
	used := map[string][]string{}
	eachCommand(root, func(c *cobra.Command) {
		for _, n := range strings.Fields(c.Annotations[statusKey]) {
			used[n] = append(used[n], strings.TrimPrefix(c.CommandPath(), root.Name()+" "))
		}
	})
	for _, n := range slices.Sorted(maps.Keys(statusText)) {
		fmt.Fprintf(w, "  %3d  %s\n", n, statusText[n])
	}
	fmt.Fprint(w, "\nVERDICTS\n")
	t := newColumns(w)
	for _, v := range verdictNames() {
		fmt.Fprintf(t, "  %s\t%d\n", v, verdictStatus(agent.Verdict(v)))
	}
	t.Flush()
	fmt.Fprint(w, "\nCOMMANDS\n  Every command can end with 0, 1 and 2. Further ones:\n\n")
	for _, n := range slices.Sorted(maps.Keys(statusText)) {
		if cmds := used[fmt.Sprint(n)]; n > exitUsage && len(cmds) > 0 {
			fmt.Fprintf(w, "%s", wrapped(fmt.Sprintf("  %3d  ", n), strings.Join(cmds, ", ")))
		}
	}
}

func environmentTopic(w io.Writer, _ *cobra.Command) {
	fmt.Fprint(w, `Variables are read by the command that is called, and by the daemon when it starts, with the
environment of the command that started it: agent daemon restart after a change.

WHERE AND HOW
`)
	t := newColumns(w)
	for _, row := range ownVariables() {
		fmt.Fprintf(t, "  %s\t%s\n", row[0], row[1])
	}
	t.Flush()
	fmt.Fprint(w, "\nSETTINGS\n  Each wins over the settings files: agent help config says what they mean.\n\n")
	t = newColumns(w)
	for _, k := range config.Keys() {
		if k.Env() != "" {
			fmt.Fprintf(t, "  %s\t%s\n", k.Env(), k.Name)
		}
	}
	t.Flush()
	fmt.Fprint(w, "\nKEYS OF PROVIDERS\n  Unless providers.NAME.key names another variable or a file.\n\n")
	t = newColumns(w)
	for _, p := range model.Known() {
		if p.KeyEnv != "" {
			fmt.Fprintf(t, "  %s\t%s\n", p.KeyEnv, p.Name)
		}
	}
	t.Flush()
	fmt.Fprint(w, `
WHAT COMMANDS ARE GIVEN
  Commands of "agent patch --run" and checks see of your environment what env.allow lets through;
  the former find there as well:

  AGENT_VARIANT  the number of the variant, from 1
  AGENT_TRY      the number of the try, from 1

  AGENT_JOB=1 is set for both; git hooks that "agent hook install" wrote do nothing then.

  The command of notify.command sees the daemon's environment, and besides it:

`)
	var names []string
	for _, kv := range notify.Example(notify.JobDone, time.Time{}).Env() {
		name, _, _ := strings.Cut(kv, "=")
		names = append(names, name)
	}
	fmt.Fprint(w, wrapped("  ", strings.Join(names, " ")))
}

// ownVariables are those that are no settings.
func ownVariables() [][2]string {
	return [][2]string{
		{config.StateDirEnv, "the directory that holds everything, as --state-dir; agent config path shows it"},
		{"XDG_STATE_HOME, XDG_CONFIG_HOME, XDG_CACHE_HOME", "where it lies else, but not on Windows"},
		{"NO_COLOR", "when set: no colour, as --no-color"},
		{"TERM", "dumb: no colour"},
		{"AGENT_EDITOR, VISUAL, EDITOR", "edits words and jobs, the first that is set; else the editor of git"},
		{"DISPLAY, WAYLAND_DISPLAY", "one is set where there is a desktop that can open a diff"},
		{"GIT_EXEC_PATH", "set by git for its hooks: agent hook run knows by it that git called"},
		{"PAGER", "shows a diff on a terminal; cat: none (default: less)"},
		{"PATH", "where git, the shell and coding agents are found; the daemon asks the login shell, too"},
		{"HTTP_PROXY, HTTPS_PROXY, NO_PROXY", "the way out to models and webhooks"},
		{"OLLAMA_HOST", "the address of Ollama, unless providers.ollama.url is set"},
		{"USER, LOGNAME, USERNAME", "who asked, in the record of a job"},
	}
}

// formatText says what a format looks like.
func formatText() map[patch.Format]string {
	return map[patch.Format]string{
		patch.Unified:       "unified diffs and git's, also with wrong numbers, counts and headers",
		patch.SearchReplace: "<<<<<<< SEARCH, =======, >>>>>>> REPLACE",
		patch.Envelope:      "*** Begin Patch, with *** Update File and its like",
		patch.WholeFile:     "a path, and the whole content in a fence",
		patch.JSON:          "edits or contents as JSON",
	}
}

// tierText says what a tier overlooks.
func tierText() map[patch.Tier]string {
	return map[patch.Tier]string{
		patch.TierExact: "nothing: byte for byte", patch.TierLineEnds: "line ends", patch.TierTrailing: "blanks at the ends of lines",
		patch.TierIndent: "the amount of leading blanks", patch.TierLookalike: "typographic quotes, dashes and blanks, escapes, line numbers in front",
		patch.TierFuzzy: "some differing context around what matches",
	}
}

func formatsTopic(w io.Writer, root *cobra.Command) {
	fmt.Fprint(w, `PATCHES
  agent patch --diff, agent apply -f and the answers of models take these. Prose around a patch
  is skipped, and the format is found out.

`)
	t := newColumns(w)
	for _, name := range formatNames() {
		fmt.Fprintf(t, "  %s\t%s\n", name, formatText()[patch.Format(name)])
	}
	t.Flush()
	fmt.Fprint(w, `
TIERS
  What a patch says stands in a file is looked for the strict way first. What fits in two places
  is refused. Each tier overlooks what those before it do, and:

`)
	t = newColumns(w)
	for tier := patch.TierExact; tier <= patch.TierFuzzy; tier++ {
		fmt.Fprintf(t, "  %s\t%s\n", tier, tierText()[tier])
	}
	t.Flush()
	fmt.Fprintf(w, `
IDS
  12      a job; where one result is meant, the picked one, else the proposed one
  12/2    its second variant

JSON
  With --json a command prints one document and nothing else on stdout; logs print a line of JSON
  for each event. Each begins with "schema_version": %d, which grows when a field changes its
  meaning or goes, not when one is added. Times are RFC 3339 in UTC, durations like "1m30s".
  Commands that have it:

`, schemaVersion)
	var names []string
	eachCommand(root, func(c *cobra.Command) {
		if c.Flags().Lookup("json") != nil {
			names = append(names, strings.TrimPrefix(c.CommandPath(), root.Name()+" "))
		}
	})
	fmt.Fprint(w, wrapped("  ", strings.Join(names, ", ")))
}

func configTopic(w io.Writer, _ *cobra.Command) {
	fmt.Fprintf(w, "SETTINGS\n  Those with a star a repository may set, too, in its %s.\n", config.RepoFile)
	for _, k := range config.Keys() {
		star, value := " ", k.Default
		if k.Repo {
			star = "*"
		}
		if value == "" {
			value = "none"
		}
		fmt.Fprintf(w, "\n%s %s (%s; default: %s)\n", star, k.Name, k.Unit, value)
		fmt.Fprint(w, wrapped("      ", k.Doc))
		if k.Env() != "" {
			fmt.Fprintf(w, "      %s\n", k.Env())
		}
	}
}

// helpTopics lists the topics below the commands.
func helpTopics(w io.Writer) {
	fmt.Fprint(w, "\nHELP TOPICS\n")
	for _, t := range topics() {
		fmt.Fprintf(w, "  help %-13s%s\n", t.name, t.short)
	}
}

// eachCommand visits the commands that people are shown, parents first.
func eachCommand(c *cobra.Command, visit func(*cobra.Command)) {
	for _, child := range c.Commands() {
		if child.IsAvailableCommand() {
			visit(child)
			eachCommand(child, visit)
		}
	}
}

func newColumns(w io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(w, 0, 0, 2, ' ', 0) }

const helpWidth = 96

// wrapped is a text in lines of helpWidth, the first behind lead and the others as far in.
func wrapped(lead, text string) string {
	var b strings.Builder
	room := 0
	for _, word := range strings.Fields(text) {
		switch {
		case b.Len() == 0:
			b.WriteString(lead)
			room = helpWidth - len(lead)
		case room < len(word)+1:
			b.WriteString("\n" + strings.Repeat(" ", len(lead)))
			room = helpWidth - len(lead)
		default:
			b.WriteByte(' ')
			room--
		}
		b.WriteString(word)
		room -= len(word)
	}
	return b.String() + "\n"
}
