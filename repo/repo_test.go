package repo

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"codeagent.dev/agent"
)

// world is a place of its own for one test: a home without settings of this
// machine, a state directory, and repositories.
type world struct {
	t     testing.TB
	dir   string
	state string
	set   *Set
}

func newWorld(t testing.TB) *world {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, dir: dir, state: filepath.Join(dir, "state")}
	home := filepath.Join(dir, "home")
	w.mkdir(home)
	for key, value := range map[string]string{
		"HOME": home, "USERPROFILE": home, "XDG_CONFIG_HOME": "", "GIT_CONFIG_NOSYSTEM": "1",
		"GIT_CONFIG_GLOBAL": filepath.Join(home, ".gitconfig"),
	} {
		setenv(t, key, value)
	}
	w.write(filepath.Join(home, ".gitconfig"), "[user]\n\tname = Ada Lovelace\n\temail = ada@example.com\n[init]\n\tdefaultBranch = main\n[protocol \"file\"]\n\tallow = always\n")
	w.set = NewSet(w.state)
	t.Cleanup(func() { w.set.Close() })
	return w
}

func setenv(t testing.TB, key, value string) {
	t.Helper()
	old, was := os.LookupEnv(key)
	os.Setenv(key, value)
	t.Cleanup(func() {
		if was {
			os.Setenv(key, old)
		} else {
			os.Unsetenv(key)
		}
	})
}

func (w *world) mkdir(dir string) {
	w.t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) write(path, text string) {
	w.t.Helper()
	w.mkdir(filepath.Dir(path))
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// git runs git in dir and returns what it printed, without the last line break.
func (w *world) git(dir string, args ...string) string {
	w.t.Helper()
	return w.gitIn(dir, "", args...)
}

func (w *world) gitIn(dir, stdin string, args ...string) string {
	w.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		w.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return strings.TrimSuffix(string(out), "\n")
}

// repo makes a repository whose first commit has the files given as path, content pairs.
func (w *world) repo(name string, files ...string) string {
	w.t.Helper()
	dir := filepath.Join(w.dir, name)
	w.mkdir(dir)
	w.git(dir, "init", "-q")
	for i := 0; i < len(files); i += 2 {
		w.write(filepath.Join(dir, files[i]), files[i+1])
	}
	if len(files) > 0 {
		w.commitAll(dir, "first")
	}
	return dir
}

func (w *world) commitAll(dir, message string) string {
	w.t.Helper()
	w.git(dir, "add", "-A")
	w.git(dir, "commit", "-q", "--allow-empty", "-m", message)
	return w.git(dir, "rev-parse", "HEAD")
}

func (w *world) open(dir string) *Repo {
	w.t.Helper()
	r, err := w.set.Open(context.Background(), dir)
	if err != nil {
		w.t.Fatalf("open %s: %v", dir, err)
	}
	return r
}

// wantError checks an error's code, a part of its text, and that its hint holds a part too.
func wantError(t testing.TB, err error, code agent.Code, text, hint string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want one about %q", text)
	}
	if got := agent.CodeOf(err); got != code {
		t.Errorf("code %s, want %s (%v)", got, code, err)
	}
	if !strings.Contains(err.Error(), text) {
		t.Errorf("error %q does not say %q", err, text)
	}
	if !strings.Contains(agent.HintOf(err), hint) || (hint != "" && agent.HintOf(err) == "") {
		t.Errorf("hint %q does not say %q", agent.HintOf(err), hint)
	}
}
