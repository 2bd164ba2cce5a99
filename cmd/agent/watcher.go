package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/config"
	"codeagent.dev/agent/repo"
	"codeagent.dev/agent/watch"
)

const (
	maxWatched = 1 << 20          // bytes of a file that is looked into
	lookAgain  = 5 * time.Second  // after something went wrong
	recheck    = 15 * time.Second // a net under hints that were lost
)

// watcher makes jobs of the comments in one working tree. It belongs to the goroutine
// of run.
type watcher struct {
	jobs  agent.Jobs
	set   *repo.Set
	root  string
	below []string
	word  string
	spec  agent.Spec               // what all jobs have in common
	env   func() map[string]string // of a job that is made now

	// may is asked before jobs are made, and when the repository's settings change: a
	// WrongState error ends the watch. nil: nobody can refuse.
	may func(context.Context, *repo.Repo) error

	tell func(string)                                    // a line for a person
	warn func(error)                                     // what went wrong
	done func(ctx context.Context, a asked, j agent.Job) // a job ended

	comments map[string]map[comment]asked // by file: those that stand in it now, and were seen
	unstaged map[string]map[comment]bool  // by file: those that were seen before they were staged
	open     map[agent.ID]asked           // jobs that have not ended
	canceled map[agent.ID]bool            // by us; a worker may not have learned it yet
	vanished []lostOne                    // whose files are no more, and whose jobs have not ended
	again    map[string]bool              // files to be looked at once more
	said     map[string]bool
	starting bool  // what was saved before is not all looked at yet
	refused  error // by may
}

// comment tells the requests of one file apart.
type comment struct {
	kind watch.Kind
	text string
	nth  int // of those that say the same
}

// kind of a request, with words for it.
type kind watch.Kind

func (k kind) question() bool { return watch.Kind(k) == watch.Ask }

// asked is a request that was seen.
type asked struct {
	path string
	line int
	kind kind
	id   agent.ID // 0: it is nobody's wish, such as one that is committed
	head string   // HEAD when it was asked for
}

func (a asked) place() string { return fmt.Sprintf("%s:%d", oneLine(a.path), a.line) }

// run watches until ctx ends.
func (w *watcher) run(ctx context.Context) error {
	w.comments, w.open = map[string]map[comment]asked{}, map[agent.ID]asked{}
	w.unstaged, w.canceled = map[string]map[comment]bool{}, map[agent.ID]bool{}
	w.again, w.said = map[string]bool{}, map[string]bool{}
	ctx, stop := context.WithCancel(ctx)
	changed, ready, ended := make(chan []string), make(chan struct{}), make(chan error, 1)
	notices := make(chan error, 16)
	files := &watch.Tree{
		Root: w.root, Below: w.below, Git: watch.Git{Ignored: w.ignored, Tracked: w.tracked},
		Ready: func() { close(ready) },
		Notice: func(err error) {
			select {
			case notices <- err:
			case <-ctx.Done():
			}
		},
	}
	hints := make(chan agent.ID)
	heard := make(chan struct{})
	go func() { ended <- files.Run(ctx, changed) }()
	go func() { defer close(heard); w.listen(ctx, hints) }()
	var err error
	defer func() { stop(); <-heard }()
	over := false
	for timer := time.NewTicker(lookAgain); ; {
		select {
		case <-ready:
			ready = nil
			w.tell(fmt.Sprintf("watching %s for comments such as: %s", oneLine(w.where()), w.sample()))
			w.start(ctx)
		case paths := <-changed:
			w.look(ctx, paths)
		case id := <-hints:
			w.follow(ctx, id)
		case err := <-notices:
			w.warn(err)
		case <-timer.C:
			w.retry(ctx)
		case err = <-ended:
			over = true
		}
		if over || w.refused != nil {
			timer.Stop()
			return errors.Join(err, w.refused)
		}
	}
}

func (w *watcher) where() string {
	if len(w.below) == 0 {
		return w.root
	}
	return w.root + " (" + strings.Join(w.below, ", ") + ")"
}

func (w *watcher) sample() string { return "// " + w.word + ": handle the empty list" }

func (w *watcher) tree(ctx context.Context) (*repo.Repo, error) { return w.set.Open(ctx, w.root) }

