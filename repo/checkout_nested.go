package repo

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// nestingLimit bounds repositories within repositories within a checkout.
const nestingLimit = 64

// hidden are .git entries of repositories that a command made in a checkout, moved
// out of it for a moment: git would record such a directory as a submodule at a
// commit that nobody else has, or refuse it.
type hidden struct {
	dir   string            // where they are
	moved map[string]string // from where to where
}

// hideNested moves the .git of every untracked repository aside. Hiding one can
// bring others to light, so it looks again until there is none. What it returns must
// be restored, also after an error.
func (t *poolTree) hideNested(ctx context.Context, index string) (*hidden, error) {
	h := &hidden{dir: filepath.Join(t.dir, "hidden"), moved: map[string]string{}}
	if err := removeAll(h.dir); err != nil {
		return h, err
	}
	for range nestingLimit {
		found, err := t.nested(ctx, index)
		if err != nil || len(found) == 0 {
			return h, err
		}
		if err := os.MkdirAll(h.dir, 0o700); err != nil {
			return h, err
		}
		before := len(h.moved)
		for _, dir := range found {
			from := filepath.Join(dir, ".git")
			to := filepath.Join(h.dir, strconv.Itoa(len(h.moved)))
			if err := os.Rename(from, to); errors.Is(err, fs.ErrNotExist) {
				continue
			} else if err != nil {
				return h, err
			}
			h.moved[from] = to
		}
		if len(h.moved) == before {
			return h, nil
		}
	}
	return h, nil
}

// nested lists the untracked repositories that git does not look into: it prints
// them, unlike other directories, as one entry with a slash at the end.
func (t *poolTree) nested(ctx context.Context, index string) ([]string, error) {
	list := t.git("ls-files", "--others", "--exclude-standard", "-z")
	list.env = append(list.env, "GIT_INDEX_FILE="+index)
	out, err := list.output(ctx)
	if err != nil {
		return nil, err
	}
	var dirs []string
	for name := range bytes.SplitSeq(out, []byte{0}) {
		if dir, ok := strings.CutSuffix(string(name), "/"); ok {
			dirs = append(dirs, filepath.Join(t.files(), filepath.FromSlash(dir)))
		}
	}
	return dirs, nil
}

// restore puts everything back where it was.
func (h *hidden) restore() error {
	var failed []error
	for from, to := range h.moved {
		failed = append(failed, os.Rename(to, from))
	}
	return errors.Join(failed...)
}
