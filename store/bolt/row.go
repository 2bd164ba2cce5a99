package bolt

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"codeagent.dev/agent"
)

// schema is the layout below. A file with a higher number is not touched. Of 1, which
// knew no journal, and 2, which knew no places in the queue, every file is understood.
const schema = 3

// The buckets. Ids, sequence numbers and times are 8 bytes, big-endian, so that keys
// sort as numbers do. A class is one byte: see classOf.
const (
	bucketMeta    = "meta"    // schema, epoch, totals, clean, rules, and see replay
	bucketJobs    = "jobs"    // id -> row: the job as lists show it, JSON
	bucketBodies  = "bodies"  // id -> Spec.Env and Spec.Text: see encodeBody
	bucketDetails = "details" // id, variant -> attempts and check output, JSON
	bucketEvents  = "events"  // id, seq -> see encodeEvent
	bucketKeys    = "keys"    // Spec.Key -> id
	bucketClasses = "classes" // class, id -> see indexValue
	bucketRepos   = "repos"   // hash of Spec.Repo, class, id -> see indexTime
	bucketEnded   = "ended"   // Job.Ended, id -> nothing
	bucketFollow  = "follow"  // id, id of a job that comes after it -> nothing
	bucketTurns   = "turns"   // hash of Spec.Repo -> when it was served last (a count), Spec.Repo
	bucketAll     = "~"       // none: a put in it deletes all rows of the job id

	keySchema  = "schema"
	keyEpoch   = "epoch"
	keyTotals  = "totals"
	keyClean   = "clean" // there while the file lies closed in good order
	keyJournal = "journal"
	keyApplied = "applied"
	keyWhole   = "whole"
	keyRules   = "rules" // agent.Rules, JSON
)

// row is what the jobs bucket holds.
type row struct {
	agent.Job
	Tokens []uint64 `json:"tokens"`
	Stop   string   `json:"stop,omitempty"`
}

// detail is what the details bucket holds for a variant.
type detail struct {
	Attempts []agent.Attempt   `json:"attempts,omitempty"`
	Tails    []string          `json:"tails,omitempty"` // by index in Variant.Checks
	Remark   string            `json:"remark,omitempty"`
	Said     string            `json:"said,omitempty"`
	Tests    *agent.TestReport `json:"tests,omitempty"`
}

// verdicts fixes the numbers verdicts have on disk. Only append.
var verdicts = [...]agent.Verdict{
	agent.Verified, agent.Unverified, agent.ChecksFailed, agent.Conflict, agent.NoPatch,
	agent.Refused, agent.NeedsInput, agent.NeedsApproval, agent.Canceled, agent.Failed,
}

const (
	classQueued   = 1
	classRunning  = 2
	classVerdicts = 16 // + index in verdicts
)

// classOf numbers what lists select by: the state, or the verdict of a Done job.
func classOf(j *agent.Job) byte {
	switch j.State {
	case agent.Queued:
		return classQueued
	case agent.Running:
		return classRunning
	}
	return verdictClass(j.Verdict)
}

func verdictClass(v agent.Verdict) byte {
	return classVerdicts + byte(slices.Index(verdicts[:], v))
}

func bucket(tx *bolt.Tx, name string) *bolt.Bucket { return tx.Bucket([]byte(name)) }

// getNumber returns 0 for a row that is not there.
func getNumber(b *bolt.Bucket, key string) uint64 {
	if value := b.Get([]byte(key)); len(value) == 8 {
		return binary.BigEndian.Uint64(value)
	}
	return 0
}

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func idKey(id agent.ID) []byte { return number(uint64(id)) }

func detailKey(id agent.ID, variant int) []byte { return append(idKey(id), byte(variant)) }

func eventKey(id agent.ID, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(idKey(id), seq)
}

// timeKey orders times from 1678 to 2262, also those before 1970.
func timeKey(t time.Time) []byte { return number(uint64(t.UnixNano()) ^ 1<<63) }

func endedKey(j *agent.Job) []byte {
	return binary.BigEndian.AppendUint64(timeKey(j.Ended), uint64(j.ID))
}

func classKey(class byte, id agent.ID) []byte { return append([]byte{class}, idKey(id)...) }

// repoPrefix stands for a repository in keys, where a path would be long.
func repoPrefix(repo string) []byte {
	sum := sha256.Sum256([]byte(repo))
	return sum[:16]
}

func repoKey(j *agent.Job) []byte {
	return append(repoPrefix(j.Spec.Repo), classKey(classOf(j), j.ID)...)
}

// followKey stands for a job that comes after another.
func followKey(parent, child agent.ID) []byte { return append(idKey(parent), idKey(child)...) }

// indexTime is when a Done job ended, else when the job was made.
func indexTime(j *agent.Job) time.Time {
	if j.State == agent.Done {
		return j.Ended
	}
	return j.Created
}

// indexValue is indexTime, and of a job that is not Done one byte for each variant's
// state, a 0, and its place, which is all that Open has to know of it.
func indexValue(j *agent.Job) []byte {
	value := timeKey(indexTime(j))
	if j.State == agent.Done {
		return value
	}
	for _, v := range j.Variants {
		value = append(value, v.State[0])
	}
	return appendPlace(append(value, 0), agent.PlaceOf(j))
}

// sameIndex reports whether indexValue gives the same for both, which are of one class.
func sameIndex(a, b *agent.Job) bool {
	return indexTime(a).Equal(indexTime(b)) && agent.PlaceOf(a) == agent.PlaceOf(b) &&
		slices.EqualFunc(a.Variants, b.Variants, func(v, w agent.Variant) bool { return v.State == w.State })
}

