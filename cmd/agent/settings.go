package main

import (
	"path/filepath"
	"runtime"
	"time"

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
	conf, err := a.config()
	if err != nil {
		return nil, err
	}
	a.settings.set = newRepos(paths, conf)
	a.closers = append(a.closers, a.settings.set.Close)
	return a.settings.set, nil
}

const treeAge = 7 * 24 * time.Hour // of a work tree that nobody used, which gc then removes

// newRepos makes the set of repositories as it is configured.
func newRepos(paths config.Paths, conf *config.Config) *repo.Set {
	return repo.NewSet(paths.State, repo.KeepTrees(conf.IdleTrees, treeAge))
}

// shell is the program that runs --run and the checks.
func shell() string {
	if runtime.GOOS == "windows" {
		return "cmd"
	}
	return "sh"
}
