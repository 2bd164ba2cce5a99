package main

import (
	"runtime"

	"github.com/spf13/cobra"

	"codeagent.dev/agent/patch/batch"
)

// newDebugCmd holds what programs call rather than people.
func newDebugCmd(a *app) *cobra.Command {
	cmd := parent(&cobra.Command{
		Use:     "debug",
		Short:   "Get at the parts, for programs",
		Long:    "Get at the parts, for programs: editors, measurements, tests.",
		Example: "  agent debug apply-batch <requests.jsonl",
		Hidden:  true,
	}, newApplyBatchCmd(a), newManualCmd(a))
	return cmd
}

func newApplyBatchCmd(a *app) *cobra.Command {
	workers := runtime.GOMAXPROCS(0)
	cmd := &cobra.Command{
		Use:   "apply-batch",
		Short: "Apply patches to files given as JSON, a line each",
		Long: `Read lines of JSON from stdin, apply the patch of each to the files of each, and write
a line of JSON for each, in order and at once. No file is touched.

  {"id", "files": {PATH: CONTENT}, "patch": TEXT}      and, where they are needed:
  "format"     udiff, searchreplace, applypatch, wholefile or json; else it is found out
  "target"     the one file meant by a text without a path
  "tier"       the loosest match allowed: exact, line-ends, trailing, indent, lookalike, fuzzy
  "reverse"    true: undo the patch
  "strict"     true, or an object with any of strip, directory, unidiff_zero, context,
               ignore_whitespace, allow_empty: the rules of git apply
  "strip", "directory", "args": the same as flags of git apply; any of them means strict
  "modes"      {"before": {PATH: "100755"}}

  {"id", "status": "ok", "after": {PATH: CONTENT or null}, "modes"?, "tier"?}
  {"id", "status": "error", "code", "message", "after": {}}

CONTENT is a string, {"b64": ...} for bytes that are not UTF-8, or {"link": TARGET};
null is no file. TEXT is a string or {"b64": ...}. "after" holds what differs. "code" says
why a patch was refused, "message" all about it; a line that is no such JSON has the code
"input", and the next one is read. Other fields are ignored.`,
		Example: `  echo '{"id":1,"files":{"f":"a\n"},"patch":"--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n"}' |
    agent debug apply-batch`,
		Args: args(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return batch.Run(cmd.Context(), a.in, a.out, workers)
		},
	}
	cmd.Flags().IntVarP(&workers, "jobs", "j", workers, "lines worked on at the same time")
	return exits(cmd, []int{exitInterrupted})
}
