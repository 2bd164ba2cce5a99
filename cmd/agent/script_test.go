package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"codeagent.dev/agent/proc"
)

func TestMain(m *testing.M) {
	proc.Guard()
	testscript.Main(m, map[string]func(){"agent": main})
}

// TestScripts runs the command line as people do: real git, the real daemon, each
// script with a home and a state directory of its own.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		Setup:               setupScript,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": scriptExits,
			"until": scriptUntil,
			"repo":  scriptRepo,
		},
	})
}

func setupScript(env *testscript.Env) error {
	home := filepath.Join(env.WorkDir, "home")
	if err := os.MkdirAll(home, 0o755); err != nil {
		return err
	}
	state, err := os.MkdirTemp("", "st") // short: a socket's path has little room
	if err != nil {
		return err
	}
	for _, kv := range [][2]string{
		{"HOME", home}, {"USER", "ada"}, {"AGENT_STATE_DIR", filepath.Join(state, "s")}, {"AGENT_LISTEN", "off"}, {"AGENT_DISK_MIN", "0"},
		{"GIT_CONFIG_NOSYSTEM", "1"}, {"GIT_CONFIG_GLOBAL", filepath.Join(home, ".gitconfig")},
	} {
		env.Setenv(kv[0], kv[1])
	}
	identity := "[user]\n\tname = Ada\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n"
	if err := os.WriteFile(filepath.Join(home, ".gitconfig"), []byte(identity), 0o644); err != nil {
		return err
	}
	vars := append([]string(nil), env.Vars...)
	env.Defer(func() {
		stop := exec.Command("agent", "daemon", "stop", "--state-dir", filepath.Join(state, "s"))
		stop.Env = vars
		if out, err := stop.CombinedOutput(); err != nil {
			env.T().Log("stopping the daemon: ", err, string(out))
		}
		if err := os.RemoveAll(state); err != nil {
			env.T().Log(err)
		}
	})
	return nil
}

// scriptExits is "exits STATUS COMMAND...": the command must end with that status.
func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

const scriptPatience = 30 * time.Second

// scriptUntil is "until PATTERN COMMAND...": runs the command until its stdout matches.
func scriptUntil(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until PATTERN COMMAND...")
	}
	want := regexp.MustCompile(args[0])
	for end := time.Now().Add(scriptPatience); ; time.Sleep(10 * time.Millisecond) {
		err := ts.Exec(args[1], args[2:]...)
		out := ts.ReadFile("stdout")
		if err == nil && want.MatchString(out) {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("not within %s: %s in %s", scriptPatience, args[0], out)
		}
	}
}

// scriptRepo is "repo DIR": makes a repository of what lies in DIR and commits it.
func scriptRepo(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: repo DIR")
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	for _, argv := range [][]string{{"init", "-q"}, {"add", "-A"}, {"commit", "-q", "--allow-empty", "-m", "first"}} {
		ts.Check(ts.Exec("git", append([]string{"-C", dir}, argv...)...))
	}
}
