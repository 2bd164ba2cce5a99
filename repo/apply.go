package repo

import (
	"context"
	"errors"

	"codeagent.dev/agent"
)

// Apply says which result to bring into a person's work tree, and how.
type Apply struct {
	ID     string // "<job>-<delivery>", never used before
	Base   string // what the result was made from
	Commit string // the result

	ThreeWay bool     // merge with what the person changed in the same files
	Index    bool     // stage the same paths
	Paths    []string // only these files and directories of the result

	Check bool // change and record nothing, only find out whether it could be done
}

// Applied is what Apply did.
type Applied struct {
	ID    string
	Files []AppliedFile // by path
}

// AppliedFile is one file of the result.
type AppliedFile struct {
	Path string // slash-separated, from the top of the work tree
	Op   string // "add", "modify" or "delete"
	How  string // "written", "merged", or "already": it was as in the result before
}

// ErrAlreadyApplied says that every file is as in the result; there is nothing to do
// and nothing to undo.
var ErrAlreadyApplied = errors.New("the result is applied already: every file is as in it")

// Apply brings the difference between Base and Commit into the work tree, completely
// or not at all: after an error every file is as it was. Neither HEAD nor, without
// Index, the index is touched, and nothing else in the person's git directory. The
// delivery is recorded under ID, for Undo.
//
// What a file is, is what git says: after filters and line-end conversion. A file
// that is as in the base becomes that of the result; one that is as in the result
// already is left alone; any other is in the way.
//
// Blocked: files are in the way; the error wraps an *ObstacleError. WrongState: it is
// applied already (wraps ErrAlreadyApplied), or ID has been used. NotFound: a commit
// does not exist. Invalid: the request makes no sense.
//
// A delivery that was cut off by a crash is put right first.
func (r *Repo) Apply(ctx context.Context, a Apply) (Applied, error) {
	d, err := r.delivery(a.ID)
	if err != nil {
		return Applied{}, err
	}
	for _, commit := range []string{a.Base, a.Commit} {
		if !agent.IsCommitID(commit) {
			return Applied{}, agent.Errorf(agent.Invalid, "%q is no full commit id", commit)
		}
	}
	if err := d.takeLock(ctx); err != nil {
		return Applied{}, err
	}
	defer d.lock.release()
	changes, err := r.changes(ctx, a.Base, a.Commit)
	if err != nil {
		return Applied{}, err
	}
	if len(changes) == 0 {
		return Applied{}, agent.Errorf(agent.WrongState, "the result changes no file: %w", ErrAlreadyApplied)
	}
	if changes, err = onlyPaths(changes, a.Paths); err != nil {
		return Applied{}, err
	}
	if err := checkPaths(changes); err != nil {
		return Applied{}, err
	}
	if err := d.begin(); err != nil {
		return Applied{}, err
	}
	applied, err := d.apply(ctx, a, changes)
	if (err != nil || a.Check) && d.journal.State == "" { // nothing was begun: nothing to keep
		err = errors.Join(err, d.forget())
	}
	return applied, err
}

// apply does the work of Apply for a delivery whose directory is there.
func (d *delivery) apply(ctx context.Context, a Apply, changes []treeChange) (Applied, error) {
	plan, err := d.plan(ctx, a, changes)
	if err != nil {
		return Applied{}, err
	}
	if len(plan.files) == 0 && len(plan.staged) == 0 {
		return Applied{}, agent.Errorf(agent.WrongState, "%w", ErrAlreadyApplied)
	}
	if a.Check {
		return plan.applied, nil
	}
	d.journal.How, d.journal.Base, d.journal.Commit = "apply", a.Base, a.Commit
	if err := d.record(ctx, plan); err != nil {
		return Applied{}, err
	}
	d.lend = func(ctx context.Context) error { return plan.scratch.lend(ctx, plan.staged, d.lock) }
	if err := d.write("journal.applied", stateApplied); err != nil {
		d.journal.State = ""
		return Applied{}, err
	}
	if err := d.save(stateApplying); err != nil {
		return Applied{}, errors.Join(err, d.wayBack(ctx))
	}
	err = d.change(ctx)
	if err == nil {
		err = d.finish("journal.applied", stateApplied)
	}
	if err != nil {
		return Applied{}, errors.Join(err, d.wayBack(ctx))
	}
	return plan.applied, nil
}

// change brings files and index to what they are after the delivery.
func (d *delivery) change(ctx context.Context) error {
	obstacles, err := d.settleIndex(ctx, after, true)
	if err != nil {
		return err
	}
	if len(obstacles) > 0 {
		return agent.Errorf(agent.Blocked, "%w", &ObstacleError{Files: obstacles})
	}
	if err := d.settle(ctx, after); err != nil {
		return err
	}
	if d.lend != nil {
		if err := d.lend(ctx); err != nil {
			return err
		}
	}
	obstacles, err = d.settleIndex(ctx, after, false)
	if err == nil && len(obstacles) > 0 {
		err = agent.Errorf(agent.Blocked, "%w", &ObstacleError{Files: obstacles})
	}
	return err
}

// wayBack undoes a delivery that failed half-way and removes its record. When even
// that fails, the record stays and the next delivery tries again.
func (d *delivery) wayBack(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx) // also when the person pressed ^C
	if err := d.reverse(ctx); err != nil {
		return agent.Errorf(agent.Internal, "and the work tree could not be brought back, what it was is in %s: %w", d.dir, err)
	}
	d.dropTemps()
	return d.forget()
}

// reverse brings files, then index, to what they were before the delivery. It
// changes nothing when one of them has been changed since.
func (d *delivery) reverse(ctx context.Context) error {
	obstacles, err := d.settleIndex(ctx, before, true)
	if err != nil {
		return err
	}
	if len(obstacles) > 0 {
		return agent.Errorf(agent.Blocked, "%w", &ObstacleError{Files: obstacles})
	}
	if err := d.settle(ctx, before); err != nil {
		return err
	}
	_, err = d.settleIndex(ctx, before, false)
	return err
}
