package watch

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"codeagent.dev/agent"
)

// DefaultSettle is how long a file must be left alone before it is told. Editors write
// a file in several steps; the longest seen, a formatter on save, takes a tenth of it.
const DefaultSettle = 100 * time.Millisecond

const (
	gather   = 10 * time.Millisecond // new directories that git is asked about at once
	lookBack = 2 * time.Second       // the coarsest clock of a file system
)

// Git says what of a work tree is looked at. Paths are slash-separated, from the root.
type Git struct {
	// Ignored returns those of the paths that git ignores. It is asked anew every time,
	// because the rules change.
	Ignored func(ctx context.Context, paths []string) ([]string, error)

	// Tracked returns the directories that hold tracked files: they are watched, even
	// where they are ignored.
	Tracked func(ctx context.Context) ([]string, error)
}

// Tree watches a work tree.
type Tree struct {
	Root   string        // absolute
	Below  []string      // only these directories, slash-separated from the root; empty: all
	Git    Git           // whose rules decide what is looked at
	Settle time.Duration // 0: DefaultSettle
	Ready  func()        // called once, when all of the tree is watched; may be nil
	Notice func(error)   // told what a person should know, each thing once; may be nil

	watcher *fsnotify.Watcher // nil: all is polled
	top     *node
	tracked map[string]bool

	fresh   map[string]bool      // directories that appeared and have not been looked at
	pending map[string]time.Time // what changed, and when last
	settled map[string]bool      // what is to be told
	lost    time.Time            // since when events may be missing; zero: none are
	heard   time.Time            // when nothing was missing last
	watched int                  // directories that have a watch
	polled  int                  // and those that could not get one
	pollAt  time.Time
	pollFor time.Duration // what the last look at the polled ones took
	noticed map[string]bool
}

// Run watches until ctx ends, and sends which files changed, or went, once they have
// been left alone for a while: slash-separated from the root, sorted, each once. What
// changes while nobody receives is sent together later. Directories that git ignores,
// other repositories in the tree and everything named .git are left out, and so are
// the files that editors keep for themselves. A directory that appears or is renamed
// counts as all of its files; one that goes is told by its own name.
//
// Where the system has no watch left for a directory, Notice is told what to do about
// it, and the directory is looked at from time to time instead. NotFound: the root
// is gone.
func (t *Tree) Run(ctx context.Context, changed chan<- []string) error {
	t.start()
	if t.watcher != nil {
		defer t.watcher.Close()
	}
	t.heard = time.Now()
	if err := t.rescan(ctx, time.Time{}); err != nil {
		return err
	}
	if t.Ready != nil {
		t.Ready()
	}
	return t.loop(ctx, changed)
}

func (t *Tree) start() {
	t.top = &node{}
	t.fresh, t.pending, t.settled, t.noticed = map[string]bool{}, map[string]time.Time{}, map[string]bool{}, map[string]bool{}
	if t.Settle == 0 {
		t.Settle = DefaultSettle
	}
	var err error
	if t.watcher, err = fsnotify.NewWatcher(); err != nil {
		t.watcher = nil
		t.notice(limitError(t.Root, err))
	}
}

