package hook_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"codeagent.dev/agent/hook"
	"codeagent.dev/agent/spool"
)

// world is a person's machine with one repository, whose hooks are real.
type world struct {
	t     testing.TB
	dir   string
	repo  string
	state string
	env   []string
}

func newWorld(t testing.TB, name string) *world {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, dir: dir, repo: filepath.Join(dir, name), state: filepath.Join(dir, "it's\n\"my\" $HOME `state`")}
	global := filepath.Join(dir, "gitconfig")
	w.write(global, "[user]\n\tname = Ada\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n", 0o644)
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	t.Setenv("HOME", dir) // git expands ~ with it
	t.Setenv("GIT_CONFIG_GLOBAL", global)
	w.env = append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME=", "AGENT_JOB=")
	if err := os.MkdirAll(w.repo, 0o755); err != nil {
		t.Fatal(err)
	}
	w.git("init", "-q")
	w.commit("first")
	return w
}

func (w *world) opt() hook.Options {
	return hook.Options{State: w.state, Program: filepath.Join(w.dir, "no", "agent")}
}

func (w *world) write(name, text string, mode os.FileMode) {
	w.t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Chmod(name, mode); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) read(name string) string {
	w.t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(data)
}

// run runs a program in the repository and returns what it printed, and its status.
func (w *world) run(stdin string, argv ...string) (string, int) {
	w.t.Helper()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdin = w.repo, w.env, strings.NewReader(stdin)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		w.t.Fatalf("%q: %v", argv, err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// ok runs a program that must succeed.
func (w *world) ok(argv ...string) string {
	w.t.Helper()
	out, status := w.run("", argv...)
	if status != 0 {
		w.t.Fatalf("%q: status %d\n%s", argv, status, out)
	}
	return strings.TrimSuffix(out, "\n")
}

func (w *world) git(args ...string) string {
	w.t.Helper()
	return w.ok(append([]string{"git"}, args...)...)
}

// commit makes an empty commit, and returns what git and the hooks printed.
func (w *world) commit(message string) string {
	w.t.Helper()
	return w.git("commit", "-q", "--allow-empty", "-m", message)
}

func (w *world) place() hook.Place {
	w.t.Helper()
	p, err := hook.Find(w.t.Context(), w.repo)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *world) install() []hook.Done {
	w.t.Helper()
	done, err := w.place().Install(w.t.Context(), w.opt(), false)
	if err != nil {
		w.t.Fatal(err)
	}
	return done
}

func (w *world) uninstall() []hook.Done {
	w.t.Helper()
	done, err := w.place().Uninstall(w.opt(), false)
	if err != nil {
		w.t.Fatal(err)
	}
	return done
}

// states are the hooks' states, by name.
func (w *world) states() map[string]hook.State {
	w.t.Helper()
	files, err := w.place().Look(w.t.Context(), w.opt())
	if err != nil {
		w.t.Fatal(err)
	}
	states := map[string]hook.State{}
	for _, f := range files {
		states[f.Hook] = f.State
	}
	return states
}

// notes are what waits in the spool; they are taken out.
func (w *world) notes() []spool.Note {
	w.t.Helper()
	notes, err := spool.Waiting(w.state, w.place().Common)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, n := range notes {
		os.Remove(n.File)
	}
	return notes
}

// wantNote wants exactly one note: of this hook, and HEAD.
func (w *world) wantNote(name string) spool.Note {
	w.t.Helper()
	notes := w.notes()
	if len(notes) != 1 || notes[0].Hook != name || notes[0].Commit != w.git("rev-parse", "HEAD") {
		w.t.Fatalf("the notes are %+v, want one of %s", notes, name)
	}
	return notes[0]
}

// tree is every file below dir, with mode and content or target.
func (w *world) tree(dir string) map[string]string {
	w.t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		text := info.Mode().String() + " "
		switch {
		case d.Type()&os.ModeSymlink != 0:
			to, err := os.Readlink(path)
			if err != nil {
				return err
			}
			text += to
		case d.Type().IsRegular():
			text += w.read(path)
		}
		files[strings.TrimPrefix(path, dir)] = text
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return files
}
