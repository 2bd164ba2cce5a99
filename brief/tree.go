package brief

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
)

// Bounds of what is looked at. A tree of more than maxFiles is listed so far; of more
// than maxRead files, those are read whose paths and history speak for them
// (candidates), so that the time is bounded in a tree of any size.
const (
	maxFiles = 200_000
	maxRead  = 8_000
	readers  = 3 // goroutines that read at once
)

// file is one file of the tree.
type file struct {
	path string
	id   string // blob id, "" when the tree does not say
	lang *language
	low  bool // generated, vendored, a lock file: ranks low
	doc  *doc // nil: not read
	at   fs.DirEntry
}

// tree is what there is to choose from.
type tree struct {
	fs     fs.FS
	cache  *Cache
	files  []*file          // what may be shown, by path
	byPath map[string]*file // of files
	hidden map[string]Reason
	left   []Left // of the walk
	attrs  []attribute
}

// newTree walks the tree. Secrets, links and submodules are set aside.
func newTree(ctx context.Context, req Request) (*tree, error) {
	t := &tree{fs: req.Tree, cache: req.Cache, byPath: map[string]*file{}, hidden: map[string]Reason{}}
	if err := t.walk(ctx, "."); err != nil {
		return nil, err
	}
	slices.SortFunc(t.files, func(a, b *file) int { return strings.Compare(a.path, b.path) })
	slices.SortFunc(t.left, func(a, b Left) int { return strings.Compare(a.Path, b.Path) })
	for _, f := range t.files {
		t.byPath[f.path] = f
		f.low = lowName(f.path) || t.attributed(f.path)
	}
	return t, nil
}

func (t *tree) walk(ctx context.Context, dir string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	entries, err := fs.ReadDir(t.fs, dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := e.Name()
		if dir != "." {
			name = dir + "/" + name
		}
		switch typ := e.Type(); {
		case typ.IsDir():
			if e.Name() == ".git" {
				continue
			}
			if err := t.walk(ctx, name); err != nil {
				return err
			}
		case typ&fs.ModeSymlink != 0:
			t.hide(name, Link)
		case !typ.IsRegular():
			t.hide(name, Submodule)
		case len(t.files) >= maxFiles:
			t.hide(dir, OverBound)
			return nil
		default:
			if secretName(name) {
				t.hide(name, Secret)
			}
			if e.Name() == ".gitattributes" {
				t.readAttributes(dir, name)
			}
			t.files = append(t.files, &file{path: name, id: idOf(e), lang: languageOf(name), at: e})
		}
	}
	return nil
}

// hide notes that a file is not shown, once.
func (t *tree) hide(name string, why Reason) {
	if _, known := t.hidden[name]; !known {
		t.hidden[name] = why
		t.left = append(t.left, Left{name, why})
	}
}

func idOf(e fs.DirEntry) string {
	if has, ok := e.(interface{ ID() string }); ok {
		return has.ID()
	}
	return ""
}

// blobID is the name git gives a content.
func blobID(text string) string {
	h := sha1.New()
	fmt.Fprintf(h, "blob %d\x00%s", len(text), text)
	return hex.EncodeToString(h.Sum(nil))
}

// read returns the content of a file of any name, or why it is not read. The size is
// asked for first: a tree may hold what no memory does.
func (t *tree) read(f *file, limit int64) (string, Reason, error) {
	info, err := f.at.Info()
	if err != nil {
		return "", "", err
	}
	if info.Size() > limit {
		return "", Large, nil
	}
	data, err := fs.ReadFile(t.fs, f.path)
	if err != nil {
		return "", "", err
	}
	if f.id == "" {
		f.id = blobID(string(data))
	}
	return string(data), "", nil
}

// learn makes sure that f.doc is there.
func (t *tree) learn(f *file) error {
	if f.doc != nil {
		return nil
	}
	key := cacheKey{f.id, f.lang.name}
	if f.doc = t.cache.get(key); f.doc != nil {
		return nil
	}
	if binaryName(f.path) {
		f.doc = &doc{reason: Binary}
		return nil
	}
	text, why, err := t.read(f, maxContent)
	if err != nil {
		return err
	}
	if f.doc = (&doc{reason: why}); why == "" {
		f.doc = learn(text, f.lang)
	}
	key.id = f.id
	t.cache.put(key, f.doc)
	return nil
}

// learnAll learns some files at once. The first error ends it.
func (t *tree) learnAll(ctx context.Context, files []*file) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan *file)
	var wg sync.WaitGroup
	for range readers {
		wg.Go(func() {
			for f := range next {
				if err := t.learn(f); err != nil {
					cancel(fmt.Errorf("%s: %w", f.path, err))
				}
			}
		})
	}
	for _, f := range files {
		if ctx.Err() != nil {
			break
		}
		next <- f
	}
	close(next)
	wg.Wait()
	return context.Cause(ctx)
}

// attribute is one line of a .gitattributes that makes files rank low, or not.
type attribute struct {
	dir     string // "" at the root
	pattern string
	low     bool
}

// readAttributes takes the lines of a .gitattributes that say what is generated or
// another's; a file that cannot be read says nothing.
func (t *tree) readAttributes(dir, name string) {
	data, err := fs.ReadFile(t.fs, name)
	if err != nil || len(data) > maxContent {
		return
	}
	if dir == "." {
		dir = ""
	}
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0][0] == '#' || fields[0][0] == '[' || len(t.attrs) >= 1000 {
			continue
		}
		for _, set := range fields[1:] {
			switch set {
			case "linguist-generated", "linguist-generated=true", "linguist-vendored", "linguist-vendored=true":
				t.attrs = append(t.attrs, attribute{dir, fields[0], true})
			case "-linguist-generated", "linguist-generated=false", "-linguist-vendored", "linguist-vendored=false":
				t.attrs = append(t.attrs, attribute{dir, fields[0], false})
			}
		}
	}
}

// attributed reports what the last matching attribute says of a file.
func (t *tree) attributed(name string) (low bool) {
	for _, a := range t.attrs {
		rest := name
		if a.dir != "" {
			var below bool
			if rest, below = strings.CutPrefix(name, a.dir+"/"); !below {
				continue
			}
		}
		if matches(a.pattern, rest) {
			low = a.low
		}
	}
	return low
}

// matches is the rule of .gitattributes: a pattern without a slash is one for the last
// part of a name; ** stands for any directories.
func matches(pattern, name string) bool {
	if !strings.Contains(pattern, "/") {
		ok, err := path.Match(pattern, path.Base(name))
		return ok && err == nil
	}
	return matchParts(strings.Split(strings.TrimPrefix(pattern, "/"), "/"), strings.Split(name, "/"))
}

func matchParts(pattern, name []string) bool {
	if len(pattern) > 32 {
		return false
	}
	// can[j]: the pattern so far matches the first j parts of name.
	can := make([]bool, len(name)+1)
	can[0] = true
	for i, p := range pattern {
		next := make([]bool, len(name)+1)
		for j := range can {
			if p == "**" {
				next[j] = can[j] && i < len(pattern)-1 || j > 0 && next[j-1] || i == len(pattern)-1 && j > 0 && can[j-1]
			} else if j > 0 && can[j-1] {
				ok, err := path.Match(p, name[j-1])
				next[j] = ok && err == nil
			}
		}
		can = next
	}
	return can[len(name)]
}
