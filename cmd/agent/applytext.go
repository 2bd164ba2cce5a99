package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
	"codeagent.dev/agent/patch"
	"codeagent.dev/agent/patch/disk"
)

// applyText is `agent apply -f`: a patch from a file or stdin, put into a tree without a
// daemon.
type applyText struct {
	*app
	file        string
	check, json bool

	format, tier, target string
	reverse, strict      bool
	strip                int
	directory            string
}

func runApplyText(ctx context.Context, o *applyText) error {
	dir, err := o.workDir()
	if err != nil {
		return err
	}
	top, err := treeTop(dir)
	if err != nil {
		return err
	}
	opt, err := o.options(dir, top)
	if err != nil {
		return err
	}
	text, err := o.read(ctx, dir)
	if err != nil {
		return err
	}
	doc := &textDoc{header: docHeader, Tree: top, Check: o.check}
	err = o.apply(ctx, top, text, opt, doc)
	if o.json {
		return errors.Join(o.printJSON(doc.ended(err)), err)
	}
	if err == nil {
		return o.tell(doc)
	}
	return err
}

// apply applies the text to the tree, and notes in doc what was done.
func (o *applyText) apply(ctx context.Context, top string, text []byte, opt patch.Options, doc *textDoc) error {
	tree, err := o.openTree(ctx, top, doc)
	if err != nil {
		return err
	}
	defer tree.close()
	res, err := patch.Apply(text, tree, opt)
	if e, ok := errors.AsType[*patch.Error](err); ok {
		return &rejected{e, o.json, o.looser(text, tree, opt)}
	}
	if err != nil {
		return agent.Errorf(agent.Internal, "nothing was changed: the files cannot be read: %w", err).
			WithHint("make them readable, and call it again")
	}
	if !o.check {
		ctx.Done() // from here on an interrupt must not end the process but the work
		if err := tree.Write(ctx, res.Writes); err != nil {
			return unwritten(err)
		}
	}
	doc.did(res)
	return nil
}

// looser says what would make a refused patch fit; "" if nothing would, or the person
// has not forbidden it.
func (o *applyText) looser(text []byte, tree fs.FS, opt patch.Options) string {
	if opt.Strict == nil && opt.Tier == 0 {
		return ""
	}
	strict := opt.Strict != nil
	opt.Strict, opt.Tier = nil, 0
	res, err := patch.Apply(text, tree, opt)
	if err != nil {
		return ""
	}
	loosest := patch.TierExact
	for _, f := range res.Files {
		loosest = max(loosest, f.Tier)
	}
	if strict {
		return fmt.Sprintf("without --strict it fits, at the tier %s; see how with --check", loosest)
	}
	return fmt.Sprintf("it fits with --tier %s; see how with --check", loosest)
}

// read returns the patch.
func (o *applyText) read(ctx context.Context, dir string) ([]byte, error) {
	text, err := o.readInput(ctx, dir, o.file, "patch", patch.MaxText)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, errTooLong):
		return nil, agent.Errorf(agent.Invalid, "the patch is longer than %d MiB", patch.MaxText>>20).WithHint("split it into patches of one directory each")
	case err != nil:
		return nil, agent.Errorf(agent.Invalid, "cannot read the patch: %w", err).
			WithHint("name a file that you may read, or pipe the patch in: git diff | agent -C DIR apply -f -")
	}
	return text, nil
}

// options are the library's.
func (o *applyText) options(dir, top string) (patch.Options, error) {
	opt := patch.Options{Format: patch.Format(o.format), Reverse: o.reverse}
	var err error
	if o.tier != "" {
		if opt.Tier, err = patch.ParseTier(o.tier); err != nil {
			return opt, agent.Errorf(agent.Invalid, "%w", err).WithHint("agent apply --help")
		}
	}
	if o.target != "" {
		if opt.Target, err = inTree(dir, top, o.target); err != nil {
			return opt, err
		}
	}
	if o.strict {
		opt.Strict = &patch.Strict{Strip: o.strip, Directory: o.directory}
		if o.strip == 0 {
			opt.Strict.Strip = -1 // the library's word for none
		}
	}
	return opt, nil
}

// inTree is a path that a person gave, from the directory the command works in, as
// patches have it: from the top, with slashes.
func inTree(dir, top, name string) (string, error) {
	full := name
	if !filepath.IsAbs(name) {
		full = filepath.Join(dir, name)
	}
	if parent, err := filepath.EvalSymlinks(filepath.Dir(full)); err == nil {
		full = filepath.Join(parent, filepath.Base(full))
	}
	rel, err := filepath.Rel(top, full)
	if err != nil || rel == "." || !filepath.IsLocal(rel) {
		return "", agent.Errorf(agent.Invalid, "--target %s is no file in %s", name, top).WithHint("name a file below it, or another tree with -C DIR")
	}
	return filepath.ToSlash(rel), nil
}

