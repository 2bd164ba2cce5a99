package repo

import (
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

// flush writes the collected objects to the mirror: all of them are on disk when it
// returns, or none has its name yet. Objects that exist are not written again; one of
// the mirror's own is made young, so that GC leaves it alone.
func (s *storer) flush() error {
	hashes := make([]plumbing.Hash, len(s.written))
	for i, o := range s.written {
		hashes[i] = o.Hash()
	}
	have, err := s.repo.known(s.ctx, hashes)
	if err != nil {
		return err
	}
	// git says it has the empty tree, which is built in, but fsck wants to see it.
	delete(have, plumbing.NewHash(emptyTree))
	fresh := slices.DeleteFunc(slices.Clone(s.written), func(o plumbing.EncodedObject) bool { return have[o.Hash()] })
	s.repo.mirror.freshen(have)
	err = writeLoose(filepath.Join(s.repo.mirror.git, "objects"), fresh)
	if err == nil {
		s.written, s.ids = nil, nil
	}
	return err
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

// writeLoose writes objects the way git does with core.fsyncMethod=batch: the data
// of all of them is brought to disk, one full fsync orders that before the renames,
// and the directories make the names durable.
func writeLoose(objects string, list []plumbing.EncodedObject) (err error) {
	var names []string // of temporary files, in the order of list
	defer func() {
		for _, name := range names {
			os.Remove(name) // those that were renamed are gone already
		}
	}()
	for part := range slices.Chunk(list, looseAtOnce) {
		some, err := writeTemporary(objects, part)
		names = append(names, some...)
		if err != nil {
			return err
		}
	}
	dirs := map[string]bool{}
	for i, o := range list {
		path := loosePath(objects, o.Hash())
		dir := filepath.Dir(path)
		if !dirs[dir] {
			dirs[dir] = true
			switch err := os.Mkdir(dir, 0o700); {
			case err == nil:
				dirs[objects] = true
			case !errors.Is(err, os.ErrExist):
				return err
			}
		}
		if err := os.Rename(names[i], path); err != nil {
			return err
		}
	}
	names = nil
	return syncDirs(dirs)
}

// writeTemporary writes the objects under temporary names, compressing several at
// a time, and returns when their data is on disk. It returns the names it made even
// when it fails.
func writeTemporary(objects string, list []plumbing.EncodedObject) (names []string, err error) {
	files := make([]*os.File, len(list))
	errs := make([]error, len(list))
	var wg sync.WaitGroup
	next := make(chan int)
	for range min(runtime.GOMAXPROCS(0), len(list)) {
		wg.Go(func() {
			for i := range next {
				files[i], errs[i] = writeCompressed(objects, list[i])
			}
		})
	}
	for i := range list {
		next <- i
	}
	close(next)
	wg.Wait()
	for i, f := range files {
		if f == nil {
			continue
		}
		names = append(names, f.Name())
		if errs[i] == nil {
			errs[i] = waitWritten(f)
		}
		if i == len(files)-1 && errs[i] == nil {
			errs[i] = f.Sync()
		}
		errs[i] = errors.Join(errs[i], f.Close())
	}
	return names, errors.Join(errs...)
}

// writeCompressed writes one object under a temporary name and starts its way to disk.
func writeCompressed(objects string, o plumbing.EncodedObject) (*os.File, error) {
	f, err := os.CreateTemp(objects, "tmp_obj_")
	if err != nil {
		return nil, err
	}
	z, err := zlib.NewWriterLevel(f, zlib.BestSpeed)
	if err != nil {
		return f, err
	}
	if _, err := fmt.Fprintf(z, "%s %d\x00", o.Type(), o.Size()); err != nil {
		return f, err
	}
	r, err := o.Reader()
	if err != nil {
		return f, err
	}
	defer r.Close()
	if _, err := io.Copy(z, r); err != nil {
		return f, err
	}
	if err := z.Close(); err != nil {
		return f, err
	}
	if err := f.Chmod(0o444); err != nil && runtime.GOOS != "windows" {
		return f, err
	}
	return f, startWriting(f)
}

// syncDirs makes the names in the directories durable.
func syncDirs(dirs map[string]bool) error {
	for dir := range dirs {
		if err := syncDir(dir); err != nil {
			return err
		}
	}
	return nil
}
