package coder_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"codeagent.dev/agent/maker/coder"
	"codeagent.dev/agent/maker/coder/codertest"
	"codeagent.dev/agent/proc"
)

func TestMain(m *testing.M) {
	proc.Guard()
	codertest.Guard()
	goleak.VerifyTestMain(m)
}

// shop makes a task in a directory with a file to edit, and collects what is logged.
func shop(t *testing.T) (coder.Task, *strings.Builder) {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(dir, "shop")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "style.css"), "button { color: blue }\n")
	log := &strings.Builder{}
	return coder.Task{Dir: dir, Prompt: "make the buttons red", Time: time.Minute, Env: proc.Env(map[string]string{"PATH": os.Getenv("PATH"), "HOME": dir, "GORACE": "atexit_sleep_ms=0"}),
		Log: func(s string) { log.WriteString(s) }}, log
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// reason returns that of an error, or how it is none.
func reason(err error) coder.Reason {
	if err == nil {
		return ""
	}
	e, ok := err.(*coder.Error)
	if !ok {
		return coder.Reason("not typed: " + err.Error())
	}
	return e.Reason
}

const red = "button { color: red }\n"
