package repo

import (
	"context"
	"errors"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// About is what a commit says of itself.
type About struct {
	Parents   []string // full ids
	Author    string   // mail addresses, without their brackets
	Committer string
	Message   string // as it is stored, whatever its encoding
}

// About reads a commit, named by its full id. NotFound: there is none (any more). It
// asks a git process that stays.
func (r *Repo) About(ctx context.Context, id string) (About, error) {
	c, err := r.commit(ctx, id)
	if err != nil {
		return About{}, err
	}
	data, err := r.readAs(ctx, plumbing.CommitObject, c.Hash)
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return About{}, r.missingCommit(id)
	}
	if err != nil {
		return About{}, err
	}
	var a About
	for _, p := range c.ParentHashes {
		a.Parents = append(a.Parents, p.String())
	}
	head, message, _ := strings.Cut(string(data), "\n\n")
	a.Message = message
	for line := range strings.SplitSeq(head, "\n") {
		if text, ok := strings.CutPrefix(line, "author "); ok {
			a.Author = mailOf(text)
		} else if text, ok := strings.CutPrefix(line, "committer "); ok {
			a.Committer = mailOf(text)
		}
	}
	return a, nil
}

func mailOf(signature string) string {
	_, rest, _ := strings.Cut(signature, "<")
	mail, _, _ := strings.Cut(rest, ">")
	return mail
}

// Git runs git in a directory and returns what it printed, for the questions that are
// asked of a directory before there is a Repo. It has the environment that all of
// ours have: nothing of what a git hook exports. A git that failed is an Internal
// error with its complaint.
func Git(ctx context.Context, dir string, args ...string) ([]byte, error) {
	return gitRun{dir: dir, args: args}.output(ctx)
}
