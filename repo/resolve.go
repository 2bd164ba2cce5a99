package repo

import (
	"context"
	"errors"
	"strings"

	"codeagent.dev/agent"
)

// Resolve returns the full id of the commit that rev names, tags peeled, as git
// reads revisions in this work tree. It asks a git process that stays, so that it
// costs no process start. NotFound: no such revision. Invalid: ambiguous, or not a
// commit.
func (r *Repo) Resolve(ctx context.Context, rev string) (string, error) {
	if rev == "" || strings.ContainsAny(rev, "\n\x00") {
		return "", agent.Errorf(agent.Invalid, "%q is no revision", rev).WithHint("git -C " + quote(r.Root()) + " log --oneline --all")
	}
	// A full id may name a result, or an object a partial clone would have to fetch:
	// the mirror has all of the person's objects and no remote.
	gitDir := r.found.gitDir
	if agent.IsCommitID(rev) {
		gitDir = r.mirror.git
	}
	head, err := r.header(ctx, gitDir, peeled(rev))
	if err != nil {
		return "", r.resolveError(ctx, rev, err)
	}
	if head.typ == "commit" {
		return head.id, nil
	}
	return "", r.notCommit(ctx, gitDir, rev, head)
}

// peeled asks for the commit a revision leads to. ":/text" takes no suffix: it
// would become part of the text.
func peeled(rev string) string {
	if strings.HasPrefix(rev, ":/") {
		return rev
	}
	return rev + "^{commit}"
}

// header is what `git cat-file --batch-check` says of an object; typ is "missing"
// or "ambiguous" when there is no single one.
type header struct {
	id, typ string
	size    int64
}

func (r *Repo) header(ctx context.Context, gitDir, name string) (h header, err error) {
	p, err := r.set.pool(gitDir, headers)
	if err != nil {
		return header{}, err
	}
	err = p.do(ctx, func(s *session) error {
		if err := s.send(name + "\n"); err != nil {
			return err
		}
		h, err = s.header()
		return err
	})
	return h, err
}

// notCommit says what rev is instead of a commit.
func (r *Repo) notCommit(ctx context.Context, gitDir, rev string, head header) error {
	if head.typ == "ambiguous" {
		return agent.Errorf(agent.Invalid, "revision %q is ambiguous in %s", rev, r.Root()).
			WithHint("write more digits; git rev-parse --disambiguate=" + quote(rev) + " lists what it may be")
	}
	if raw, err := r.header(ctx, gitDir, rev); err == nil && raw.size >= 0 && raw.typ != "tag" {
		return agent.Errorf(agent.Invalid, "%q is a %s, not a commit", rev, raw.typ)
	} else if err == nil && raw.typ == "ambiguous" {
		return r.notCommit(ctx, gitDir, rev, raw)
	}
	if tip, err := r.header(ctx, r.found.gitDir, "HEAD"); err == nil && tip.typ == "missing" && strings.HasPrefix(rev, "HEAD") {
		return agent.Errorf(agent.Invalid, "the repository %s has no commit yet", r.Root()).
			WithHint("git -C " + quote(r.Root()) + " commit --allow-empty -m start")
	}
	if agent.IsCommitID(rev) {
		return r.missingCommit(rev)
	}
	return agent.Errorf(agent.NotFound, "unknown revision %q in %s", rev, r.Root()).
		WithHint("git -C " + quote(r.Root()) + " log --oneline --all")
}

// missingCommit is the error for a commit that should be there by its full id.
func (r *Repo) missingCommit(id string) error {
	return agent.Errorf(agent.NotFound, "commit %s is not in %s (any more)", id, r.Root()).
		WithHint("it was never there, or git gc removed it; submit the job again on a commit that a branch or tag holds")
}

// resolveError explains a git that ended instead of answering, as it does for
// "@{upstream}" where there is none.
func (r *Repo) resolveError(ctx context.Context, rev string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	failed, ok := errors.AsType[*gitError](err)
	if !ok {
		return err
	}
	return agent.Errorf(agent.NotFound, "revision %q in %s: %s", rev, r.Root(), failed.message()).
		WithHint("git -C " + quote(r.Root()) + " rev-parse " + quote(rev))
}
