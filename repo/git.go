// Package repo is everything about git: snapshots of a commit, result commits in a
// mirror of ours, disposable check-outs of them, and the delivery of a result into
// a person's repository.
//
// git itself is the authority: objects are read through a long-lived `git cat-file
// --batch`, references are changed by git. Of go-git come ids, object types and modes;
// trees and commits are read and written here (object.go), because the packages in
// which go-git does it cost every command 0.7 ms of start. Until a person delivers,
// their repository is only read.
package repo

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"codeagent.dev/agent"
)

// gitRun is one run of git. Only args is required.
type gitRun struct {
	args   []string
	dir    string    // working directory; empty: the process's own
	env    []string  // added to gitEnv; later entries win
	stdin  io.Reader // nil: closed
	stdout io.Writer // nil: returned by output
	hold   *fileLock // stays held while git runs, even when this process is killed meanwhile
}

// gitEnv is the environment every git gets: the process's own without what hooks
// export (GIT_DIR, GIT_INDEX_FILE, the dates and -c settings of one command, …), no
// prompts, no locks for mere reading, no fetching of what a partial clone left out,
// messages we can read.
func gitEnv(environ []string) []string {
	env := make([]string, 0, len(environ)+5)
	for _, kv := range environ {
		if !strings.HasPrefix(kv, "GIT_") || keepGitVar(kv) {
			env = append(env, kv)
		}
	}
	return append(env, "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0", "GIT_NO_LAZY_FETCH=1", "LC_ALL=C")
}

// keepGitVar reports whether the GIT_ variable kv describes the person or the
// machine, not the one git command that happened to start us.
func keepGitVar(kv string) bool {
	name, _, _ := strings.Cut(kv, "=")
	switch name {
	case "GIT_CONFIG_PARAMETERS", "GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE":
		return false
	}
	return strings.HasPrefix(name, "GIT_CONFIG_") || strings.HasPrefix(name, "GIT_AUTHOR_") || strings.HasPrefix(name, "GIT_COMMITTER_")
}

// command prepares git without starting it, for the long-lived ones.
func (g gitRun) command(ctx context.Context) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "git", g.args...)
	cmd.Dir = g.dir
	cmd.Env = append(gitEnv(os.Environ()), g.env...)
	cmd.Stdin = g.stdin
	if g.hold != nil && runtime.GOOS != "windows" {
		cmd.ExtraFiles = []*os.File{g.hold.file}
	}
	return cmd
}

// output runs git to its end and returns what it printed. A failed git is an
// Internal error that carries git's complaint and wraps a *gitError; a missing git
// is an Internal one with a hint.
func (g gitRun) output(ctx context.Context) ([]byte, error) {
	cmd := g.command(ctx)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if g.stdout != nil {
		cmd.Stdout = g.stdout
	}
	err := cmd.Run()
	switch {
	case err == nil:
		return stdout.Bytes(), nil
	case ctx.Err() != nil:
		return stdout.Bytes(), ctx.Err()
	}
	return stdout.Bytes(), g.failed(stderr.String(), err)
}

// failed makes the error of a git that could not be started or did not exit with 0.
func (g gitRun) failed(stderr string, err error) error {
	if errors.Is(err, exec.ErrNotFound) {
		return agent.Errorf(agent.Internal, "git is not installed, or not on PATH").
			WithHint("install git 2.30 or newer; if this shell has it, the daemon does not see it: agent daemon restart")
	}
	return agent.Errorf(agent.Internal, "git %s: %w", g.verb(), &gitError{stderr: stderr, err: err})
}

// verb is the git command's name, without the options that stand before it.
func (g gitRun) verb() string {
	for i := 0; i < len(g.args); i++ {
		switch arg := g.args[i]; {
		case arg == "-c" || arg == "-C":
			i++
		case !strings.HasPrefix(arg, "-"):
			return arg
		}
	}
	return strings.Join(g.args, " ")
}

// gitError is a git that ran and failed. Its text is git's complaint.
type gitError struct {
	stderr string
	err    error // the *exec.ExitError, mostly
}

func (e *gitError) Error() string {
	if text := e.message(); text != "" {
		return text + ": " + e.err.Error()
	}
	return e.err.Error()
}

func (e *gitError) Unwrap() error { return e.err }

// message returns git's own complaint: the first line of stderr that says "fatal:"
// or "error:", without that word; else the last line.
func (e *gitError) message() string {
	for line := range strings.Lines(e.stderr) {
		for _, word := range []string{"fatal: ", "error: "} {
			if text, ok := strings.CutPrefix(strings.TrimSpace(line), word); ok {
				return text
			}
		}
	}
	return lastLine(e.stderr)
}

// lastLine returns the last line that is not blank, for one-line errors.
func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return strings.TrimSpace(text[strings.LastIndexByte(text, '\n')+1:])
}
