package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"codeagent.dev/agent/patch"
)

// tierNames are the tiers, the closest first.
func tierNames() (names []string) {
	for t := patch.TierExact; t <= patch.TierFuzzy; t++ {
		names = append(names, t.String())
	}
	return names
}

// formatNames are the formats of patches.
func formatNames() (names []string) {
	for _, f := range []patch.Format{patch.Unified, patch.SearchReplace, patch.Envelope, patch.WholeFile, patch.JSON} {
		names = append(names, string(f))
	}
	return names
}

// flags adds those that only make sense with -f.
func (o *applyText) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&o.file, "file", "f", "", "apply the patch in this `file`; - reads stdin")
	f.StringVar(&o.tier, "tier", "", "with -f: match no looser than this `tier` (default fuzzy)")
	f.StringVar(&o.format, "format", "", "with -f: the `format` of the patch (default: found out)")
	f.StringVar(&o.target, "target", "", "with -f: the `path` of the one file that a patch without paths is for")
	f.BoolVarP(&o.reverse, "reverse", "R", false, "with -f: undo the patch")
	f.BoolVar(&o.strict, "strict", false, "with -f: take a diff as git apply does, and nothing else")
	f.IntVarP(&o.strip, "strip", "p", 1, "with --strict: cut `n` leading parts off each path")
	f.StringVar(&o.directory, "directory", "", "with --strict: put this `path` before each path")
	complete(cmd, "tier", tierNames()...)
	complete(cmd, "format", formatNames()...)
}

// arguments refuses what makes no sense before anything is read: an id and a patch
// together, and the flags of the one with the other.
func (o *applyOptions) arguments(cmd *cobra.Command, args []string) error {
	given := func(names ...string) string {
		for _, name := range names {
			if cmd.Flags().Changed(name) {
				return name
			}
		}
		return ""
	}
	isText := given("file") != ""
	switch {
	case !isText && len(args) == 0:
		return usageError(cmd, fmt.Errorf("say what to apply: a job's id, or a patch with -f FILE"))
	case !isText && len(args) > 1, isText && len(args) > 1:
		return usageError(cmd, fmt.Errorf("%q is one argument too many", args[len(args)-1]))
	case isText && len(args) == 1:
		return usageError(cmd, fmt.Errorf("%q is a job's id, and -f is for a patch without a job: only one of them is possible", args[0]))
	}
	if name := given("tier", "format", "target", "reverse", "strict", "strip", "directory"); name != "" && !isText {
		return usageError(cmd, fmt.Errorf("--%s is for a patch given with -f FILE", name))
	}
	if name := given("3way", "index", "path"); name != "" && isText {
		return usageError(cmd, fmt.Errorf("--%s is for the result of a job, not for a patch given with -f", name))
	}
	return o.text.sense(cmd, given)
}

// sense refuses values and combinations of the flags of -f that mean nothing.
func (o *applyText) sense(cmd *cobra.Command, given func(...string) string) error {
	oneOf := func(flag, value string, names []string) error {
		if given(flag) == "" || slices.Contains(names, value) {
			return nil
		}
		return usageError(cmd, fmt.Errorf("--%s is one of %s, not %q", flag, strings.Join(names, ", "), value))
	}
	if err := oneOf("tier", o.tier, tierNames()); err != nil {
		return err
	}
	if err := oneOf("format", o.format, formatNames()); err != nil {
		return err
	}
	switch name := given("strip", "directory"); {
	case given("file") != "" && o.file == "":
		return usageError(cmd, fmt.Errorf("-f needs the name of a file, or - for stdin"))
	case given("target") != "" && o.target == "":
		return usageError(cmd, fmt.Errorf("--target needs the path of a file"))
	case name != "" && !o.strict:
		return usageError(cmd, fmt.Errorf("--%s is a rule of git apply: add --strict; without it the paths of a patch are found out", name))
	case o.strip < 0:
		return usageError(cmd, fmt.Errorf("--strip %d is less than 0", o.strip))
	case o.strict && given("tier", "target") != "":
		return usageError(cmd, fmt.Errorf("--strict and --%s exclude each other: git apply knows no such thing", given("tier", "target")))
	case o.strict && o.format != "" && o.format != string(patch.Unified):
		return usageError(cmd, fmt.Errorf("--strict is for diffs, not for --format %s", o.format))
	}
	return nil
}
