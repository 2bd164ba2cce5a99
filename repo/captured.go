package repo

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"

	"codeagent.dev/agent"
)

// Captor is the author of the commits that Capture makes, and of no other.
const Captor = "agent <uncommitted@agent.invalid>"

const (
	captureRefs = "refs/agent/captured/"
	captureAge  = 30 * 24 * time.Hour
)

// Uncommitted reports whether a commit was made by Capture: whoever delivers it delivers
// what a person has not committed.
func (r *Repo) Uncommitted(ctx context.Context, commit string) (bool, error) {
	if !agent.IsCommitID(commit) {
		return false, agent.Errorf(agent.Invalid, "%q is no full commit id", commit)
	}
	data, err := r.readAs(ctx, plumbing.CommitObject, plumbing.NewHash(commit))
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return false, r.missingCommit(commit)
	}
	head, _, _ := bytes.Cut(data, []byte("\n\n"))
	return bytes.Contains(head, []byte("\nauthor "+Captor+" ")), err
}

// KeepCaptured keeps a commit that goes on from a capture as long as the capture.
func (r *Repo) KeepCaptured(ctx context.Context, commit string) error {
	return r.Pin(ctx, captureRefs+commit, commit)
}

// keepCapture makes the commit of a captured tree, and sees to it that everything in it
// that is not in HEAD is the mirror's own: the person's git may throw away what only
// their index holds.
func (r *Repo) keepCapture(ctx context.Context, head string, tree plumbing.Hash) (id string, err error) {
	data, err := r.readAs(ctx, plumbing.CommitObject, plumbing.NewHash(head))
	if err != nil {
		return "", err
	}
	base, err := decodeCommit(plumbing.NewHash(head), data)
	if err != nil {
		return "", err
	}
	if tree == base.TreeHash {
		return head, nil
	}
	lock, err := r.mirror.lock(shared)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, lock.release()) }()
	var objects batch
	if err := r.own(ctx, base.TreeHash, tree, &objects); err != nil {
		return "", err
	}
	if err := r.set.writeLoose(filepath.Join(r.mirror.git, "objects"), objects.objects); err != nil {
		return "", agent.Errorf(agent.Internal, "write the captured files: %w", err)
	}
	name, mail, err := parseAuthor(Captor)
	if err != nil {
		return "", err
	}
	by := signature{name, mail, commitTime(data)}
	var last batch
	commit := last.add(plumbing.CommitObject, encodeCommit(tree, []plumbing.Hash{base.Hash}, by, "uncommitted work on "+head[:12]+"\n")).String()
	if err := r.flush(ctx, &last); err != nil {
		return "", err
	}
	return commit, r.setRef(ctx, captureRefs+commit, commit)
}

// commitTime is when a commit was made, or the epoch when it does not say.
func commitTime(data []byte) time.Time {
	for line := range strings.Lines(string(data)) {
		if text, ok := strings.CutPrefix(line, "committer "); ok {
			if _, text, ok = strings.Cut(text, "> "); ok {
				var n int64
				for _, digit := range text {
					if digit < '0' || digit > '9' || n > 1<<40 {
						break
					}
					n = n*10 + int64(digit-'0')
				}
				return time.Unix(n, 0).UTC()
			}
		}
		if line == "\n" {
			break
		}
	}
	return time.Unix(0, 0).UTC()
}

// own collects the objects of tree that old has not and that only the person's store
// holds.
func (r *Repo) own(ctx context.Context, old, tree plumbing.Hash, to *batch) error {
	if old == tree {
		return nil
	}
	if err := r.ownObject(ctx, plumbing.TreeObject, tree, to); err != nil {
		return err
	}
	entries, err := r.tree(ctx, tree)
	if err != nil {
		return err
	}
	before := map[string]treeEntry{}
	if !old.IsZero() {
		list, err := r.tree(ctx, old)
		if err != nil {
			return err
		}
		for _, e := range list {
			before[e.Name] = e
		}
	}
	for _, e := range entries {
		was := before[e.Name]
		switch {
		case was.Hash == e.Hash:
		case e.Mode == filemode.Dir:
			if was.Mode != filemode.Dir {
				was.Hash = plumbing.ZeroHash
			}
			err = r.own(ctx, was.Hash, e.Hash, to)
		case e.Mode != filemode.Submodule:
			err = r.ownObject(ctx, plumbing.BlobObject, e.Hash, to)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *Repo) ownObject(ctx context.Context, typ plumbing.ObjectType, id plumbing.Hash, to *batch) error {
	path := loosePath(filepath.Join(r.mirror.git, "objects"), id)
	if _, err := os.Stat(path); err == nil {
		now := time.Now()
		return os.Chtimes(path, now, now) // young again, for GC
	}
	data, err := r.readAs(ctx, typ, id)
	if err == nil {
		to.add(typ, data)
	}
	return err
}

// dropCaptures lets go of the captures that are too old to be anybody's base. What a
// result is based on is held by the result.
func (r *Repo) dropCaptures(ctx context.Context, before time.Time) error {
	list := gitRun{args: []string{"--git-dir=" + r.mirror.git, "for-each-ref", "--format=%(refname)", captureRefs}, dir: r.mirror.dir}
	out, err := list.output(ctx)
	if err != nil {
		return err
	}
	var old []string
	for _, ref := range strings.Fields(string(out)) {
		id := plumbing.NewHash(strings.TrimPrefix(ref, captureRefs))
		info, err := os.Stat(loosePath(filepath.Join(r.mirror.git, "objects"), id))
		if err != nil || info.ModTime().Before(before) {
			old = append(old, ref)
		}
	}
	return r.Drop(ctx, old...)
}
