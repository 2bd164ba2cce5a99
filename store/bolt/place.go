package bolt

import (
	"bytes"
	"encoding/binary"
	"time"

	bolt "go.etcd.io/bbolt"

	"codeagent.dev/agent"
)

// appendPlace encodes what Open cannot tell from the rest of an index entry.
func appendPlace(value []byte, p agent.Place) []byte {
	for _, s := range []string{p.Repo, p.Group, p.Makers, p.After} {
		value = append(binary.AppendUvarint(value, uint64(len(s))), s...)
	}
	value = binary.AppendVarint(value, int64(p.Priority))
	value = binary.AppendVarint(value, p.Order)
	var before int64
	if !p.NotBefore.IsZero() {
		before = p.NotBefore.UnixNano()
	}
	value = binary.AppendVarint(value, before)
	var flags byte
	if p.Hold {
		flags |= 1
	}
	if p.Now {
		flags |= 2
	}
	return append(value, flags)
}

// readPlace reads an index entry of a job that is not Done. Before schema 3 there was no
// place in it, and the job's row is read.
func readPlace(tx *bolt.Tx, id agent.ID, value []byte) (agent.Place, error) {
	states, rest, found := bytes.Cut(value[8:], []byte{0})
	if !found {
		e, err := decodeRow(bucket(tx, bucketJobs).Get(idKey(id)))
		if err != nil {
			return agent.Place{}, err
		}
		return agent.PlaceOf(&e.Job), nil
	}
	p := agent.Place{ID: id, Created: time.Unix(0, int64(binary.BigEndian.Uint64(value)^1<<63)).UTC()}
	for i, state := range states {
		switch state {
		case agent.Queued[0]:
			p.Queued |= 1 << i
		case agent.Running[0]:
			p.Running++
		}
	}
	return p, decodePlace(rest, &p)
}

func decodePlace(data []byte, p *agent.Place) error {
	for _, s := range []*string{&p.Repo, &p.Group, &p.Makers, &p.After} {
		n, size := binary.Uvarint(data)
		if size <= 0 || n > uint64(len(data)-size) {
			return errDamaged("place in the queue")
		}
		*s, data = string(data[size:size+int(n)]), data[size+int(n):]
	}
	var priority, before int64
	for _, n := range []*int64{&priority, &p.Order, &before} {
		v, size := binary.Varint(data)
		if size <= 0 {
			return errDamaged("place in the queue")
		}
		*n, data = v, data[size:]
	}
	if len(data) != 1 {
		return errDamaged("place in the queue")
	}
	p.Priority = int(priority)
	if before != 0 {
		p.NotBefore = time.Unix(0, before).UTC()
	}
	p.Hold, p.Now = data[0]&1 != 0, data[0]&2 != 0
	return nil
}
