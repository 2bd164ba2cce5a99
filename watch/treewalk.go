package watch

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"codeagent.dev/agent"
)

// node is a directory of the tree that is watched or polled. Names are kept once, at
// the parent, because trees have ten thousands of them.
type node struct {
	below map[string]*node
	on    bool             // it has a watch
	files map[string]stamp // when it is polled, else nil
}

// stamp tells whether a polled file changed.
type stamp struct {
	size    int64
	changed time.Time
}

func (t *Tree) abs(rel string) string { return filepath.Join(t.Root, filepath.FromSlash(rel)) }

// find returns the node of a directory, or nil.
func (t *Tree) find(rel string) *node {
	n := t.top
	if rel == "." {
		return n
	}
	for name := range strings.SplitSeq(rel, "/") {
		if n = n.below[name]; n == nil {
			return nil
		}
	}
	return n
}

// follow makes the node of a directory and gives it a watch, or its turn in polling.
// It reports whether the directory is new.
func (t *Tree) follow(rel string) bool {
	n := t.top
	if rel != "." {
		for name := range strings.SplitSeq(rel, "/") {
			child := n.below[name]
			if child == nil {
				child = &node{}
				if n.below == nil {
					n.below = map[string]*node{}
				}
				n.below[name] = child
			}
			n = child
		}
	}
	if n.on || n.files != nil {
		return false
	}
	t.give(rel, n)
	return true
}

// give puts a watch on a directory. Without one it is polled.
func (t *Tree) give(rel string, n *node) {
	if t.watcher != nil {
		err := t.watcher.Add(t.abs(rel))
		if err == nil {
			n.on = true
			t.watched++
			return
		}
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			return // gone already, as its parent says, or closed to us
		}
		t.notice(limitError(t.Root, err))
	}
	n.files = map[string]stamp{}
	t.look(rel, n, nil)
	t.polled++
	if t.pollAt.IsZero() {
		t.pollAt = time.Now().Add(pollAfter)
	}
}

// drop forgets a directory and everything below it.
func (t *Tree) drop(rel string) {
	dir, name := path.Split(rel)
	parent := t.find(path.Clean(dir))
	if parent == nil || parent.below[name] == nil {
		return
	}
	t.forget(rel, parent.below[name])
	delete(parent.below, name)
}

func (t *Tree) forget(rel string, n *node) {
	for name, child := range n.below {
		t.forget(path.Join(rel, name), child)
	}
	switch {
	case n.files != nil:
		t.polled--
	case n.on:
		t.watched--
		_ = t.watcher.Remove(t.abs(rel)) // an error says that it went with its directory
	}
}

// rescan looks at the whole tree: which directories are to be watched, and, when since
// is not zero, which files changed since then.
func (t *Tree) rescan(ctx context.Context, since time.Time) error {
	if info, err := os.Stat(t.Root); err != nil || !info.IsDir() {
		return agent.Errorf(agent.NotFound, "%s is gone", t.Root)
	}
	dirs, err := t.Git.Tracked(ctx)
	if err != nil {
		return err
	}
	t.tracked = make(map[string]bool, len(dirs))
	for _, d := range dirs {
		for ; d != "." && !t.tracked[d]; d = path.Dir(d) {
			t.tracked[d] = true
		}
	}
	start := t.Below
	if len(start) == 0 {
		start = []string{"."}
	}
	t.followAbove()
	seen := t.walk(ctx, start, since)
	t.prune(".", t.top, seen)
	return ctx.Err()
}

// prune forgets the directories that are not to be watched any more.
func (t *Tree) prune(rel string, n *node, seen map[string]bool) {
	for name := range n.below {
		child := path.Join(rel, name)
		if seen[child] {
			t.prune(child, n.below[name], seen)
		} else if !t.leadsTo(child) {
			t.drop(child)
		}
	}
}

// followAbove watches what lies above the directories of Below, to see them go and come
// back.
func (t *Tree) followAbove() {
	for _, b := range t.Below {
		var above []string
		for ; b != "."; b = path.Dir(b) {
			above = append(above, path.Dir(b))
		}
		for _, dir := range slices.Backward(above) { // from the top, so that none appears unseen
			t.follow(dir)
		}
	}
}

// inside reports whether a path is to be watched, as far as Below says.
func (t *Tree) inside(rel string) bool {
	for _, b := range t.Below {
		if b == "." || rel == b || strings.HasPrefix(rel, b+"/") {
			return true
		}
	}
	return len(t.Below) == 0
}

// leadsTo reports whether a directory lies above one that is to be watched.
func (t *Tree) leadsTo(rel string) bool {
	for _, b := range t.Below {
		if strings.HasPrefix(b, rel+"/") {
			return true
		}
	}
	return false
}

// walk follows the directories and everything below them that git does not ignore,
// level by level, so that git is asked once for each. Files that changed since then
// are touched, unless since is zero; of directories that are new all are. It returns
// what it came by.
func (t *Tree) walk(ctx context.Context, level []string, since time.Time) map[string]bool {
	seen := map[string]bool{}
	for len(level) > 0 && ctx.Err() == nil {
		var next []string
		for _, dir := range level {
			// The watch first: what comes after it is an event, what came before is in the list.
			isNew := t.follow(dir)
			entries, err := os.ReadDir(t.abs(dir))
			if err != nil || dir != "." && holdsRepository(entries) {
				t.drop(dir) // gone, closed to us, or another repository
				continue
			}
			seen[dir] = true
			for _, e := range entries {
				switch name := path.Join(dir, e.Name()); {
				case e.Name() == ".git":
				case e.IsDir():
					next = append(next, name)
				case !since.IsZero() && (isNew || changedSince(e, since)):
					t.touch(name)
				}
			}
		}
		level = t.unignored(ctx, next)
	}
	return seen
}

func holdsRepository(entries []fs.DirEntry) bool {
	for _, e := range entries {
		if e.Name() == ".git" {
			return true
		}
	}
	return false
}

func changedSince(e fs.DirEntry, since time.Time) bool {
	info, err := e.Info()
	return err == nil && !changedAt(info).Before(since)
}

// unignored returns the directories that are to be watched.
func (t *Tree) unignored(ctx context.Context, dirs []string) []string {
	var keep, ask []string
	for _, d := range dirs {
		if t.tracked[d] {
			keep = append(keep, d)
		} else {
			ask = append(ask, d)
		}
	}
	return append(keep, t.notIgnored(ctx, ask)...)
}

// notIgnored asks git. When git does not answer nothing is ignored: to look at too
// much does no harm.
func (t *Tree) notIgnored(ctx context.Context, paths []string) []string {
	if len(paths) == 0 {
		return nil
	}
	ignored, err := t.Git.Ignored(ctx, paths)
	if err != nil && ctx.Err() == nil {
		t.notice(err)
	}
	skip := make(map[string]bool, len(ignored))
	for _, p := range ignored {
		skip[p] = true
	}
	var keep []string
	for _, p := range paths {
		if !skip[p] {
			keep = append(keep, p)
		}
	}
	return keep
}
