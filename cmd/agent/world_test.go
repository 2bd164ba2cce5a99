package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"codeagent.dev/agent"
)

// build makes the real binary once for all tests that run it from outside. dir is
// kept for the process's life, because TestMain belongs to the scripts.
var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "agent-built-")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "agent")
	return bin, buildAsReleased(bin, ".")
})

// buildAsReleased builds with the flags of .goreleaser.yaml: the C library alone costs
// a millisecond of start. The file is written anew in one piece: as the linker leaves
// it, it lies in the page cache in single pages, and mapping those costs another; an
// installed one is read from the disk in large ones.
func buildAsReleased(file, pkg string) error {
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", file, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %v\n%s", pkg, err, out)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := os.Remove(file); err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o755)
}

// world is one person's machine: a home, a state directory, a repository, the
// built binary. Nothing of it is shared with another test.
type world struct {
	t    testing.TB
	bin  string
	home string
	repo string
	env  []string
}

func newWorld(t testing.TB, settings ...string) *world {
	t.Helper()
	bin, err := build()
	if err != nil {
		t.Fatal(err)
	}
	home, err := os.MkdirTemp("", "w") // t.TempDir's name can be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, bin: bin, home: home, repo: filepath.Join(home, "repo")}
	w.env = append([]string{
		"HOME=" + home, "PATH=" + os.Getenv("PATH"), "AGENT_STATE_DIR=" + w.state(), "AGENT_LISTEN=off", "AGENT_DISK_MIN=0",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_DATE=2026-01-02T03:04:05Z", "GIT_COMMITTER_DATE=2026-01-02T03:04:05Z",
	}, settings...)
	t.Cleanup(func() {
		w.run("", "daemon", "stop")
		if t.Failed() {
			w.t.Logf("left for a look: %s", home)
			return
		}
		if err := os.RemoveAll(home); err != nil {
			t.Error(err)
		}
	})
	w.git("init", "-q", "-b", "main", ".")
	w.git("config", "user.name", "Ada")
	w.git("config", "user.email", "ada@example.org")
	return w
}

func (w *world) state() string { return filepath.Join(w.home, "s") }

// write puts files into the repository's work tree: name, content, name, content …
func (w *world) write(pairs ...string) {
	w.t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		name := filepath.Join(w.repo, filepath.FromSlash(pairs[i]))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			w.t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(pairs[i+1]), 0o644); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) commit(message string) {
	w.t.Helper()
	w.git("add", "-A")
	w.git("commit", "-q", "-m", message)
}

// git runs git in the repository and returns what it printed.
func (w *world) git(args ...string) string {
	w.t.Helper()
	if err := os.MkdirAll(w.repo, 0o755); err != nil {
		w.t.Fatal(err)
	}
	out, err := w.command("git", args...).Output()
	if err != nil {
		w.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, stderrOf(err))
	}
	return strings.TrimSpace(string(out))
}

func (w *world) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = w.repo, w.env
	return cmd
}

// answer is what one run of the binary gave back.
type answer struct {
	status         int
	stdout, stderr string
}

// run runs the binary to its end.
func (w *world) run(stdin string, args ...string) answer {
	cmd := w.command(w.bin, args...)
	cmd.Stdin = strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		return answer{-1, "", err.Error()}
	}
	return answer{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// ok runs the binary, wants exit status 0, and returns its stdout.
func (w *world) ok(args ...string) string {
	w.t.Helper()
	got := w.run("", args...)
	if got.status != 0 {
		w.t.Fatalf("agent %s: exit status %d\n%s%s", strings.Join(args, " "), got.status, got.stdout, got.stderr)
	}
	return got.stdout
}

// read decodes what `agent … --json` prints.
func (w *world) read(into any, args ...string) {
	w.t.Helper()
	got := w.run("", append(args, "--json")...)
	if err := json.Unmarshal([]byte(got.stdout), into); err != nil {
		w.t.Fatalf("agent %s --json: exit status %d: %v\n%s%s", strings.Join(args, " "), got.status, err, got.stdout, got.stderr)
	}
}

// job is a job as `agent show --json` tells it.
func (w *world) job(id string) agent.Job {
	w.t.Helper()
	var doc struct{ Job agent.Job }
	w.read(&doc, "show", id)
	return doc.Job
}

// daemon is the process that answers on the world's socket.
func (w *world) daemon() *os.Process {
	w.t.Helper()
	var doc struct{ Ping struct{ PID int } }
	w.read(&doc, "daemon", "status")
	p, err := os.FindProcess(doc.Ping.PID)
	if err != nil || doc.Ping.PID < 2 {
		w.t.Fatalf("no daemon: %+v, %v", doc, err)
	}
	return p
}

// diffTo is the patch that turns a file's content into another, as git words it.
func (w *world) diffTo(name, content string) string {
	w.t.Helper()
	before, err := os.ReadFile(filepath.Join(w.repo, name))
	if err != nil {
		w.t.Fatal(err)
	}
	w.write(name, content)
	out := w.git("diff", "--", name)
	w.write(name, string(before))
	return out + "\n"
}

// until polls a condition that another process brings about.
func (w *world) until(what string, limit time.Duration, holds func() bool) {
	w.t.Helper()
	for end := time.Now().Add(limit); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("not within %v: %s", limit, what)
		}
	}
}

func stderrOf(err error) string {
	if exit, ok := err.(*exec.ExitError); ok {
		return string(exit.Stderr)
	}
	return ""
}
