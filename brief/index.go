package brief

import (
	"container/list"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// maxContent is the largest file that is read for its words and can be shown when it
// was not named.
const maxContent = 1 << 20

// doc is what is kept of a blob.
type doc struct {
	terms     []count // by term
	length    int     // terms in the body, with repeats
	defLength int     // terms in the names it defines, with repeats
	defs      []Def
	bytes     int
	lines     int
	reason    Reason // why it is never shown; "" when it may be
	generated bool   // says so itself, or its lines are no person's
}

// count is how often a term occurs in a blob.
type count struct {
	term      term
	body, def uint16
}

// find returns how often a term occurs.
func (d *doc) find(t term) (count, bool) {
	i, ok := slices.BinarySearchFunc(d.terms, t, func(c count, t term) int {
		switch {
		case c.term < t:
			return -1
		case c.term > t:
			return 1
		}
		return 0
	})
	if !ok {
		return count{}, false
	}
	return d.terms[i], true
}

// size is about how many bytes a doc occupies.
func (d *doc) size() int {
	n := 256 + 8*len(d.terms)
	for _, def := range d.defs {
		n += 32 + len(def.Name)
	}
	return n
}

// learn reads a blob. lang is the language of its name.
func learn(text string, lang *language) *doc {
	d := &doc{bytes: len(text), lines: 1 + strings.Count(text, "\n")}
	if d.reason = refused(text); d.reason != "" && d.reason != Secret {
		return d
	}
	d.generated = generated(text, d.lines)
	d.defs = scan(text, lang)
	counts := make(map[term]count, min(len(text)/24+8, 4096))
	eachTerm(text, func(t term) {
		c := counts[t]
		if c.body < 1<<16-1 {
			c.body++
		}
		counts[t] = c
		d.length++
	})
	for _, def := range d.defs {
		eachTerm(def.Name, func(t term) {
			c := counts[t]
			if c.def < 1<<16-1 {
				c.def++
			}
			counts[t] = c
			d.defLength++
		})
	}
	d.terms = make([]count, 0, len(counts))
	for t, c := range counts {
		c.term = t
		d.terms = append(d.terms, c)
	}
	slices.SortFunc(d.terms, func(a, b count) int {
		if a.term < b.term {
			return -1
		}
		return 1
	})
	return d
}

// refused says why a content is never shown; Secret it may be when it was named.
func refused(text string) Reason {
	switch {
	case strings.IndexByte(text[:min(len(text), 8000)], 0) >= 0: // git's own rule
		return Binary
	case strings.HasPrefix(text, "version https://git-lfs.github.com/spec/") && len(text) < 1024:
		return Pointer
	case !utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0:
		return NotUTF8
	case holdsSecret(text):
		return Secret
	}
	return ""
}

// Cache keeps what was learned of blobs, by their ids: the words they hold and what
// they define, in memory. It never changes what comes out. It is safe for concurrent
// use.
type Cache struct {
	max int

	mu    sync.Mutex
	size  int
	order *list.List // of *cached, the one used last in front
	docs  map[cacheKey]*list.Element
}

type cacheKey struct {
	id   string
	lang string // the same blob may be found under names of two languages
}

type cached struct {
	key cacheKey
	doc *doc
}

// NewCache returns a cache of at most about that many bytes. A source file takes two
// to four KiB of it.
func NewCache(bytes int) *Cache {
	return &Cache{max: bytes, order: list.New(), docs: map[cacheKey]*list.Element{}}
}

func (c *Cache) get(key cacheKey) *doc {
	if c == nil || key.id == "" {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.docs[key]
	if !ok {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*cached).doc
}

func (c *Cache) put(key cacheKey, d *doc) {
	if c == nil || key.id == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.docs[key]; ok || d.size() > c.max {
		return
	}
	c.docs[key] = c.order.PushFront(&cached{key, d})
	for c.size += d.size(); c.size > c.max; {
		old := c.order.Remove(c.order.Back()).(*cached)
		delete(c.docs, old.key)
		c.size -= old.doc.size()
	}
}
