package repo

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// sandbox is a person's repository for one test, with an environment of its own.
type sandbox struct {
	t     *testing.T
	root  string // the work tree
	state string // our state directory
}

// newSandbox makes an empty repository at a path with a blank and an umlaut in it.
func newSandbox(t *testing.T) *sandbox {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	home := filepath.Join(dir, "home")
	s := &sandbox{t: t, root: filepath.Join(dir, "wörk tree"), state: filepath.Join(dir, "state")}
	for _, d := range []string{home, s.root, s.state} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	t.Setenv("GIT_OPTIONAL_LOCKS", "0") // looking must not change what is looked at
	s.git("init", "-q", "-b", "main")
	s.git("config", "user.name", "A Person")
	s.git("config", "user.email", "person@example.com")
	return s
}

// gitIn runs plain git in dir and returns what it printed.
func gitIn(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, &stderr)
	}
	return strings.TrimSuffix(string(out), "\n")
}

func (s *sandbox) git(args ...string) string { s.t.Helper(); return gitIn(s.t, s.root, args...) }

// write puts files, by slash-separated path, into dir.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// commit writes files and commits everything; it returns the commit's id.
func (s *sandbox) commit(files map[string]string) string {
	s.t.Helper()
	write(s.t, s.root, files)
	s.git("add", "-A")
	s.git("commit", "-q", "--allow-empty", "-m", "a commit")
	return s.git("rev-parse", "HEAD")
}

// photo describes everything below dir, but for .git at its top: the type, mode and
// content of every entry. Two equal photos are two equal trees.
func photo(t *testing.T, dir string) map[string]string {
	t.Helper()
	seen := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		if name == ".git" {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		text := info.Mode().String()
		switch {
		case info.Mode()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			text += " -> " + target
		case info.Mode().IsRegular():
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			text += " " + string(data)
		}
		seen[filepath.ToSlash(name)] = text
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

// open returns the repository as the product sees it.
func (s *sandbox) open() *Repo {
	s.t.Helper()
	set := NewSet(s.state)
	s.t.Cleanup(func() { set.Close() })
	r, err := set.Open(s.t.Context(), s.root)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}
