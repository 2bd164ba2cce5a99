package repo

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"

	"codeagent.dev/agent"
)

// Bundle writes results with all that is needed for them beyond the commits of the
// person's branches and tags, as a git bundle. NotFound: a reference does not exist.
func (r *Repo) Bundle(ctx context.Context, w io.Writer, refs ...string) error {
	for _, ref := range refs {
		if err := checkRef(ref); err != nil {
			return err
		}
	}
	var known strings.Builder
	out, err := r.personGit("for-each-ref", "--format=%(objectname)", "refs/heads", "refs/tags", "refs/remotes").output(ctx)
	if err != nil {
		return err
	}
	for id := range strings.Lines(string(out)) {
		known.WriteString("^" + id)
	}
	g := gitRun{args: append([]string{"--git-dir=" + r.mirror.git, "bundle", "create", "--quiet", "-", "--stdin"}, refs...)}
	g.stdin, g.stdout = strings.NewReader(known.String()), w
	if _, err := g.output(ctx); err != nil {
		return agent.Errorf(agent.NotFound, "the results cannot be bundled: %w", err)
	}
	return nil
}

// Taken is a result to take out of a bundle.
type Taken struct {
	From   string // its reference there
	Commit string // which must be this one
	To     string // its reference in the mirror
}

// Unbundle takes results out of a bundle into the mirror. Invalid: it is no bundle of
// these results, or what it builds upon is not in the repository.
func (r *Repo) Unbundle(ctx context.Context, from io.Reader, all []Taken) error {
	names := map[string]string{}
	for _, t := range all {
		if err := checkRef(t.To); err != nil {
			return err
		}
		names[t.From] = t.To
	}
	in := bufio.NewReader(from)
	commits, err := bundleHead(in, names)
	if err != nil {
		return err
	}
	for _, t := range all {
		if commits[t.From] != t.Commit {
			return agent.Errorf(agent.Invalid, "the bundle has another result as %s than the job says", t.From)
		}
	}
	// Loose objects, which GC knows how to take away again.
	g := gitRun{args: []string{"--git-dir=" + r.mirror.git, "-c", "core.fsync=committed", "unpack-objects", "-q"}, stdin: in}
	if _, err := g.output(ctx); err != nil {
		return agent.Errorf(agent.Invalid, "the bundle builds upon what this repository does not have, or is damaged: %w", err).
			WithHint("git fetch, so that the base commits are here")
	}
	for ref, commit := range commits {
		g := gitRun{args: []string{"--git-dir=" + r.mirror.git, "rev-list", "--objects", "--quiet", "--max-count=1", commit}}
		if _, err := g.output(ctx); err != nil {
			return agent.Errorf(agent.Invalid, "commit %.12s of the bundle is not whole: %w", commit, err)
		}
		if err := r.setRef(ctx, names[ref], commit); err != nil {
			return err
		}
	}
	return nil
}

const maxBundleHead = 1 << 20 // bytes

// bundleHead reads what stands before a bundle's pack, gitformat-bundle(5), and returns
// the commits of the references in names.
func bundleHead(in *bufio.Reader, names map[string]string) (commits map[string]string, err error) {
	commits = map[string]string{}
	for n, size := 0, 0; ; n++ {
		line, err := in.ReadString('\n')
		if size += len(line); err != nil || size > maxBundleHead {
			return nil, agent.Errorf(agent.Invalid, "this is no git bundle: %w", errors.Join(err, errNoBundle))
		}
		line = strings.TrimSuffix(line, "\n")
		switch {
		case n == 0 && !strings.HasPrefix(line, "# v2 git bundle") && !strings.HasPrefix(line, "# v3 git bundle"):
			return nil, agent.Errorf(agent.Invalid, "this is no git bundle: %w", errNoBundle)
		case line == "":
			for ref := range names {
				if commits[ref] == "" {
					return nil, agent.Errorf(agent.Invalid, "the bundle has no %s", ref)
				}
			}
			return commits, nil
		case n > 0 && line[0] != '-' && line[0] != '@':
			commit, ref, _ := strings.Cut(line, " ")
			if _, wanted := names[ref]; wanted && agent.IsCommitID(commit) {
				commits[ref] = commit
			}
		}
	}
}

var errNoBundle = errors.New("it does not begin as one does")
