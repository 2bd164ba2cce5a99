// Package repo is everything about git: snapshots of a commit, result commits in a
// mirror of ours, disposable check-outs of them, and the delivery of a result into
// a person's repository.
//
// git itself is the authority. go-git is the object layer over a storer that reads
// through a long-lived `git cat-file --batch`. Until a person delivers, their
// repository is only read.
package repo

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
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
}

// gitEnv is the environment every git gets: the process's own without what hooks
// export (GIT_DIR, GIT_INDEX_FILE, …), no prompts, no locks for mere reading, no
// fetching of what a partial clone left out, messages we can read.
func gitEnv(environ []string) []string {
	env := make([]string, 0, len(environ)+5)
	for _, kv := range environ {
		if !strings.HasPrefix(kv, "GIT_") || strings.HasPrefix(kv, "GIT_CONFIG_") || strings.HasPrefix(kv, "GIT_AUTHOR_") || strings.HasPrefix(kv, "GIT_COMMITTER_") {
			env = append(env, kv)
		}
	}
	return append(env, "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0", "GIT_NO_LAZY_FETCH=1", "LC_ALL=C")
}

// command prepares git without starting it, for the long-lived ones.
func (g gitRun) command(ctx context.Context) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "git", g.args...)
	cmd.Dir = g.dir
	cmd.Env = append(gitEnv(os.Environ()), g.env...)
	cmd.Stdin = g.stdin
	return cmd
}

// output runs git to its end and returns what it printed. A failed git is an
// Internal error that carries the last line git wrote to stderr and wraps the
// *exec.ExitError; a missing git is Unavailable with a hint.
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
	case errors.Is(err, exec.ErrNotFound):
		return nil, agent.Errorf(agent.Unavailable, "git is not installed, or not on PATH").WithHint("install git 2.30 or newer")
	}
	return stdout.Bytes(), agent.Errorf(agent.Internal, "git %s: %s: %w", g.args[0], lastLine(stderr.String()), err)
}

// lastLine returns the last line that is not blank, for one-line errors.
func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return strings.TrimSpace(text[strings.LastIndexByte(text, '\n')+1:])
}
