package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/client"
	"codeagent.dev/agent/daemon"
	"codeagent.dev/agent/store/bolt"
	"codeagent.dev/agent/tui"
)

// git's oldest version that has what we use (cat-file and update-ref as we call them).
const (
	gitMajor = 2
	gitMinor = 30
)

// gitVersion finds the first two numbers of a version. It is made on use: compiling it
// is for doctor to pay, not for every command.
var gitVersion = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(\d+)\.(\d+)`) })

// git runs git in the directory the command works in, for doctor's looks.
func (a *app) git(ctx context.Context, args ...string) (string, error) {
	dir, err := a.workDir()
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir, cmd.Env = dir, a.environ
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}

func (o *doctorOptions) lookGit(ctx context.Context) finding {
	out, err := o.git(ctx, "version")
	m := gitVersion().FindStringSubmatch(out)
	if err != nil || m == nil {
		return problem("install git 2.30 or newer", "git is not installed, or not on PATH")
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	if major < gitMajor || major == gitMajor && minor < gitMinor {
		return problem("install git 2.30 or newer", "%s is too old", out)
	}
	return fine("%s", out)
}

func (o *doctorOptions) lookIdentity(ctx context.Context) finding {
	if c, err := o.config(); err == nil && c.Author != "" {
		return fine("results are by %s, as configured", c.Author)
	}
	ident, err := o.git(ctx, "var", "GIT_AUTHOR_IDENT")
	name, _ := o.git(ctx, "config", "user.name")
	mail, _ := o.git(ctx, "config", "user.email")
	if err != nil || name == "" && o.env("GIT_AUTHOR_NAME") == "" || mail == "" && o.env("GIT_AUTHOR_EMAIL") == "" {
		return note(`git config --global user.name "Your Name" && git config --global user.email you@example.org`,
			"git does not know who you are")
	}
	return fine("results are by %s", strings.TrimSpace(ident[:strings.LastIndexByte(ident, '>')+1]))
}

func (o *doctorOptions) lookShell(context.Context) finding {
	path, err := exec.LookPath(shell())
	if err != nil {
		return problem("install a POSIX shell", "%s, which runs --run and the checks, is not on PATH", shell())
	}
	return fine("commands run by %s", path)
}

func (o *doctorOptions) lookSettings(context.Context) finding {
	if _, err := o.config(); err != nil {
		return failing(err)
	}
	p, err := o.paths()
	if err != nil {
		return failing(err)
	}
	if _, err := os.Stat(p.UserFile()); err != nil {
		return fine("defaults; %s does not exist", p.UserFile())
	}
	return fine("%s", p.UserFile())
}

func (o *doctorOptions) lookState(context.Context) finding {
	p, err := o.paths()
	if err != nil {
		return failing(err)
	}
	info, err := os.Stat(p.State)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		parent, err := existing(p.State)
		if err != nil {
			return failing(err)
		}
		if err := writable(parent); err != nil {
			return problem("choose another with --state-dir or AGENT_STATE_DIR", "%s cannot be made: %s", p.State, err)
		}
		return fine("%s is made with the first job", p.State)
	case err != nil:
		return failing(err)
	case !info.IsDir():
		return problem("move it away", "%s is not a directory", p.State)
	}
	if owner, ours := owned(info); !ours {
		return problem("choose your own with --state-dir or AGENT_STATE_DIR", "%s belongs to %s", p.State, owner)
	}
	if err := writable(p.State); err != nil {
		return problem("chmod -R u+rwX '"+p.State+"'", "%s cannot be written to: %s", p.State, err)
	}
	return fine("%s", p.State)
}

// existing is the nearest directory above path that exists.
func existing(path string) (string, error) {
	for {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
		up := filepath.Dir(path)
		if up == path {
			return "", agent.Errorf(agent.NotFound, "no directory above %s exists", path)
		}
		path = up
	}
}

// writable tries it, because permission bits do not tell about read-only mounts.
func writable(dir string) error {
	f, err := os.CreateTemp(dir, ".agent-doctor-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

func (o *doctorOptions) lookDisk(context.Context) finding {
	p, err := o.paths()
	if err != nil {
		return failing(err)
	}
	dir, err := existing(p.State)
	if err != nil {
		return failing(err)
	}
	free, err := daemon.DiskFree(dir)
	if err != nil {
		return note("", "the free space of %s is unknown: %s", dir, err)
	}
	if c, err := o.config(); err == nil && free < uint64(max(0, c.MinDisk)) {
		return problem("agent clean --all --dry-run; agent gc", "only %s are free where %s is; disk.min is %s: jobs wait", tui.Bytes(int64(free)), p.State, tui.Bytes(c.MinDisk))
	}
	return fine("%s are free", tui.Bytes(int64(free)))
}

// lookQueue reads the database when no daemon does: a damaged one is why none starts.
func (o *doctorOptions) lookQueue(ctx context.Context) finding {
	p, err := o.paths()
	if err != nil {
		return failing(err)
	}
	ctx, stop := context.WithTimeout(ctx, lookTime)
	defer stop()
	if c, err := o.running(ctx); c == nil && err == nil {
		if err := bolt.Check(p.Database()); err != nil {
			return failing(err)
		}
	}
	return fine("%s", p.Database())
}

func (o *doctorOptions) lookSocket(context.Context) finding {
	p, err := o.paths()
	if err != nil {
		return failing(err)
	}
	socket, err := p.Socket()
	if err != nil {
		return failing(err)
	}
	return fine("%s", socket)
}

const lookTime = 5 * time.Second

// running is the client of a daemon that runs, nil when none does.
func (o *doctorOptions) running(ctx context.Context) (*client.Client, error) {
	c, err := o.connect(ctx, false)
	if agent.CodeOf(err) == agent.Unavailable {
		return nil, nil
	}
	return c, err
}

func (o *doctorOptions) lookDaemon(ctx context.Context) finding {
	ctx, stop := context.WithTimeout(ctx, lookTime)
	defer stop()
	c, err := o.running(ctx)
	if err != nil {
		return failing(err)
	}
	if c == nil {
		if goRun() {
			return note("go install ./cmd/agent", "not running, and a program made by `go run` starts none")
		}
		return fine("not running; the first command that needs it starts it")
	}
	ping, err := c.Ping(ctx)
	if err != nil {
		return failing(err)
	}
	health, err := c.Health(ctx)
	if err != nil {
		return failing(err)
	}
	for _, p := range health.Problems {
		return problem(p.Hint, "%s: %s", p.Part, p.Reason)
	}
	if !ping.Build.Same(thisBuild()) {
		return note("agent daemon restart", "it runs as %s (pid %d), this program is %s", ping.Build.Version, ping.PID, buildVersion())
	}
	return fine("version %s, protocol %s, pid %d, since %s", ping.Build.Version, ping.Protocol, ping.PID, tui.Ago(ping.Started, o.now()))
}

// lookPath compares the git that the daemon uses with the one here: the daemon keeps
// the PATH it was started with, while a job's commands get the PATH of whoever asks.
func (o *doctorOptions) lookPath(ctx context.Context) finding {
	ctx, stop := context.WithTimeout(ctx, lookTime)
	defer stop()
	c, err := o.running(ctx)
	if err != nil || c == nil {
		return fine("a job's commands get the PATH of whoever asks for it")
	}
	health, err := c.Health(ctx)
	if err != nil {
		return failing(err)
	}
	here, err := o.git(ctx, "version")
	if theirs := gitVersion().FindString(health.Git.Version); err == nil && theirs != gitVersion().FindString(here) {
		return note("agent daemon restart", "the daemon was started with another PATH: its git is %s, yours %s", health.Git.Version, here)
	}
	return fine("the daemon has the same git as this shell")
}

func (o *doctorOptions) lookRepository(ctx context.Context) finding {
	root, err := o.root(ctx)
	if err != nil {
		return note(agent.HintOf(err), "%s", err)
	}
	if _, err := os.Stat(filepath.Join(root, ".agent.yaml")); err != nil {
		return note("agent init", "%s has no .agent.yaml: results are unverified unless you name checks", root)
	}
	return fine("%s", root)
}

// lookLeftovers counts the work trees we keep. The pool uses them again; more than a
// few of them mean that something ended badly.
func (o *doctorOptions) lookLeftovers(context.Context) finding {
	p, err := o.paths()
	if err != nil {
		return failing(err)
	}
	trees, err := filepath.Glob(filepath.Join(p.Repos(), "*", "trees", "*"))
	if err != nil {
		return failing(err)
	}
	const many = 32
	if len(trees) > many {
		return note("agent gc", "%d work trees are kept", len(trees))
	}
	return fine("%s kept warm", tui.Count(len(trees), "work tree"))
}
