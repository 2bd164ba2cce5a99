package repo

import (
	"bytes"
	"context"
	"errors"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	gitstorer "github.com/go-git/go-git/v5/plumbing/storer"

	"codeagent.dev/agent"
)

// storer is go-git's object store over a mirror: objects are read by git and
// collected for one durable write. go-git's interface carries no context, so a
// storer is made for one call and holds that call's.
type storer struct {
	ctx     context.Context
	repo    *Repo
	written []plumbing.EncodedObject // what SetEncodedObject was given, once each
	ids     map[plumbing.Hash]bool
}

var _ gitstorer.EncodedObjectStorer = (*storer)(nil)

// encoded is an object in memory whose id is known already.
type encoded struct {
	plumbing.MemoryObject
	id plumbing.Hash
}

func (o *encoded) Hash() plumbing.Hash { return o.id }

// NewEncodedObject returns an empty object in memory.
func (s *storer) NewEncodedObject() plumbing.EncodedObject { return &plumbing.MemoryObject{} }

// SetEncodedObject keeps the object for the next flush.
func (s *storer) SetEncodedObject(o plumbing.EncodedObject) (plumbing.Hash, error) {
	hash := o.Hash()
	if s.ids == nil {
		s.ids = map[plumbing.Hash]bool{}
	}
	if !s.ids[hash] {
		s.ids[hash] = true
		s.written = append(s.written, o)
	}
	return hash, nil
}

// EncodedObject reads an object; the error of one that is not there, or is of
// another type, wraps plumbing.ErrObjectNotFound.
func (s *storer) EncodedObject(typ plumbing.ObjectType, hash plumbing.Hash) (plumbing.EncodedObject, error) {
	have, data, err := s.repo.read(s.ctx, hash)
	if err != nil {
		return nil, err
	}
	if typ != plumbing.AnyObject && typ != have {
		return nil, agent.Errorf(agent.Invalid, "object %s is a %s, not a %s: %w", hash, have, typ, plumbing.ErrObjectNotFound)
	}
	o := &encoded{id: hash}
	o.SetType(have)
	_, err = o.Write(data)
	return o, err
}

// HasEncodedObject returns nil or plumbing.ErrObjectNotFound, wrapped.
func (s *storer) HasEncodedObject(hash plumbing.Hash) error {
	_, err := s.EncodedObjectSize(hash)
	return err
}

// EncodedObjectSize returns an object's size without reading it.
func (s *storer) EncodedObjectSize(hash plumbing.Hash) (int64, error) {
	h, err := s.repo.size(s.ctx, hash)
	return h.size, err
}

// IterEncodedObjects goes over all objects of the mirror and of the stores it
// borrows from.
func (s *storer) IterEncodedObjects(typ plumbing.ObjectType) (gitstorer.EncodedObjectIter, error) {
	out, err := gitRun{
		args: []string{"--git-dir=" + s.repo.mirror.git, "cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)"},
		dir:  s.repo.mirror.dir,
		env:  noFetch,
	}.output(s.ctx)
	if err != nil {
		return nil, err
	}
	var hashes []plumbing.Hash
	for line := range strings.Lines(string(bytes.TrimSpace(out))) {
		id, have, _ := strings.Cut(strings.TrimSpace(line), " ")
		if typ == plumbing.AnyObject || have == typ.String() {
			hashes = append(hashes, plumbing.NewHash(id))
		}
	}
	return gitstorer.NewEncodedObjectLookupIter(s, typ, hashes), nil
}

// AddAlternate is refused: what a mirror borrows from is decided by Open.
func (s *storer) AddAlternate(string) error {
	return errors.New("a mirror borrows from the person's repository only")
}
