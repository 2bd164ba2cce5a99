package disk

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// StuckError says that a change failed and could not be put back completely.
type StuckError struct {
	Left []string // files that are neither put back nor as the change would leave them
	Err  error    // why it failed, and why it could not be put back
}

// Error implements error.
func (e *StuckError) Error() string {
	text := e.Err.Error()
	if len(e.Left) > 0 {
		var names []string
		for _, name := range e.Left {
			names = append(names, shown(name))
		}
		text += "; changed by somebody else, and so not put back: " + strings.Join(names, ", ")
	}
	return text
}

// Unwrap implements the interface of package errors.
func (e *StuckError) Unwrap() error { return e.Err }

func stuck(err error, left []string, backErr error) error {
	if len(left) == 0 && backErr == nil {
		return err
	}
	if backErr != nil {
		err = fmt.Errorf("%w; putting the files back failed, too: %w", err, backErr)
	}
	return &StuckError{left, err}
}

// Recovered is what was found of a change that was cut off.
type Recovered struct {
	Back []string // files that were put back
	Left []string // files that were changed since, and so left alone; beside them lies what stood there, in a name that ends in .old~
}

// Pending reports whether a change to the tree was cut off.
func (t *Tree) Pending() (bool, error) {
	for _, name := range []string{underWay, done} {
		if p, err := t.load(name); err != nil || p != nil {
			return p != nil, err
		}
	}
	return false, nil
}

// Recover puts a change right that was cut off, by a kill or a crash: back to what was
// before it, or, if it was complete, only its temporary files are removed.
func (t *Tree) Recover() (Recovered, error) {
	os.Remove(t.journalPath(unsaved)) // cut off before anything else was begun
	p, err := t.load(done)
	if err != nil {
		return Recovered{}, err
	}
	if p != nil {
		if err := t.tidy(p); err != nil {
			return Recovered{}, err
		}
	}
	if p, err = t.load(underWay); err != nil || p == nil {
		return Recovered{}, err
	}
	back, left, err := t.putBack(p)
	return Recovered{back, left}, err
}

// tidy removes what a complete change leaves lying.
func (t *Tree) tidy(p *plan) error {
	if err := t.dropTemps(p, nil); err != nil {
		return err
	}
	_ = t.prune(p, func(string) bool { return true }) // others' files may lie in them
	return t.forget(done)
}

// dropTemps removes the temporary files, but for the second names of some paths.
func (t *Tree) dropTemps(p *plan, keep []string) error {
	var errs []error
	for _, s := range p.Steps {
		for _, name := range []raw{s.New, s.Old} {
			if name == "" || name == s.Old && slices.Contains(keep, string(s.Path)) {
				continue
			}
			if err := t.remove(string(name)); err != nil && !isAbsent(err) {
				errs = append(errs, fmt.Errorf("%s cannot be removed: %w", shown(string(name)), cause(err)))
			}
		}
	}
	return errors.Join(errs...)
}

// putBack makes everything as it was. It goes as far as it can: back are the files that
// were put back, left those that somebody else has changed. After an error the journal
// stays, so that it can be tried again.
func (t *Tree) putBack(p *plan) (back, left []string, err error) {
	var restore []*step
	var errs []error
	for i := range p.Steps {
		s := &p.Steps[i]
		if p.ours && !s.touched {
			continue
		}
		switch now, err := t.standing(p, s); {
		case err != nil:
			errs = append(errs, fmt.Errorf("%s cannot be read: %w", shown(string(s.Path)), cause(err)))
		case now == theirs:
			left = append(left, string(s.Path))
		case now == replaced && s.From.Kind == absent:
			back = append(back, string(s.Path))
			if err := t.remove(string(s.Path)); err != nil {
				errs = append(errs, fmt.Errorf("%s cannot be removed: %w", shown(string(s.Path)), cause(err)))
			}
		case now == replaced:
			back = append(back, string(s.Path))
			restore = append(restore, s)
		}
	}
	errs = append(errs, t.putBackDirs(p, restore))
	if err := errors.Join(errs...); err != nil {
		return back, left, err
	}
	if err := t.dropTemps(p, left); err != nil {
		return back, left, err
	}
	return back, left, t.forget(underWay)
}

// putBackDirs removes the directories that were made, makes those that were removed, and
// restores the old files.
func (t *Tree) putBackDirs(p *plan, restore []*step) error {
	for _, d := range slices.Backward(p.NewDirs) {
		_ = t.removeDir(string(d)) // others' files may lie in it
	}
	var errs []error
	for _, s := range restore {
		if err := t.restore(p, s); err != nil {
			errs = append(errs, fmt.Errorf("%s cannot be put back: %w", shown(string(s.Path)), cause(err)))
		}
	}
	for _, d := range p.OldDirs {
		if have, err := look(t.root, string(d.Path)); err == nil && have.Kind == absent && linkAbove(t.root, string(d.Path)) == "" {
			errs = append(errs, t.makeDirs(p, string(d.Path)+"/x"))
		}
	}
	errs = append(errs, t.syncDirs(p, func(s *step) []string { return append(ancestors(string(s.Path)), ".") }))
	return errors.Join(errs...)
}

// standing says what stands at the path of a step.
func (t *Tree) standing(p *plan, s *step) (standing, error) {
	have, err := look(t.root, string(s.Path))
	switch {
	case err != nil:
		return theirs, err
	case have.unlike(s.From) == "", have.Kind == other && s.From.Kind == absent && s.To.Kind != absent:
		return untouched, nil
	case have.unlike(s.To) == "", have.Kind == other && slices.Contains(p.NewDirs, s.Path):
		return replaced, nil
	case have.Kind == regular && s.Old != "" && t.sameFile(string(s.Path), string(s.Old)):
		return untouched, nil // written to since, in place: no business of ours
	}
	return theirs, nil
}

// sameFile reports whether two paths name one file.
func (t *Tree) sameFile(a, b string) bool {
	one, err := t.root.Lstat(filepath.FromSlash(a))
	two, err2 := t.root.Lstat(filepath.FromSlash(b))
	return err == nil && err2 == nil && os.SameFile(one, two)
}

// standing is what stands at a path that a change was to replace.
type standing int

const (
	untouched standing = iota // what stood there before
	replaced                  // what the change put there
	theirs                    // what somebody else put there since
)

// restore brings the old file back to its path.
func (t *Tree) restore(p *plan, s *step) error {
	if err := t.makeDirs(p, string(s.Path)); err != nil {
		return err
	}
	if s.From.Kind == regular {
		have, err := look(t.root, string(s.Old))
		if err == nil && have.unlike(s.From) != "" {
			err = fmt.Errorf("%s was %s", shown(string(s.Old)), have.unlike(s.From))
		}
		if err != nil {
			return err
		}
		return t.rename(string(s.Old), string(s.Path))
	}
	_ = t.remove(string(s.New))
	if s.To.Kind == absent {
		return t.symlink(string(s.From.Target), string(s.Path))
	}
	if err := t.symlink(string(s.From.Target), string(s.New)); err != nil {
		return err
	}
	return t.rename(string(s.New), string(s.Path))
}
