package spool

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/config"
	"codeagent.dev/agent/repo"
)

// Config says what a Taker works with. Watch may be nil; the rest is required.
type Config struct {
	State string // the state directory
	Repos *repo.Set

	// Rules reads the .agent.yaml of a commit. An Invalid error says what is wrong with it.
	Rules func(ctx context.Context, r *repo.Repo, commit string) (config.Repo, error)

	// Submit makes a request whole and stores it. It returns when the job is on disk, and
	// returns the earlier job for a Key that was seen before. Invalid, NotFound and
	// WrongState errors are final; with others it is tried again.
	Submit func(ctx context.Context, spec agent.Spec) (agent.Job, error)

	// Live reports whether git still runs our hooks in a work tree. Where it does not, what
	// no note tells of was not lost: nobody asked for it.
	Live func(ctx context.Context, root string) bool

	// Env is the environment of the jobs' commands.
	Env func() map[string]string

	// Watch sends when something in the directory changes, until ctx ends. Without it, or
	// when it fails, the directory is read every second.
	Watch func(ctx context.Context, dir string) (<-chan struct{}, error)

	Log *slog.Logger
}

// Taker makes jobs of notes.
type Taker struct {
	Config
	said map[string]string // what was logged last about a repository that cannot be taken
	step func(name string) // tests end the process here
}

// New returns a Taker; Run is what takes.
func New(c Config) *Taker {
	return &Taker{Config: c, said: map[string]string{}, step: func(string) {}}
}

const (
	pollEvery  = time.Second     // where the directory is not watched
	retryEvery = 5 * time.Second // what could not be taken

	unfinishedAge = time.Minute // of a note that is not whole: nobody writes it any more
)

