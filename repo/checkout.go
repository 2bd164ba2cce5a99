package repo

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"codeagent.dev/agent"
)

// giveBackTime bounds the cleaning of a tree that is given back. A tree that takes
// longer is cleaned by who takes it next.
const giveBackTime = 10 * time.Minute

// Checkout is a disposable work tree of one commit, for a command to run in. It
// belongs to its holder until Close. What the command leaves outside the commit is
// gone after that.
type Checkout struct {
	Dir string // the top of the files

	repo   *Repo
	tree   *poolTree
	commit string
	once   sync.Once
	err    error
}

// Checkout returns a work tree with exactly the files of commit, from a pool of warm
// ones. It is made from our mirror: the person's repository knows nothing of it.
// Submodules are empty directories and large-file pointers stay pointers.
//
// Its .git is a repository of its own: HEAD is the commit, there are no branches, tags
// or remotes, and the history is read through the mirror. What a command does there
// with git - commits, branches, configuration - is seen by nobody else and is gone
// with Close.
//
// NotFound: the commit is not in the repository.
func (r *Repo) Checkout(ctx context.Context, commit string) (*Checkout, error) {
	if !agent.IsCommitID(commit) {
		return nil, agent.Errorf(agent.Invalid, "%q is no full commit id", commit)
	}
	tree, err := r.mirror.pool.acquire(ctx, commit, r.settings.entries)
	if err != nil {
		return nil, err
	}
	return &Checkout{Dir: tree.files(), repo: r, tree: tree, commit: commit}, nil
}

// Close gives the tree back. Only the first call does anything.
func (c *Checkout) Close() error {
	c.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), giveBackTime)
		defer cancel()
		c.err = c.tree.giveBack(ctx)
	})
	return c.err
}

// Lock is the file whose lock keeps the tree ours. A process that may outlive this
// one and still be at work in the tree has to keep it open (proc.Cmd.Hold), or a later
// holder would share the tree with it.
func (c *Checkout) Lock() *os.File { return c.tree.held.file }

// Commit makes a result commit of what has become of the directory: the difference
// to the commit checked out, the way `git add -A` sees it. It does not matter what the
// command did with git meanwhile - committed, staged, switched branches, ruined the
// index or its whole repository. Files of a repository that the command made or cloned in
// the tree become plain files. Change.Writes is ignored; Change.From, or else
// Change.Base, is the commit checked out, or empty.
//
// ErrNoChange: the files are those of the commit, or all that From changes is taken back.
func (c *Checkout) Commit(ctx context.Context, change Change) (Result, error) {
	if change.Base == "" {
		change.Base = c.commit
	}
	if from := cmp.Or(change.From, change.Base); from != c.commit {
		return Result{}, agent.Errorf(agent.Invalid, "checkout of %.12s cannot make a commit from %.12s", c.commit, from)
	}
	tree, err := c.tree.writeTree(ctx)
	if err != nil {
		return Result{}, err
	}
	if from, err := c.repo.commit(ctx, c.commit); err != nil || from.TreeHash.String() == tree {
		return Result{}, cmp.Or(err, ErrNoChange)
	}
	return c.repo.commitTree(ctx, change, tree)
}

// writeTree stores the directory as it is in the mirror and returns the tree's id.
// The index it works with starts as that of the commit checked out.
func (t *poolTree) writeTree(ctx context.Context) (tree string, err error) {
	if err := t.inspect(); err != nil {
		return "", agent.Errorf(agent.Invalid, "the command broke its work tree: %w", err)
	}
	index := filepath.Join(t.dir, "index.result")
	if err := copyFile(t.index(), index); err != nil {
		return "", err
	}
	defer os.Remove(index)
	aside, err := t.hideNested(ctx, index)
	defer func() { err = errors.Join(err, aside.restore()) }()
	if err != nil {
		return "", err
	}
	add := t.git("-c", "advice.addEmbeddedRepo=false", "add", "-A", ".")
	add.env = append(add.env, "GIT_INDEX_FILE="+index)
	if _, err := add.output(ctx); err != nil {
		return "", err
	}
	write := t.git("write-tree")
	write.env = add.env
	out, err := write.output(ctx)
	return strings.TrimSpace(string(out)), err
}
