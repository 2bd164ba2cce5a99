package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/patch"
	"codeagent.dev/agent/repo"
	"codeagent.dev/agent/tui"
	"codeagent.dev/agent/watch"
)

// ask makes jobs of new requests. All start from one capture of the working tree.
func (w *watcher) ask(ctx context.Context, fresh []wanted) error {
	r, err := w.tree(ctx)
	if err != nil {
		return err
	}
	if !w.allowed(ctx, r) {
		return nil
	}
	fresh, err = w.wishes(ctx, r, fresh)
	if err != nil || len(fresh) == 0 {
		return err
	}
	c, err := r.Capture(ctx)
	if err != nil {
		return err
	}
	for _, f := range fresh {
		if err := w.submit(ctx, r, c, f); err != nil {
			return err
		}
	}
	return nil
}

// wishes leaves out what no person has just written: comments that git put into the
// files, and those that a delivered result brought along. It is an error while git is at
// it: of what it has written by then neither the index nor HEAD knows.
func (w *watcher) wishes(ctx context.Context, r *repo.Repo, fresh []wanted) ([]wanted, error) {
	if err := unlocked(ctx, r); err != nil {
		return nil, err
	}
	heads, err := r.Heads(ctx)
	if err != nil {
		return nil, err
	}
	delivered, err := r.Delivered()
	if err != nil {
		return nil, err
	}
	var wishes []wanted
	for _, f := range fresh {
		why := ""
		switch staged, err := w.staged(ctx, r, f); {
		case err != nil:
			return nil, err
		case w.standsIn(ctx, r, heads[0], f):
			why = "it is committed as it stands"
		case slices.ContainsFunc(heads[1:], func(c string) bool { return w.standsIn(ctx, r, c, f) }):
			why = "what is being merged has it"
		case slices.ContainsFunc(delivered, func(c string) bool { return w.brought(ctx, r, c, f) }):
			why = "a result that was applied brought it along"
		case staged == conflicting:
			w.again[f.path] = true // once the person has resolved it
			continue
		case staged == added && !w.unstaged[f.path][f.comment]:
			why = "it was staged before it was seen in the file"
		}
		if why != "" {
			w.note(f, asked{path: f.path})
			w.tell(fmt.Sprintf("%s:%d: left alone, %s: %s", oneLine(f.path), f.req.Line, why, title(f.text)))
			continue
		}
		w.seen(f)
		wishes = append(wishes, f)
	}
	return wishes, nil
}

// unlocked gives a git that is at work, as one that only looks at the state of the tree,
// a moment to end.
func unlocked(ctx context.Context, r *repo.Repo) error {
	for left := 20; ; left-- {
		err := r.Unlocked()
		if err == nil || left == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(25 * time.Millisecond):
		}
	}
}

// staging is how the index stands to a request.
type staging int

const (
	unknown     staging = iota // the index does not have it
	added                      // it has it: by the person, or by git
	conflicting                // git has left its marks in the file, and half comments between them
)

// staged compares a request with the index, which git writes before it moves HEAD, and
// also where it moves none, as in "git checkout BRANCH -- FILE". In an unmerged file the
// same words may stand once more, from the other side.
func (w *watcher) staged(ctx context.Context, r *repo.Repo, f wanted) (staging, error) {
	contents, unmerged, err := r.Staged(ctx, f.path)
	if err != nil {
		return unknown, err
	}
	for _, content := range contents {
		for _, c := range numbered(watch.Find(f.path, content, w.word)) {
			if c.comment == f.comment || unmerged && c.kind == f.kind && c.text == f.text {
				return added, nil
			}
		}
	}
	if unmerged {
		content, err := readWatched(filepath.Join(w.root, filepath.FromSlash(f.path)))
		if err != nil || bytes.HasPrefix(content, []byte(conflictMark)) || bytes.Contains(content, []byte("\n"+conflictMark)) {
			return conflicting, nil
		}
	}
	return unknown, nil
}

const conflictMark = "<<<<<<<"

// seen remembers that a request stood in its file before it was staged.
func (w *watcher) seen(f wanted) {
	if w.unstaged[f.path] == nil {
		w.unstaged[f.path] = map[comment]bool{}
	}
	w.unstaged[f.path][f.comment] = true
}

// brought reports whether a result has the request, and what it was made from had not.
func (w *watcher) brought(ctx context.Context, r *repo.Repo, result string, f wanted) bool {
	if !w.standsIn(ctx, r, result, f) {
		return false
	}
	about, err := r.About(ctx, result)
	if err != nil {
		return true
	}
	return !slices.ContainsFunc(about.Parents, func(c string) bool { return w.standsIn(ctx, r, c, f) })
}

// standsIn reports whether a commit has the request in the same file.
func (w *watcher) standsIn(ctx context.Context, r *repo.Repo, commit string, f wanted) bool {
	_, _, err := w.findIn(ctx, r, commit, f)
	return err == nil
}

// findIn finds the request as a commit has it: git may have other line ends than the
// working tree.
func (w *watcher) findIn(ctx context.Context, r *repo.Repo, commit string, f wanted) (content []byte, req watch.Request, err error) {
	tree, err := r.Snapshot(ctx, commit)
	if err != nil {
		return nil, req, err
	}
	if content, err = fs.ReadFile(tree, f.path); err != nil {
		return nil, req, err
	}
	for _, c := range numbered(watch.Find(f.path, content, w.word)) {
		if c.comment == f.comment {
			return content, c.req, nil
		}
	}
	return nil, req, fs.ErrNotExist
}

// note remembers a request for as long as it stands in its file.
func (w *watcher) note(f wanted, a asked) {
	if w.comments[f.path] == nil {
		w.comments[f.path] = map[comment]asked{}
	}
	w.comments[f.path][f.comment] = a
}

