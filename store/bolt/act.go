package bolt

import (
	"encoding/binary"
	"slices"

	"codeagent.dev/agent"
)

// act is one change to one job, encoded and ready to be committed.
type act struct {
	id     agent.ID
	rec    *record
	entry  *agent.Entry // the job afterwards
	puts   []put
	gone   bool // the job is
	events []agent.Event
	done   bool // the job's state afterwards
	delta  totals
	key    string       // the Key that a new job takes
	joins  []agent.ID   // jobs that it comes after from now on
	parts  []agent.ID   // and no longer
	text   *string      // the job's Spec.Text, when this act writes it
	rules  *agent.Rules // afterwards, for an act on those and on no job
	behind *lease       // whose holder does not wait for the commit
	size   int64        // bytes, roughly
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
	a := &act{id: e.Job.ID, puts: make([]put, 0, 6), done: e.Job.State == agent.Done}
	id := idKey(e.Job.ID)
	row, err := encodeRow(e)
	if err != nil {
		return nil, err
	}
	a.put(bucketJobs, id, row)
	if err := a.putBody(&e.Job.Spec); err != nil {
		return nil, err
	}
	if e.Job.Spec.Key != "" {
		a.key = e.Job.Spec.Key
		a.put(bucketKeys, []byte(a.key), id)
	}
	a.index(&agent.Job{}, &e.Job)
	a.tell(e)
	a.delta = count(&e.Job)
	a.link(nil, e.Job.Spec.After, e.Job.ID)
	return a, a.putDetails(&agent.Job{}, &e.Job)
}

// changed encodes the way from one state of a job to the next.
func changed(from, to *agent.Entry) (*act, error) {
	a := &act{id: to.Job.ID, puts: make([]put, 0, 6), done: to.Job.State == agent.Done}
	row, err := encodeRow(to)
	if err != nil {
		return nil, err
	}
	a.put(bucketJobs, idKey(to.Job.ID), row)
	if err := a.putDetails(&from.Job, &to.Job); err != nil {
		return nil, err
	}
	if to.Job.Spec.Text != "" { // an entry has none, unless it was edited
		if err := a.putBody(&to.Job.Spec); err != nil {
			return nil, err
		}
	}
	a.link(from.Job.Spec.After, to.Job.Spec.After, to.Job.ID)
	a.index(&from.Job, &to.Job)
	a.tell(to)
	a.delta = count(&to.Job).minus(count(&from.Job))
	return a, nil
}

// putBody writes Spec.Env and Spec.Text.
func (a *act) putBody(spec *agent.Spec) error {
	body, err := encodeBody(spec)
	if err != nil {
		return err
	}
	text := spec.Text
	a.text = &text
	a.put(bucketBodies, idKey(a.id), body)
	return nil
}

// putDetails writes what changed of it.
func (a *act) putDetails(from, to *agent.Job) error {
	for i := range to.Variants {
		after, before := &to.Variants[i], &agent.Variant{}
		if i < len(from.Variants) {
			before = &from.Variants[i]
		}
		if sameDetail(before, after) {
			continue
		}
		value, err := encodeDetail(after)
		if err != nil {
			return err
		}
		a.put(bucketDetails, detailKey(to.ID, i+1), value)
	}
	return nil
}

// link writes which jobs a job comes after, from the parents' side.
func (a *act) link(from, to []agent.ID, child agent.ID) {
	for _, id := range from {
		if !slices.Contains(to, id) {
			a.parts = append(a.parts, id)
			a.put(bucketFollow, followKey(id, child), nil)
		}
	}
	for _, id := range to {
		if !slices.Contains(from, id) {
			a.joins = append(a.joins, id)
			a.put(bucketFollow, followKey(id, child), []byte{})
		}
	}
}

// removed takes a job out of everything.
func removed(e *agent.Entry) *act {
	a := &act{id: e.Job.ID, gone: true, done: true, delta: totals{}.minus(count(&e.Job))}
	if e.Job.Spec.Key != "" {
		a.put(bucketKeys, []byte(e.Job.Spec.Key), nil)
	}
	a.index(&e.Job, &agent.Job{})
	a.link(e.Job.Spec.After, nil, e.Job.ID)
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
	if same && sameIndex(from, to) {
		return
	}
	a.put(bucketClasses, classKey(classOf(to), to.ID), indexValue(to))
	a.put(bucketRepos, repoKey(to), timeKey(indexTime(to)))
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
