package repo

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"codeagent.dev/agent"
)

// Deliveries are recorded under the state directory, so that a person can undo them
// and a crash in the middle of one can be put right:
//
//	deliveries/<ID>/agent-owned  marker
//	deliveries/<ID>/journal      journal, as JSON
//	deliveries/<ID>/old/<i>      content of Files[i] before the delivery
//	deliveries/<ID>/new/<i>      content of Files[i] after it; only while it is under way
//	repos/<repo>/open/<ID>       an empty file while the delivery or its undoing is under way
//	repos/<repo>/delivery.lock   held while one is made: one at a time in a repository

// The states of a journal. Whatever is found in applying or undoing when nobody holds
// the lock was cut off, and is brought back to what was before the delivery.
const (
	stateApplying = "applying"
	stateApplied  = "applied"
	stateUndoing  = "undoing"
	stateUndone   = "undone"
	stateStuck    = "stuck" // cut off, and the person changed files before it could be put right
)

// journal is everything that is needed to reverse a delivery, or to put a delivery
// right that was cut off.
type journal struct {
	Schema int       `json:"schema_version"` // 1
	ID     string    `json:"id"`             // "<job>-<delivery>"
	How    string    `json:"how"`            // "apply" or "branch"
	State  string    `json:"state"`
	Made   time.Time `json:"made"`
	Undone time.Time `json:"undone,omitzero"`

	Repo   rawText `json:"repo"` // the person's git directory, the one all work trees share
	Root   rawText `json:"root"` // the work tree; of a branch: where the command was given
	Base   string  `json:"base,omitempty"`
	Commit string  `json:"commit"`
	Branch rawText `json:"branch,omitempty"`

	Files []fileRecord `json:"files,omitempty"` // by path
	Dirs  []dirRecord  `json:"dirs,omitempty"`  // those above the files that were there before
}

// fileRecord is one path in the work tree that a delivery changes.
type fileRecord struct {
	Path   rawText      `json:"path"` // slash-separated, from the root
	Old    image        `json:"old"`
	New    image        `json:"new"`
	Staged *stagedEntry `json:"staged,omitempty"` // when the index changes too
}

// image is what stands at a path: a file, a symbolic link, or nothing.
type image struct {
	Kind   string      `json:"kind"`             // "absent", "file", "link"; "other" is never recorded
	Perm   fs.FileMode `json:"perm,omitempty"`   // of a file
	MTime  time.Time   `json:"mtime,omitzero"`   // of a file; restored, not compared
	Sum    string      `json:"sha256,omitempty"` // of a file's bytes
	Target rawText     `json:"target,omitempty"` // of a link
}

// dirRecord is a directory as it was before.
type dirRecord struct {
	Path rawText     `json:"path"`
	Perm fs.FileMode `json:"perm"`
}

// stagedEntry is an index entry before and after; a zero entry is none.
type stagedEntry struct {
	Old entry `json:"old"`
	New entry `json:"new"`
}

// entry is what git records of a path.
type entry struct {
	Mode string `json:"mode,omitempty"` // "100644"; empty: none
	ID   string `json:"id,omitempty"`
}

// rawText is a string that need not be valid UTF-8, as paths need not be. Such a one
// is base64 in JSON, behind a prefix that no relative or absolute path begins with.
type rawText string

const rawPrefix = "base64:"

// MarshalText implements encoding.TextMarshaler.
func (r rawText) MarshalText() ([]byte, error) {
	if utf8.ValidString(string(r)) && !strings.HasPrefix(string(r), rawPrefix) {
		return []byte(r), nil
	}
	return []byte(rawPrefix + base64.StdEncoding.EncodeToString([]byte(r))), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *rawText) UnmarshalText(text []byte) error {
	coded, ok := strings.CutPrefix(string(text), rawPrefix)
	if !ok {
		*r = rawText(text)
		return nil
	}
	data, err := base64.StdEncoding.DecodeString(coded)
	*r = rawText(data)
	return err
}

// delivery is a delivery that is being made, undone or put right.
type delivery struct {
	repo    *Repo
	dir     string // deliveries/<ID>
	open    string // the file that says it is under way
	journal journal
	lock    *fileLock    // ours, and held also by every git that changes something of the person's
	stays   map[int]bool // files that are not moved, by number

	// lend brings the objects of new index entries into the person's store: the last
	// step but one, because a delivery that fails must not leave them there.
	lend func(context.Context) error
}

