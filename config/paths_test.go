package config_test

import (
	"errors"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"codeagent.dev/agent"
	"codeagent.dev/agent/config"

	"github.com/google/go-cmp/cmp"
)

// machine is a made-up computer: nothing of the one the test runs on shows through.
func machine(goos string, env map[string]string) config.Machine {
	return config.Machine{
		OS:   goos,
		Env:  func(name string) string { return env[name] },
		Home: func() (string, error) { return "", errors.New("no such account") },
		CPUs: 2,
	}
}

func TestPaths(t *testing.T) {
	tests := []struct {
		name string
		os   string
		env  map[string]string
		want config.Paths
	}{
		{"linux", "linux", map[string]string{"HOME": "/home/ada"}, config.Paths{
			State: "/home/ada/.local/state/agent", Config: "/home/ada/.config/agent", Cache: "/home/ada/.cache/agent",
			Runtime: "/home/ada/.local/state/agent/run", System: "/etc/agent",
		}},
		{"xdg", "linux", map[string]string{
			"XDG_STATE_HOME": "/s", "XDG_CONFIG_HOME": "/c", "XDG_CACHE_HOME": "/k", "XDG_RUNTIME_DIR": "/run/user/7",
		}, config.Paths{State: "/s/agent", Config: "/c/agent", Cache: "/k/agent", Runtime: "/s/agent/run", System: "/etc/agent"}},
		{"relative xdg is ignored", "freebsd", map[string]string{"HOME": "/h", "XDG_STATE_HOME": "here", "XDG_CONFIG_HOME": "/c"}, config.Paths{
			State: "/h/.local/state/agent", Config: "/c/agent", Cache: "/h/.cache/agent", Runtime: "/h/.local/state/agent/run", System: "/etc/agent",
		}},
		{"state directory named", "linux", map[string]string{"HOME": "/h", "AGENT_STATE_DIR": "/t"}, config.Paths{
			State: "/t", Config: "/h/.config/agent", Cache: "/h/.cache/agent", Runtime: "/t/run", System: "/etc/agent",
		}},
		{"state directory named, no home", "linux", map[string]string{"AGENT_STATE_DIR": "/t"}, config.Paths{
			State: "/t", Config: "/t/config", Cache: "/t/cache", Runtime: "/t/run", System: "/etc/agent",
		}},
		{"mac", "darwin", map[string]string{"HOME": "/Users/ada"}, config.Paths{
			State: "/Users/ada/Library/Application Support/agent/state", Config: "/Users/ada/Library/Application Support/agent",
			Cache: "/Users/ada/Library/Caches/agent", Runtime: "/Users/ada/Library/Application Support/agent/state/run",
			System: "/Library/Application Support/agent",
		}},
		{"windows", "windows", map[string]string{
			"APPDATA": `C:\U\ada\Roaming`, "LOCALAPPDATA": `C:\U\ada\Local`, "ProgramData": `D:\Data`,
		}, config.Paths{
			State: `C:\U\ada\Local/agent/state`, Config: `C:\U\ada\Roaming/agent`, Cache: `C:\U\ada\Local/agent/cache`,
			Runtime: `C:\U\ada\Local/agent/state/run`, System: `D:\Data/agent`,
		}},
		{"windows, profile only", "windows", map[string]string{"USERPROFILE": `C:\U\ada`}, config.Paths{
			State: `C:\U\ada/AppData/Local/agent/state`, Config: `C:\U\ada/AppData/Roaming/agent`, Cache: `C:\U\ada/AppData/Local/agent/cache`,
			Runtime: `C:\U\ada/AppData/Local/agent/state/run`, System: `C:\ProgramData/agent`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := machine(tt.os, tt.env).Paths()
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range []*string{&got.State, &got.Config, &got.Cache, &got.Runtime, &got.System,
				&tt.want.State, &tt.want.Config, &tt.want.Cache, &tt.want.Runtime, &tt.want.System} {
				*p = filepath.FromSlash(*p)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("paths differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPathsWithoutHome(t *testing.T) {
	m := machine("linux", nil)
	_, err := m.Paths()
	if agent.CodeOf(err) != agent.Invalid || !strings.Contains(agent.HintOf(err), "AGENT_STATE_DIR=") {
		t.Errorf("no HOME and no account: got %v, hint %q; want Invalid with a hint", err, agent.HintOf(err))
	}
	m.Home = func() (string, error) { return "/home/of/account", nil }
	p, err := m.Paths()
	if err != nil || !strings.HasPrefix(filepath.ToSlash(p.State), "/home/of/account/") {
		t.Errorf("no HOME but an account: got %q, %v; want it below the account's home", p.State, err)
	}
}

func TestPathsRelativeStateDir(t *testing.T) {
	_, err := machine("linux", map[string]string{"HOME": "/h", "AGENT_STATE_DIR": "state"}).Paths()
	if agent.CodeOf(err) != agent.Invalid || agent.HintOf(err) != `AGENT_STATE_DIR="$PWD/state" agent status` {
		t.Errorf("got %v, hint %q", err, agent.HintOf(err))
	}
}

func TestSocket(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the lengths below are for slashes")
	}
	limit := 104
	if runtime.GOOS == "linux" {
		limit = 108
	}
	fits := limit - 1 - len("/run/agent.sock")
	for _, tt := range []struct {
		length int
		ok     bool
	}{{5, true}, {fits, true}, {fits + 1, false}} {
		state := "/" + strings.Repeat("s", tt.length-1)
		p, err := machine(runtime.GOOS, map[string]string{"HOME": "/h", "AGENT_STATE_DIR": state}).Paths()
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Socket()
		if tt.ok && (err != nil || got != state+"/run/agent.sock") {
			t.Errorf("state directory of %d bytes: got %q, %v", tt.length, got, err)
		}
		if !tt.ok && (agent.CodeOf(err) != agent.Invalid || agent.HintOf(err) == "") {
			t.Errorf("state directory of %d bytes: got %q, %v; want Invalid with a hint", tt.length, got, err)
		}
	}
}

// TestHost holds Host against the machine: the one place that reads the process.
func TestHost(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(config.StateDirEnv, dir)
	p, err := config.Host().Paths()
	if err != nil {
		t.Fatal(err)
	}
	if p.State != dir || p.Database() != filepath.Join(dir, "agent.db") {
		t.Errorf("got %+v", p)
	}
	if h := config.Host(); h.OS != runtime.GOOS || h.CPUs < 1 {
		t.Errorf("got %s with %d processors", h.OS, h.CPUs)
	}
}
