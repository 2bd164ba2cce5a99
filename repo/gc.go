package repo

import (
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// garbageAge is how old an object must be that nothing refers to. Younger ones may
// belong to a commit that is being made.
const garbageAge = 24 * time.Hour

// Garbage is what GC removed, or would remove.
type Garbage struct {
	Objects int   // git objects and unfinished files of a crash
	Bytes   int64 // theirs on disk, as the files' lengths say
	Trees   int   // work trees that nobody used for long
}

// GC removes the mirror's loose objects that no result needs and that are a day old,
// and idle work trees; dry only counts them. It is safe beside commits, of other
// processes too.
//
// What a result needs is found by walking from the references into objects the
// mirror itself holds and no further: what the person's store holds is theirs, and
// so is everything below it. So the cost is that of the results, never of the history.
func (r *Repo) GC(ctx context.Context, dry bool) (Garbage, error) {
	now := time.Now()
	trees, err := r.mirror.pool.prune(dry, now)
	if err != nil {
		return Garbage{}, err
	}
	if !dry {
		if err := r.dropCaptures(ctx, now.Add(-captureAge)); err != nil {
			return Garbage{}, err
		}
	}
	objects := filepath.Join(r.mirror.git, "objects")
	local, err := looseIn(objects)
	if err != nil {
		return Garbage{}, err
	}
	if err := r.mark(ctx, local); err != nil {
		return Garbage{}, err
	}
	s := sweeper{mirror: r.mirror, keep: local, dry: dry, before: now.Add(-garbageAge), garbage: Garbage{Trees: len(trees)}}
	if err := s.unfinished(objects); err != nil {
		return s.garbage, err
	}
	for n := range 256 {
		if err := ctx.Err(); err != nil {
			return s.garbage, err
		}
		if err := s.directory(objects, hex.EncodeToString([]byte{byte(n)})); err != nil {
			return s.garbage, err
		}
	}
	if !dry {
		err = r.packRefs(ctx)
	}
	return s.garbage, err
}

// packRefs puts the references into one file: thousands of results are thousands of
// files otherwise. It waits for commits, which sync the files it removes.
func (r *Repo) packRefs(ctx context.Context) (err error) {
	lock, err := r.mirror.lock(exclusive)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.release()) }()
	_, err = gitRun{args: []string{"--git-dir=" + r.mirror.git, "pack-refs", "--all"}, dir: r.mirror.dir}.output(ctx)
	return err
}

// looseIn lists the loose objects of an object directory; none is marked yet.
func looseIn(objects string) (map[plumbing.Hash]bool, error) {
	local := map[plumbing.Hash]bool{}
	dirs, err := os.ReadDir(objects)
	if err != nil {
		return nil, err
	}
	for _, dir := range dirs {
		if len(dir.Name()) != 2 || !dir.IsDir() {
			continue
		}
		files, err := os.ReadDir(filepath.Join(objects, dir.Name()))
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			if name := dir.Name() + f.Name(); plumbing.IsHash(name) {
				local[plumbing.NewHash(name)] = false
			}
		}
	}
	return local, nil
}

// mark sets local[x] for each x that a reference, or a work tree of ours, needs.
func (r *Repo) mark(ctx context.Context, local map[plumbing.Hash]bool) error {
	out, err := gitRun{args: []string{"--git-dir=" + r.mirror.git, "for-each-ref", "--format=%(objectname)"}, dir: r.mirror.dir}.output(ctx)
	if err != nil {
		return err
	}
	todo := strings.Fields(string(out))
	held, err := r.mirror.pool.commits()
	if err != nil {
		return err
	}
	for _, id := range append(todo, held...) {
		if plumbing.IsHash(id) {
			if err := r.markCommit(ctx, plumbing.NewHash(id), local); err != nil {
				return err
			}
		}
	}
	return nil
}

// markCommit marks a commit, its tree, and the results it was made from.
func (r *Repo) markCommit(ctx context.Context, id plumbing.Hash, local map[plumbing.Hash]bool) error {
	todo := []plumbing.Hash{id}
	for len(todo) > 0 {
		id, todo = todo[len(todo)-1], todo[:len(todo)-1]
		if marked, mine := local[id]; marked || !mine {
			continue
		}
		c, err := r.commit(ctx, id.String())
		if err != nil {
			return err
		}
		local[id] = true
		todo = append(todo, c.ParentHashes...)
		if err := r.markTree(ctx, c.TreeHash, local); err != nil {
			return err
		}
	}
	return nil
}

func (r *Repo) markTree(ctx context.Context, id plumbing.Hash, local map[plumbing.Hash]bool) error {
	if marked, mine := local[id]; marked || !mine {
		return nil
	}
	local[id] = true
	entries, err := r.tree(ctx, id)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Mode == filemode.Dir {
			if err := r.markTree(ctx, e.Hash, local); err != nil {
				return err
			}
		} else if _, mine := local[e.Hash]; mine {
			local[e.Hash] = true
		}
	}
	return nil
}

// sweeper removes what is not kept.
type sweeper struct {
	mirror  *mirror
	keep    map[plumbing.Hash]bool
	before  time.Time // only what is older
	dry     bool
	garbage Garbage
}

// directory sweeps one of the 256 directories of objects. Commits wait for it no
// longer than that, and see what they rely on made young before it looks.
func (s *sweeper) directory(objects, name string) (err error) {
	dir := filepath.Join(objects, name)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	lock, err := s.mirror.lock(exclusive)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.release()) }()
	files, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, f := range files {
		switch id := name + f.Name(); {
		case strings.HasPrefix(f.Name(), "tmp_obj_"):
		case !plumbing.IsHash(id) || s.keep[plumbing.NewHash(id)]:
			continue
		}
		if err := s.remove(filepath.Join(dir, f.Name()), f); err != nil {
			return err
		}
	}
	return nil
}

// unfinished sweeps what a crash left half written.
func (s *sweeper) unfinished(objects string) error {
	for _, pattern := range []string{
		filepath.Join(objects, "tmp_obj_*"),
		filepath.Join(s.mirror.git, "refs", "agent", "*", "*.lock"),
		filepath.Join(s.mirror.dir, unfinishedMirror+"*"),
	} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			return err
		}
		for _, name := range names {
			info, err := os.Lstat(name)
			if err == nil {
				err = s.remove(name, fs.FileInfoToDirEntry(info))
			}
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// remove removes a file if it is old enough.
func (s *sweeper) remove(path string, f fs.DirEntry) error {
	info, err := f.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || !info.ModTime().Before(s.before) {
		return err
	}
	s.garbage.Objects++
	s.garbage.Bytes += info.Size()
	if s.dry {
		return nil
	}
	err = os.Remove(path)
	if f.IsDir() && err != nil { // a mirror that was never finished, and is not empty
		return removeOwned(s.mirror.dir, path)
	}
	return err
}
