package spool_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/config"
	"codeagent.dev/agent/hook"
	"codeagent.dev/agent/repo"
	"codeagent.dev/agent/spool"
	"codeagent.dev/agent/store/bolt"
)

// world is a person's machine: repositories with real hooks, and a real queue.
type world struct {
	t      testing.TB
	dir    string
	state  string
	env    []string
	queue  *bolt.Store
	taker  *spool.Taker
	refuse error // what Submit returns instead of a job
}

func newWorld(t testing.TB) *world {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, dir: dir, state: filepath.Join(dir, "the state's 'dir'")}
	w.env = append(os.Environ(),
		"HOME="+dir, "XDG_CONFIG_HOME=", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+filepath.Join(dir, "gitconfig"),
		"GIT_AUTHOR_DATE=2026-01-02T03:04:05Z", "GIT_COMMITTER_DATE=2026-01-02T03:04:05Z", "AGENT_JOB=")
	w.write(filepath.Join(dir, "gitconfig"), "[user]\n\tname = Ada\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n[protocol \"file\"]\n\tallow = always\n")
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	t.Setenv("GIT_CONFIG_GLOBAL", filepath.Join(dir, "gitconfig"))
	w.open()
	return w
}

// open opens the queue, and makes a taker for it.
func (w *world) open() {
	w.t.Helper()
	if err := os.MkdirAll(w.state, 0o700); err != nil {
		w.t.Fatal(err)
	}
	queue, err := bolt.Open(bolt.Options{Path: filepath.Join(w.state, "agent.db")})
	if err != nil {
		w.t.Fatal(err)
	}
	w.queue = queue
	w.t.Cleanup(func() { queue.Close() })
	w.taker = newTaker(w.t, w.state, queue, func() error { return w.refuse })
}

// newTaker makes a taker on a queue. Jobs are stored as they are asked for.
func newTaker(t testing.TB, state string, queue agent.Store, refuse func() error) *spool.Taker {
	set := repo.NewSet(state)
	t.Cleanup(func() { set.Close() })
	return spool.New(spool.Config{
		State: state, Repos: set, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Live: func(ctx context.Context, root string) bool {
			p, err := hook.Find(ctx, root)
			if err != nil {
				return false
			}
			return p.Live(ctx)
		},
		Env: func() map[string]string { return map[string]string{"LANG": "C"} },
		Rules: func(ctx context.Context, r *repo.Repo, commit string) (config.Repo, error) {
			snap, err := r.Snapshot(ctx, commit)
			if err != nil {
				return config.Repo{}, err
			}
			data, err := fs.ReadFile(snap, config.RepoFile)
			if errors.Is(err, fs.ErrNotExist) {
				return config.Repo{}, nil
			}
			if err != nil {
				return config.Repo{}, err
			}
			return config.ReadRepo(data)
		},
		Submit: func(ctx context.Context, spec agent.Spec) (agent.Job, error) {
			if err := refuse(); err != nil {
				return agent.Job{}, err
			}
			return queue.Submit(ctx, spec)
		},
	})
}

func (w *world) write(name, text string) {
	w.t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// git runs git in a directory, as a person does.
func (w *world) git(dir string, args ...string) string {
	w.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = dir, w.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit writes a file and commits it.
func (w *world) commit(dir, file, message string, args ...string) string {
	w.t.Helper()
	w.write(filepath.Join(dir, file), message+"\n")
	w.git(dir, "add", "-A")
	w.git(dir, append([]string{"commit", "-q", "-m", message}, args...)...)
	return w.git(dir, "rev-parse", "HEAD")
}

// repo makes a repository with hooks, and with this in its .agent.yaml.
func (w *world) repo(name, rules string) string {
	w.t.Helper()
	dir := filepath.Join(w.dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		w.t.Fatal(err)
	}
	w.git(dir, "init", "-q")
	w.write(filepath.Join(dir, ".agent.yaml"), rules)
	w.commit(dir, "start", "start")
	w.install(dir)
	return dir
}

func (w *world) install(dir string) {
	w.t.Helper()
	p, err := hook.Find(w.t.Context(), dir)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := p.Install(w.t.Context(), hook.Options{State: w.state, Program: "/nowhere/agent"}, false); err != nil {
		w.t.Fatal(err)
	}
}

// jobs takes what is there, and returns the jobs that came of it, as "hook commit text",
// in order.
func (w *world) jobs() []string {
	w.t.Helper()
	before := w.all()
	w.taker.Pass(w.t.Context(), false)
	w.wantEmptySpool()
	return w.all()[len(before):]
}

func (w *world) all() (list []string) {
	w.t.Helper()
	jobs, err := w.queue.List(w.t.Context(), agent.Filter{Oldest: true, Limit: agent.MaxLimit})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, j := range jobs {
		list = append(list, j.Spec.Title)
	}
	return list
}

func (w *world) wantEmptySpool() {
	w.t.Helper()
	left, err := os.ReadDir(spool.Dir(w.state))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, l := range left {
		data, _ := os.ReadFile(filepath.Join(spool.Dir(w.state), l.Name()))
		w.t.Errorf("left in the spool: %s %q", l.Name(), data)
	}
}

// want compares the titles of jobs: "text (hook commit)".
func (w *world) want(got []string, want ...string) {
	w.t.Helper()
	if !slices.Equal(got, want) {
		w.t.Errorf("jobs:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func title(text, hook, commit string) string { return fmt.Sprintf("%s (%s %.10s)", text, hook, commit) }

// drop loses the notes, as a machine does that breaks down.
func (w *world) drop() {
	w.t.Helper()
	notes, err := filepath.Glob(strings.ReplaceAll(spool.Dir(w.state), "[", `\[`) + "/*")
	if err != nil || len(notes) == 0 {
		w.t.Fatalf("no notes to lose: %v", err)
	}
	for _, n := range notes {
		if err := os.Remove(n); err != nil {
			w.t.Fatal(err)
		}
	}
}

// old makes a file older than any that is being written.
func (w *world) old(name string) {
	w.t.Helper()
	then := time.Now().Add(-time.Hour)
	if err := os.Chtimes(name, then, then); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) outcomes(dir string) []spool.Outcome {
	w.t.Helper()
	outs, err := spool.BookOf(w.state, filepath.Join(dir, ".git")).Outcomes(100)
	if err != nil {
		w.t.Fatal(err)
	}
	return outs
}

// fails runs a git command that must not succeed.
func (w *world) fails(dir string, args ...string) {
	w.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = dir, w.env
	if out, err := cmd.CombinedOutput(); err == nil {
		w.t.Fatalf("git %s succeeded\n%s", strings.Join(args, " "), out)
	}
}
