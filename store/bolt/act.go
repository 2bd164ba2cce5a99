package bolt

import (
	"encoding/binary"

	"codeagent.dev/agent"
)

// act is one change to one job, encoded and ready to be committed.
type act struct {
	rec    *record
	entry  *agent.Entry // the job afterwards
	puts   []put
	gone   bool // the job is
	events []agent.Event
	done   bool // the job's state afterwards
	delta  totals
	ready  []int  // variants that become claimable
	key    string // the Key that a new job takes
	behind *lease // whose holder does not wait for the commit
	size   int64  // bytes, roughly
}

// put writes a row, or deletes it when value is nil. See bucketAll.
type put struct {
	bucket     string
	key, value []byte
}

func (a *act) put(bucket string, key, value []byte) {
	a.puts = append(a.puts, put{bucket, key, value})
	a.size += int64(len(key) + len(value))
}

// created encodes a new job.
func created(e *agent.Entry) (*act, error) {
	a := &act{puts: make([]put, 0, 6)}
	id := idKey(e.Job.ID)
	row, err := encodeRow(e)
	if err != nil {
		return nil, err
	}
	body, err := encodeBody(&e.Job.Spec)
	if err != nil {
		return nil, err
	}
	a.put(bucketJobs, id, row)
	a.put(bucketBodies, id, body)
	if e.Job.Spec.Key != "" {
		a.key = e.Job.Spec.Key
		a.put(bucketKeys, []byte(a.key), id)
	}
	a.index(&agent.Job{}, &e.Job)
	a.tell(e)
	a.delta = count(&e.Job)
	for _, v := range e.Job.Variants {
		a.ready = append(a.ready, v.Number)
	}
	return a, nil
}

// changed encodes the way from one state of a job to the next.
func changed(from, to *agent.Entry) (*act, error) {
	a := &act{puts: make([]put, 0, 6), done: to.Job.State == agent.Done}
	row, err := encodeRow(to)
	if err != nil {
		return nil, err
	}
	a.put(bucketJobs, idKey(to.Job.ID), row)
	for i := range to.Job.Variants {
		after, before := &to.Job.Variants[i], &agent.Variant{}
		if i < len(from.Job.Variants) {
			before = &from.Job.Variants[i]
		}
		if !sameDetail(before, after) {
			value, err := encodeDetail(after)
			if err != nil {
				return nil, err
			}
			a.put(bucketDetails, detailKey(to.Job.ID, i+1), value)
		}
		if after.State == agent.Queued && before.State != agent.Queued {
			a.ready = append(a.ready, i+1)
		}
	}
	a.index(&from.Job, &to.Job)
	a.tell(to)
	a.delta = count(&to.Job).minus(count(&from.Job))
	return a, nil
}

// removed takes a job out of everything.
func removed(e *agent.Entry) *act {
	a := &act{gone: true, done: true, delta: totals{}.minus(count(&e.Job))}
	if e.Job.Spec.Key != "" {
		a.put(bucketKeys, []byte(e.Job.Spec.Key), nil)
	}
	a.index(&e.Job, &agent.Job{})
	a.put(bucketAll, idKey(e.Job.ID), nil)
	return a
}

// index moves a job from where it was found to where it is found now. A Job without
// an ID stands for none.
func (a *act) index(from, to *agent.Job) {
	same := from.ID == to.ID && classOf(from) == classOf(to)
	if from.ID != 0 && !same {
		a.put(bucketClasses, classKey(classOf(from), from.ID), nil)
		a.put(bucketRepos, repoKey(from), nil)
	}
	if from.State == agent.Done && !(same && from.Ended.Equal(to.Ended)) {
		a.put(bucketEnded, endedKey(from), nil)
	}
	if to.ID == 0 {
		return
	}
	value := indexValue(to)
	if same && string(value) == string(indexValue(from)) {
		return
	}
	a.put(bucketClasses, classKey(classOf(to), to.ID), value)
	a.put(bucketRepos, repoKey(to), value)
	if to.State == agent.Done {
		a.put(bucketEnded, endedKey(to), []byte{})
	}
}

func (a *act) tell(e *agent.Entry) {
	a.events = e.News()
	for i := range a.events {
		ev := &a.events[i]
		a.put(bucketEvents, eventKey(ev.Job, ev.Seq), encodeEvent(ev))
	}
}

// totals are what Status counts.
type totals struct {
	lastID                               int64 // the newest job's; it only grows
	queued, running, done, waiting, held int64
	bytes                                int64
}

// count is what one job adds to the totals.
func count(j *agent.Job) totals {
	t := totals{lastID: int64(j.ID), bytes: j.Bytes}
	switch j.State {
	case agent.Queued:
		t.queued = 1
	case agent.Running:
		t.running = 1
	case agent.Done:
		t.done = 1
	}
	for _, v := range j.Variants {
		switch v.State {
		case agent.Queued:
			t.waiting++
		case agent.Running:
			t.held++
		}
	}
	return t
}

func (t totals) plus(o totals) totals {
	return totals{
		max(t.lastID, o.lastID), t.queued + o.queued, t.running + o.running, t.done + o.done,
		t.waiting + o.waiting, t.held + o.held, t.bytes + o.bytes,
	}
}

func (t totals) minus(o totals) totals {
	return totals{
		t.lastID, t.queued - o.queued, t.running - o.running, t.done - o.done,
		t.waiting - o.waiting, t.held - o.held, t.bytes - o.bytes,
	}
}

func (t *totals) fields() []*int64 {
	return []*int64{&t.lastID, &t.queued, &t.running, &t.done, &t.waiting, &t.held, &t.bytes}
}

func (t totals) encode() []byte {
	var value []byte
	for _, f := range t.fields() {
		value = binary.BigEndian.AppendUint64(value, uint64(*f))
	}
	return value
}

func decodeTotals(value []byte) (t totals, err error) {
	for _, f := range t.fields() {
		if len(value) < 8 {
			return t, errDamaged("totals")
		}
		*f, value = int64(binary.BigEndian.Uint64(value)), value[8:]
	}
	return t, nil
}
