package repo

import (
	"container/list"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
)

// treeCacheBytes bounds the decoded trees kept for one repository. The trees from
// the root to the files that jobs touch are a few hundred KiB even in large ones.
const treeCacheBytes = 8 << 20

// treeCache keeps the trees used last. Trees are shared: nobody changes one.
type treeCache struct {
	max int

	mu    sync.Mutex
	size  int
	order *list.List // of *cachedTree, the one used last in front
	trees map[plumbing.Hash]*list.Element
}

type cachedTree struct {
	hash    plumbing.Hash
	entries []treeEntry
	size    int
}

func newTreeCache(max int) *treeCache {
	return &treeCache{max: max, order: list.New(), trees: map[plumbing.Hash]*list.Element{}}
}

func (c *treeCache) get(hash plumbing.Hash) ([]treeEntry, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.trees[hash]
	if !ok {
		return nil, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*cachedTree).entries, true
}

func (c *treeCache) put(hash plumbing.Hash, entries []treeEntry) {
	t := &cachedTree{hash: hash, entries: entries, size: 256}
	for _, e := range entries {
		t.size += 48 + len(e.Name)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.trees[hash]; ok || t.size > c.max/2 {
		return
	}
	c.trees[hash] = c.order.PushFront(t)
	for c.size += t.size; c.size > c.max; {
		last := c.order.Back()
		old := c.order.Remove(last).(*cachedTree)
		delete(c.trees, old.hash)
		c.size -= old.size
	}
}
