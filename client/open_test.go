package client_test

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
	"codeagent.dev/agent/client"
)

// answer serves one fixed handler on a socket: a daemon of another time, or no daemon.
func answer(t testing.TB, h http.HandlerFunc) (socket string) {
	t.Helper()
	socket = socketIn(t)
	l, err := api.Listen(socket, nil)
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: h}
	done := make(chan struct{})
	go func() { defer close(done); srv.Serve(l) }()
	t.Cleanup(func() { srv.Close(); <-done })
	return socket
}

func pinging(p api.Ping) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { api.Reply(w, http.StatusOK, p) }
}

func TestOpenWithoutDaemon(t *testing.T) {
	stale := socketIn(t)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	for name, socket := range map[string]string{"no socket": socketIn(t), "a stale socket": stale} {
		_, err := client.Open(t.Context(), client.Options{Socket: socket})
		if agent.CodeOf(err) != agent.Unavailable || agent.HintOf(err) != "agent daemon start" || !strings.Contains(err.Error(), socket) {
			t.Errorf("%s: error %v (%s), hint %q", name, err, agent.CodeOf(err), agent.HintOf(err))
		}
	}
}

func TestOpenTooLongPath(t *testing.T) {
	never := func() (*exec.Cmd, error) { t.Error("a daemon was started"); return nil, os.ErrInvalid }
	_, err := client.Open(t.Context(), client.Options{Socket: "/tmp/" + strings.Repeat("x", 120), Start: never})
	if agent.CodeOf(err) != agent.Invalid || agent.HintOf(err) == "" {
		t.Errorf("error %v, hint %q", err, agent.HintOf(err))
	}
}

func TestOpenMeetsSomethingElse(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"a page":        func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("<html>hello")) },
		"other JSON":    func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(`{"name":"docker"}`)) },
		"an error page": func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) },
	} {
		_, err := client.Open(t.Context(), client.Options{Socket: answer(t, h), Start: func() (*exec.Cmd, error) {
			t.Errorf("%s: a daemon was started beside it", name)
			return nil, os.ErrInvalid
		}})
		if err == nil || agent.CodeOf(err) == agent.Internal {
			t.Errorf("%s: error %v (%s)", name, err, agent.CodeOf(err))
		}
	}
}

func TestOpenJudgesTheBuild(t *testing.T) {
	now := api.Speaks()
	mine := api.Build{Version: "v1.2.0", ID: "mine"}
	for _, c := range []struct {
		name   string
		ping   api.Ping
		code   agent.Code
		hint   string // of the error
		notice string
	}{
		{"the same build", api.Ping{Protocol: now, Build: mine}, "", "", ""},
		{"older and busy", api.Ping{Protocol: now, Build: api.Build{Version: "v1.1.0"}, Busy: true}, "", "", "agent daemon restart"},
		{"newer", api.Ping{Protocol: now, Build: api.Build{Version: "v1.3.0"}}, "", "", "update "},
		{"another", api.Ping{Protocol: now, Build: api.Build{Version: "v1.2.0", ID: "other"}}, "", "", "another build"},
		{"too old and busy", api.Ping{Protocol: api.Range{Min: now.Min - 1, Max: now.Min - 1}, Build: api.Build{Version: "v0.1.0"}, Busy: true}, agent.Protocol, "agent daemon restart", ""},
		{"too new", api.Ping{Protocol: api.Range{Min: now.Max + 1, Max: now.Max + 2}, Build: api.Build{Version: "v9.0.0"}}, agent.Protocol, " to v9.0.0", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.ping.Name, c.ping.PID = api.Name, 4711
			var told []string
			cl, err := client.Open(t.Context(), client.Options{
				Socket: answer(t, pinging(c.ping)), Build: mine,
				Notice: func(s string) { told = append(told, s) },
				Start:  func() (*exec.Cmd, error) { t.Error("a daemon was started"); return nil, os.ErrInvalid },
			})
			if err == nil {
				cl.Close()
			}
			if agent.CodeOf(err) != c.code || !strings.HasSuffix(agent.HintOf(err), c.hint) {
				t.Errorf("error %v (%s), hint %q", err, agent.CodeOf(err), agent.HintOf(err))
			}
			if c.code != "" && !strings.Contains(err.Error(), "4711") {
				t.Errorf("error %q does not name the process", err)
			}
			switch {
			case c.notice == "" && len(told) > 0:
				t.Errorf("told %q", told)
			case c.notice != "" && (len(told) != 1 || !strings.Contains(told[0], c.notice)):
				t.Errorf("told %q, want once with %q", told, c.notice)
			}
		})
	}
}

// A CLI that may start nothing uses what is there.
func TestOpenKeepsAnOlderDaemonWithoutStart(t *testing.T) {
	ping := api.Ping{Name: api.Name, Protocol: api.Speaks(), Build: api.Build{Version: "v0.1.0"}}
	told := 0
	c, err := client.Open(t.Context(), client.Options{Socket: answer(t, pinging(ping)), Build: api.Build{Version: "v0.2.0"}, Notice: func(string) { told++ }})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if told != 1 {
		t.Errorf("told %d times", told)
	}
}

func TestStartThatFails(t *testing.T) {
	dir := socketDir(t)
	log := filepath.Join(dir, "daemon.log")
	if err := os.WriteFile(log, []byte("first\nlevel=ERROR msg=\"the disk is full\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, script, want string }{
		{"says why", "echo 'agent: the database is newer' >&2; exit 1", "the database is newer"},
		{"says nothing", "exit 3", "the disk is full"},
	} {
		began := time.Now()
		_, err := client.Open(t.Context(), client.Options{
			Socket: filepath.Join(dir, "s"), Log: log,
			Start: func() (*exec.Cmd, error) { return exec.Command("sh", "-c", c.script), nil },
		})
		if agent.CodeOf(err) != agent.Unavailable || !strings.Contains(err.Error(), c.want) || !strings.Contains(agent.HintOf(err), log) {
			t.Errorf("%s: error %v, hint %q", c.name, err, agent.HintOf(err))
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s: noticed after %s", c.name, took)
		}
	}
}
