package spool

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"codeagent.dev/agent"
)

// Book is what is kept of one repository in which a person installed hooks: a directory
// of its own below the state directory. The person's program writes who it is, the
// daemon what it has seen of it and what came of it.
type Book struct{ dir string }

// Known is a repository with hooks.
type Known struct {
	Common   string    // the git directory that its work trees share
	HooksDir string    // where the hooks lie
	MadeDir  bool      // it was made for them
	Since    time.Time // when they were installed last
}

const (
	repoFile = "repo.json" // its being there marks the directory as ours
	seenFile = "seen.json"
	logFile  = "log.jsonl"

	maxLog = 128 << 10
)

// BookOf is the book of the repository with this common git directory, whether there is
// one or not.
func BookOf(state, common string) Book {
	return Book{filepath.Join(state, "hooks", hash(common))}
}

// Books returns all that are known, in no order.
func Books(state string) ([]Book, error) {
	dirs, err := filepath.Glob(filepath.Join(escape(state), "hooks", "*", repoFile))
	books := make([]Book, len(dirs))
	for i, d := range dirs {
		books[i] = Book{filepath.Dir(d)}
	}
	return books, err
}

// escape keeps Glob from reading a path as a pattern.
func escape(path string) string {
	return strings.NewReplacer(`*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// rawPath is a path in JSON. One that is no UTF-8 is quoted, so that it comes back byte
// for byte.
type rawPath string

func (p rawPath) MarshalText() ([]byte, error) {
	if s := string(p); !utf8.ValidString(s) || strings.HasPrefix(s, `"`) {
		return strconv.AppendQuote(nil, s), nil
	}
	return []byte(p), nil
}

func (p *rawPath) UnmarshalText(text []byte) (err error) {
	s := string(text)
	if strings.HasPrefix(s, `"`) {
		s, err = strconv.Unquote(s)
	}
	*p = rawPath(s)
	return err
}

type repoDoc struct {
	Common   rawPath   `json:"common"`
	HooksDir rawPath   `json:"hooks_dir"`
	MadeDir  bool      `json:"made_dir,omitempty"`
	Since    time.Time `json:"since"`
}

// Know writes down that hooks were installed in a repository. What happened there up to
// now counts as seen.
func (b Book) Know(k Known) error {
	if err := os.MkdirAll(b.dir, 0o700); err != nil {
		return err
	}
	seen := map[rawPath]string{}
	for _, gitDir := range workTrees(k.Common) {
		entries, err := readReflog(gitDir)
		if err != nil {
			return err
		}
		seen[rawPath(gitDir)] = lastLine(entries)
	}
	if err := b.writeSeen(seen); err != nil {
		return err
	}
	return b.write(repoFile, repoDoc{rawPath(k.Common), rawPath(k.HooksDir), k.MadeDir, k.Since})
}

// Known returns what Know was told; ok is false when that never happened, or Forget did.
func (b Book) Known() (k Known, ok bool, err error) {
	var doc repoDoc
	if ok, err = b.read(repoFile, &doc); err != nil {
		return k, false, err
	}
	return Known{string(doc.Common), string(doc.HooksDir), doc.MadeDir, doc.Since}, ok, nil
}

// Forget removes the book.
func (b Book) Forget() error {
	if _, err := os.Stat(filepath.Join(b.dir, repoFile)); err != nil {
		return nil // not ours, or not there
	}
	return os.RemoveAll(b.dir)
}

// seen is the last line of HEAD's reflog that was looked at, as a hash, by git directory
// of a work tree; "" when the reflog was empty.
func (b Book) seen() (map[rawPath]string, error) {
	seen := map[rawPath]string{}
	_, err := b.read(seenFile, &seen)
	return seen, err
}

func (b Book) writeSeen(seen map[rawPath]string) error { return b.write(seenFile, seen) }

func lastLine(entries []entry) string {
	if len(entries) == 0 {
		return ""
	}
	return entries[len(entries)-1].id()
}

// Outcome is what came of one event, for people.
type Outcome struct {
	At      time.Time  `json:"at"`
	Hook    string     `json:"hook"`
	Commit  string     `json:"commit"`
	Branch  string     `json:"branch,omitempty"`
	Jobs    []agent.ID `json:"jobs,omitempty"`
	Skipped string     `json:"skipped,omitempty"` // why there are none
	Problem string     `json:"problem,omitempty"` // why there are none, though there should be
	Hint    string     `json:"hint,omitempty"`
	Waits   bool       `json:"waits,omitempty"` // it is tried again
	Found   bool       `json:"found,omitempty"` // no note told of it: the reflog did
}

// Outcomes returns the newest ones, oldest first, at most max.
func (b Book) Outcomes(max int) ([]Outcome, error) {
	data, err := os.ReadFile(filepath.Join(b.dir, logFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var all []Outcome
	for l := range bytes.Lines(data) {
		var o Outcome
		if json.Unmarshal(l, &o) == nil { // a half line is what a crash left
			all = append(all, o)
		}
	}
	return all[len(all)-min(max, len(all)):], nil
}

// record appends outcomes. It keeps the file short, and syncs nothing: it is for people.
func (b Book) record(outcomes []Outcome) error {
	if len(outcomes) == 0 {
		return nil
	}
	var text []byte
	for _, o := range outcomes {
		l, err := json.Marshal(o)
		if err != nil {
			return err
		}
		text = append(append(text, l...), '\n')
	}
	name := filepath.Join(b.dir, logFile)
	if info, err := os.Stat(name); err == nil && info.Size() > maxLog {
		old, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		_, half, _ := bytes.Cut(old[len(old)/2:], []byte("\n"))
		return replace(name, slices.Concat(half, text))
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

func (b Book) read(name string, into any) (bool, error) {
	file := filepath.Join(b.dir, name)
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		return false, agent.Errorf(agent.Internal, "%s: %w", file, err).WithHint("agent hook install writes it anew")
	}
	return true, nil
}

func (b Book) write(name string, doc any) error {
	data, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	return replace(filepath.Join(b.dir, name), append(data, '\n'))
}

// replace writes a file so that a crash leaves the old one or the new one.
func replace(name string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".new-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
