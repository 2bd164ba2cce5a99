package repo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"codeagent.dev/agent"
)

// poolTree is one work tree of a pool:
//
//	<n>/agent-owned  the marker without which nothing is deleted
//	<n>/state        treeState, as JSON
//	<n>/own/         what our own gits keep of it, beside the mirror: HEAD and index
//	<n>/tree/        the files
//	<n>/tree/.git/   the repository of the commands that run there
//
// The two know nothing of each other: whatever a command does to its repository, none
// of our gits reads it, and nothing of it is there for the next holder.
type poolTree struct {
	pool   *treePool
	number int
	dir    string
	held   *fileLock
	state  treeState
}

// treeState is what is known of a tree between two uses.
type treeState struct {
	Mirror string    `json:"mirror"`
	Commit string    `json:"commit"` // what the index and the tracked files were made from
	Clean  bool      `json:"clean"`  // given back in order; nothing untracked is left
	Used   time.Time `json:"used"`   // last taken or given back
}

func readTreeState(dir string) (treeState, error) {
	var state treeState
	data, err := os.ReadFile(filepath.Join(dir, "state"))
	if err != nil {
		return state, err
	}
	err = json.Unmarshal(data, &state)
	return state, err
}

// note records the state. A tree must be known as dirty, on disk, before anything
// happens in it; that it is clean may be forgotten, which costs a cleaning.
func (t *poolTree) note(clean bool) error {
	t.state.Clean, t.state.Used = clean, time.Now().UTC()
	data, err := json.Marshal(t.state)
	if err != nil {
		return err
	}
	if err := replaceFile(filepath.Join(t.dir, "state"), data); err != nil || clean {
		return err
	}
	return syncDir(t.dir)
}

func (t *poolTree) files() string { return filepath.Join(t.dir, "tree") }
func (t *poolTree) own() string   { return filepath.Join(t.dir, "own") }
func (t *poolTree) index() string { return filepath.Join(t.own(), "index") }

func (t *poolTree) lock() error {
	held, err := tryFileLock(filepath.Join(t.pool.dir, strconv.Itoa(t.number)+".lock"))
	t.held = held
	return err
}

func (t *poolTree) unlock() error {
	if t.held == nil {
		return nil
	}
	held := t.held
	t.held = nil
	return held.release()
}

// prepare makes the directory of a new tree. A directory that a process left behind
// in just that moment is empty and taken over; any other is not ours.
func (t *poolTree) prepare() error {
	if checkOwned(t.pool.dir, t.dir) == nil {
		return nil // made by another process since we looked, and given back
	}
	if err := os.Remove(t.dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Mkdir(t.dir, 0o700); err != nil {
		return err
	}
	return markOwned(t.dir)
}

// become makes the files those of commit and nothing else, and a new repository for
// commands. A tree that is broken is made anew.
func (t *poolTree) become(ctx context.Context, commit string, conversion []setting) error {
	err := t.reuse(ctx, commit)
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		err = t.renew(ctx, commit)
	}
	if err != nil {
		return err
	}
	return t.lend(conversion)
}

// renew makes a tree from nothing.
func (t *poolTree) renew(ctx context.Context, commit string) error {
	if err := t.discard(); err != nil {
		return err
	}
	if err := t.prepare(); err != nil {
		return err
	}
	if err := os.Mkdir(t.files(), 0o777); err != nil { // as git makes directories
		return err
	}
	if err := os.Mkdir(t.own(), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(t.own(), "HEAD"), []byte(commit+"\n"), 0o600); err != nil {
		return err
	}
	t.state = treeState{Mirror: t.pool.mirror}
	return t.checkout(ctx, commit)
}

// reuse is become for a tree that is there and in order.
func (t *poolTree) reuse(ctx context.Context, commit string) error {
	if err := t.inspect(); err != nil {
		return err
	}
	if !t.state.Clean {
		if err := t.clean(ctx); err != nil {
			return err
		}
	}
	return t.checkout(ctx, commit)
}

// inspect reads the state and looks for signs that the tree is not what it says.
func (t *poolTree) inspect() (err error) {
	if err := checkOwned(t.pool.dir, t.dir); err != nil {
		return err
	}
	if t.state, err = readTreeState(t.dir); err != nil {
		return err
	}
	if t.state.Mirror != t.pool.mirror {
		return fmt.Errorf("%s belongs to %s", t.dir, t.state.Mirror)
	}
	for _, dir := range []string{t.files(), t.own()} {
		if info, err := os.Lstat(dir); err != nil || !info.IsDir() {
			return fmt.Errorf("%s is no directory", dir)
		}
	}
	if _, err := os.Lstat(t.index() + ".lock"); err == nil {
		return fmt.Errorf("%s was left in the middle of a checkout", t.dir)
	}
	return nil
}

// checkout switches files and index to commit.
func (t *poolTree) checkout(ctx context.Context, commit string) error {
	t.state.Commit = commit
	if err := t.note(false); err != nil {
		return err
	}
	if _, err := t.git("checkout", "--force", "--detach", "--quiet", commit).output(ctx); err != nil {
		if ctx.Err() != nil {
			os.Remove(t.index() + ".lock") // of the git that we ourselves have just ended
		}
		return err
	}
	return nil
}

// giveBack cleans the tree up and frees it. One that cannot be cleaned is given up.
func (t *poolTree) giveBack(ctx context.Context) error {
	err := t.inspect() // the command may have put a link in the tree's place
	if err == nil {
		err = t.clean(ctx)
	}
	if err == nil {
		err = t.note(true)
	}
	if err != nil && ctx.Err() == nil {
		err = t.discard()
	}
	if err = errors.Join(err, t.unlock()); err != nil {
		return err
	}
	t.pool.shrink()
	return nil
}

// clean removes everything that commit does not have, and the commands' repository.
// What the commit has and was changed is left to the next checkout.
func (t *poolTree) clean(ctx context.Context) error {
	if err := removeAll(t.lent()); err != nil {
		return err
	}
	if err := t.removeStrays(); err != nil {
		return err
	}
	if _, err := t.git("clean", "-ffdxq").output(ctx); err != nil {
		if ctx.Err() != nil {
			return err
		}
		if err := makeWritable(t.files()); err != nil {
			return err
		}
		if _, err := t.git("clean", "-ffdxq").output(ctx); err != nil {
			return err
		}
	}
	return t.restoreTracked(ctx)
}

// removeStrays removes what is not of the tree itself: what a result was being made
// with, and the unfinished files of a process that was killed.
func (t *poolTree) removeStrays() error {
	entries, err := os.ReadDir(t.dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		switch entry.Name() {
		case ownedName, "state", "own", "tree":
			continue
		}
		if err := removeAll(filepath.Join(t.dir, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// discard takes the tree out of the pool and deletes it in the background.
func (t *poolTree) discard() error {
	// A process killed before it had marked its new directory left it empty.
	if err := os.Remove(t.dir); err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := checkOwned(t.pool.dir, t.dir); err != nil {
		return agent.Errorf(agent.Internal, "work tree is broken and not ours to delete: %w", err)
	}
	trash := filepath.Join(t.pool.dir, trashPrefix+strconv.Itoa(t.number)+"-"+strconv.FormatInt(time.Now().UnixNano(), 36))
	if err := os.Rename(t.dir, trash); err != nil {
		return err
	}
	t.state = treeState{}
	t.pool.removals.Go(func() { _ = removeOwned(t.pool.dir, trash) }) // what fails is swept later
	return nil
}
