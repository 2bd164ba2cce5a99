package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
	"codeagent.dev/agent/client"
	"codeagent.dev/agent/config"
)

// dial finds the daemon, or starts one unless --no-start forbids it.
func (a *app) dial(ctx context.Context) (agent.Jobs, error) {
	c, err := a.connect(ctx, !a.noStart)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// connect returns a client of a daemon that answers.
func (a *app) connect(ctx context.Context, start bool) (*client.Client, error) {
	opt, err := a.clientOptions()
	if err != nil {
		return nil, err
	}
	temporary := goRun()
	if start && !temporary {
		opt.Start = a.daemonCommand
	}
	if a.late && !temporary {
		c := client.New(opt)
		a.closers = append(a.closers, c.Close)
		return c, nil
	}
	over := a.doing("waiting for the daemon")
	c, err := client.Open(ctx, opt)
	over()
	if err != nil {
		if agent.CodeOf(err) == agent.Unavailable && opt.Start == nil {
			err = notStarted(err, start && temporary)
		}
		return nil, err
	}
	a.closers = append(a.closers, c.Close)
	return c, nil
}

// notStarted says why no daemon was started.
func notStarted(err error, temporary bool) error {
	if temporary {
		return agent.Errorf(agent.Unavailable, "%w; a program made by `go run` does not start one, because its file may be gone at any moment", err).
			WithHint("go install ./cmd/agent && agent status, or in another terminal: go run ./cmd/agent daemon run")
	}
	return err
}

func (a *app) clientOptions() (client.Options, error) {
	paths, err := a.paths()
	if err != nil {
		return client.Options{}, err
	}
	socket, err := paths.Socket()
	if err != nil {
		return client.Options{}, err
	}
	return client.Options{
		Socket: socket, Lock: paths.StartLock(), Log: paths.Log(), Build: thisBuild(),
		Notice: func(text string) { a.say("agent: %s", text) },
	}, nil
}

// daemonCommand is how a daemon of this state directory is started. The client cuts
// it loose from the terminal, the directory and git's variables.
func (a *app) daemonCommand() (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, agent.Errorf(agent.Unavailable, "cannot find this program's own file: %w", err).WithHint("agent daemon run")
	}
	paths, err := a.paths()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "daemon", "run", "--state-dir", paths.State)
	cmd.Env = append(os.Environ(), config.StateDirEnv+"="+paths.State)
	return cmd, nil
}

// thisBuild names this binary. Without version control's stamp, the file itself
// tells builds apart.
func thisBuild() api.Build {
	b := api.Build{Version: buildVersion()}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				b.ID = s.Value + b.ID
			case "vcs.modified":
				if s.Value == "true" {
					b.ID += "+"
				}
			case "vcs.time":
				b.Time, _ = time.Parse(time.RFC3339, s.Value)
			}
		}
	}
	if b.ID != "" && !strings.HasSuffix(b.ID, "+") {
		return b
	}
	if self, err := os.Executable(); err == nil {
		if info, err := os.Stat(self); err == nil {
			b.ID += strconv.FormatInt(info.ModTime().UnixNano(), 36) + "-" + strconv.FormatInt(info.Size(), 36)
			b.Time = info.ModTime()
		}
	}
	return b
}

// goRun reports whether this program's file was made by `go run`: it lies in the go
// command's work directory or build cache, and goes when they are cleaned.
func goRun() bool {
	self, err := os.Executable()
	if err != nil {
		return false
	}
	for _, part := range strings.Split(filepath.ToSlash(filepath.Dir(self)), "/") {
		if strings.HasPrefix(part, "go-build") {
			return true
		}
	}
	return false
}
