package repo

import "github.com/go-git/go-git/v5/plumbing"

// batch collects objects for one durable write to a mirror: see Repo.flush.
type batch struct {
	objects []object // once each
	ids     map[plumbing.Hash]bool
}

// object is one of git's objects in memory.
type object struct {
	id   plumbing.Hash
	typ  plumbing.ObjectType
	data []byte
}

// add keeps an object for the flush and returns its id. data is not copied.
func (b *batch) add(typ plumbing.ObjectType, data []byte) plumbing.Hash {
	id := plumbing.ComputeHash(typ, data)
	if b.ids == nil {
		b.ids = map[plumbing.Hash]bool{}
	}
	if !b.ids[id] {
		b.ids[id] = true
		b.objects = append(b.objects, object{id, typ, data})
	}
	return id
}
