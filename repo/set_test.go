package repo

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"codeagent.dev/agent"
)

func TestOpenFindsTheWorkTree(t *testing.T) {
	w := newWorld(t)
	main := w.repo("main repo", "a/b/c.txt", "one\n")
	linked := filepath.Join(w.dir, "linked")
	w.git(main, "worktree", "add", "-q", "--detach", linked)
	sub := w.repo("sub", "s.txt", "s\n")
	w.git(main, "submodule", "--quiet", "add", sub, "mod")
	for _, c := range []struct{ name, dir, root string }{
		{"top", main, main},
		{"below", filepath.Join(main, "a", "b"), main},
		{"linked work tree", linked, linked},
		{"below a linked work tree", filepath.Join(linked, "a"), linked},
		{"submodule", filepath.Join(main, "mod"), filepath.Join(main, "mod")},
		{"git directory", filepath.Join(main, ".git"), main},
		{"inside the git directory", filepath.Join(main, ".git", "objects"), main},
		{"git directory of a linked work tree", filepath.Join(main, ".git", "worktrees", "linked"), linked},
		{"git directory of a submodule", filepath.Join(main, ".git", "modules", "mod"), filepath.Join(main, "mod")},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := w.set.Open(t.Context(), c.dir)
			if err != nil {
				t.Fatal(err)
			}
			if r.Root() != c.root {
				t.Errorf("root %s, want %s", r.Root(), c.root)
			}
		})
	}
	if a, b := w.open(main).Mirror(), w.open(linked).Mirror(); a != b {
		t.Errorf("two mirrors for one repository: %s and %s", a, b)
	}
	if a, b := w.open(main).Mirror(), w.open(filepath.Join(main, "mod")).Mirror(); a == b {
		t.Errorf("one mirror for a repository and its submodule: %s", a)
	}
}

func TestOpenWithoutGit(t *testing.T) {
	w := newWorld(t)
	dir := w.repo("one", "f", "1\n")
	setenv(t, "PATH", t.TempDir())
	_, err := w.set.Open(t.Context(), dir)
	if agent.CodeOf(err) != agent.Internal || !strings.Contains(err.Error(), "git is not installed") || !strings.Contains(agent.HintOf(err), "agent daemon restart") {
		t.Errorf("%v (%s), hint %q", err, agent.CodeOf(err), agent.HintOf(err))
	}
}

func TestOpenIgnoresGitVariables(t *testing.T) {
	w := newWorld(t)
	one, two := w.repo("one", "f", "1\n"), w.repo("two", "f", "2\n")
	setenv(t, "GIT_DIR", filepath.Join(two, ".git"))
	setenv(t, "GIT_WORK_TREE", two)
	setenv(t, "GIT_OBJECT_DIRECTORY", filepath.Join(two, ".git", "objects"))
	if r := w.open(one); r.Root() != one {
		t.Errorf("root %s, want %s", r.Root(), one)
	}
}

func TestOpenRefuses(t *testing.T) {
	w := newWorld(t)
	plain := filepath.Join(w.dir, "plain")
	w.mkdir(plain)
	w.write(filepath.Join(plain, "file"), "x")
	w.git(w.dir, "init", "-q", "--bare", "bare.git")
	w.git(w.dir, "init", "-q", "--object-format=sha256", "sha256")
	reftable := w.repo("reftable", "f", "1\n")
	w.git(reftable, "config", "core.repositoryformatversion", "1")
	w.git(reftable, "config", "extensions.noSuchExtension", "x")
	for _, c := range []struct {
		dir, text, hint string
		code            agent.Code
	}{
		{"plain", "is not in a git repository", "git init", agent.Invalid},
		{"gone", "does not exist", "put the repository back", agent.NotFound},
		{"plain/file", "not a directory", "-C DIR", agent.Invalid},
		{"bare.git", "bare repository", "git clone", agent.Invalid},
		{"sha256", "sha256 object ids", "--object-format=sha1", agent.Invalid},
		{"reftable", "unknown repository extension", "status", agent.Invalid},
	} {
		t.Run(c.dir, func(t *testing.T) {
			_, err := w.set.Open(t.Context(), filepath.Join(w.dir, c.dir))
			wantError(t, err, c.code, c.text, c.hint)
		})
	}
}

func TestOpenForeignRepositoryPassesOnGitsAdvice(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root to give a directory away")
	}
	w := newWorld(t)
	dir := w.repo("foreign", "f", "1\n")
	for _, p := range []string{dir, filepath.Join(dir, ".git")} {
		if err := os.Chown(p, 12345, 12345); err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.set.Open(t.Context(), dir)
	wantError(t, err, agent.Invalid, "does not trust", "git config --global --add safe.directory "+dir)
}

