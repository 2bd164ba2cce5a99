package bolt

import (
	"cmp"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"os"
	"slices"

	bolt "go.etcd.io/bbolt"

	"codeagent.dev/agent"
)

// A journal counts only together with its database. These rows of the meta bucket tell:
//
//	journal   the id of the journal of the newest opening
//	applied   the number of the newest record that is in the database
//	whole     there while nothing is missing without the journal: after Close, in a Backup

// replay brings into the database what its journal has and it has not, which is
// something only after a crash. It returns the number of the newest record applied.
func (s *Store) replay() (applied uint64, err error) {
	var batches []*batch
	err = s.view(func(tx *bolt.Tx) error {
		meta := bucket(tx, bucketMeta)
		if meta != nil {
			applied = getNumber(meta, keyApplied)
		}
		batches, err = unapplied(s.path, meta)
		return err
	})
	if err != nil || len(batches) == 0 {
		return applied, err
	}
	err = s.db.Update(func(tx *bolt.Tx) error { return merge(tx, batches) })
	return batches[len(batches)-1].seq, err
}

// unapplied reads what a journal has and the database, whose meta bucket is given, has
// not. meta is nil for a new one. A torn record at the end was never acknowledged.
func unapplied(path string, meta *bolt.Bucket) (batches []*batch, err error) {
	var id, applied uint64
	whole := true
	if meta != nil {
		id, applied = getNumber(meta, keyJournal), getNumber(meta, keyApplied)
		whole = id == 0 || meta.Get([]byte(keyWhole)) != nil
	}
	for _, name := range segmentPaths(path) {
		file, err := os.ReadFile(name)
		switch {
		case err == nil:
		case whole && errors.Is(err, fs.ErrNotExist):
			continue
		case errors.Is(err, fs.ErrNotExist):
			return nil, errJournalMissing(name, path)
		default:
			return nil, err
		}
		for _, r := range findRecords(file) {
			if r.id != id {
				return nil, errJournalForeign(name, path)
			}
			if r.seq <= applied {
				continue
			}
			puts, err := decodePuts(r.puts)
			if err != nil {
				return nil, err
			}
			batches = append(batches, &batch{seq: r.seq, puts: puts})
		}
	}
	slices.SortFunc(batches, func(a, b *batch) int { return cmp.Compare(a.seq, b.seq) })
	for i, b := range batches {
		if want := applied + uint64(i) + 1; b.seq != want {
			return nil, errJournalGap(path, want, b.seq)
		}
	}
	return batches, nil
}

// foundRecord is a record as replay finds it.
type foundRecord struct {
	id, seq uint64
	puts    []byte
}

// findRecords returns every whole record of a segment. Between them may lie parts of
// older ones that were overwritten.
func findRecords(file []byte) (found []foundRecord) {
	for len(file) >= headerBytes {
		size := headerBytes + int64(binary.BigEndian.Uint32(file[8:]))
		if binary.BigEndian.Uint32(file) == recordMagic && size <= int64(len(file)) &&
			binary.BigEndian.Uint32(file[4:]) == crc32.Checksum(file[8:size], castagnoli) {
			found = append(found, foundRecord{binary.BigEndian.Uint64(file[12:]), binary.BigEndian.Uint64(file[20:]), file[headerBytes:size]})
		} else {
			size = blockBytes
		}
		file = file[min((size+blockBytes-1)/blockBytes*blockBytes, int64(len(file))):]
	}
	return found
}

func errJournalMissing(path, db string) error {
	return agent.Errorf(agent.Internal, "the journal %s is missing: what the database %s was told last may be in it alone", path, db).
		WithHint("put it back, or go on without it: touch " + path)
}

func errJournalForeign(path, db string) error {
	return agent.Errorf(agent.Internal, "the journal %s is not that of the database %s, but of another or of another time", path, db).
		WithHint("put the right ones side by side, or go on without it: mv " + path + " " + path + ".other")
}

func errJournalGap(db string, want, got uint64) error {
	paths := segmentPaths(db)
	return agent.Errorf(agent.Internal, "the journal of the database %s is damaged: record %d is missing before record %d", db, want, got).
		WithHint("put a backup in place of all of them, or go on without what the journal holds: truncate -s 0 " + paths[0] + " " + paths[1])
}
