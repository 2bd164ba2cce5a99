// Package coder lets a coding agent, a program with a command line, edit a plain
// directory. It starts the program, holds its conversation where there is one, shows
// what it does as it does it, keeps it to the directory as far as it asks, and says how
// it ended. It knows no job and no git: whether anything was changed, and whether that
// is any good, is for the caller to find out. What an agent claims decides nothing here;
// an exit status, an error event, a missing end and its silence do.
package coder

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"codeagent.dev/agent/proc"
)

// Kind is the way an agent is spoken to.
type Kind string

const (
	ACP     Kind = "acp"     // the Agent Client Protocol, version 1, on stdin and stdout
	Claude  Kind = "claude"  // `claude -p --output-format stream-json`
	Codex   Kind = "codex"   // `codex exec --json`
	Command Kind = "command" // any program: its exit status counts, its output is shown
)

// Agent is a program and how to use it, a preset or configured.
type Agent struct {
	Name string
	Kind Kind

	// Argv is the program and its arguments, none of which passes a shell. {prompt}
	// stands for the task, {prompt-file} for a file that holds it, {model} for Model:
	// without a Model an argument with {model} is left out, with the flag before it if
	// it is {model} alone. A task that no argument names is written to stdin, which is
	// empty else. With ACP the task is said, whatever Argv names.
	Argv  []string
	Model string // as the agent calls it; "": its own default

	Env     []string // names of variables, beside those of every command, that hold its keys
	Set     []string // variables it gets, "KEY=value"
	Home    bool     // its login lies in the user's HOME; else it gets Task.Home
	Install string   // how to get it, for a hint
	Login   string   // how to log in, for a hint
}

// Task is what an agent is to do.
type Task struct {
	Dir    string   // absolute; the plain directory to edit
	Hold   *os.File // keeps Dir ours, see proc.Cmd.Hold
	Home   string   // HOME of an agent that needs none of the user's; "": that of Env
	Prompt string
	Env    []string // its whole environment, the values of Agent.Env included, as proc.Env makes it

	Time   time.Duration // limit on the whole run; 0: none
	Idle   time.Duration // limit on the time without progress; 0: none
	Output int64         // limit on the bytes printed, protocol included; 0: none

	// Log takes what the agent says and does as it comes, text of whole lines if possible.
	// Calls are never concurrent and none comes after Run returned. May be nil.
	Log func(text string)
}

// Usage counts tokens, as the agent says.
type Usage struct {
	Input, CacheRead, CacheWrite, Output int64 // Input is without those of the cache
	Known                                bool  // false: the agent did not say
}

// Report is what is known of a run, however it ended.
type Report struct {
	Said    string   // what the agent said last, at most maxSaid bytes
	Usage   Usage    // of the whole run
	Model   string   // that answered, "" if unknown
	Stop    string   // why the agent says it stopped, in its own words
	Refused []string // what it asked for and was not given, one line each
}

// Question returns the question with which the agent ended, or "". An agent that asks
// and changed nothing waits for an answer.
func (r Report) Question() string {
	said := strings.TrimSpace(r.Said)
	if !strings.HasSuffix(said, "?") {
		return ""
	}
	return oneLine(said[strings.LastIndexByte(said, '\n')+1:])
}

// Run lets the agent do the task and returns when nothing that it started is left. An
// *Error says why it did not come to its own good end; what it changed until then is in
// Task.Dir. Any other error is the machine's.
//
// The program must have called proc.Guard.
func (a Agent) Run(ctx context.Context, t Task) (Report, error) {
	if len(a.Argv) == 0 || a.Argv[0] == "" {
		return Report{}, fmt.Errorf("agent %q has no program", a.Name)
	}
	if strings.ContainsRune(t.Prompt, 0) || strings.TrimSpace(t.Prompt) == "" {
		return Report{}, errors.New("a task for an agent is some words without a NUL byte")
	}
	if t.Log == nil {
		t.Log = func(string) {}
	}
	r := &run{agent: a, task: t, lines: proc.NewLines(t.Log)}
	defer r.lines.Close()
	var err error
	switch a.Kind {
	case ACP:
		err = r.converse(ctx)
	case Claude:
		err = r.follow(ctx, &claude{run: r, writes: map[string]string{}})
	case Codex:
		err = r.follow(ctx, &codex{run: r})
	case Command:
		err = r.command(ctx)
	default:
		err = fmt.Errorf("agent %q is of no kind that is known: %q", a.Name, a.Kind)
	}
	return r.report, err
}

// env returns the environment of the agent. A git that it starts does not look for a
// repository above the directory.
func (a Agent) env(t Task) []string {
	env := append([]string{}, t.Env...)
	if !a.Home && t.Home != "" {
		env = append(env, "HOME="+t.Home, "USERPROFILE="+t.Home)
	}
	env = append(env, "GIT_CEILING_DIRECTORIES="+filepath.Dir(t.Dir))
	return append(env, a.Set...)
}
