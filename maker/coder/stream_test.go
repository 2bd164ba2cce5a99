//go:build unix

package coder_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent/maker/coder"
	"codeagent.dev/agent/maker/coder/codertest"
)

// The recordings in testdata are of Claude Code 2.1.330 and Codex 0.169.0 with a model
// server that answers with a tool's call, an error or nothing. Of their first events the
// lists of tools were taken out, and paths were renamed.
func recording(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("testdata", name+".jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRecorded(t *testing.T) {
	for name, tc := range map[string]struct {
		exit    int
		reason  coder.Reason
		message string // contains
		retry   time.Duration
	}{
		"claude-edit":    {},
		"claude-hello":   {},
		"claude-denied":  {},
		"claude-outside": {reason: coder.Outside, message: "wrote outside of the checkout: /home/dev/outside.txt"},
		"claude-500":     {exit: 1, reason: coder.Failed, message: "API Error: 500 upstream broke"},
		"claude-429":     {exit: 1, reason: coder.Quota, message: "Request rejected (429)", retry: 20 * time.Second},
		"claude-401":     {exit: 1, reason: coder.NeedsLogin, message: "Invalid API key"},
		"claude-turns":   {exit: 1, reason: coder.Failed, message: "Reached maximum number of turns (2)"},
		"claude-dead":    {exit: 1, reason: coder.Failed, message: "Connection refused"},
		"claude-nokey":   {exit: 1, reason: coder.NeedsLogin, message: "Not logged in"},
		"codex-edit":     {},
		"codex-hello":    {},
		"codex-500":      {exit: 1, reason: coder.Quota, message: "high demand"},
		"codex-429":      {exit: 1, reason: coder.Quota, message: "429 Too Many Requests"},
		"codex-401":      {exit: 1, reason: coder.NeedsLogin, message: "401 Unauthorized"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			task, log := shop(t)
			kind, _, _ := strings.Cut(name, "-")
			_, err := codertest.Replay(coder.Kind(kind), recording(t, name), tc.exit).Run(t.Context(), task)
			if reason(err) != tc.reason {
				t.Fatalf("got %q (%v), want %q\n%s", reason(err), err, tc.reason, log)
			}
			if e, ok := errors.AsType[*coder.Error](err); ok && (!strings.Contains(e.Message, tc.message) || e.RetryAfter != tc.retry || e.Hint == "" && e.Reason != coder.Failed) {
				t.Errorf("%+v", e)
			}
		})
	}
}

func TestRecordedReports(t *testing.T) {
	for name, want := range map[string]struct {
		report coder.Report
		log    string
	}{
		"claude-edit": {coder.Report{Said: "The buttons are red now.", Model: "claude-sonnet-4-5", Stop: "completed", Usage: coder.Usage{Input: 2400, Output: 68, Known: true}},
			"> Bash sed -i s/blue/red/ style.css\nThe buttons are red now.\n"},
		"claude-denied": {coder.Report{Said: "The buttons are red now.", Model: "claude-sonnet-4-5", Stop: "completed", Refused: []string{"Write /home/dev/outside.txt"},
			Usage: coder.Usage{Input: 2400, Output: 68, Known: true}}, ""},
		"codex-edit": {coder.Report{Said: "The buttons are red now.", Stop: "turn.completed", Usage: coder.Usage{Known: true}},
			"! Model metadata for `gpt-5` not found. Defaulting to fallback metadata; this can degrade performance and cause issues.\n" +
				"> /bin/bash -lc 'sed -i s/blue/red/ style.css'\nThe buttons are red now.\n"},
	} {
		task, log := shop(t)
		kind, _, _ := strings.Cut(name, "-")
		report, err := codertest.Replay(coder.Kind(kind), recording(t, name), 0).Run(t.Context(), task)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.report, report); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if want.log != "" && log.String() != want.log {
			t.Errorf("%s: %s", name, cmp.Diff(want.log, log.String()))
		}
	}
}

