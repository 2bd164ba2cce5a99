// Package spool is the way from a git hook to a job. A hook leaves a note, a small file
// in one directory, and returns; the daemon takes notes up, looks at what happened in
// the repository, and drops a note only once its jobs are on disk.
//
// Nothing is lost, and nothing is done twice: a note waits for as long as there is no
// daemon; what no note tells of, because the machine broke down, stands in the reflog of
// HEAD, which is compared with what was seen last; and a job's key is made of
// repository, hook and commit, so that what is taken up twice is one job.
//
// Only repositories that are known here (Know), because a person installed hooks in
// them, are ever looked at.
package spool

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"codeagent.dev/agent"
)

// Dir is the directory of notes below a state directory.
func Dir(state string) string { return filepath.Join(state, "spool") }

// Note is what a hook tells. All of it comes from a file that anything may have written,
// and is believed only as far as the repository confirms it.
type Note struct {
	File   string // its path
	Hook   string // "post-commit"
	Dir    string // where git ran the hook: the top of the work tree
	GitDir string // of the work tree, absolute
	Head   string // what stood in HEAD: "ref: refs/heads/main", or a commit; "" if it could not be read
	Commit string // full id that HEAD led to; "" if it could not be read
	Args   []string
}

// Branch is the branch that was checked out, "" when there was none or it is not known.
func (n Note) Branch() string {
	branch, _ := strings.CutPrefix(n.Head, branchHead)
	if branch == n.Head || branch == ".invalid" { // reftable's
		return ""
	}
	return branch
}

const branchHead = "ref: refs/heads/"

// The fields of a note, each ended by a NUL: Magic, Version, hook, directory, git
// directory, HEAD, commit, the number of arguments, the arguments, End. The last one
// tells a whole note from one that is being written or was cut off by a full disk or a
// dead machine. A file may hold several.
const (
	Magic   = "agent-hook"
	Version = "1"
	End     = "end"

	maxNote = 64 << 10
	maxArgs = 16
)

var errUnfinished = errors.New("the note is not whole")

// Text is the note in its written form.
func (n Note) Text() string {
	fields := []string{Magic, Version, n.Hook, n.Dir, n.GitDir, n.Head, n.Commit, itoa(len(n.Args))}
	fields = append(append(fields, n.Args...), End)
	return strings.Join(fields, "\x00") + "\x00"
}

// parse reads all notes in a file's content. errUnfinished: there may be more to come.
// Another error: it will never be one.
func parse(text string) (notes []Note, err error) {
	fields := strings.Split(text, "\x00")
	rest := fields[:len(fields)-1] // behind the last NUL stands nothing, or half a field
	if len(rest) == 0 || fields[len(fields)-1] != "" {
		err = errUnfinished
	}
	for len(rest) > 0 {
		if rest[0] != Magic {
			return notes, agent.Errorf(agent.Invalid, "it begins with %.20q", rest[0])
		}
		if len(rest) < 8 {
			return notes, errUnfinished
		}
		if rest[1] != Version {
			return notes, agent.Errorf(agent.Invalid, "it is of version %.20q, which this program does not read", rest[1])
		}
		count := slices.Index(counts, rest[7])
		if count < 0 {
			return notes, agent.Errorf(agent.Invalid, "it says it has %.20q arguments", rest[7])
		}
		if len(rest) < 8+count+1 {
			return notes, errUnfinished
		}
		if rest[8+count] != End {
			return notes, agent.Errorf(agent.Invalid, "it does not end where it should")
		}
		n := Note{Hook: rest[2], Dir: native(rest[3]), GitDir: native(rest[4]), Head: rest[5], Commit: rest[6], Args: rest[8 : 8+count]}
		if !filepath.IsAbs(n.Dir) {
			return notes, agent.Errorf(agent.Invalid, "its directory %.80q is not absolute", n.Dir)
		}
		if !filepath.IsAbs(n.GitDir) {
			n.GitDir = filepath.Join(n.Dir, n.GitDir)
		}
		if !agent.IsCommitID(n.Commit) {
			n.Commit = ""
		}
		notes, rest = append(notes, n), rest[8+count+1:]
	}
	return notes, err
}

// counts are the numbers of arguments that are possible.
var counts = strings.Fields("0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16")

func itoa(n int) string { return counts[min(n, maxArgs)] }

// read returns the notes in one file of the spool.
func read(file string) ([]Note, error) {
	info, err := os.Lstat(file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxNote {
		return nil, agent.Errorf(agent.Invalid, "it is no small file")
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	notes, err := parse(string(data))
	for i := range notes {
		notes[i].File = file
	}
	return notes, err
}

// files lists the spool, oldest first.
func files(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	type aged struct {
		name string
		time int64
	}
	var list []aged
	for _, e := range entries {
		if info, err := e.Info(); err == nil && !strings.HasPrefix(e.Name(), ".") {
			list = append(list, aged{filepath.Join(dir, e.Name()), info.ModTime().UnixNano()})
		}
	}
	slices.SortStableFunc(list, func(a, b aged) int { return int(min(max(a.time-b.time, -1), 1)) })
	names := make([]string, len(list))
	for i, a := range list {
		names[i] = a.name
	}
	return names, nil
}

// Waiting returns the notes in the spool that come from the repository with this common
// git directory.
func Waiting(state, common string) ([]Note, error) {
	names, err := files(Dir(state))
	if err != nil {
		return nil, err
	}
	var waiting []Note
	for _, name := range names {
		notes, _ := read(name) // what is no note waits for nothing
		for _, n := range notes {
			if _, c, err := gitDirs(n.GitDir); err == nil && c == common {
				waiting = append(waiting, n)
			}
		}
	}
	return waiting, nil
}

// Write leaves a note, as a hook does.
func Write(state string, n Note) error {
	if err := os.MkdirAll(Dir(state), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(Dir(state), ".new-")
	if err != nil {
		return err
	}
	_, err = f.WriteString(n.Text())
	if err := errors.Join(err, f.Close()); err != nil {
		os.Remove(f.Name())
		return err
	}
	base := strings.TrimPrefix(filepath.Base(f.Name()), ".new-")
	return os.Rename(f.Name(), filepath.Join(Dir(state), "w"+base))
}

// hash is the start of a SHA-256 over parts, as a name.
func hash(parts ...string) string {
	sum := sha256.New()
	for _, p := range parts {
		sum.Write([]byte(p))
		sum.Write([]byte{0})
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}
