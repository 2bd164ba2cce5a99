package hook

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"codeagent.dev/agent"
	"codeagent.dev/agent/spool"
)

// Uninstall takes our lines out: what was there before is there again, byte for byte.
// What others wrote around our lines stays. The repository is forgotten.
//
// WrongState: somebody wrote into our lines; force removes them all the same.
func (p Place) Uninstall(opt Options, force bool) (done []Done, err error) {
	book := spool.BookOf(opt.State, p.Common)
	known, _, err := book.Known()
	if err != nil {
		return nil, err
	}
	dirs := []string{p.Dir}
	if known.HooksDir != "" && known.HooksDir != p.Dir { // core.hooksPath has changed since
		dirs = append(dirs, known.HooksDir)
	}
	for _, dir := range dirs {
		out, err := p.clear(opt, dir, force)
		done = append(done, out...)
		if err != nil {
			return done, err
		}
		if known.MadeDir && dir == known.HooksDir {
			_ = os.Remove(dir) // if it is empty
		}
	}
	return done, errors.Join(p.include(), book.Forget())
}

const keptIsBack = "what was there before is back"

// clear takes our lines out of a directory of hooks, unless another repository needs them.
func (p Place) clear(opt Options, dir string, force bool) (done []Done, err error) {
	others, err := sharing(opt.State, p.Common, dir)
	if err != nil {
		return nil, err
	}
	if others > 0 {
		return []Done{{Path: dir, What: "as it was", Note: fmt.Sprintf("%d more repositories need the hooks there; they do nothing for this one now", others)}}, nil
	}
	for _, name := range Names() {
		for _, suffix := range []string{"", legacy, old} {
			d, err := takeOut(dir, name, suffix, force)
			if err != nil {
				return done, err
			}
			if d.What != "" {
				done = append(done, d)
			}
		}
	}
	_ = os.Remove(filepath.Join(dir, chainedDir)) // if it is empty
	return done, nil
}

// sharing counts the other repositories whose hooks lie in dir. One that was deleted
// without a word needs none.
func sharing(state, common, dir string) (n int, err error) {
	books, err := spool.Books(state)
	if err != nil {
		return 0, err
	}
	for _, b := range books {
		if k, ok, err := b.Known(); err != nil {
			return 0, err
		} else if ok && k.HooksDir == dir && k.Common != common && exists(filepath.Join(k.Common, "HEAD")) {
			n++
		}
	}
	return n, nil
}

// takeOut removes our lines from one file, or the file if there is nothing else in it.
// What it called comes back in its place: under the name that a hook manager gave it, too.
func takeOut(dir, name, suffix string, force bool) (d Done, err error) {
	file := filepath.Join(dir, name+suffix)
	kept := filepath.Join(dir, chainedDir, name)
	if suffix == "" && !exists(file) && exists(kept) { // an installation was cut off behind the move
		return Done{Hook: name, Path: file, What: "removed", Note: keptIsBack}, moveFile(kept, file, "", "../")
	}
	data, err := os.ReadFile(file)
	s, ours := split(string(data))
	if errors.Is(err, fs.ErrNotExist) || err == nil && !ours {
		return d, nil
	}
	if err != nil {
		return d, err
	}
	if s.edited() && !force {
		return d, edited(file)
	}
	d = Done{Hook: name, Path: file, What: "removed"}
	chain := s.kind == kindChain && exists(kept)
	alone := s.rest() == shebang
	switch {
	case chain && alone:
		d.Note = keptIsBack
		return d, moveFile(kept, file, "", "../")
	case chain:
		return d, agent.Errorf(agent.WrongState, "somebody wrote into %s, which calls what was there before", file).
			WithHint("move what is yours into " + kept + ", leave our lines alone in the file, and try again")
	case s.kind != kindBlock && alone:
		return d, os.Remove(file)
	case s.kind != kindBlock:
		d.Note = "what others wrote into the file stays"
	}
	info, err := os.Stat(file)
	if err != nil {
		return d, err
	}
	return d, replace(file, []byte(s.rest()), info.Mode().Perm())
}
