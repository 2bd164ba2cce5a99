package disk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"

	"codeagent.dev/agent/patch"
)

// Write carries out the writes of a patch that was applied to the tree: all of them, or
// it returns an error and nothing has changed. A *ChangedError names a file that is not
// what the patch was applied to. When files could not be put back after a failure the
// error is a *StuckError.
//
// ctx can end it until the first file is replaced.
func (t *Tree) Write(ctx context.Context, writes []patch.Write) error {
	if pending, err := t.Pending(); err != nil || pending {
		return errors.Join(err, errPending)
	}
	p, err := t.plan(writes)
	if err != nil || len(p.Steps) == 0 {
		return err
	}
	if err := t.save(p); err != nil {
		return fmt.Errorf("the journal cannot be written: %w", err)
	}
	err = t.stage(ctx, p)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = t.replace(p)
	}
	if err == nil {
		err = t.accept()
	}
	if err != nil {
		_, left, backErr := t.putBack(p)
		return stuck(err, left, backErr)
	}
	_ = t.tidy(p) // the change is valid; what is left lying Recover removes
	return nil
}

var errPending = errors.New("a change to these files was cut off and has not been put back")

// stage writes every new content beside its target, and gives every file that will be
// replaced a second name.
func (t *Tree) stage(ctx context.Context, p *plan) error {
	for i := range p.Steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		s := &p.Steps[i]
		if err := t.stageNew(s); err != nil {
			return fmt.Errorf("%s cannot be written: %w", shown(string(s.Path)), cause(err))
		}
		if err := t.keepOld(s); err != nil {
			return fmt.Errorf("%s cannot be replaced: %w", shown(string(s.Path)), cause(err))
		}
	}
	return t.syncDirs(p, func(s *step) []string { return []string{path.Dir(string(s.New)), path.Dir(string(s.Old))} })
}

func (t *Tree) stageNew(s *step) error {
	switch s.To.Kind {
	case link:
		return t.symlink(string(s.To.Target), string(s.New))
	case regular:
		perm := os.FileMode(0o600)
		if s.To.AnyPerm {
			perm = s.To.Perm // less what the umask takes
		}
		file, err := t.create(string(s.New), perm)
		if err != nil {
			return err
		}
		_, err = file.Write(s.data)
		if err == nil {
			err = t.sync(file)
		}
		if err == nil && !s.To.AnyPerm {
			err = file.Chmod(s.To.Perm)
		}
		return errors.Join(err, file.Close())
	}
	return nil
}

// keepOld makes the second name, which costs no space and keeps all that is known of the
// file. Where links are not possible it is a copy.
func (t *Tree) keepOld(s *step) error {
	if s.Old == "" {
		return nil
	}
	if err := t.link(string(s.Path), string(s.Old)); err != nil {
		if err := t.copyOld(s); err != nil {
			return err
		}
	}
	have, err := look(t.root, string(s.Old))
	if err != nil {
		return err
	}
	if how := have.unlike(s.From); how != "" {
		return &ChangedError{string(s.Path), how}
	}
	return nil
}

func (t *Tree) copyOld(s *step) error {
	from, err := t.root.Open(filepath.FromSlash(string(s.Path)))
	if err != nil {
		return err
	}
	defer from.Close()
	info, err := from.Stat()
	if err != nil {
		return err
	}
	to, err := t.create(string(s.Old), 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	if err == nil {
		err = to.Chmod(info.Mode().Perm())
	}
	if err == nil {
		err = t.sync(to)
	}
	if err = errors.Join(err, to.Close()); err != nil {
		return err
	}
	return t.root.Chtimes(filepath.FromSlash(string(s.Old)), info.ModTime(), info.ModTime())
}

// replace changes what people see. It compares each file once more before it does.
func (t *Tree) replace(p *plan) error {
	for i := range p.Steps {
		s := &p.Steps[i]
		if s.To.Kind != absent {
			continue
		}
		if err := t.unchanged(s); err != nil {
			return err
		}
		if s.From.Kind == absent {
			continue
		}
		s.touched = true
		if err := t.remove(string(s.Path)); err != nil {
			return fmt.Errorf("%s cannot be deleted: %w", shown(string(s.Path)), cause(err))
		}
	}
	for i := range p.Steps {
		s := &p.Steps[i]
		if s.To.Kind == absent {
			continue
		}
		if isDir(t.root, string(s.Path)) {
			if err := t.prune(p, func(dir string) bool { return dir == string(s.Path) || below(dir, string(s.Path)) }); err != nil {
				return fmt.Errorf("%s cannot take the place of a directory: %w", shown(string(s.Path)), cause(err))
			}
		}
		if err := t.makeDirs(p, string(s.Path)); err != nil {
			return err
		}
		if err := t.unchanged(s); err != nil {
			return err
		}
		s.touched = true
		if err := t.place(s); err != nil {
			return fmt.Errorf("%s cannot be written: %w", shown(string(s.Path)), cause(err))
		}
	}
	return t.syncDirs(p, func(s *step) []string { return append(ancestors(string(s.Path)), ".") })
}

// unchanged compares what stands at the path of a step with what should.
func (t *Tree) unchanged(s *step) error {
	if above := linkAbove(t.root, string(s.Path)); above != "" {
		return &ChangedError{above, "replaced by a symbolic link"}
	}
	have, err := look(t.root, string(s.Path))
	if err != nil {
		return fmt.Errorf("%s cannot be read: %w", shown(string(s.Path)), cause(err))
	}
	if how := have.unlike(s.From); how != "" {
		return &ChangedError{string(s.Path), how}
	}
	return nil
}

// place moves the new content to its path. A file that was not there is linked to the
// path, which cannot replace one that somebody else made this moment.
func (t *Tree) place(s *step) error {
	if s.From.Kind == absent && s.To.Kind == regular {
		switch err := t.link(string(s.New), string(s.Path)); {
		case err == nil:
			return t.remove(string(s.New))
		case errors.Is(err, os.ErrExist):
			return err
		}
	}
	return t.rename(string(s.New), string(s.Path))
}

// makeDirs makes the directories above a path; those that were there get the permissions
// they had.
func (t *Tree) makeDirs(p *plan, name string) error {
	above := ancestors(name)
	slices.Reverse(above)
	for _, d := range above {
		if isDir(t.root, d) {
			continue
		}
		err := t.mkdir(d)
		if i := slices.IndexFunc(p.OldDirs, func(o dir) bool { return string(o.Path) == d }); err == nil && i >= 0 {
			err = t.root.Chmod(filepath.FromSlash(d), p.OldDirs[i].Perm)
		}
		if err != nil {
			return fmt.Errorf("directory %s cannot be made: %w", shown(d), cause(err))
		}
	}
	return nil
}

// prune removes directories that deletes have left empty, as git does: those that which
// says. The error is about those that stay.
func (t *Tree) prune(p *plan, which func(dir string) bool) error {
	var errs []error
	for _, d := range slices.Backward(p.OldDirs) { // what lies deeper comes first
		if which(string(d.Path)) {
			errs = append(errs, t.removeDir(string(d.Path)))
		}
	}
	return errors.Join(errs...)
}

// syncDirs makes names durable, in the directories of each step that of returns.
func (t *Tree) syncDirs(p *plan, of func(*step) []string) error {
	synced := map[string]bool{}
	for i := range p.Steps {
		for _, d := range of(&p.Steps[i]) {
			if synced[d] {
				continue
			}
			synced[d] = true
			if err := t.syncDir(filepath.Join(t.dir, filepath.FromSlash(d))); err != nil && !isAbsent(err) {
				return err
			}
		}
	}
	return nil
}
