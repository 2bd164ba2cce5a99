package bolt

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"codeagent.dev/agent"
)

// Open opens the file and queues anew what ran when it was last used. Errors are
// Unavailable (another process holds it, no permission, no space), Protocol (a newer
// schema), or Internal (it is damaged).
func Open(opt Options) (*Store, error) {
	opt.LockWait = cmp.Or(opt.LockWait, time.Second)
	s := &Store{
		path:      opt.Path,
		maxClaims: cmp.Or(opt.MaxClaims, agent.DefaultMaxClaims),
		closing:   make(chan struct{}),
		work:      make(chan struct{}, 1),
		stopped:   make(chan struct{}),
		tails:     map[agent.ID]*tail{},
		watchers:  map[*watcher]struct{}{},
	}
	s.later = time.AfterFunc(time.Hour, s.applyLate)
	s.later.Stop()
	s.alarm = time.AfterFunc(time.Hour, s.ring)
	s.alarm.Stop()
	err := guard(func() error { return s.open(opt) })
	if err != nil {
		if s.journal != nil {
			s.journal.close()
		}
		if s.db != nil {
			_ = s.db.Close() // what went wrong first is what matters
		}
		return nil, openError(s.path, err)
	}
	go s.commit()
	if err := errors.Join(s.lapseAll(), s.followAll()); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Store) open(opt Options) (err error) {
	if err := s.prepare(opt); err != nil {
		return err
	}
	options := &bolt.Options{
		Timeout: opt.LockWait, NoFreelistSync: true, FreelistType: bolt.FreelistMapType,
		InitialMmapSize: mapSize(), NoStatistics: true,
	}
	s.db, err = bolt.Open(s.path, 0o600, options)
	if err != nil && options.InitialMmapSize > 0 && !errors.Is(err, berrors.ErrTimeout) {
		options.InitialMmapSize = 0 // address space may be limited: ulimit -v
		s.db, err = bolt.Open(s.path, 0o600, options)
	}
	if err != nil {
		return err
	}
	applied, err := s.replay()
	if err != nil {
		return err
	}
	if s.journal, err = newJournal(s.path, randomID(), applied); err != nil {
		return err
	}
	if err := syncDir(filepath.Dir(s.path)); err != nil {
		return err
	}
	epoch, err := s.begun(s.journal.id)
	if err != nil {
		return err
	}
	s.token = epoch << 32
	return s.recoverLocked() // nobody else has s yet
}

// prepare makes the directory, or looks at a file that is there before anything can
// change it.
func (s *Store) prepare(opt Options) error {
	err := look(s.path, opt.LockWait)
	if errors.Is(err, fs.ErrNotExist) {
		return os.MkdirAll(filepath.Dir(s.path), 0o700)
	}
	return err
}

// Check says why Open would refuse the file, and changes nothing. A file that is not
// there is fine. While a process has it open the error is Unavailable.
func Check(path string) error {
	err := guard(func() error { return look(path, time.Second) })
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return openError(path, err)
}

func look(path string, wait time.Duration) error {
	info, err := os.Stat(path)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	case err != nil, info.Size() == 0: // a crash came between making and filling it
		_, jerr := unapplied(path, nil)
		return cmp.Or(jerr, err)
	case info.Size() < smallest:
		return errShort
	}
	return inspect(path, info.Size(), wait)
}

// smallest is the size of a database that was just made, with the smallest pages.
const smallest = 4 * 4096

// inspect refuses a file that is cut short, of a newer schema, or beside a journal that
// makes no sense, or, unless it was
// closed in good order, has pages that make no sense. bbolt itself would crash in a
// goroutine of its own when it looks for free pages in such a file.
func inspect(path string, size int64, wait time.Duration) error {
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: wait, ReadOnly: true})
	if err != nil {
		return err
	}
	err = db.View(func(tx *bolt.Tx) error {
		if tx.Size() > size {
			return errShort
		}
		meta := bucket(tx, bucketMeta)
		if meta == nil { // a crash came before the first commit
			_, err := unapplied(path, nil)
			return err
		}
		if found := getNumber(meta, keySchema); found > schema {
			return agent.Errorf(agent.Protocol, "the database %s was written by a newer agent (schema %d, this one knows %d)",
				path, found, schema).WithHint("agent version; then install the newest agent")
		}
		if _, err := unapplied(path, meta); err != nil {
			return err
		}
		if meta.Get([]byte(keyClean)) != nil {
			return nil
		}
		return tx.ForEach(func(_ []byte, b *bolt.Bucket) error {
			b.Stats() // visits every page
			return nil
		})
	})
	if cerr := db.Close(); err == nil {
		err = cerr
	}
	return err
}

func randomID() uint64 {
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails
	return binary.BigEndian.Uint64(id[:])
}

