package repo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"codeagent.dev/agent"
)

// checkRef refuses what a result's reference is not called: refs/agent/ and words of
// letters, digits, "-" and "_", which begin with neither of the two. That is narrower
// than what git takes, so that a name never needs quoting.
func checkRef(ref string) error {
	words, ok := strings.CutPrefix(ref, "refs/agent/")
	for word := range strings.SplitSeq(words, "/") {
		ok = ok && word != "" && word[0] != '-' && word[0] != '_' && !strings.ContainsFunc(word, notInRef)
	}
	if !ok {
		return agent.Errorf(agent.Invalid, "%q is no reference of a result; they are named refs/agent/<job>/<variant>", ref)
	}
	return nil
}

func notInRef(r rune) bool {
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_')
}

// setRef points ref to a commit that is on disk, durably.
func (r *Repo) setRef(ctx context.Context, ref, commit string) error {
	if err := r.changeRefs(ctx, "update "+ref+" "+commit+"\n"); err != nil {
		return err
	}
	dirs := map[string]bool{}
	for dir := filepath.Dir(filepath.Join(r.mirror.git, filepath.FromSlash(ref))); dir != r.mirror.git; dir = filepath.Dir(dir) {
		dirs[dir] = true
	}
	return syncDirs(dirs)
}

// Pin points a result's reference to a commit that is in the mirror already: to one
// that was made before the newest, because it is the better one.
func (r *Repo) Pin(ctx context.Context, ref, commit string) error {
	if err := checkRef(ref); err != nil {
		return err
	}
	if _, err := r.commit(ctx, commit); err != nil {
		return err
	}
	return r.setRef(ctx, ref, commit)
}

// Drop forgets results: the references, and with the next GC the objects only they
// hold. A reference that does not exist is no error.
func (r *Repo) Drop(ctx context.Context, refs ...string) error {
	var b strings.Builder
	for _, ref := range refs {
		if err := checkRef(ref); err != nil {
			return err
		}
		b.WriteString("delete " + ref + "\n")
	}
	if b.Len() == 0 {
		return nil
	}
	return r.changeRefs(ctx, b.String())
}

// changeRefs runs one transaction on the mirror's references. It is not cut short
// when ctx ends: a git that is killed in between leaves its lock files behind. A lock
// that was left behind all the same is removed.
func (r *Repo) changeRefs(ctx context.Context, commands string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := r.tryChangeRefs(commands)
	if failed, ok := errors.AsType[*gitError](err); ok && r.breakLock(failed.message()) {
		err = r.tryChangeRefs(commands)
	}
	return err
}

func (r *Repo) tryChangeRefs(commands string) error {
	p, err := r.set.pool(r.mirror.git, refs)
	if err != nil {
		return err
	}
	return p.do(context.Background(), func(s *session) error {
		if err := s.send("start\n" + commands + "commit\n"); err != nil {
			return err
		}
		for _, want := range []string{"start: ok", "commit: ok"} {
			switch got, err := s.line(); {
			case err != nil:
				return err
			case got != want:
				return &broken{fmt.Errorf("unexpected answer %q", got)}
			}
		}
		return nil
	})
}

// lockAge is how old a lock on the mirror's references must be to be taken for one
// of a git that was killed. Nobody but us changes them, and never for as long.
const lockAge = time.Minute

// breakLock removes the lock that git complains of, if it is an old one.
func (r *Repo) breakLock(complaint string) bool {
	// "Unable to create '….lock': File exists."
	before, _, held := strings.Cut(complaint, ".lock': File exists")
	if !held {
		return false
	}
	path := within(r.mirror.git, before[strings.LastIndexByte(before, '\'')+1:]+".lock")
	info, err := os.Lstat(path)
	if err != nil || time.Since(info.ModTime()) < lockAge || !strings.HasPrefix(path, r.mirror.git+string(filepath.Separator)) {
		return false
	}
	return os.Remove(path) == nil
}