// TestExitStatusCounts: a stream that ends well is not believed when the program does not.
func TestExitStatusCounts(t *testing.T) {
	for _, name := range []string{"claude-edit", "codex-edit"} {
		task, _ := shop(t)
		kind, _, _ := strings.Cut(name, "-")
		if _, err := codertest.Replay(coder.Kind(kind), recording(t, name), 7).Run(t.Context(), task); reason(err) != coder.Failed || err.Error() != "exit status 7" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCutStream: a stream without its end is no success whatever the exit status.
func TestCutStream(t *testing.T) {
	for _, name := range []string{"claude-edit", "codex-edit"} {
		task, _ := shop(t)
		lines := strings.SplitAfter(strings.TrimSuffix(read(t, recording(t, name)), "\n"), "\n")
		for n := range lines {
			path := filepath.Join(t.TempDir(), "cut")
			write(t, path, strings.Join(lines[:n], ""))
			kind, _, _ := strings.Cut(name, "-")
			if _, err := codertest.Replay(coder.Kind(kind), path, 0).Run(t.Context(), task); reason(err) != coder.Protocol {
				t.Errorf("%s after %d lines: %v", name, n, err)
			}
		}
	}
}

// TestNoNetwork: an agent that says for ever that it has no network makes no progress.
func TestNoNetwork(t *testing.T) {
	task, _ := shop(t)
	task.Idle, task.Time = 500*time.Millisecond, time.Minute
	a := coder.Agent{Kind: coder.Codex, Argv: []string{"sh", "-c", `cat "$0"; while sleep 0.05; do tail -n 1 "$0"; done`, recording(t, "codex-dead")}}
	_, err := a.Run(t.Context(), task)
	if reason(err) != coder.Stalled || !strings.Contains(err.Error(), "waiting for network") {
		t.Errorf("%v", err)
	}
}

// TestLiveliness: one that works for longer than the limit on silence is left to.
func TestLiveliness(t *testing.T) {
	task, _ := shop(t)
	task.Idle = 2 * time.Second
	a := coder.Agent{Kind: coder.Claude, Argv: []string{"sh", "-c", `i=0; while [ $i -lt 6 ]; do sed -n 2p "$0"; sleep 0.5; i=$((i+1)); done; tail -n 1 "$0"`, recording(t, "claude-edit")}}
	if _, err := a.Run(t.Context(), task); err != nil {
		t.Error(err)
	}
}

func TestCommand(t *testing.T) {
	for name, tc := range map[string]struct {
		argv   []string
		reason coder.Reason
		said   string
	}{
		"stdin":       {[]string{"sh", "-c", "cat; sed -i s/blue/red/ style.css"}, "", "say 'x' {model} $HOME"},
		"argument":    {[]string{"sh", "-c", `printf %s "$1"; cat`, "x", "{prompt}"}, "", "say 'x' {model} $HOME"},
		"file":        {[]string{"sh", "-c", `cat "$1"; cat`, "x", "{prompt-file}"}, "", "say 'x' {model} $HOME"},
		"no model":    {[]string{"echo", "a", "--model", "{model}", "--with={model}", "b", "{prompt}"}, "", "a b say 'x' {model} $HOME"},
		"status":      {[]string{"sh", "-c", "echo broken >&2; exit 4"}, coder.Failed, ""},
		"login":       {[]string{"sh", "-c", "echo 'Error: please log in first'; exit 1"}, coder.NeedsLogin, ""},
		"missing":     {[]string{"no-such-program-anywhere"}, coder.NotFound, ""},
		"silent":      {[]string{"sh", "-c", "echo working; exec sleep 100"}, coder.Stalled, ""},
		"asks":        {[]string{"sh", "-c", "printf 'Overwrite style.css? [y/N] '; exec sleep 100"}, coder.Asks, ""},
		"reads stdin": {[]string{"sh", "-c", "read -r x </dev/stdin; read -r x; exit $?", "{prompt}"}, coder.Failed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			task, _ := shop(t)
			task.Prompt, task.Idle = "say 'x' {model} $HOME", 10*time.Second
			if tc.reason == coder.Stalled || tc.reason == coder.Asks {
				task.Idle = 500 * time.Millisecond
			}
			a := coder.Agent{Name: name, Kind: coder.Command, Argv: tc.argv, Login: "log in", Install: "install it"}
			report, err := a.Run(t.Context(), task)
			if reason(err) != tc.reason || report.Said != tc.said {
				t.Errorf("%v, said %q", err, report.Said)
			}
			if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "agent-task-*")); name == "file" && len(left) > 0 {
				t.Errorf("left %q", left)
			}
		})
	}
}

func TestHome(t *testing.T) {
	task, _ := shop(t)
	task.Home = "/own"
	a := coder.Agent{Kind: coder.Command, Argv: []string{"sh", "-c", "echo $HOME $EXTRA"}, Set: []string{"EXTRA=1"}}
	if r, err := a.Run(t.Context(), task); err != nil || r.Said != "/own 1" {
		t.Errorf("%q %v", r.Said, err)
	}
	a.Home = true
	if r, err := a.Run(t.Context(), task); err != nil || r.Said != task.Dir+" 1" {
		t.Errorf("%q %v", r.Said, err)
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "claude"), "#!/bin/sh\necho started > "+dir+"/started\n")
	if err := os.Chmod(filepath.Join(dir, "claude"), 0o755); err != nil {
		t.Fatal(err)
	}
	found := coder.Find(coder.Presets(), dir)
	if len(found) != 12 || found[0].Path != filepath.Join(dir, "claude") || found[0].Err != nil {
		t.Errorf("%+v", found[0])
	}
	for _, f := range found[1:] {
		e, ok := errors.AsType[*coder.Error](f.Err)
		if !ok || e.Reason != coder.NotFound || e.Hint == "" || f.Path != "" || f.Agent.Login == "" {
			t.Errorf("%s: %+v", f.Agent.Name, f)
		}
	}
	if _, err := os.Lstat(filepath.Join(dir, "started")); err == nil {
		t.Error("it was started")
	}
}
