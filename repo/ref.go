package repo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"codeagent.dev/agent"
)

// ourRef is a reference a result may have. It is narrower than what git takes, so
// that a name never needs quoting.
var ourRef = regexp.MustCompile(`^refs/agent(/[A-Za-z0-9][A-Za-z0-9_-]*)+$`)

func checkRef(ref string) error {
	if !ourRef.MatchString(ref) {
		return agent.Errorf(agent.Invalid, "%q is no reference of a result; they are named refs/agent/<job>/<variant>", ref)
	}
	return nil
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

// heldLock finds the lock in git's "Unable to create '….lock': File exists".
var heldLock = regexp.MustCompile(`'([^']+\.lock)': File exists`)

// breakLock removes the lock that git complains of, if it is an old one.
func (r *Repo) breakLock(complaint string) bool {
	found := heldLock.FindStringSubmatch(complaint)
	if found == nil {
		return false
	}
	path := within(r.mirror.git, found[1])
	info, err := os.Lstat(path)
	if err != nil || time.Since(info.ModTime()) < lockAge || !strings.HasPrefix(path, r.mirror.git+string(filepath.Separator)) {
		return false
	}
	return os.Remove(path) == nil
}