// Run takes notes until ctx ends. It begins with what the reflogs of all known
// repositories tell: a machine that broke down may have swallowed notes. What goes wrong
// is logged, and tried again.
func (t *Taker) Run(ctx context.Context) error {
	dir := Dir(t.State)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Log.Warn("there is no directory for the notes of git hooks", "err", err)
	}
	var changed <-chan struct{}
	if t.Watch != nil {
		ch, err := t.Watch(ctx, dir)
		if err != nil {
			t.Log.Warn("the directory of notes cannot be watched; it is read every second instead", "dir", dir, "err", err)
		}
		changed = ch
	}
	timer := time.NewTimer(pollEvery)
	defer timer.Stop()
	for all := true; ctx.Err() == nil; all = false {
		left := t.pass(ctx, all)
		timer.Stop() // watched, and with nothing left, it is not woken in vain
		switch {
		case changed == nil:
			timer.Reset(pollEvery)
		case left:
			timer.Reset(retryEvery)
		}
		select {
		case _, open := <-changed:
			if !open {
				changed = nil
			}
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// Busy is for the daemon: taking is no work that it waits for.
func (t *Taker) Busy() (running, limit int) { return 0, 0 }

// pass takes what lies in the spool. With all, every known repository is looked at. It
// reports whether something is left that must be looked at again.
func (t *Taker) pass(ctx context.Context, all bool) (left bool) {
	groups, lost, left := t.group(ctx)
	if all || lost {
		for _, g := range groups {
			g.all = true
		}
		for _, g := range t.known() {
			if groups[g.book] == nil {
				groups[g.book] = g
			}
		}
	}
	for _, g := range groups {
		err := t.take(ctx, g)
		if ctx.Err() != nil {
			return true
		}
		t.complain(g, err)
		left = left || err != nil
	}
	return left
}

// complain logs once why a repository's notes stay, until the reason is another.
func (t *Taker) complain(g *group, err error) {
	if err == nil {
		delete(t.said, g.book.dir)
		return
	}
	if t.said[g.book.dir] != err.Error() {
		t.said[g.book.dir] = err.Error()
		t.Log.Warn("what git hooks told waits", "repository", g.common, "err", err)
	}
}

// group is the notes of one repository.
type group struct {
	book   Book
	common string
	notes  []Note
	files  []string // to be removed once they are taken
	all    bool     // also the work trees that no note names are looked at
}

// group sorts the notes by repository. What no note can be made of is removed, and so is
// what comes from a repository without hooks of ours, as a hook in a directory that
// several repositories share does. lost: something was removed that may have been a
// note once. left: something stays that is not whole, or cannot be read.
func (t *Taker) group(ctx context.Context) (groups map[Book]*group, lost, left bool) {
	groups = map[Book]*group{}
	names, err := files(Dir(t.State))
	if err != nil {
		t.Log.Warn("the directory of notes cannot be read", "err", err)
	}
	for _, name := range names {
		if ctx.Err() != nil {
			return groups, lost, true
		}
		notes, err := read(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case errors.Is(err, errUnfinished) && young(name):
			left = true
			continue
		case err != nil && agent.CodeOf(err) != agent.Invalid && !errors.Is(err, errUnfinished):
			t.Log.Warn("a note of a git hook cannot be read", "file", name, "err", err)
			left = true
			continue
		case err != nil:
			t.Log.Warn("a note of a git hook is broken; the reflogs are looked at instead", "file", name, "err", err)
			lost = true
		}
		switch taken, err := t.sort(groups, name, notes); {
		case err != nil:
			left = true
			if t.said[name] != err.Error() {
				t.said[name] = err.Error()
				t.Log.Warn("a note of a git hook waits", "file", name, "err", err)
			}
		case !taken:
			t.remove(name)
		}
	}
	return groups, lost, left
}

func young(name string) bool {
	info, err := os.Lstat(name)
	return err == nil && time.Since(info.ModTime()) < unfinishedAge
}

// sort puts a file's notes into their groups. It reports whether one took the file. After
// an error none did, and it must be done again: nothing is known of a note's repository
// while the machine has no more files to open, or its disk does not answer.
func (t *Taker) sort(groups map[Book]*group, name string, notes []Note) (taken bool, err error) {
	var placed []*group
	for _, n := range notes {
		gitDir, common, err := gitDirs(n.GitDir)
		if gone(err) {
			t.Log.Warn("a note of a git hook names a repository that is gone", "git_dir", n.GitDir, "err", err)
			continue
		}
		if err != nil {
			return false, err
		}
		n.GitDir = gitDir
		book := BookOf(t.State, common)
		_, ok, err := book.Known()
		if err != nil {
			return false, err
		}
		if !ok {
			t.Log.Debug("a git hook ran in a repository that has none of ours", "git_dir", common)
			continue
		}
		placed = append(placed, &group{book: book, common: common, notes: []Note{n}})
	}
	for i, p := range placed {
		g := groups[p.book]
		if g == nil {
			g = &group{book: p.book, common: p.common}
			groups[p.book] = g
		}
		g.notes = append(g.notes, p.notes...)
		if i == 0 {
			g.files = append(g.files, name)
		}
	}
	return len(placed) > 0, nil
}

// gone reports whether an error says that there is no git directory by that name, and
// that it will say so again.
func gone(err error) bool {
	for _, e := range []error{fs.ErrNotExist, syscall.ENOTDIR, syscall.ENAMETOOLONG, syscall.ELOOP} {
		if errors.Is(err, e) {
			return true
		}
	}
	return agent.CodeOf(err) == agent.Invalid
}

// known are the repositories with hooks of ours, without notes.
func (t *Taker) known() (groups []*group) {
	books, err := Books(t.State)
	if err != nil {
		t.Log.Warn("the repositories with git hooks cannot be listed", "err", err)
	}
	for _, b := range books {
		k, ok, err := b.Known()
		switch {
		case err != nil:
			t.Log.Warn("a repository with git hooks is not readable", "err", err)
		case !ok:
		default:
			if _, err := os.Stat(filepath.Join(k.Common, "HEAD")); err == nil {
				groups = append(groups, &group{book: b, common: k.Common, all: true})
			}
		}
	}
	return groups
}

func (t *Taker) remove(name string) {
	delete(t.said, name)
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Log.Warn("a note of a git hook cannot be removed", "file", name, "err", err)
	}
}