func encodeRow(e *agent.Entry) ([]byte, error) {
	return json.Marshal(row{Job: e.Job.Brief(), Tokens: e.Tokens, Stop: e.Stop})
}

// encodeBody lays the environment before the text, which needs no encoding.
func encodeBody(spec *agent.Spec) ([]byte, error) {
	var env []byte
	if len(spec.Env) > 0 {
		var err error
		if env, err = json.Marshal(spec.Env); err != nil {
			return nil, err
		}
	}
	body := make([]byte, 0, binary.MaxVarintLen64+len(env)+len(spec.Text))
	body = binary.AppendUvarint(body, uint64(len(env)))
	return append(append(body, env...), spec.Text...), nil
}

// cutBody returns the two parts of a body; both lie in the page.
func cutBody(body []byte) (env, text []byte, err error) {
	n, size := binary.Uvarint(body)
	if size <= 0 || n > uint64(len(body)-size) {
		return nil, nil, errDamaged("body")
	}
	return body[size : size+int(n)], body[size+int(n):], nil
}

// encodeDetail returns nil when the variant has nothing that lists leave out.
func encodeDetail(v *agent.Variant) ([]byte, error) {
	d := detail{Attempts: v.Attempts, Remark: v.Remark, Said: v.Said, Tests: v.Tests}
	some := len(v.Attempts) > 0 || v.Remark != "" || v.Said != "" || v.Tests != nil
	for _, c := range v.Checks {
		d.Tails = append(d.Tails, c.Tail)
		some = some || c.Tail != ""
	}
	if !some {
		return nil, nil
	}
	return json.Marshal(d)
}

func encodeEvent(e *agent.Event) []byte {
	value := make([]byte, 0, 8+2*binary.MaxVarintLen16+len(e.Type)+len(e.Text))
	value = binary.BigEndian.AppendUint64(value, uint64(e.Time.UnixNano()))
	value = binary.AppendUvarint(value, uint64(e.Variant))
	value = binary.AppendUvarint(value, uint64(len(e.Type)))
	return append(append(value, e.Type...), e.Text...)
}

func decodeEvent(key, value []byte) (agent.Event, error) {
	if len(key) != 16 || len(value) < 8 {
		return agent.Event{}, errDamaged("event")
	}
	e := agent.Event{
		Job: agent.ID(binary.BigEndian.Uint64(key)), Seq: binary.BigEndian.Uint64(key[8:]),
		Time: time.Unix(0, int64(binary.BigEndian.Uint64(value))).UTC(),
	}
	variant, n := binary.Uvarint(value[8:])
	length, m := binary.Uvarint(value[8+max(n, 0):])
	rest := value[8+max(n, 0)+max(m, 0):]
	if n <= 0 || m <= 0 || length > uint64(len(rest)) {
		return agent.Event{}, errDamaged("event")
	}
	e.Variant, e.Type, e.Text = int(variant), agent.EventType(rest[:length]), string(rest[length:])
	return e, nil
}

func decodeRow(value []byte) (*agent.Entry, error) {
	var r row
	if err := json.Unmarshal(value, &r); err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged("job"), err)
	}
	if len(r.Tokens) != len(r.Variants) {
		return nil, errDamaged("job")
	}
	return &agent.Entry{Job: r.Job, Tokens: r.Tokens, Stop: r.Stop}, nil
}

// sameDetail reports whether encodeDetail would give the same for both. What an act
// changes it replaces.
func sameDetail(a, b *agent.Variant) bool {
	return len(a.Attempts) == len(b.Attempts) && len(a.Checks) == len(b.Checks) &&
		a.Remark == b.Remark && a.Said == b.Said && a.Tests == b.Tests
}

// readEntry reads a job with all but its text.
func readEntry(tx *bolt.Tx, id agent.ID) (*agent.Entry, error) {
	value := bucket(tx, bucketJobs).Get(idKey(id))
	if value == nil {
		return nil, agent.NoJob(id)
	}
	e, err := decodeRow(value)
	if err != nil {
		return nil, err
	}
	env, _, err := cutBody(bucket(tx, bucketBodies).Get(idKey(id)))
	if err != nil {
		return nil, err
	}
	if len(env) > 0 {
		if err := json.Unmarshal(env, &e.Job.Spec.Env); err != nil {
			return nil, fmt.Errorf("%w: %w", errDamaged("environment"), err)
		}
	}
	details := bucket(tx, bucketDetails)
	for i := range e.Job.Variants {
		if err := readDetail(details.Get(detailKey(id, i+1)), &e.Job.Variants[i]); err != nil {
			return nil, err
		}
	}
	return e, nil
}

func readDetail(value []byte, v *agent.Variant) error {
	if value == nil {
		return nil
	}
	var d detail
	if err := json.Unmarshal(value, &d); err != nil {
		return fmt.Errorf("%w: %w", errDamaged("attempts"), err)
	}
	v.Attempts, v.Remark, v.Said, v.Tests = d.Attempts, d.Remark, d.Said, d.Tests
	for i := range min(len(d.Tails), len(v.Checks)) {
		v.Checks[i].Tail = d.Tails[i]
	}
	return nil
}

// readText reads Spec.Text, byte for byte.
func readText(tx *bolt.Tx, id agent.ID) (string, error) {
	body := bucket(tx, bucketBodies).Get(idKey(id))
	if body == nil {
		return "", agent.NoJob(id)
	}
	_, text, err := cutBody(body)
	return string(text), err
}
