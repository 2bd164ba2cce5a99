package repo

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"

	"codeagent.dev/agent"
)

// Capture is a work tree as it was at a moment.
type Capture struct {
	Commit string // holds the files; HEAD itself when nothing differs from it
	Head   string // its parent
}

// Dirty reports whether anything differed from HEAD.
func (c Capture) Dirty() bool { return c.Commit != c.Head }

// Capture makes a commit of what the work tree holds now: the tracked files and the
// new ones that git does not ignore, as `git add -A` would record them, on top of HEAD.
// It is made in the mirror, with an index of its own: the person's index, files, refs
// and objects stay as they are. The same content on the same HEAD is the same commit,
// by Captor. Of a submodule it holds the commit that is checked out, and nothing of
// what is changed in there; files that a sparse check-out leaves out are those of HEAD.
//
// The commit is kept for 30 days, and for as long as a result is based on it.
//
// Invalid: there is no commit yet, or a changed file is too large.
func (r *Repo) Capture(ctx context.Context) (Capture, error) {
	head, err := r.Resolve(ctx, "HEAD")
	if err != nil {
		return Capture{}, err
	}
	c := capturer{repo: r, ctx: ctx}
	if err := c.begin(); err != nil {
		return Capture{}, err
	}
	defer os.RemoveAll(c.dir)
	paths, err := c.changed()
	if err != nil {
		return Capture{}, err
	}
	tree, err := c.writeTree(paths)
	if err != nil {
		return Capture{}, err
	}
	commit, err := r.keepCapture(ctx, head, plumbing.NewHash(tree))
	return Capture{Commit: commit, Head: head}, err
}

// capturer records a work tree with a copy of the person's index.
type capturer struct {
	repo *Repo
	ctx  context.Context
	dir  string
}

// begin copies the index. Its time is kept: git reads a file again that is no older
// than the index, for it may have been changed in the same tick of the clock.
func (c *capturer) begin() (err error) {
	if c.dir, err = os.MkdirTemp(c.repo.mirror.dir, unfinishedMirror+"capture-"); err != nil {
		return err
	}
	if err := markOwned(c.dir); err != nil {
		return err
	}
	err = copyFile(filepath.Join(c.repo.found.gitDir, "index"), c.index())
	if errors.Is(err, fs.ErrNotExist) {
		return nil // nothing was ever added
	}
	return err
}

func (c *capturer) index() string { return filepath.Join(c.dir, "index") }

// git prepares a git that sees the person's files through the copy of the index, and
// writes objects into the mirror. It runs no hook of theirs: an index of ours is not what
// a post-index-change hook waits for.
func (c *capturer) git(args ...string) gitRun {
	g := c.repo.personGit(append([]string{
		"-c", "core.hooksPath=" + os.DevNull,
		"-c", "core.splitIndex=false", "-c", "index.sparse=false", "-c", "core.safecrlf=false",
		"-c", "core.fsync=loose-object", "-c", "core.fsyncMethod=batch", "-c", "core.fsyncObjectFiles=true",
	}, args...)...)
	g.env = []string{"GIT_INDEX_FILE=" + c.index(), "GIT_OBJECT_DIRECTORY=" + filepath.Join(c.repo.mirror.git, "objects")}
	return g
}

// changed lists the files that differ from the index, those that are gone first, and
// then the new ones.
func (c *capturer) changed() ([]string, error) {
	var differ, others []byte
	var differErr, othersErr error
	var both sync.WaitGroup
	both.Go(func() {
		differ, differErr = c.git("diff-files", "-z", "--name-status", "--no-renames", "--ignore-submodules=dirty").output(c.ctx)
	})
	both.Go(func() {
		others, othersErr = c.git("ls-files", "-z", "--others", "--exclude-standard").output(c.ctx)
	})
	both.Wait()
	if err := errors.Join(differErr, othersErr); err != nil {
		return nil, err
	}
	var gone, there []string
	seen := map[string]bool{}
	fields := splitNul(differ)
	for i := 0; i+1 < len(fields); i += 2 {
		switch name := fields[i+1]; {
		case seen[name]: // an unmerged file is listed twice
		case fields[i] == "D":
			gone, seen[name] = append(gone, name), true
		default:
			there, seen[name] = append(there, name), true
		}
	}
	for _, name := range splitNul(others) {
		if !strings.HasSuffix(name, "/") { // a repository in the tree
			there = append(there, name)
		}
	}
	return append(gone, there...), c.checkSizes(there)
}

// checkSizes refuses what could not be read again.
func (c *capturer) checkSizes(paths []string) error {
	for _, p := range paths {
		info, err := os.Lstat(filepath.Join(c.repo.found.root, filepath.FromSlash(p)))
		if err == nil && info.Mode().IsRegular() && info.Size() > maxObject {
			return agent.Errorf(agent.Invalid, "%w", tooLarge(showPath(p), info.Size())).WithHint("if it is no source, add it to .gitignore")
		}
	}
	return nil
}

// writeTree records the files in the index, and the index in the mirror.
func (c *capturer) writeTree(paths []string) (string, error) {
	if len(paths) > 0 {
		update := c.git("update-index", "--add", "--remove", "--replace", "-z", "--stdin")
		update.stdin = strings.NewReader(strings.Join(paths, "\x00") + "\x00")
		if _, err := update.output(c.ctx); err != nil {
			return "", err
		}
	}
	out, err := c.git("write-tree").output(c.ctx)
	return string(bytes.TrimSpace(out)), err
}
