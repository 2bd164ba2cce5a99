package disk

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A journal is a plan in a file of home, under one of two names: while the files are
// being changed, and from the moment they are all changed until the temporary files are
// gone. The rename from one to the other is what makes the change valid.
const (
	underWay = ".journal"
	done     = ".done"

	unsaved = ".new" // what will be a journal
)

func (t *Tree) journalPath(name string) string { return filepath.Join(t.home, t.key+name) }

// save writes the journal so that it is on disk, whole, when it returns.
func (t *Tree) save(p *plan) error {
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if err := t.try("save", underWay); err != nil {
		return err
	}
	if err := os.MkdirAll(t.home, 0o700); err != nil {
		return err
	}
	temp := t.journalPath(unsaved)
	file, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err == nil {
		err = t.sync(file)
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(temp, t.journalPath(underWay))
	}
	if err != nil {
		os.Remove(temp)
		return err
	}
	return t.syncDir(t.home)
}

// load reads a journal. None is nil.
func (t *Tree) load(name string) (*plan, error) {
	data, err := os.ReadFile(t.journalPath(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var p plan
	if err := json.Unmarshal(data, &p); err != nil {
		return nil, fmt.Errorf("%s: %w", t.journalPath(name), err)
	}
	if string(p.Root) != t.dir {
		return nil, fmt.Errorf("%s is for another directory, %s", t.journalPath(name), shown(string(p.Root)))
	}
	return &p, nil
}

// accept makes the change valid.
func (t *Tree) accept() error {
	if err := t.try("accept", underWay); err != nil {
		return err
	}
	if err := os.Rename(t.journalPath(underWay), t.journalPath(done)); err != nil {
		return err
	}
	return t.syncDir(t.home)
}

// forget removes a journal: nothing is left to be done.
func (t *Tree) forget(name string) error {
	if err := t.try("forget", name); err != nil {
		return err
	}
	if err := os.Remove(t.journalPath(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// try asks a test whether something is to fail.
func (t *Tree) try(op, name string) error {
	if t.fault == nil {
		return nil
	}
	return t.fault(op, name)
}