func (t *Tree) loop(ctx context.Context, changed chan<- []string) error {
	var events chan fsnotify.Event
	var failures chan error
	if t.watcher != nil {
		events, failures = t.watcher.Events, t.watcher.Errors
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	due := time.Now() // when the timer fires; zero: it does not
	for {
		var out chan<- []string
		var batch []string
		if len(t.settled) > 0 {
			out, batch = changed, sorted(t.settled)
		}
		if next := t.next(); !next.IsZero() && (due.IsZero() || next.Before(due)) {
			timer.Reset(time.Until(next))
			due = next
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case out <- batch:
			clear(t.settled)
		case ev := <-events:
			if err := t.event(ev); err != nil {
				return err
			}
		case <-failures: // the queue ran over: what is missing is found by looking
			if t.lost.IsZero() {
				t.lost = t.heard
			}
		case <-timer.C:
			due = time.Time{}
			if err := t.due(ctx); err != nil {
				return err
			}
		}
	}
}

func sorted(set map[string]bool) []string {
	list := make([]string, 0, len(set))
	for p := range set {
		list = append(list, p)
	}
	slices.Sort(list)
	return list
}

// next is when there is something to do, but no earlier than it takes to gather what
// belongs together; zero when nothing is waiting.
func (t *Tree) next() time.Time {
	switch now := time.Now(); {
	case len(t.fresh) > 0 || !t.lost.IsZero():
		return now.Add(gather)
	case len(t.pending) > 0:
		return now.Add(t.Settle / 4)
	case t.polled > 0:
		return t.pollAt
	}
	return time.Time{}
}

// due does what is waiting.
func (t *Tree) due(ctx context.Context) error {
	if !t.lost.IsZero() {
		since := t.lost.Add(-lookBack)
		t.lost = time.Time{}
		if err := t.rescan(ctx, since); err != nil {
			return err
		}
	}
	if len(t.fresh) > 0 {
		level := sorted(t.fresh)
		clear(t.fresh)
		t.followAbove() // before it is looked whether they are there: what comes later is an event
		t.walk(ctx, t.unignored(ctx, level), time.Unix(0, 0))
	}
	if t.polled > 0 && !time.Now().Before(t.pollAt) {
		t.poll()
	}
	return t.settle(ctx)
}

// settle moves what has been left alone to what is told.
func (t *Tree) settle(ctx context.Context) error {
	now := time.Now()
	var quiet []string
	rules := false
	for p, last := range t.pending {
		if now.Sub(last) >= t.Settle {
			quiet = append(quiet, p)
			delete(t.pending, p)
			rules = rules || path.Base(p) == ".gitignore"
		}
	}
	if len(t.pending) == 0 {
		t.heard = now
	}
	for _, p := range t.notIgnored(ctx, quiet) {
		t.settled[p] = true
	}
	if rules { // other directories than before are to be watched, and their files are new to us
		return t.rescan(ctx, now)
	}
	return nil
}

// event takes in what the system says.
func (t *Tree) event(ev fsnotify.Event) error {
	if ev.Op == fsnotify.Chmod || ev.Op == 0 {
		return nil
	}
	if ev.Name == t.Root {
		if _, err := os.Stat(t.Root); err != nil {
			return agent.Errorf(agent.NotFound, "%s is gone", t.Root)
		}
		return nil
	}
	rel, err := filepath.Rel(t.Root, ev.Name)
	if err != nil || strings.HasPrefix(rel, "..") {
		return nil
	}
	rel = filepath.ToSlash(rel)
	if path.Base(rel) == ".git" {
		if dir := path.Dir(rel); dir != "." && ev.Has(fsnotify.Create) {
			t.drop(dir) // another repository from now on
		}
		return nil
	}
	if ev.Has(fsnotify.Remove) || ev.Has(fsnotify.Rename) {
		t.drop(rel)
	}
	if ev.Has(fsnotify.Create) {
		if info, err := os.Lstat(ev.Name); err == nil && info.IsDir() {
			t.drop(rel) // what had the name before, and its watches
			t.appeared(rel)
			return nil
		}
	}
	t.touch(rel)
	return nil
}

// appeared notes that there is a directory to be looked at.
func (t *Tree) appeared(rel string) {
	switch {
	case t.inside(rel):
		t.fresh[rel] = true
	case t.leadsTo(rel):
		for _, b := range t.Below {
			if strings.HasPrefix(b, rel+"/") {
				t.fresh[b] = true
			}
		}
	}
}

// touch notes that something changed, unless it is an editor's own.
func (t *Tree) touch(rel string) {
	if t.inside(rel) && !scratch(path.Base(rel)) {
		t.pending[rel] = time.Now()
	}
}

// notice tells a person once.
func (t *Tree) notice(err error) {
	if t.Notice != nil && err != nil && !t.noticed[err.Error()] {
		t.noticed[err.Error()] = true
		t.Notice(err)
	}
}

// scratch reports whether a file is one that an editor keeps beside what it edits.
func scratch(name string) bool {
	switch {
	case strings.HasSuffix(name, "~"), // backups
		name == "4913",                                                                              // vim tries whether it may write
		strings.HasPrefix(name, ".#"), strings.HasPrefix(name, "#") && strings.HasSuffix(name, "#"), // Emacs: lock, auto-save
		strings.HasPrefix(name, ".") && (strings.HasSuffix(name, ".swp") || strings.HasSuffix(name, ".swo") || strings.HasSuffix(name, ".swx") || strings.HasSuffix(name, ".swpx") || strings.HasSuffix(name, ".kate-swp")),
		strings.HasSuffix(name, "___jb_tmp___"), strings.HasSuffix(name, "___jb_old___"), // JetBrains
		strings.HasPrefix(name, ".goutputstream-"),                      // GNOME
		strings.HasPrefix(name, ".~lock."),                              // LibreOffice
		strings.Contains(name, ".sb-") && strings.Count(name, "-") >= 2: // macOS, a safe save
		return true
	}
	return false
}
