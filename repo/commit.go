package repo

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"codeagent.dev/agent"
	"codeagent.dev/agent/patch"
)

// ErrNoChange says that a change leaves its base as it is; there is no commit.
var ErrNoChange = errors.New("the result is the same as the base")

// Change is a commit to be made.
type Change struct {
	Base    string        // full id of the commit that becomes its only parent
	From    string        // full id of the commit it goes on from, when an earlier result; empty: Base
	Writes  []patch.Write // against From
	Message string        // as it is
	Author  string        // "Name <mail>"; empty: who git says the person is
	Ref     string        // refs/agent/<job>/<variant>, made or moved; empty: none, and GC takes the commit after a day
}

// Result is a commit in the mirror.
type Result struct {
	Commit string
	Tree   string
	Stat   agent.Stat
}

// Commit makes the commit a Change describes, in the mirror, without a check-out.
// It is on disk, with its reference, when Commit returns; a crash at any moment
// leaves no reference to what is not there.
//
// ErrNoChange: the writes change nothing, or all that From changes is taken back.
// Invalid: they do not fit From, or the author is none. NotFound: a commit is not there
// any more.
func (r *Repo) Commit(ctx context.Context, c Change) (Result, error) {
	plan, err := planEdits(c.Writes)
	if err != nil {
		return Result{}, err
	}
	base, err := r.commit(ctx, c.Base)
	if err != nil {
		return Result{}, err
	}
	from, err := r.commit(ctx, cmp.Or(c.From, c.Base))
	if err != nil {
		return Result{}, err
	}
	var objects batch
	w := rewriter{ctx: ctx, repo: r, objects: &objects}
	tree := from.TreeHash
	if plan.below != nil {
		if tree, err = w.tree(from.TreeHash, plan, ""); err != nil {
			return Result{}, err
		}
	}
	if tree == from.TreeHash {
		return Result{}, ErrNoChange
	}
	if tree.IsZero() { // nothing is left
		tree = w.save(nil)
	}
	return r.finish(ctx, c, base, tree, &objects)
}

// commitTree makes a commit of a tree that is in the mirror already; c.Writes is
// ignored.
func (r *Repo) commitTree(ctx context.Context, c Change, tree string) (Result, error) {
	base, err := r.commit(ctx, c.Base)
	if err != nil {
		return Result{}, err
	}
	return r.finish(ctx, c, base, plumbing.NewHash(tree), &batch{})
}

// finish writes the commit object with all the other objects, then the reference.
func (r *Repo) finish(ctx context.Context, c Change, base *commit, tree plumbing.Hash, objects *batch) (Result, error) {
	if tree == base.TreeHash {
		return Result{}, ErrNoChange
	}
	if c.Ref != "" {
		if err := checkRef(c.Ref); err != nil {
			return Result{}, err
		}
	}
	if strings.ContainsRune(c.Message, 0) {
		return Result{}, agent.Errorf(agent.Invalid, "the commit message has a NUL byte in it")
	}
	name, mail, err := r.author(ctx, c.Author)
	if err != nil {
		return Result{}, err
	}
	by := signature{name, mail, time.Now()}
	id := objects.add(plumbing.CommitObject, encodeCommit(tree, []plumbing.Hash{base.Hash}, by, c.Message))
	result := Result{Commit: id.String(), Tree: tree.String()}
	result.Stat, err = r.keep(ctx, objects, c.Ref, base.TreeHash.String(), result)
	return result, err
}

// keep writes the objects, counts the change and points ref to it, while no GC
// removes anything.
func (r *Repo) keep(ctx context.Context, objects *batch, ref, base string, result Result) (stat agent.Stat, err error) {
	lock, err := r.mirror.lock(shared)
	if err != nil {
		return agent.Stat{}, err
	}
	defer func() { err = errors.Join(err, lock.release()) }()
	if err := r.flush(ctx, objects); err != nil {
		return agent.Stat{}, err
	}
	if stat, err = r.stat(ctx, base, result.Tree); err != nil || ref == "" {
		return stat, err
	}
	return stat, r.setRef(ctx, ref, result.Commit)
}