func TestOpenNoticesWhatChanged(t *testing.T) {
	w := newWorld(t)
	dir := w.repo("r", "sub/f", "1\n")
	first := w.open(dir)
	if again := w.open(dir); again != first {
		t.Error("an unchanged repository was looked at again")
	}
	config := func() string {
		data, err := os.ReadFile(filepath.Join(first.Mirror(), "config"))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	w.git(dir, "config", "core.autocrlf", "input")
	w.git(dir, "config", "filter.Odd \"name\".clean", `sed "s/a\\/b/"`)
	w.open(dir)
	if got := w.git(first.Mirror(), "config", "core.autocrlf"); got != "input" {
		t.Errorf("core.autocrlf is %q in the mirror\n%s", got, config())
	}
	if got, want := w.git(first.Mirror(), "config", `filter.Odd "name".clean`), `sed "s/a\\/b/"`; got != want {
		t.Errorf("filter is %q in the mirror, want %q", got, want)
	}
	w.write(filepath.Join(w.dir, "home", ".gitconfig"), "[core]\n\teol = crlf\n")
	w.open(dir)
	if got := w.git(first.Mirror(), "config", "core.eol"); got != "crlf" {
		t.Errorf("core.eol is %q in the mirror", got)
	}
	w.write(filepath.Join(dir, ".git", "info", "attributes"), "*.x -text\n")
	w.open(dir)
	if data, _ := os.ReadFile(filepath.Join(first.Mirror(), "info", "attributes")); string(data) != "*.x -text\n" {
		t.Errorf("info/attributes is %q", data)
	}
	sub := filepath.Join(dir, "sub")
	w.open(sub)
	w.git(sub, "init", "-q")
	if r := w.open(sub); r.Root() != sub {
		t.Errorf("a repository made inside is not seen: root %s", r.Root())
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	_, err := w.set.Open(t.Context(), dir)
	wantError(t, err, agent.NotFound, "does not exist", "")
}

func TestMirrorIsMadeOnceByMany(t *testing.T) {
	w := newWorld(t)
	dir := w.repo("r", "f", "1\n")
	head := w.git(dir, "rev-parse", "HEAD")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			set := NewSet(w.state) // as another process would
			defer set.Close()
			r, err := set.Open(context.Background(), dir)
			if err != nil {
				t.Error(err)
				return
			}
			if got, err := r.Resolve(context.Background(), head); got != head {
				t.Errorf("resolve: %s, %v", got, err)
			}
		})
	}
	wg.Wait()
	entries, err := os.ReadDir(filepath.Dir(w.open(dir).Mirror()))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "git-new-") || strings.Contains(e.Name(), ".tmp-") {
			t.Errorf("left behind: %s", e.Name())
		}
	}
	mirror := w.open(dir).Mirror()
	if got := w.git(mirror, "rev-parse", "--is-bare-repository"); got != "true" {
		t.Errorf("git says bare: %s", got)
	}
	w.git(mirror, "fsck", "--no-dangling")
	if got := w.git(mirror, "remote"); got != "" {
		t.Errorf("the mirror has remotes: %s", got)
	}
}

func TestResolve(t *testing.T) {
	w := newWorld(t)
	dir := w.repo("r", "a file", "1\n")
	first := w.git(dir, "rev-parse", "HEAD")
	second := w.commitAll(dir, "second one")
	w.git(dir, "tag", "-a", "-m", "tagged", "v1", first)
	w.git(dir, "branch", "topic", first)
	linked := filepath.Join(w.dir, "linked")
	w.git(dir, "worktree", "add", "-q", "--detach", linked, first)
	r := w.open(dir)
	for rev, want := range map[string]string{
		"HEAD": second, "main": second, "HEAD~1": first, "v1": first, "topic": first, first: first,
		first[:8]: first, "HEAD^{/first}": first, ":/second one": second, "@": second,
	} {
		if got, err := r.Resolve(t.Context(), rev); got != want {
			t.Errorf("%s is %s, %v; want %s", rev, got, err, want)
		}
	}
	if got, err := w.open(linked).Resolve(t.Context(), "HEAD"); got != first {
		t.Errorf("HEAD of the linked work tree is %s, %v; want %s", got, err, first)
	}
	none := strings.Repeat("12", 20)
	for _, c := range []struct {
		rev, text string
		code      agent.Code
	}{
		{"nope", "unknown revision", agent.NotFound},
		{"HEAD~9", "unknown revision", agent.NotFound},
		{"HEAD:a file", "is a blob, not a commit", agent.Invalid},
		{"HEAD^{tree}", "is a tree, not a commit", agent.Invalid},
		{"main@{upstream}", "no upstream configured", agent.NotFound},
		{none, "commit " + none + " is not in", agent.NotFound},
		{"", "is no revision", agent.Invalid},
		{"a\nb", "is no revision", agent.Invalid},
		{"--all", "unknown revision", agent.NotFound},
	} {
		_, err := r.Resolve(t.Context(), c.rev)
		wantError(t, err, c.code, c.text, "")
	}
	if got, err := r.Resolve(t.Context(), "HEAD"); got != second {
		t.Errorf("after the errors HEAD is %s, %v", got, err)
	}
}

func TestResolveWithoutCommits(t *testing.T) {
	w := newWorld(t)
	r := w.open(w.repo("empty"))
	_, err := r.Resolve(t.Context(), "HEAD")
	wantError(t, err, agent.Invalid, "has no commit yet", "commit --allow-empty")
}
