package repo

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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

// result makes a result commit in the mirror by running a shell script in a check-out
// of base.
func (s *sandbox) result(r *Repo, base, script string) string {
	s.t.Helper()
	c, err := r.Checkout(s.t.Context(), base)
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	sh(s.t, c.Dir, script)
	tree, err := c.tree.writeTree(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return gitIn(s.t, r.Mirror(), "-c", "user.name=n", "-c", "user.email=e", "commit-tree", "-p", base, "-m", "result", tree)
}

func sh(t testing.TB, dir, script string) string {
	t.Helper()
	cmd := exec.Command("sh", "-ec", script)
	cmd.Dir = dir
	text, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, text)
	}
	return string(text)
}

// all is a photo of the whole repository, .git included but for what git may cache.
func (s *sandbox) all() map[string]string {
	s.t.Helper()
	seen := photo(s.t, s.root)
	for name, text := range photo(s.t, filepath.Join(s.root, ".git")) {
		seen[".git/"+name] = text
	}
	return seen
}

// noTraces checks that no temporary file and no record of a delivery is left.
func (s *sandbox) noTraces(ids ...string) {
	s.t.Helper()
	filepath.WalkDir(s.root, func(path string, _ os.DirEntry, err error) error {
		if strings.HasPrefix(filepath.Base(path), ".agent-") {
			s.t.Errorf("%s is left", path)
		}
		return err
	})
	for _, pattern := range []string{"deliveries/*", "repos/*/open/*"} {
		found, _ := filepath.Glob(filepath.Join(s.state, pattern))
		for _, path := range found {
			if !slices.Contains(ids, filepath.Base(path)) || strings.Contains(pattern, "open") {
				s.t.Errorf("%s is left", path)
			}
		}
	}
}

// treeWith makes, in the mirror, the tree of HEAD with one more entry.
func (s *sandbox) treeWith(r *Repo, entry string) string {
	s.t.Helper()
	cmd := exec.Command("git", "mktree", "--missing")
	cmd.Dir = r.Mirror()
	cmd.Stdin = strings.NewReader(s.git("ls-tree", "HEAD") + "\n" + entry + "\n")
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
