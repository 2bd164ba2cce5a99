package main

import (
	"path/filepath"
	"runtime"

	"codeagent.dev/agent/config"
	"codeagent.dev/agent/repo"
)

// settings is what a command has loaded of the configuration so far.
type settings struct {
	config *config.Config
	set    *repo.Set
}

// machine is the host with --state-dir in the place of the variable.
func (a *app) machine() config.Machine {
	m := config.Host()
	m.Env = func(name string) string {
		if name == config.StateDirEnv && a.state != "" {
			if abs, err := filepath.Abs(a.state); err == nil {
				return abs
			}
			return a.state
		}
		return a.env(name)
	}
	return m
}

func (a *app) paths() (config.Paths, error) { return a.machine().Paths() }

// config loads the settings of the machine, the user and the environment. Those of
// a repository are the daemon's business: they come from a commit.
func (a *app) config() (*config.Config, error) {
	if a.settings.config != nil {
		return a.settings.config, nil
	}
	paths, err := a.paths()
	if err != nil {
		return nil, err
	}
	c, err := a.machine().Load(config.Sources{Paths: paths})
	a.settings.config = c
	return c, err
}

// repos is the set of repositories, for the commands that read or deliver results.
func (a *app) repos() (*repo.Set, error) {
	if a.settings.set != nil {
		return a.settings.set, nil
	}
	paths, err := a.paths()
	if err != nil {
		return nil, err
	}
	a.settings.set = repo.NewSet(paths.State)
	a.closers = append(a.closers, a.settings.set.Close)
	return a.settings.set, nil
}

// shell is the program that runs --run and the checks.
func shell() string {
	if runtime.GOOS == "windows" {
		return "cmd"
	}
	return "sh"
}