// submit makes one job. Its base is the capture, comment included; what the maker gets
// is the same without the comment, so that every result takes the comment out, whatever
// the maker does.
func (w *watcher) submit(ctx context.Context, r *repo.Repo, c repo.Capture, f wanted) error {
	content, req, err := w.findIn(ctx, r, c.Commit, f)
	if err != nil { // saved once more meanwhile: that is told, too
		return nil
	}
	left := watch.Remove(content, req)
	from, err := r.Commit(ctx, repo.Change{
		Base: c.Commit, Author: repo.Captor, Message: "without the comment at " + f.path + "\n",
		Writes: []patch.Write{{Path: f.path, Mode: modeIn(ctx, r, c.Commit, f.path), Data: left}},
	})
	if err != nil {
		return err
	}
	if err := r.KeepCaptured(ctx, from.Commit); err != nil {
		return err
	}
	a := asked{path: f.path, line: req.Line, kind: kind(f.kind), head: c.Head}
	spec := w.spec
	spec.Env = w.env()
	spec.Base, spec.From, spec.Title = c.Commit, from.Commit, title(f.text)
	spec.Key = w.key(f, content)
	spec.Text = words(f, req, left)
	if a.kind.question() {
		spec.Tries, spec.Variants, spec.NoChecks = 1, 1, true
	}
	if f.kind == watch.Now {
		spec.Priority = urgent
	}
	job, err := w.job(ctx, spec)
	if err != nil {
		return err
	}
	a.id = job.ID
	w.note(f, a)
	if job.State == agent.Done { // the same comment in the same file, earlier
		w.tell(fmt.Sprintf("%s: %s  (job %s is that already: %s)", a.place(), title(f.text), job.ID, tui.Words(job.Verdict)))
		return nil
	}
	w.open[job.ID] = a
	w.tell(fmt.Sprintf("%s: %s  -> job %s", a.place(), title(f.text), job.ID))
	return nil
}

// urgent is the priority of a comment that cannot wait: before everything that nobody
// gave one.
const urgent = 10

// job makes a job, or finds the one that the comment has.
func (w *watcher) job(ctx context.Context, spec agent.Spec) (agent.Job, error) {
	if w.starting {
		if job, err := w.earlier(ctx, spec.Key); err != nil || job.ID != 0 {
			return job, err
		}
	}
	key := spec.Key
	for {
		job, err := w.jobs.Submit(ctx, spec)
		if err != nil || job.Verdict != agent.Canceled && !w.canceled[job.ID] {
			return job, err
		}
		// The comment was taken out, and stands there again as it did.
		spec.Key = key + ":" + job.ID.String()
	}
}

// maxEarlier is how many of the working tree's last jobs an earlier watch's are looked for in.
const maxEarlier = 1000

// earlier finds the job that a comment got from an earlier watch: one that is not done,
// whatever became of the rest of the file, or the last one for the same content.
func (w *watcher) earlier(ctx context.Context, key string) (agent.Job, error) {
	jobs, err := w.jobs.List(ctx, agent.Filter{Repo: w.root, Limit: maxEarlier})
	if err != nil {
		return agent.Job{}, err
	}
	where, _, _ := strings.Cut(key, "/")
	same := slices.IndexFunc(jobs, func(j agent.Job) bool {
		return j.State != agent.Done && strings.HasPrefix(j.Spec.Key, where+"/")
	})
	if same < 0 {
		same = slices.IndexFunc(jobs, func(j agent.Job) bool { return j.Spec.Key == key || strings.HasPrefix(j.Spec.Key, key+":") })
	}
	if same < 0 {
		return agent.Job{}, nil
	}
	return jobs[same], nil
}

// key makes the same comment in the same content one job: "watch:COMMENT/CONTENT".
func (w *watcher) key(f wanted, content []byte) string {
	place := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%c%s\x00%d", w.root, f.path, f.kind, f.text, f.nth))
	file := sha256.Sum256(content)
	return "watch:" + hex.EncodeToString(place[:16]) + "/" + hex.EncodeToString(file[:16])
}

func modeIn(ctx context.Context, r *repo.Repo, commit, path string) patch.Mode {
	if tree, err := r.Snapshot(ctx, commit); err == nil {
		if info, err := fs.Stat(tree, path); err == nil && info.Mode()&0o111 != 0 {
			return patch.ModeExec
		}
	}
	return patch.ModeFile
}

const around = 6 // lines shown before and after the place of a comment

// words is what the maker is told.
func words(f wanted, req watch.Request, left []byte) string {
	var b strings.Builder
	if f.kind == watch.Ask {
		fmt.Fprintf(&b, "Answer this question about %s. Make no edits.\n\n%s\n", f.path, f.text)
	} else {
		fmt.Fprintf(&b, "%s\n\nThis was asked for by a comment in %s at line %d. The comment has been taken out of the file already: do not put it back.\n", f.text, f.path, req.Line)
	}
	lines := strings.Split(string(left), "\n")
	first, last := max(req.Line-1-around, 0), min(req.Line-1+around, len(lines))
	if first < last {
		fmt.Fprintf(&b, "\nIt stood at line %d; around it %s reads, from line %d:\n\n", req.Line, f.path, first+1)
		for _, line := range lines[first:last] {
			b.WriteString("    " + strings.TrimRight(line, "\r") + "\n")
		}
	}
	return b.String()
}

// title is a request's first line, short enough for lists.
func title(text string) string {
	line, more, _ := strings.Cut(text, "\n")
	line = tui.Line(line)
	if strings.TrimSpace(line) == "" {
		line = tui.Line(more)
	}
	return tui.Cut(line, 72)
}
