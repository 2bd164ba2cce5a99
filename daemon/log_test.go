package daemon_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"codeagent.dev/agent"
	"codeagent.dev/agent/daemon"
)

func TestOpenLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "daemon.log")
	var terminal bytes.Buffer
	log, file, err := daemon.OpenLog(daemon.LogOptions{Path: path, Level: slog.LevelWarn, Copy: &terminal})
	if err != nil {
		t.Fatal(err)
	}
	log.Info("chatter")
	log.Warn("trouble", "job", 12)
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if s := string(b); strings.Contains(s, "chatter") || !strings.Contains(s, `msg=trouble job=12`) || s != terminal.String() {
		t.Errorf("log:\n%s\nterminal:\n%s", s, terminal.String())
	}
	if info, err := os.Stat(path); runtime.GOOS != "windows" && (err != nil || info.Mode().Perm() != 0o600) {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestLogIsRotated(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	log, file, err := daemon.OpenLog(daemon.LogOptions{Path: filepath.Join(dir, "daemon.log"), MiB: 1, Backups: 1})
	if err != nil {
		t.Fatal(err)
	}
	line := strings.Repeat("x", 64<<10)
	for range 40 { // 2.5 MiB
		log.Info(line)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	until(t, "one old file is left", func() bool {
		files, err := os.ReadDir(dir)
		return err == nil && len(files) == 2
	})
}

func TestLogThatCannotBeWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "daemon.log")
	if err := os.MkdirAll(path, 0o700); err != nil { // a directory is in the way
		t.Fatal(err)
	}
	if _, _, err := daemon.OpenLog(daemon.LogOptions{Path: path}); err == nil || agent.HintOf(err) == "" {
		t.Errorf("error %v, hint %q", err, agent.HintOf(err))
	}
}
