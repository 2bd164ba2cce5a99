package repo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"codeagent.dev/agent"
)

// maxObject bounds what is read into memory at once.
const maxObject = 256 << 20

// header reads one answer of `git cat-file`: "<id> <type> <size>", or "<name>
// missing", or "<name> ambiguous". A name may hold spaces; the words stand last.
func (s *session) header() (header, error) {
	line, err := s.line()
	if err != nil {
		return header{}, err
	}
	for _, word := range []string{"missing", "ambiguous"} {
		if strings.HasSuffix(line, " "+word) {
			return header{typ: word, size: -1}, nil
		}
	}
	fields := strings.Fields(line)
	if len(fields) != 3 {
		return header{}, &broken{fmt.Errorf("unexpected answer %q", line)}
	}
	size, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil {
		return header{}, &broken{fmt.Errorf("unexpected answer %q", line)}
	}
	return header{id: fields[0], typ: fields[1], size: size}, nil
}

// content reads the object that follows its header in `git cat-file --batch`.
func (s *session) content(h header) ([]byte, error) {
	data := make([]byte, h.size+1)
	if _, err := io.ReadFull(s.out, data); err != nil {
		return nil, &broken{fmt.Errorf("object %s is cut off: %w", h.id, err)}
	}
	return data[:h.size], nil
}

// read returns an object of the mirror or of the stores it borrows from.
func (r *Repo) read(ctx context.Context, hash plumbing.Hash) (typ plumbing.ObjectType, data []byte, err error) {
	p, err := r.set.pool(r.mirror.git, contents)
	if err != nil {
		return 0, nil, err
	}
	err = p.do(ctx, func(s *session) error {
		if err := s.send(hash.String() + "\n"); err != nil {
			return err
		}
		h, err := s.header()
		switch {
		case err != nil:
			return err
		case h.size < 0:
			return r.missingObject(hash)
		case h.size > maxObject:
			return &unread{tooLarge(hash.String(), h.size)}
		}
		if typ, err = plumbing.ParseObjectType(h.typ); err != nil {
			return &unread{err}
		}
		data, err = s.content(h)
		return err
	})
	return typ, data, err
}

// readAs is read of an object that must be of a type. An object of another type, or
// none, is an error that wraps plumbing.ErrObjectNotFound.
func (r *Repo) readAs(ctx context.Context, typ plumbing.ObjectType, hash plumbing.Hash) ([]byte, error) {
	have, data, err := r.read(ctx, hash)
	if err == nil && have != typ {
		err = agent.Errorf(agent.Invalid, "object %s is a %s, not a %s: %w", hash, have, typ, plumbing.ErrObjectNotFound)
	}
	return data, err
}

// size returns an object's type and size without its content.
func (r *Repo) size(ctx context.Context, hash plumbing.Hash) (header, error) {
	h, err := r.header(ctx, r.mirror.git, hash.String())
	if err == nil && h.size < 0 {
		err = r.missingObject(hash)
	}
	return h, err
}

// askAtOnce is how many questions are sent before the answers are read. Both fit
// into the smallest pipe, so that neither side waits for the other.
const askAtOnce = 64

// known reports which of the objects the mirror or the stores it borrows from have.
func (r *Repo) known(ctx context.Context, hashes []plumbing.Hash) (map[plumbing.Hash]bool, error) {
	p, err := r.set.pool(r.mirror.git, headers)
	if err != nil {
		return nil, err
	}
	have := map[plumbing.Hash]bool{}
	err = p.do(ctx, func(s *session) error {
		for rest := hashes; len(rest) > 0; {
			some := rest[:min(askAtOnce, len(rest))]
			rest = rest[len(some):]
			var b strings.Builder
			for _, hash := range some {
				b.WriteString(hash.String() + "\n")
			}
			if err := s.send(b.String()); err != nil {
				return err
			}
			for _, hash := range some {
				h, err := s.header()
				if err != nil {
					return err
				}
				have[hash] = h.size >= 0
			}
		}
		return nil
	})
	return have, err
}

// commit returns a commit of the mirror or of the person's repository.
func (r *Repo) commit(ctx context.Context, id string) (*commit, error) {
	if !agent.IsCommitID(id) || len(id) != 40 {
		return nil, agent.Errorf(agent.Invalid, "%q is no full commit id", id)
	}
	hash := plumbing.NewHash(id)
	data, err := r.readAs(ctx, plumbing.CommitObject, hash)
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return nil, r.missingCommit(id)
	}
	if err != nil {
		return nil, err
	}
	return decodeCommit(hash, data)
}

// tree returns the entries of a tree, in git's order. They are shared: the caller
// changes none of them.
func (r *Repo) tree(ctx context.Context, hash plumbing.Hash) ([]treeEntry, error) {
	if entries, ok := r.mirror.trees.get(hash); ok {
		return entries, nil
	}
	data, err := r.readAs(ctx, plumbing.TreeObject, hash)
	if err != nil {
		return nil, err
	}
	entries, err := decodeTree(data)
	if err != nil {
		return nil, agent.Errorf(agent.Invalid, "tree %s: %w", hash, err)
	}
	r.mirror.trees.put(hash, entries)
	return entries, nil
}

// missingObject is the error for an object that git does not have. It wraps
// plumbing.ErrObjectNotFound.
func (r *Repo) missingObject(hash plumbing.Hash) error {
	if r.settings.partial {
		return agent.Errorf(agent.NotFound, "object %s was left out of the partial clone %s: %w", hash, r.Root(), plumbing.ErrObjectNotFound).
			WithHint("git -C " + quote(r.Root()) + " fetch --refetch --no-filter makes the clone whole; git -C " + quote(r.Root()) + " cat-file -e " + hash.String() + " fetches this object")
	}
	return agent.Errorf(agent.NotFound, "object %s is not in %s (any more): %w", hash, r.Root(), plumbing.ErrObjectNotFound).
		WithHint("git -C " + quote(r.Root()) + " fsck says what is missing; git fetch may bring it back")
}

func tooLarge(what string, size int64) error {
	return agent.Errorf(agent.Invalid, "%s is %d MiB large; the limit is %d MiB", what, size>>20, maxObject>>20)
}
