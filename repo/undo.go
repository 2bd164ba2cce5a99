package repo

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"codeagent.dev/agent"
)

// Undo reverses a delivery exactly: contents, modes, index entries, the branch. It
// does so completely or not at all.
//
// Blocked: something that was delivered has been changed since; the error wraps an
// *ObstacleError when it is about files. WrongState: it is undone already. NotFound:
// there is no such delivery. Invalid: it went to another repository.
func (r *Repo) Undo(ctx context.Context, id string) error {
	d, err := r.delivery(id)
	if err != nil {
		return err
	}
	if err := d.takeLock(ctx); err != nil {
		return err
	}
	defer d.lock.release()
	if err := d.load(); errors.Is(err, fs.ErrNotExist) {
		return agent.Errorf(agent.NotFound, "there is no delivery %s", id).WithHint("agent show " + jobOf(id))
	} else if err != nil {
		return err
	}
	if err := d.check(); err != nil {
		return err
	}
	d.journal.Undone = time.Now().UTC()
	if d.journal.How == "branch" {
		return d.undoBranch(ctx)
	}
	return d.undoFiles(ctx)
}

// jobOf is the job a delivery id names.
func jobOf(id string) string {
	job, _, _ := strings.Cut(id, "-")
	return job
}

// check refuses a delivery that cannot be undone from here.
func (d *delivery) check() error {
	j := &d.journal
	switch {
	case j.State == stateUndone:
		return agent.Errorf(agent.WrongState, "delivery %s is undone already", j.ID)
	case string(j.Repo) != d.repo.found.commonDir:
		return agent.Errorf(agent.Invalid, "delivery %s went to another repository, %s", j.ID, j.Repo).WithHint("agent -C " + quote(string(j.Root)) + " undo " + j.ID)
	case j.How == "apply" && string(j.Root) != d.repo.found.root:
		return agent.Errorf(agent.Invalid, "delivery %s went to another work tree, %s", j.ID, j.Root).WithHint("agent -C " + quote(string(j.Root)) + " undo " + j.ID)
	}
	return nil
}

// undoFiles is Undo for a delivery into the work tree.
func (d *delivery) undoFiles(ctx context.Context) error {
	if err := d.undoable(ctx); err != nil {
		return err
	}
	if err := d.keepNew(); err != nil {
		return err
	}
	state := d.journal.State
	if err := d.write("journal.undone", stateUndone); err != nil {
		return err
	}
	if err := d.setOpen(); err != nil {
		return err
	}
	err := d.save(stateUndoing)
	if err == nil {
		err = d.reverse(ctx)
	}
	if err == nil {
		err = d.finish("journal.undone", stateUndone)
	}
	if err != nil {
		return errors.Join(err, d.stay(context.WithoutCancel(ctx), state))
	}
	return nil
}

// stay goes back to what the delivery had made, after an undoing failed half-way.
func (d *delivery) stay(ctx context.Context, state string) error {
	if err := d.change(ctx); err != nil {
		return agent.Errorf(agent.Internal, "and what was delivered could not be kept either: %w", err)
	}
	d.journal.Undone = time.Time{}
	if err := d.write("journal.applied", state); err != nil {
		return err
	}
	return d.finish("journal.applied", state)
}

// undoable looks at everything the delivery changed and lists what has been changed
// since.
func (d *delivery) undoable(ctx context.Context) error {
	root, err := os.OpenRoot(string(d.journal.Root))
	if err != nil {
		return agent.Errorf(agent.NotFound, "work tree: %w", err)
	}
	defer root.Close()
	_, obstacles, err := d.moves(root, before)
	if err != nil {
		return err
	}
	staged, err := d.settleIndex(ctx, before, true)
	if err != nil {
		return err
	}
	if obstacles = append(obstacles, staged...); len(obstacles) > 0 {
		return agent.Errorf(agent.Blocked, "delivery %s cannot be undone: %w", d.journal.ID, &ObstacleError{Files: obstacles}).
			WithHint("git diff shows what changed since; bring these files back and try again")
	}
	return nil
}

// keepNew copies what the delivery made, for the case that the undoing fails. Files
// that the person has brought back already stay that way then.
func (d *delivery) keepNew() error {
	root, err := os.OpenRoot(string(d.journal.Root))
	if err != nil {
		return err
	}
	defer root.Close()
	dir := filepath.Join(d.dir, "new")
	if err := removeAll(dir); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	d.stays = map[int]bool{}
	for i, f := range d.journal.Files {
		have, _, err := lookAt(root, string(f.Path))
		if err != nil {
			return err
		}
		if d.stays[i] = have.same(f.Old); d.stays[i] || have.Kind != kindFile {
			continue
		}
		from, err := root.Open(filepath.FromSlash(string(f.Path)))
		if err != nil {
			return err
		}
		to, err := os.OpenFile(filepath.Join(dir, strconv.Itoa(i)), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil {
			err = copyDurably(from, to)
		}
		if err = errors.Join(err, from.Close()); err != nil {
			return err
		}
	}
	return nil
}

// repair puts right what was cut off. The caller holds the lock, so nothing is under
// way in this repository: what says so was left by a crash.
func (r *Repo) repair(ctx context.Context, lock *fileLock) error {
	entries, err := os.ReadDir(filepath.Join(r.mirror.dir, "open"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		d, err := r.delivery(e.Name())
		if err != nil {
			continue // not a file of ours
		}
		d.lock = lock
		if err := d.repair(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (d *delivery) repair(ctx context.Context) error {
	id := d.journal.ID
	if err := d.load(); errors.Is(err, fs.ErrNotExist) {
		return d.forget() // cut off before anything was touched
	} else if err != nil {
		return err
	}
	if d.journal.State != stateApplying && d.journal.State != stateUndoing {
		d.dropTemps()
		return os.Remove(d.open)
	}
	err := d.bringBack(ctx)
	if agent.CodeOf(err) == agent.Blocked || agent.CodeOf(err) == agent.NotFound {
		d.dropTemps()
		if err := errors.Join(d.save(stateStuck), os.Remove(d.open)); err != nil {
			return err
		}
		return agent.Errorf(agent.Blocked, "delivery %s was cut off and cannot be put right, what was there before is in %s: %w",
			id, filepath.Join(d.dir, "old"), err).WithHint("agent undo " + id + " tries again; any other delivery goes on")
	}
	if err != nil {
		return err
	}
	if d.journal.State == stateApplying {
		d.dropTemps()
		return d.forget()
	}
	if err := d.write("journal.undone", stateUndone); err != nil {
		return err
	}
	return d.finish("journal.undone", stateUndone)
}

// bringBack reverses a delivery that was cut off, in the work tree it went to.
func (d *delivery) bringBack(ctx context.Context) error {
	if d.journal.How == "branch" {
		return d.dropBranch(ctx)
	}
	if root := string(d.journal.Root); root != d.repo.found.root {
		there, err := d.repo.set.Open(ctx, root)
		if err != nil {
			return agent.Errorf(agent.NotFound, "work tree %s: %w", root, err)
		}
		d.repo = there
	}
	return d.reverse(ctx)
}
