package spool

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"codeagent.dev/agent"
)

// entry is one line of the reflog of HEAD: what moved it from old to new.
type entry struct {
	line     string // as it stands, without its end
	old, new string // full ids; old is zeros for the first
	at       time.Time
	message  string // "commit (amend): subject"
}

// id names the entry in what is kept of it: a line need not be UTF-8.
func (e entry) id() string { return hash(e.line) }

const maxReflog = 4 << 20 // bytes at the end of a reflog that are looked at

// readReflog returns the newest entries of a work tree's HEAD, oldest first. Where there
// is no such file (the setting is off, or refs are kept in a table), there are none.
func readReflog(gitDir string) ([]entry, error) {
	f, err := os.Open(filepath.Join(gitDir, "logs", "HEAD"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	cut := max(info.Size()-maxReflog, 0)
	data, err := io.ReadAll(io.NewSectionReader(f, cut, maxReflog))
	if err != nil {
		return nil, err
	}
	text := string(data)
	if cut > 0 {
		_, text, _ = strings.Cut(text, "\n")
	}
	var entries []entry
	for l := range strings.Lines(text) {
		if !strings.HasSuffix(l, "\n") { // git is writing it
			break
		}
		if e, ok := parseEntry(strings.TrimSuffix(l, "\n")); ok {
			entries = append(entries, e)
		}
	}
	return entries, nil
}

// parseEntry reads "old new name <mail> seconds zone\tmessage".
func parseEntry(l string) (e entry, ok bool) {
	head, message, _ := strings.Cut(l, "\t")
	ids := strings.SplitN(head, " ", 3)
	mail := strings.LastIndexByte(head, '>')
	if len(ids) < 3 || mail < 0 {
		return e, false
	}
	seconds, _, _ := strings.Cut(strings.TrimSpace(head[mail+1:]), " ")
	at, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return e, false
	}
	return entry{line: l, old: ids[0], new: ids[1], at: time.Unix(at, 0), message: message}, true
}

// What git writes into its reflog. A rebase that pull began says so in other words; one
// of an older git says "rebase -i (finish)", or "rebase finished".
var (
	isCommit = regexp.MustCompile(`^(commit( \((initial|amend|merge|cherry-pick)\))?|cherry-pick|revert): `)
	isPick   = regexp.MustCompile(`^(cherry-pick|commit \(cherry-pick\)):`)
	isAmend  = regexp.MustCompile(`^commit \(amend\): `)
	isMerge  = regexp.MustCompile(`^(merge .*|pull\b[^(]*): `)
	isStart  = regexp.MustCompile(`^(rebase|pull)\b.*\(start\): `)
	isFinish = regexp.MustCompile(`^(rebase|pull)\b.*(\(finish\)|finished): `)
	isAbort  = regexp.MustCompile(`^(rebase|pull)\b.*\(abort\): `)
	isMove   = regexp.MustCompile(`^checkout: moving from (.*) to (.*)$`)
)

// happened is what the entries tell, as the hooks would have. In a rebase only its end
// counts, with where it started: goingOn says whether there is one now.
func happened(entries []entry, from int, goingOn bool) (events []event) {
	start := ""
	for i, e := range entries {
		var ev event
		switch {
		case isStart.MatchString(e.message):
			start = ""
			if ends(entries[i+1:], goingOn) {
				start = e.new
			}
		case isAbort.MatchString(e.message):
			start = ""
		case isFinish.MatchString(e.message):
			if start != e.new { // else there was nothing to rewrite
				ev = event{hook: "post-rewrite", commit: e.new, onto: start}
			}
			start = ""
		case start != "":
		case isCommit.MatchString(e.message):
			ev = event{hook: postCommit, commit: e.new, message: e.message}
			if isAmend.MatchString(e.message) {
				ev.amended = e.old
			}
		case isMerge.MatchString(e.message):
			ev = event{hook: "post-merge", commit: e.new, from: e.old}
		}
		if ev.hook != "" && i >= from {
			ev.at, ev.unplaced = e.at, true
			events = append(events, ev)
		}
		if m := isMove.FindStringSubmatch(e.message); m != nil {
			place(events, m[1])
		}
	}
	return events
}

// ends reports whether a rebase that started before these entries came, or comes, to an
// end. One that was left with --quit does not: git writes nothing of that. Then what
// follows it are events of their own.
func ends(entries []entry, goingOn bool) bool {
	for _, e := range entries {
		switch {
		case isFinish.MatchString(e.message), isAbort.MatchString(e.message):
			return true
		case isStart.MatchString(e.message):
			return false
		}
	}
	return goingOn
}

// rebasing reports whether a rebase goes on in the work tree of a git directory.
func rebasing(gitDir string) bool {
	for _, name := range []string{"rebase-merge", "rebase-apply"} {
		if _, err := os.Stat(filepath.Join(gitDir, name)); err == nil {
			return true
		}
	}
	return false
}

// place says on which branch the events since the last move were. The reflog of HEAD
// does not tell where a commit was made, but the next move tells which branch is left.
// A commit that is left is no branch.
func place(events []event, branch string) {
	if agent.IsCommitID(branch) {
		branch = ""
	}
	for i := len(events) - 1; i >= 0 && events[i].unplaced; i-- {
		events[i].branch, events[i].unplaced = branch, false
	}
}

// unseen is the index of the first entry behind the line that was seen last, and whether
// that line is still there: git expires old ones.
func unseen(entries []entry, seen string) (int, bool) {
	if seen == "" {
		return 0, true
	}
	for i := len(entries) - 1; i >= 0; i-- {
		if entries[i].id() == seen {
			return i + 1, true
		}
	}
	return len(entries), false
}