// treeTop is the top of the git work tree that dir lies in, or dir itself. It needs no
// git.
func treeTop(dir string) (string, error) {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", err
	}
	for top := dir; ; top = filepath.Dir(top) {
		if filepath.Base(top) == ".git" && isGitDir(top) {
			return "", agent.Errorf(agent.Invalid, "%s is git's own directory, and no tree for a patch", dir).WithHint("name the tree with -C DIR")
		}
		git := filepath.Join(top, ".git")
		if data, err := os.ReadFile(git); isGitDir(git) || err == nil && strings.HasPrefix(string(data), "gitdir: ") {
			return top, nil
		}
		if top == filepath.Dir(top) {
			return dir, nil
		}
	}
}

func isGitDir(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, "HEAD"))
	return err == nil
}

// lockedTree is a tree that no other agent changes meanwhile.
type lockedTree struct {
	*disk.Tree
	lock *api.Lock
}

func (t *lockedTree) close() {
	t.Close()
	if t.lock != nil {
		t.lock.Unlock()
	}
}

// openTree opens the tree. Unless it will only be looked at, it waits until no other
// agent changes it, and puts right what one has left that was cut off.
func (o *applyText) openTree(ctx context.Context, top string, doc *textDoc) (*lockedTree, error) {
	paths, err := o.paths()
	if err != nil {
		return nil, err
	}
	plain, err := disk.Open(top, filepath.Join(paths.State, "applies"))
	if err != nil {
		return nil, fmt.Errorf("cannot open the tree: %w", err)
	}
	tree := &lockedTree{Tree: plain}
	if o.check {
		if pending, err := tree.Pending(); pending || err != nil {
			tree.close()
			return nil, agent.Errorf(agent.Blocked, "an earlier apply to %s was cut off, and its files are not put back yet", top).
				WithHint("apply without --check: it puts them back first")
		}
		return tree, nil
	}
	err = os.MkdirAll(filepath.Dir(tree.LockPath()), 0o700)
	if err == nil {
		tree.lock, err = o.lockTree(ctx, tree.LockPath(), top)
	}
	if err == nil {
		err = o.putRight(tree, doc)
	}
	if err != nil {
		tree.close()
		if agent.HintOf(err) == "" && ctx.Err() == nil {
			err = agent.Errorf(agent.Internal, "no journal can be kept: %w", err).WithHint("choose a state directory that you may write to with --state-dir")
		}
		return nil, err
	}
	return tree, nil
}

// lockTree waits for its turn, and says so when that takes a while.
func (o *applyText) lockTree(ctx context.Context, path, top string) (*api.Lock, error) {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for n := 0; ; n++ {
		lock, err := api.TryLock(path)
		if err != nil || lock != nil {
			return lock, err
		}
		if n == 50 {
			o.say("another agent is changing %s; waiting for it", oneLine(top))
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-ticker.C:
		}
	}
}

// putRight puts files back that an apply changed which was cut off.
func (o *applyText) putRight(tree *lockedTree, doc *textDoc) error {
	got, err := tree.Recover()
	if err != nil {
		return agent.Errorf(agent.Blocked, "an earlier apply to %s was cut off, and its files cannot be put back: %w", tree.Dir(), err).
			WithHint("make them writable and call this again")
	}
	if len(got.Back) > 0 {
		o.say("an earlier apply was cut off: put back %s", oneLine(strings.Join(got.Back, ", ")))
	}
	for _, name := range got.Left {
		o.say("an earlier apply was cut off, and %s was changed since: it is left as it is; what stood there before is beside it in .agent-*.old~", oneLine(name))
	}
	doc.PutBack, doc.LeftAlone = got.Back, got.Left
	return nil
}

// unwritten is why nothing was written.
func unwritten(err error) error {
	if stuck, ok := errors.AsType[*disk.StuckError](err); ok {
		return agent.Errorf(agent.Internal, "%w", stuck).WithHint("look at the files; the next agent apply -f to this tree tries again to put them back")
	}
	if changed, ok := errors.AsType[*disk.ChangedError](err); ok {
		return agent.Errorf(agent.Blocked, "nothing was changed: %w", changed).WithHint("call it again: it reads the files anew")
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	hint := "make room, and call it again"
	if errors.Is(err, fs.ErrPermission) {
		hint = "make the files and their directories writable, and call it again"
	}
	return agent.Errorf(agent.Internal, "nothing was changed: %w", err).WithHint(hint)
}
