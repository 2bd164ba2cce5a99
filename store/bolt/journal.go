package bolt

import (
	"cmp"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"slices"
)

// The journal lies beside the database in two files, its segments. A record is one
// batch, and begins at a multiple of blockBytes, so that no write touches the block of
// a record before it:
//
//	magic 4, CRC-32C of what follows 4, length of the puts 4, journal's id 8, number 8,
//	then each put: bucket 1, length and key, length and value (lengths are varints)
//
// Records are numbered without gaps across the life of the database, which knows the
// last one applied to it. A file is filled with zeros before it is written, some way
// ahead: a sync then has only data to write. Its records are overwritten once they
// are applied.
const (
	blockBytes   = 4096
	segmentBytes = 16 << 20
	firstBytes   = 256 << 10 // of a segment; doubled as it fills
	headerBytes  = 28
	recordMagic  = 0x61676a31 // "agj1"
	deletes      = 0x80       // in a put's first byte, beside the bucket's number: it has no value
)

// journalBuckets fixes the numbers buckets have in the journal. Only append.
var journalBuckets = [...]string{
	bucketAll, bucketMeta, bucketJobs, bucketBodies, bucketDetails, bucketEvents,
	bucketKeys, bucketClasses, bucketRepos, bucketEnded, bucketFollow, bucketTurns,
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// journal is used by one goroutine at a time: Open, the committer, and Close.
type journal struct {
	id       uint64 // of this opening of the database
	seq      uint64 // the newest record's
	segments [2]*segment
	now      int   // the segment that is written
	at       int64 // where the next record goes
	buf      []byte
}

type segment struct {
	file *os.File
	size int64
	last uint64 // its newest record's number
}

func segmentPaths(path string) []string { return []string{path + ".journal-0", path + ".journal-1"} }

// newJournal makes empty segments.
func newJournal(path string, id, seq uint64) (*journal, error) {
	j := &journal{id: id, seq: seq}
	for i, name := range segmentPaths(path) {
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
		if err == nil {
			j.segments[i] = &segment{file: f}
			err = empty(f)
		}
		if err != nil {
			j.close()
			return nil, err
		}
	}
	return j, nil
}

// empty removes what is in a file, so that it cannot come back beside newer records.
func empty(f *os.File) error {
	if info, err := f.Stat(); err != nil || info.Size() == 0 {
		return err
	}
	return errors.Join(f.Truncate(0), f.Sync())
}

func (j *journal) close() {
	for _, s := range j.segments {
		if s != nil {
			_ = s.file.Close() // all that counts is synced
		}
	}
}

// full reports whether a record of size bytes belongs into the other segment. One that
// is larger than a segment makes it longer for a while.
func (j *journal) full(size int) bool { return j.at > 0 && j.at+int64(size) > segmentBytes }

func (j *journal) other() *segment { return j.segments[1-j.now] }

// rewind begins a segment anew. All its records must be applied.
func (j *journal) rewind(now int) error {
	j.now, j.at = now, 0
	if s := j.segments[now]; s.size > segmentBytes {
		if err := s.file.Truncate(segmentBytes); err != nil {
			return err
		}
		s.size = segmentBytes
	}
	return nil
}

// write makes record durable as number j.seq+1. If the system refuses it, nothing of it
// is left.
func (j *journal) write(record []byte) error {
	s := j.segments[j.now]
	end := j.at + int64(len(record))
	if err := s.write(record, j.at, end); err != nil {
		s.size = j.at
		if terr := s.file.Truncate(j.at); terr != nil {
			return terr
		}
		return cmp.Or(datasync(s.file), err)
	}
	if err := datasync(s.file); err != nil {
		return err
	}
	j.seq++
	j.at, s.last = end, j.seq
	return nil
}

var zeros [64 << 10]byte

func (s *segment) write(record []byte, at, end int64) error {
	if _, err := s.file.WriteAt(record, at); err != nil {
		return err
	}
	if end <= s.size {
		return nil
	}
	size := max(end, min(max(2*s.size, firstBytes), segmentBytes))
	for off := end; off < size; {
		n, err := s.file.WriteAt(zeros[:min(size-off, int64(len(zeros)))], off)
		if err != nil {
			return err
		}
		off += int64(n)
	}
	s.size = size
	return nil
}

// encode returns b as a record, valid until the next call.
func (j *journal) encode(b *batch) []byte {
	if cap(j.buf) > 1<<20 {
		j.buf = nil // not kept for ever after one large batch
	}
	buf := slices.Grow(j.buf[:0], headerBytes+int(b.size)+64*len(b.puts))[:headerBytes]
	for _, p := range b.puts {
		kind := byte(slices.Index(journalBuckets[:], p.bucket))
		if p.value == nil {
			kind |= deletes
		}
		buf = appendField(append(buf, kind), p.key)
		if p.value != nil {
			buf = appendField(buf, p.value)
		}
	}
	binary.BigEndian.PutUint32(buf, recordMagic)
	binary.BigEndian.PutUint32(buf[8:], uint32(len(buf)-headerBytes))
	binary.BigEndian.PutUint64(buf[12:], j.id)
	binary.BigEndian.PutUint64(buf[20:], b.seq)
	binary.BigEndian.PutUint32(buf[4:], crc32.Checksum(buf[8:], castagnoli))
	if over := len(buf) % blockBytes; over > 0 {
		buf = append(buf, zeros[:blockBytes-over]...)
	}
	j.buf = buf
	return buf
}

func appendField(buf, field []byte) []byte {
	return append(binary.AppendUvarint(buf, uint64(len(field))), field...)
}

func decodePuts(data []byte) (puts []put, err error) {
	field := func() []byte {
		n, size := binary.Uvarint(data)
		if size <= 0 || n > uint64(len(data)-size) {
			err, size, n = errDamaged("record in its journal"), len(data), 0
		}
		f := data[size : size+int(n)]
		data = data[size+int(n):]
		return f
	}
	for len(data) > 0 && err == nil {
		kind := data[0]
		data = data[1:]
		if int(kind&^deletes) >= len(journalBuckets) {
			return nil, errDamaged("record in its journal")
		}
		p := put{bucket: journalBuckets[kind&^deletes], key: field()}
		if kind&deletes == 0 {
			p.value = field()
		}
		puts = append(puts, p)
	}
	return puts, err
}