// begun counts this opening in the file and ties its journal to it, and makes the
// buckets of a new one.
func (s *Store) begun(journal uint64) (epoch uint64, err error) {
	err = s.db.Update(func(tx *bolt.Tx) error {
		for _, name := range []string{
			bucketMeta, bucketJobs, bucketBodies, bucketDetails, bucketEvents,
			bucketKeys, bucketClasses, bucketRepos, bucketEnded, bucketFollow, bucketTurns,
		} {
			if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
				return err
			}
		}
		meta := bucket(tx, bucketMeta)
		epoch = getNumber(meta, keyEpoch) + 1
		if meta.Get([]byte(keyTotals)) == nil {
			if err := meta.Put([]byte(keyTotals), totals{}.encode()); err != nil {
				return err
			}
		}
		return errors.Join(
			meta.Put([]byte(keySchema), number(schema)),
			meta.Put([]byte(keyEpoch), number(epoch)),
			meta.Put([]byte(keyJournal), number(journal)),
			meta.Delete([]byte(keyWhole)),
			meta.Delete([]byte(keyClean)),
		)
	})
	return epoch, err
}

// mapSize is how much address space the file gets at once, so that it need not be
// mapped anew, with all readers stopped, as it grows. Windows would make the file
// that large, and 32 bits do not have it.
func mapSize() int {
	if runtime.GOOS == "windows" || strconv.IntSize < 64 {
		return 0
	}
	size := int64(8 << 30)
	return int(size)
}

// syncDir makes the name of a new file durable.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // NTFS journals names
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// grace is the new time of a lease whose own is not known after a failed commit.
const grace = 30 * time.Second

// recoverLocked makes the state in memory what is on disk. Leases that the disk knows
// live on.
func (s *Store) recoverLocked() error {
	old := s.leases
	s.records, s.leases = map[agent.ID]*record{}, map[uint64]*lease{}
	s.keys, s.follows = map[string]*record{}, map[agent.ID][]agent.ID{}
	s.line = agent.Line{}
	for _, b := range s.pending {
		for _, a := range b.acts {
			s.restoreLocked(a, b)
		}
	}
	var running []agent.ID
	err := s.viewWith(s.pending, func(tx *bolt.Tx) (err error) {
		if s.totals, err = decodeTotals(bucket(tx, bucketMeta).Get([]byte(keyTotals))); err != nil {
			return err
		}
		c := bucket(tx, bucketClasses).Cursor()
		for k, v := c.First(); len(k) == 9 && k[0] <= classRunning; k, v = c.Next() {
			if len(v) < 8 {
				return errDamaged("index")
			}
			p, err := readPlace(tx, agent.ID(binary.BigEndian.Uint64(k[1:])), v)
			if err != nil {
				return err
			}
			s.line.Put(p)
			if p.Running > 0 {
				running = append(running, p.ID)
			}
		}
		return s.recoverQueueLocked(tx)
	})
	if err != nil {
		return err
	}
	s.lastID = max(s.lastID, agent.ID(s.totals.lastID))
	for _, id := range running {
		if err := s.recoverLeases(id, old); err != nil {
			return err
		}
	}
	return nil
}

// recoverQueueLocked reads what there is once for the whole queue.
func (s *Store) recoverQueueLocked(tx *bolt.Tx) error {
	s.rules = agent.NewRules()
	if value := bucket(tx, bucketMeta).Get([]byte(keyRules)); value != nil {
		if err := json.Unmarshal(value, &s.rules); err != nil {
			return errDamaged("set of rules")
		}
	}
	s.line.SetRules(s.rules)
	err := bucket(tx, bucketTurns).ForEach(func(_, value []byte) error {
		if len(value) < 8 {
			return errDamaged("turn")
		}
		s.line.Recall(string(value[8:]), binary.BigEndian.Uint64(value))
		return nil
	})
	if err != nil {
		return err
	}
	return bucket(tx, bucketFollow).ForEach(func(key, _ []byte) error {
		if len(key) != 16 {
			return errDamaged("order of jobs")
		}
		parent := agent.ID(binary.BigEndian.Uint64(key))
		s.follows[parent] = append(s.follows[parent], agent.ID(binary.BigEndian.Uint64(key[8:])))
		return nil
	})
}

// restoreLocked makes a record what it is after an act that is in the journal.
func (s *Store) restoreLocked(a *act, b *batch) {
	if a.rec == nil {
		return
	}
	r := s.records[a.entry.Job.ID]
	if r == nil {
		r = &record{}
	}
	if a.text != nil {
		r.text = a.text
	}
	r.Entry, r.gone, r.last = a.entry, a.gone, b
	if a.key != "" {
		s.keys[a.key] = r
	}
	a.rec = r
	s.records[r.Job.ID] = r
	r.uses++
}

func (s *Store) recoverLeases(id agent.ID, old map[uint64]*lease) error {
	r, err := s.recordLocked(id)
	if err != nil {
		return err
	}
	for _, v := range r.Job.Variants {
		token := r.Tokens[v.Number-1]
		if v.State != agent.Running {
			continue
		}
		if l := old[token]; l != nil {
			l.rec = r
			s.leases[token] = l
			s.useLocked(r)
			continue
		}
		s.holdLocked(r, v.Number, token, grace)
	}
	return nil
}

// lapseAll ends the leases of an earlier process.
func (s *Store) lapseAll() error {
	s.mu.Lock()
	for _, token := range slices.Sorted(maps.Keys(s.leases)) {
		s.lapseLocked(s.leases[token])
	}
	b := s.last
	s.mu.Unlock()
	return b.wait()
}