func (w *watcher) ignored(ctx context.Context, paths []string) ([]string, error) {
	r, err := w.tree(ctx)
	if err != nil {
		return nil, err
	}
	return r.Ignored(ctx, paths)
}

func (w *watcher) tracked(ctx context.Context) ([]string, error) {
	r, err := w.tree(ctx)
	if err != nil {
		return nil, err
	}
	return r.TrackedDirs(ctx)
}

// listen passes the queue's hints on.
func (w *watcher) listen(ctx context.Context, hints chan<- agent.ID) {
	for ctx.Err() == nil {
		for id, err := range w.jobs.Watch(ctx) {
			if err != nil {
				break
			}
			select {
			case hints <- id:
			case <-ctx.Done():
				return
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second): // the daemon is being replaced
		}
	}
}

// start looks at what was saved before.
func (w *watcher) start(ctx context.Context) {
	r, err := w.tree(ctx)
	if err != nil {
		w.fail(ctx, err)
		return
	}
	paths, err := r.UncommittedPaths(ctx)
	if err != nil {
		w.fail(ctx, err)
		return
	}
	w.starting = true
	w.look(ctx, slices.DeleteFunc(paths, func(p string) bool { return !w.inside(p) }))
}

func (w *watcher) inside(p string) bool {
	return len(w.below) == 0 || slices.ContainsFunc(w.below, func(b string) bool { return p == b || strings.HasPrefix(p, b+"/") })
}

// retry comes back to what went wrong, and to jobs whose hints may be lost.
func (w *watcher) retry(ctx context.Context) {
	if len(w.again) > 0 {
		paths := slices.Sorted(maps.Keys(w.again))
		clear(w.again)
		w.look(ctx, paths)
	}
	for id := range w.open {
		w.follow(ctx, id)
	}
}

// once says a line that would come again with each new try.
func (w *watcher) once(line string) {
	if !w.said[line] {
		w.said[line] = true
		w.tell(line)
	}
}

// fail says what went wrong, each thing once.
func (w *watcher) fail(ctx context.Context, err error) {
	if ctx.Err() == nil && !w.said[err.Error()] {
		w.said[err.Error()] = true
		w.warn(err)
	}
}

// allowed asks whether jobs may still be made. What the repository says in a way that
// cannot be read changes nothing.
func (w *watcher) allowed(ctx context.Context, r *repo.Repo) bool {
	if w.may == nil {
		return true
	}
	err := w.may(ctx, r)
	if agent.CodeOf(err) == agent.WrongState {
		w.refused = err
		return false
	}
	if err != nil {
		w.fail(ctx, err)
	}
	return true
}

// look finds the requests in files that changed.
func (w *watcher) look(ctx context.Context, paths []string) {
	if slices.Contains(paths, config.RepoFile) {
		if r, err := w.tree(ctx); err == nil && !w.allowed(ctx, r) {
			return
		}
	}
	var fresh []wanted
	var lost []lostOne
	for _, p := range paths {
		f, l := w.compare(p)
		fresh, lost = append(fresh, f...), append(lost, l...)
	}
	fresh, lost = w.moved(fresh, append(lost, w.away(fresh)...))
	for _, l := range lost {
		if _, open := w.open[l.id]; open && !l.fileStands {
			w.vanished = append(w.vanished, l) // perhaps the other half of a rename is still to come
			continue
		}
		w.gone(ctx, l.asked, l.fileStands)
	}
	if len(fresh) == 0 || ctx.Err() != nil {
		w.starting = w.starting && len(w.again) > 0
		return
	}
	if err := w.ask(ctx, fresh); err != nil {
		for _, f := range fresh {
			if _, known := w.comments[f.path][f.comment]; !known {
				w.again[f.path] = true
				w.once(fmt.Sprintf("%s:%d: %s  -> no job yet; it is tried again", oneLine(f.path), f.req.Line, title(f.text)))
			}
		}
		w.fail(ctx, err)
		return
	}
	clear(w.said)
	w.starting = false
}

// wanted is a request that is new.
type wanted struct {
	path string
	comment
	req watch.Request
}

// lostOne is a request that does not stand in its file any more.
type lostOne struct {
	comment
	asked
	fileStands bool
}

