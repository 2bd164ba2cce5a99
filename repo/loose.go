package repo

import (
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"codeagent.dev/agent"
)

const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

// flush writes the collected objects to the mirror: all of them are on disk when it
// returns, or none has its name yet. Objects that exist are not written again; one of
// the mirror's own is made young, so that GC leaves it alone.
func (r *Repo) flush(ctx context.Context, b *batch) error {
	hashes := make([]plumbing.Hash, len(b.objects))
	for i, o := range b.objects {
		hashes[i] = o.id
	}
	have, err := r.known(ctx, hashes)
	if err != nil {
		return err
	}
	// git says it has the empty tree, which is built in, but fsck wants to see it.
	delete(have, plumbing.NewHash(emptyTree))
	fresh := slices.DeleteFunc(slices.Clone(b.objects), func(o object) bool { return have[o.id] })
	r.mirror.freshen(have)
	if err := r.set.writeLoose(filepath.Join(r.mirror.git, "objects"), fresh); err != nil {
		return agent.Errorf(agent.Internal, "write a result: %w", err).WithHint("df -h " + quote(r.mirror.git))
	}
	return nil
}

// freshen makes the mirror's own copies of the objects as young as new ones.
func (m *mirror) freshen(have map[plumbing.Hash]bool) {
	now := time.Now()
	for hash, known := range have {
		if known {
			// One that is not the mirror's own is nothing GC could remove.
			_ = os.Chtimes(loosePath(filepath.Join(m.git, "objects"), hash), now, now)
		}
	}
}

func loosePath(objects string, hash plumbing.Hash) string {
	name := hash.String()
	return filepath.Join(objects, name[:2], name[2:])
}

// looseAtOnce bounds the files open at one time.
const looseAtOnce = 256

// writeLoose writes objects under temporary names, brings them to disk, renames them
// and makes the names durable. What is brought to disk is brought there side by
// side: a file system with a journal then commits it once for many files, which
// costs no more than git's fsyncMethod=batch and relies on less.
func (s *Set) writeLoose(objects string, list []object) (err error) {
	var names []string // of temporary files, in the order of list
	defer func() {
		for _, name := range names {
			os.Remove(name) // those that were renamed are gone already
		}
	}()
	for part := range slices.Chunk(list, looseAtOnce) {
		some, err := s.writeTemporary(objects, part)
		names = append(names, some...)
		if err != nil {
			return err
		}
	}
	dirs := map[string]bool{}
	for i, o := range list {
		path := loosePath(objects, o.id)
		if err := mkdirNoted(filepath.Dir(path), dirs); err != nil {
			return err
		}
		if err := os.Rename(names[i], path); err != nil {
			return err
		}
	}
	names = nil
	return syncDirs(dirs)
}

// mkdirNoted makes dir if need be, and notes in dirs what must be synced for it.
func mkdirNoted(dir string, dirs map[string]bool) error {
	if dirs[dir] {
		return nil
	}
	dirs[dir] = true
	err := os.Mkdir(dir, 0o700)
	if err == nil {
		dirs[filepath.Dir(dir)] = true
	} else if errors.Is(err, os.ErrExist) {
		err = nil
	}
	return err
}

// writeTemporary writes the objects under temporary names and returns when they are
// on disk. It returns the names it made even when it fails.
func (s *Set) writeTemporary(objects string, list []object) (names []string, err error) {
	files := make([]*os.File, len(list))
	err = parallel(len(list), runtime.GOMAXPROCS(0), func(i int) (err error) {
		files[i], err = s.writeCompressed(objects, list[i])
		return err
	})
	if err == nil {
		err = parallel(len(files), syncsAtOnce, func(i int) error { return files[i].Sync() })
	}
	for _, f := range files {
		if f != nil {
			names = append(names, f.Name())
			err = errors.Join(err, f.Close())
		}
	}
	return names, err
}

// writeCompressed writes one object under a temporary name.
func (s *Set) writeCompressed(objects string, o object) (*os.File, error) {
	f, err := os.CreateTemp(objects, "tmp_obj_")
	if err != nil {
		return nil, err
	}
	z, ok := s.zlibs.Get().(*zlib.Writer)
	if !ok {
		z, err = zlib.NewWriterLevel(io.Discard, zlib.BestSpeed)
		if err != nil {
			return f, err
		}
	}
	defer s.zlibs.Put(z)
	z.Reset(f)
	if _, err := fmt.Fprintf(z, "%s %d\x00", o.typ, len(o.data)); err != nil {
		return f, err
	}
	if _, err := z.Write(o.data); err != nil {
		return f, err
	}
	if err := z.Close(); err != nil {
		return f, err
	}
	if runtime.GOOS == "windows" { // a read-only file could not be removed there
		return f, nil
	}
	return f, f.Chmod(0o444)
}

// syncDirs makes the names in the directories durable.
func syncDirs(dirs map[string]bool) error {
	list := slices.Collect(maps.Keys(dirs))
	return parallel(len(list), syncsAtOnce, func(i int) error { return syncDir(list[i]) })
}

// syncsAtOnce is how many files are brought to disk side by side. Each takes a thread.
const syncsAtOnce = 32

// parallel calls fn with 0 to n-1, a few at once, and returns what failed.
func parallel(n, atOnce int, fn func(int) error) error {
	errs := make([]error, n)
	slots := make(chan struct{}, atOnce)
	var wg sync.WaitGroup
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			errs[i] = fn(i)
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
