package config

import (
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strings"

	"codeagent.dev/agent"
)

// StateDirEnv moves everything the daemon writes, its socket included, into one
// directory. Daemons with different state directories know nothing of each other.
const StateDirEnv = "AGENT_STATE_DIR"

// Machine is what settings and paths depend on besides files. Host returns this
// one; tests make their own, so nothing below Host reads the process.
type Machine struct {
	OS   string                   // as runtime.GOOS
	Env  func(name string) string // "" when unset
	Home func() (string, error)   // asked only when Env names no home directory
	CPUs int
}

// Host returns the machine this process runs on.
func Host() Machine {
	return Machine{OS: runtime.GOOS, Env: os.Getenv, Home: accountHome, CPUs: runtime.GOMAXPROCS(0)}
}

// accountHome asks the account database, for processes started with no HOME: cron,
// systemd units, `env -i`.
func accountHome() (string, error) {
	u, err := user.Current()
	if err != nil {
		return "", err
	}
	if u.HomeDir == "" {
		return "", errors.New("the account has no home directory")
	}
	return u.HomeDir, nil
}

// Paths are the directories agent uses. None of them need exist.
type Paths struct {
	State  string // the queue, the log, mirrors, work trees
	Config string // the user's settings
	Cache  string // what can be deleted at any time
	System string // settings of the whole machine

	// Runtime holds the socket. It lies in State, not in $XDG_RUNTIME_DIR: that
	// directory ends with the login session and is missing in cron jobs, while the
	// daemon goes on and holds State. One state directory, one socket, from
	// wherever it is asked for. The daemon keeps it at mode 0700.
	Runtime string
}

// Paths finds the directories: the XDG variables where they are set, else the
// custom of the system. A relative XDG path is ignored, as its specification asks.
// The error, code Invalid, says that there is no home directory to put them in.
func (m Machine) Paths() (Paths, error) {
	state, err := m.override()
	if err != nil {
		return Paths{}, err
	}
	p, err := m.standard()
	if err != nil && state == "" {
		return Paths{}, err
	}
	if err != nil { // no home, but a state directory: enough for a daemon in a container
		p.Config, p.Cache = filepath.Join(state, "config"), filepath.Join(state, "cache")
	}
	if state != "" {
		p.State = state
	}
	p.Runtime = filepath.Join(p.State, "run")
	p.System = m.system()
	return p, nil
}

func (m Machine) override() (string, error) {
	dir := m.Env(StateDirEnv)
	if dir != "" && !m.absolute(dir) {
		return "", agent.Errorf(agent.Invalid, "%s is %q, which is not an absolute path", StateDirEnv, dir).
			WithHint(StateDirEnv + `="$PWD/` + dir + `" agent status`)
	}
	return dir, nil
}

func (m Machine) standard() (Paths, error) {
	if m.OS == "windows" {
		return m.windows()
	}
	data := filepath.Join("Library", "Application Support", "agent")
	state, config, cache := filepath.Join(data, "state"), data, filepath.Join("Library", "Caches", "agent")
	if m.OS != "darwin" {
		state, config, cache = filepath.Join(".local", "state", "agent"), filepath.Join(".config", "agent"), filepath.Join(".cache", "agent")
	}
	var p Paths
	for _, d := range []struct {
		to             *string
		variable, home string
	}{
		{&p.State, "XDG_STATE_HOME", state},
		{&p.Config, "XDG_CONFIG_HOME", config},
		{&p.Cache, "XDG_CACHE_HOME", cache},
	} {
		if dir := m.Env(d.variable); m.absolute(dir) {
			*d.to = filepath.Join(dir, "agent")
			continue
		}
		home, err := m.home("HOME")
		if err != nil {
			return p, err
		}
		*d.to = filepath.Join(home, d.home)
	}
	return p, nil
}

func (m Machine) windows() (Paths, error) {
	local, roaming := m.Env("LOCALAPPDATA"), m.Env("APPDATA")
	if !m.absolute(local) || !m.absolute(roaming) {
		home, err := m.home("USERPROFILE")
		if err != nil {
			return Paths{}, err
		}
		local, roaming = filepath.Join(home, "AppData", "Local"), filepath.Join(home, "AppData", "Roaming")
	}
	return Paths{
		State:  filepath.Join(local, "agent", "state"),
		Config: filepath.Join(roaming, "agent"),
		Cache:  filepath.Join(local, "agent", "cache"),
	}, nil
}

func (m Machine) system() string {
	switch m.OS {
	case "windows":
		if dir := m.Env("ProgramData"); m.absolute(dir) {
			return filepath.Join(dir, "agent")
		}
		return filepath.Join(`C:\ProgramData`, "agent")
	case "darwin":
		return "/Library/Application Support/agent"
	}
	return "/etc/agent"
}

func (m Machine) home(variable string) (string, error) {
	if dir := m.Env(variable); m.absolute(dir) {
		return dir, nil
	}
	dir, err := m.Home()
	if err != nil {
		return "", agent.Errorf(agent.Invalid, "no home directory: %s is not set and the account names none: %w", variable, err).
			WithHint("export " + StateDirEnv + "=/var/lib/agent")
	}
	return dir, nil
}

// absolute reports whether path is absolute on m, which need not be the system
// that this code runs on.
func (m Machine) absolute(path string) bool {
	if m.OS != "windows" {
		return strings.HasPrefix(path, "/")
	}
	slashed := strings.ReplaceAll(path, `\`, "/")
	return strings.HasPrefix(slashed, "//") || len(slashed) > 2 && slashed[1] == ':' && slashed[2] == '/'
}

// Socket returns the path of the daemon's unix socket. A path longer than a socket
// address of this system can hold is an Invalid error.
func (p Paths) Socket() (string, error) {
	path := filepath.Join(p.Runtime, "agent.sock")
	if limit := socketLimit(runtime.GOOS); len(path) >= limit {
		return "", agent.Errorf(agent.Invalid, "the socket path %s is %d bytes long; this system allows %d", path, len(path), limit-1).
			WithHint("choose a shorter state directory: export " + StateDirEnv + `="$HOME/.agent"`)
	}
	return path, nil
}

// socketLimit is the size of sun_path, its final NUL included.
func socketLimit(goos string) int {
	switch goos {
	case "linux", "windows", "android":
		return 108
	}
	return 104
}

// Database is the file of the queue.
func (p Paths) Database() string { return filepath.Join(p.State, "agent.db") }

// Log is the daemon's log; rotated ones lie beside it.
func (p Paths) Log() string { return filepath.Join(p.State, "daemon.log") }

// StartLock is the file that whoever starts a daemon holds locked meanwhile.
func (p Paths) StartLock() string { return filepath.Join(p.State, "start.lock") }

// Repos is the directory of mirrors and work trees.
func (p Paths) Repos() string { return filepath.Join(p.State, "repos") }

// Baseline is the directory of check results of base commits.
func (p Paths) Baseline() string { return filepath.Join(p.State, "baseline") }

// Makers is the file of what is remembered of makers: who rests, whose answers applied.
func (p Paths) Makers() string { return filepath.Join(p.State, "makers.json") }

// Told is the file of what notifications told already.
func (p Paths) Told() string { return filepath.Join(p.State, "told.json") }

// UserFile is the user's settings file.
func (p Paths) UserFile() string { return filepath.Join(p.Config, "config.yaml") }

// SystemFile is the settings file of the whole machine; "" when System is.
func (p Paths) SystemFile() string {
	if p.System == "" {
		return ""
	}
	return filepath.Join(p.System, "config.yaml")
}