// away returns what stood in files that are no more, and may stand in another by now: what
// vanished earlier, and, where we hear of the new name first, what is yet to be heard of.
func (w *watcher) away(fresh []wanted) (lost []lostOne) {
	lost, w.vanished = w.vanished, nil
	for _, f := range fresh {
		for p, known := range w.comments {
			if _, same := known[f.comment]; !same || p == f.path {
				continue
			}
			if _, err := os.Lstat(filepath.Join(w.root, filepath.FromSlash(p))); errors.Is(err, os.ErrNotExist) {
				_, l := w.compare(p)
				lost = append(lost, l...)
			}
		}
	}
	return lost
}

// moved recognizes the requests of a file that has another name now: they are no new
// ones, and their jobs go on.
func (w *watcher) moved(fresh []wanted, lost []lostOne) ([]wanted, []lostOne) {
	fresh = slices.DeleteFunc(fresh, func(f wanted) bool {
		i := slices.IndexFunc(lost, func(l lostOne) bool { return !l.fileStands && l.comment == f.comment })
		if i < 0 {
			return false
		}
		a := lost[i].asked
		lost = slices.Delete(lost, i, i+1)
		a.path, a.line = f.path, f.req.Line
		w.note(f, a)
		if _, open := w.open[a.id]; open {
			w.open[a.id] = a
		}
		return true
	})
	return fresh, lost
}

// compare finds what is new in a file, and what is gone from it, which it forgets.
func (w *watcher) compare(p string) (fresh []wanted, lost []lostOne) {
	content, err := readWatched(filepath.Join(w.root, filepath.FromSlash(p)))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, nil // a directory, a link, something large
	}
	now := map[comment]watch.Request{}
	for _, c := range numbered(watch.Find(p, content, w.word)) {
		now[c.comment] = c.req
		if known, is := w.comments[p][c.comment]; !is {
			c.path = p
			fresh = append(fresh, c)
		} else if known.line = c.req.Line; known.id != 0 {
			w.comments[p][c.comment] = known
		}
	}
	maps.DeleteFunc(w.unstaged[p], func(c comment, _ bool) bool { _, stands := now[c]; return !stands })
	for c, a := range w.comments[p] {
		if _, stands := now[c]; !stands {
			delete(w.comments[p], c)
			lost = append(lost, lostOne{comment: c, asked: a, fileStands: err == nil})
		}
	}
	return fresh, lost
}

// numbered tells apart what says the same.
func numbered(reqs []watch.Request) []wanted {
	seen := map[comment]int{}
	var all []wanted
	for _, r := range reqs {
		c := comment{kind: r.Kind, text: r.Text}
		seen[c]++
		c.nth = seen[comment{kind: r.Kind, text: r.Text}]
		all = append(all, wanted{comment: c, req: r})
	}
	return all
}

// readWatched reads a regular file of a size that a person would write.
func readWatched(name string) ([]byte, error) {
	info, err := os.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxWatched {
		return nil, errors.ErrUnsupported
	}
	return os.ReadFile(name)
}

// gone cancels the job of a comment that was taken out, or written anew, while it is
// not done. Switching to another commit is no wish of that kind.
func (w *watcher) gone(ctx context.Context, a asked, fileStands bool) {
	if _, open := w.open[a.id]; !open || !fileStands {
		return
	}
	r, err := w.tree(ctx)
	if err != nil {
		return
	}
	if head, err := r.Resolve(ctx, "HEAD"); err != nil || head != a.head {
		return
	}
	job, err := w.jobs.Job(ctx, a.id)
	if err != nil || job.State == agent.Done {
		return
	}
	if _, err = w.jobs.Change(ctx, a.id, agent.Change{Op: agent.OpCancel, By: w.spec.Origin.User}); err != nil {
		w.fail(ctx, err)
		return
	}
	w.canceled[a.id] = true
	w.tell(fmt.Sprintf("job %s canceled: its comment is gone from %s", a.id, oneLine(a.path)))
	delete(w.open, a.id)
}

// follow tells of a job that ended.
func (w *watcher) follow(ctx context.Context, id agent.ID) {
	a, ours := w.open[id]
	if !ours {
		return
	}
	job, err := w.jobs.Job(ctx, id)
	switch {
	case agent.CodeOf(err) == agent.NotFound:
		delete(w.open, id)
	case err == nil && job.State == agent.Done:
		delete(w.open, id)
		w.done(ctx, a, job)
	}
}
