package repo

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"codeagent.dev/agent"
)

// Bounds of a pool unless its owner says otherwise.
const (
	defaultIdleTrees = 4
	defaultTreeAge   = 7 * 24 * time.Hour
	maxTrees         = 1024 // of one repository, in use and idle; only a defect gets there
	trashPrefix      = "trash-"
)

// treePool keeps disposable work trees of one mirror warm. A warm tree becomes another
// commit in the time git needs to write the files that differ, where a new one
// costs the writing of all of them.
//
// Several processes may share the directory: tree n is held by whoever has the lock
// file n.lock beside it. Nothing about the pool is kept in memory.
type treePool struct {
	mirror string        // git directory of our bare mirror
	dir    string        // holds <n>/, <n>.lock and trash-*/
	idle   int           // trees kept for reuse
	age    time.Duration // a tree not used for that long is given up

	removals sync.WaitGroup // trash being deleted in the background
}

// newTreePool makes a pool over dir, which need not exist yet.
func newTreePool(mirror, dir string) *treePool {
	return &treePool{mirror: mirror, dir: dir, idle: defaultIdleTrees, age: defaultTreeAge}
}

// close waits for the removals under way.
func (p *treePool) close() { p.removals.Wait() }

// acquire returns a locked tree whose files are exactly those of commit, and in which
// git converts contents as the settings say. The error is NotFound when the mirror
// does not have the commit.
func (p *treePool) acquire(ctx context.Context, commit string, conversion []setting) (*poolTree, error) {
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return nil, err
	}
	tree, err := p.take(commit)
	if err != nil {
		return nil, err
	}
	if err := tree.become(ctx, commit, conversion); err != nil {
		tree.unlock()
		return nil, p.explain(ctx, commit, err)
	}
	return tree, nil
}

// explain tells a commit that is not there from everything else that keeps git from
// checking it out.
func (p *treePool) explain(ctx context.Context, commit string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	missing := gitRun{args: []string{"--git-dir=" + p.mirror, "cat-file", "-e", commit + "^{commit}"}}
	if _, lookErr := missing.output(ctx); lookErr != nil && agent.CodeOf(lookErr) == agent.Internal {
		return agent.Errorf(agent.NotFound, "commit %.12s is not in the repository any more", commit)
	}
	return err
}

// take locks a free tree: by preference one that is commit already, then a clean
// one, then the one used last. Without a free one it makes the directory of a new.
func (p *treePool) take(commit string) (*poolTree, error) {
	numbers, err := p.numbers()
	if err != nil {
		return nil, err
	}
	states := make(map[int]treeState, len(numbers))
	for _, n := range numbers {
		states[n], _ = readTreeState(p.tree(n).dir) // unreadable: the zero state, last in the order
	}
	slices.SortFunc(numbers, func(a, b int) int {
		x, y := states[a], states[b]
		return cmp.Or(
			first(x.Clean && x.Commit == commit, y.Clean && y.Commit == commit),
			first(x.Clean, y.Clean),
			y.Used.Compare(x.Used),
			cmp.Compare(a, b),
		)
	})
	for _, n := range numbers {
		if tree := p.tree(n); tree.lock() == nil {
			return tree, nil
		}
	}
	for n := 1; n <= maxTrees; n++ {
		tree := p.tree(n)
		if tree.lock() != nil {
			continue
		}
		if tree.prepare() == nil {
			return tree, nil
		}
		tree.unlock()
	}
	return nil, agent.Errorf(agent.Unavailable, "no work tree can be made in %s", p.dir).WithHint("agent doctor")
}

// first orders true before false.
func first(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// numbers lists the trees that exist, in use or idle.
func (p *treePool) numbers() ([]int, error) {
	entries, err := os.ReadDir(p.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var numbers []int
	for _, entry := range entries {
		if n, err := strconv.Atoi(entry.Name()); err == nil && n > 0 && entry.IsDir() {
			numbers = append(numbers, n)
		}
	}
	return numbers, nil
}

func (p *treePool) tree(n int) *poolTree {
	return &poolTree{pool: p, number: n, dir: filepath.Join(p.dir, strconv.Itoa(n))}
}

// prune gives up idle trees: those beyond the number kept, the ones used longest
// ago first, those not used for long, and those that are broken. It also deletes what
// earlier removals left behind. It returns the directories it removed, or with dry
// would remove. Trees in use are left alone.
func (p *treePool) prune(dry bool, now time.Time) ([]string, error) {
	numbers, err := p.numbers()
	if err != nil {
		return nil, err
	}
	type candidate struct {
		tree  *poolTree
		state treeState
	}
	var idle []candidate
	defer func() {
		for _, c := range idle {
			c.tree.unlock()
		}
	}()
	for _, n := range numbers {
		if tree := p.tree(n); tree.lock() == nil {
			state, _ := readTreeState(tree.dir)
			idle = append(idle, candidate{tree, state})
		}
	}
	slices.SortFunc(idle, func(a, b candidate) int { return b.state.Used.Compare(a.state.Used) })
	var removed []string
	var failed []error
	for i, c := range idle {
		if i < p.idle && now.Sub(c.state.Used) < p.age {
			continue
		}
		removed = append(removed, c.tree.dir)
		if !dry {
			failed = append(failed, c.tree.discard())
		}
	}
	if !dry {
		p.sweep()
	}
	return removed, errors.Join(failed...)
}

// sweep deletes trash in the background, also that of processes that ended before
// they had done so.
func (p *treePool) sweep() {
	entries, err := os.ReadDir(p.dir)
	if err != nil {
		return
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), trashPrefix) {
			p.removals.Go(func() { _ = removeOwned(p.dir, filepath.Join(p.dir, entry.Name())) }) // the next sweep tries again
		}
	}
}

// commits lists what the trees were made from, of those in use too.
func (p *treePool) commits() ([]string, error) {
	numbers, err := p.numbers()
	var commits []string
	for _, n := range numbers {
		if state, err := readTreeState(p.tree(n).dir); err == nil {
			commits = append(commits, state.Commit)
		}
	}
	return commits, err
}

// shrink keeps the number of idle trees within bounds after one was given back.
func (p *treePool) shrink() {
	if numbers, err := p.numbers(); err == nil && len(numbers) > p.idle {
		_, _ = p.prune(false, time.Now()) // a tree too many: the next one given back tries again
	}
}
