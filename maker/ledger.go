package maker

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"codeagent.dev/agent"
)

// Ledger is what is remembered of makers over jobs and restarts: who rests for how
// long and why, and how the answers of each did. It is one small file, written whole
// at every change; losing it costs experience, never a job.
type Ledger struct {
	path string
	now  func() time.Time

	mu      sync.Mutex
	makers  map[string]*Record
	changed func() // called after every change; nil: nobody wants to know
}

// notify has changed called whenever somebody begins to rest or has been woken.
func (l *Ledger) notify(changed func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changed = changed
}

// Record is what the Ledger holds of one maker.
type Record struct {
	Name string `json:"name"`

	Until time.Time `json:"until,omitzero"`  // it is not asked before
	Why   string    `json:"why,omitempty"`   // one line
	Fails int       `json:"fails,omitempty"` // rests in a row

	Answers  int         `json:"answers"`         // that came whole
	First    int         `json:"first"`           // applied at the first try
	Repaired int         `json:"repaired"`        // applied at a later try
	Unfit    int         `json:"unfit"`           // did not apply, or held no edits
	Refused  int         `json:"refused"`         // asked for what is not allowed
	Verified int         `json:"verified"`        // passed every check
	Errors   int         `json:"errors"`          // no answer, for the maker's own reasons
	Row      int         `json:"row,omitempty"`   // unfit ones in a row
	Steps    int         `json:"steps,omitempty"` // how far it was taken down the ladder of forms
	Usage    agent.Usage `json:"usage,omitzero"`
}

// OpenLedger reads the ledger at path. One that cannot be read is begun anew, and err
// says why; the Ledger is good all the same. Without a path nothing is kept on disk.
func OpenLedger(path string) (l *Ledger, err error) {
	l = &Ledger{path: path, now: time.Now, makers: map[string]*Record{}}
	if path == "" {
		return l, nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil
	}
	var kept []*Record
	if err == nil {
		err = json.Unmarshal(text, &kept)
	}
	if err != nil {
		return l, fmt.Errorf("what was known of makers is lost: %w", err)
	}
	for _, r := range kept {
		if r != nil && r.Name != "" {
			l.makers[r.Name] = r
		}
	}
	return l, nil
}

// Records returns what is known, by name.
func (l *Ledger) Records() []Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []Record
	for _, r := range l.makers {
		all = append(all, *r)
	}
	slices.SortFunc(all, func(a, b Record) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Resting reports whether a maker is to be left alone, until when and why.
func (l *Ledger) Resting(name string) (until time.Time, why string, resting bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r, ok := l.makers[name]
	if !ok || !l.now().Before(r.Until) {
		return time.Time{}, "", false
	}
	return r.Until, r.Why, true
}

// maxRest bounds a rest: a clock that jumps, or a server that asks for a year, must not
// lose a maker for good.
const maxRest = time.Hour

// Rest leaves a maker alone for a while, which doubles with every rest in a row.
func (l *Ledger) Rest(name string, least time.Duration, why string) error {
	return l.change(name, func(r *Record) {
		r.Errors++
		if least <= 0 {
			return
		}
		least = min(least, maxRest)
		if l.now().Before(r.Until) { // several at once met the same trouble
			if until := l.now().Add(least).UTC().Round(time.Second); until.After(r.Until) {
				r.Until, r.Why = until, why
			}
			return
		}
		rest := min(least<<min(r.Fails, 10), maxRest)
		r.Fails++
		r.Until, r.Why = l.now().Add(rest).UTC().Round(time.Second), why
	})
}

// Wake lets makers be asked again at once: those named, or all.
func (l *Ledger) Wake(names ...string) error {
	var err error
	for _, r := range l.Records() {
		if !r.Until.IsZero() && (len(names) == 0 || slices.Contains(names, r.Name)) {
			err = errors.Join(err, l.change(r.Name, func(r *Record) { r.awake() }))
		}
	}
	return err
}

func (r *Record) awake() { r.Until, r.Why, r.Fails = time.Time{}, "", 0 }

// Note files how an answer did. first says that no try went before it.
func (l *Ledger) Note(name string, verdict agent.Verdict, first bool, usage agent.Usage) error {
	return l.change(name, func(r *Record) {
		r.awake()
		r.Answers++
		r.Usage = r.Usage.Add(usage)
		switch {
		case verdict.HasCommit() || verdict == agent.NeedsApproval:
			r.Row = 0
			if first {
				r.First++
			} else {
				r.Repaired++
			}
			if verdict == agent.Verified {
				r.Verified++
			}
		case verdict == agent.Conflict || verdict == agent.NoPatch:
			r.Unfit++
			if r.Row++; r.Row >= maxUnfit {
				r.Row, r.Steps = 0, min(r.Steps+1, len(ladder))
			}
		case verdict == agent.Refused:
			r.Refused++
		}
	})
}

// steps returns how far a maker was taken down the ladder of forms.
func (l *Ledger) steps(name string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r, ok := l.makers[name]; ok {
		return r.Steps
	}
	return 0
}

func (l *Ledger) change(name string, do func(*Record)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	r, ok := l.makers[name]
	if !ok {
		r = &Record{Name: name}
		l.makers[name] = r
	}
	until := r.Until
	do(r)
	if l.changed != nil && !r.Until.Equal(until) {
		l.changed()
	}
	return l.saveLocked()
}

func (l *Ledger) saveLocked() error {
	if l.path == "" {
		return nil
	}
	var all []*Record
	for _, r := range l.makers {
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b *Record) int { return strings.Compare(a.Name, b.Name) })
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(l.path), ".makers-")
	if err != nil {
		return err
	}
	_, err = temp.Write(append(text, '\n'))
	if err = errors.Join(err, temp.Close()); err == nil {
		err = os.Rename(temp.Name(), l.path)
	}
	if err != nil {
		os.Remove(temp.Name())
		return fmt.Errorf("keeping what is known of makers: %w", err)
	}
	return nil
}