// isDeliveryID reports whether id is "<job>-<delivery>", both numbers.
func isDeliveryID(id string) bool {
	job, number, ok := strings.Cut(id, "-")
	return ok && isNumber(job) && isNumber(number)
}

// isNumber reports whether s is digits and nothing else.
func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func (r *Repo) delivery(id string) (*delivery, error) {
	if !isDeliveryID(id) {
		return nil, agent.Errorf(agent.Invalid, "%q is no delivery id", id).WithHint("a delivery is named <job>-<delivery>: 12-1")
	}
	return &delivery{
		repo: r,
		dir:  filepath.Join(r.set.state, "deliveries", id),
		open: filepath.Join(r.mirror.dir, "open", id),
		journal: journal{
			Schema: 1, ID: id, Made: time.Now().UTC(),
			Repo: rawText(r.found.commonDir), Root: rawText(r.found.root),
		},
	}, nil
}

// begin makes the delivery's directory. An ID is used once.
func (d *delivery) begin() error {
	if _, err := os.Lstat(d.dir); err == nil {
		return agent.Errorf(agent.WrongState, "there is a delivery %s already", d.journal.ID)
	}
	err := d.setOpen()
	if err == nil {
		err = os.MkdirAll(d.dir, 0o700)
	}
	if err == nil {
		err = markOwned(d.dir)
	}
	if err != nil {
		return errors.Join(err, d.forget())
	}
	return nil
}

// setOpen notes, durably, that the delivery is under way.
func (d *delivery) setOpen() error {
	if err := os.MkdirAll(filepath.Dir(d.open), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(d.open, nil, 0o600); err != nil {
		return err
	}
	return syncDir(filepath.Dir(d.open))
}

// forget removes every trace of a delivery that did not happen. The journal goes
// first: without it there is nothing to put right.
func (d *delivery) forget() error {
	if err := os.Remove(filepath.Join(d.dir, "journal")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	os.Remove(d.dir) // if it is empty: cut off before it was marked
	if err := removeOwned(d.repo.set.state, d.dir); err != nil {
		return err
	}
	if err := os.Remove(d.open); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// save writes the journal in the given state, durably.
func (d *delivery) save(state string) error {
	if err := d.write("journal", state); err != nil {
		return err
	}
	return syncDir(d.dir)
}

func (d *delivery) write(name, state string) error {
	d.journal.State = state
	data, err := json.MarshalIndent(&d.journal, "", "\t")
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(d.dir, name), data)
}

// load reads the journal. A missing one is fs.ErrNotExist.
func (d *delivery) load() error {
	found, err := readJournal(d.dir)
	if err == nil {
		d.journal = found
	}
	return err
}

// finish makes the state final: it puts the journal, which write has prepared under
// another name, in place. That takes no space, so that a full disk was noticed while
// there still was a way back. After an error the state is not final.
func (d *delivery) finish(prepared, state string) error {
	if err := os.Rename(filepath.Join(d.dir, prepared), filepath.Join(d.dir, "journal")); err != nil {
		return err
	}
	if err := syncDir(d.dir); err != nil {
		return err
	}
	d.journal.State = state
	d.dropTemps()
	spent := []string{"new", "scratch", "stage", "journal.applied", "journal.undone"}
	if state == stateUndone {
		spent = append(spent, "old")
	}
	for _, name := range spent {
		_ = removeAll(filepath.Join(d.dir, name)) // only space is lost if it stays
	}
	os.Remove(d.open) // else repair does, seeing the final state
	return nil
}

// takeLock waits until no other delivery is made in this repository, and puts right
// what was cut off. The caller releases d.lock.
func (d *delivery) takeLock(ctx context.Context) error {
	lock, err := lockDeliveries(ctx, d.repo.mirror.dir, d.repo.Root())
	if err != nil {
		return err
	}
	if err := d.repo.repair(ctx, lock); err != nil {
		return errors.Join(err, lock.release())
	}
	d.lock = lock
	return nil
}

// lockDeliveries waits until no other delivery is made in the repository whose mirror
// lies in home. root names it in an error.
func lockDeliveries(ctx context.Context, home, root string) (*fileLock, error) {
	path := filepath.Join(home, "delivery.lock")
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		lock, err := tryFileLock(path)
		if !errors.Is(err, errLocked) {
			return lock, err
		}
		select {
		case <-ctx.Done():
			return nil, agent.Errorf(agent.Unavailable, "another delivery into %s is under way: %w", root, ctx.Err())
		case <-ticker.C:
		}
	}
}
