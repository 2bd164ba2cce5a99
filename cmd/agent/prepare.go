package main

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"codeagent.dev/agent"
	"codeagent.dev/agent/config"
	"codeagent.dev/agent/maker"
	"codeagent.dev/agent/repo"
)

// preparer makes a request whole, in the daemon: it finds the repository, resolves
// the base to a commit, and fills what the request leaves open from the .agent.yaml
// of that commit and from the settings. The one who asks starts no git for it.
type preparer struct {
	repos  *repo.Set
	config atomic.Pointer[config.Config]
	makers *maker.Set

	mu    sync.Mutex
	files map[baseFile]config.Repo // .agent.yaml by commit, which never changes
}

type baseFile struct{ root, commit string }

const maxBaseFiles = 1024

// prepare is what the gateway calls with every request. Its errors are the person's
// answer, so they name the thing and carry a hint.
func (p *preparer) prepare(ctx context.Context, spec *agent.Spec) error {
	r, err := p.repos.Open(ctx, spec.Repo)
	if err != nil {
		return err
	}
	spec.Limits.Paths = fromRoot(r.Root(), spec.Repo, spec.Limits.Paths)
	spec.Repo = r.Root()
	if spec.Base, err = r.Resolve(ctx, cmp.Or(spec.Base, "HEAD")); err != nil {
		return err
	}
	if spec.From != "" {
		if spec.From, err = r.Resolve(ctx, spec.From); err != nil {
			return err
		}
	}
	file, err := p.baseFile(ctx, r, spec.Base)
	if err != nil {
		return err
	}
	p.config.Load().Fill(spec, file)
	// Asked now: a person who is told later that git does not know them has lost the
	// work of the job.
	if spec.Author, err = r.Author(ctx, spec.Author); err != nil {
		return err
	}
	if spec.Kind != agent.Prompt {
		return nil
	}
	if len(spec.Makers) == 0 {
		if spec.Makers, err = p.makers.Chain(ctx); err != nil {
			return err
		}
	}
	_, err = p.makers.For(*spec, 0)
	return err
}

// baseFile reads .agent.yaml as the commit has it. A commit without one is an empty one.
func (p *preparer) baseFile(ctx context.Context, r *repo.Repo, commit string) (config.Repo, error) {
	key := baseFile{r.Root(), commit}
	p.mu.Lock()
	file, known := p.files[key]
	p.mu.Unlock()
	if known {
		return file, nil
	}
	snap, err := r.Snapshot(ctx, commit)
	if err != nil {
		return file, err
	}
	data, err := fs.ReadFile(snap, config.RepoFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return file, brokenFile(commit, err)
	default:
		if file, err = config.ReadRepo(data); err != nil {
			return file, brokenFile(commit, err)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.files == nil || len(p.files) >= maxBaseFiles {
		p.files = map[baseFile]config.Repo{}
	}
	p.files[key] = file
	return file, nil
}

func brokenFile(commit string, err error) error {
	hint := cmp.Or(agent.HintOf(err), "correct it and commit it: the settings of the base commit count")
	return agent.Errorf(agent.Invalid, "in commit %.10s: %w", commit, err).WithHint(hint)
}

// fromRoot makes path limits, which a person names from where they stand, count
// from the root of the tree.
func fromRoot(root, dir string, paths []string) []string {
	if len(paths) == 0 {
		return paths
	}
	below, err := filepath.Rel(resolved(root), resolved(dir))
	if err != nil || below == ".." || strings.HasPrefix(below, ".."+string(filepath.Separator)) {
		return paths
	}
	out := make([]string, len(paths))
	for i, name := range paths {
		if !filepath.IsAbs(name) {
			out[i] = path.Join(filepath.ToSlash(below), name)
		} else if in, err := filepath.Rel(resolved(root), resolved(name)); err == nil && filepath.IsLocal(in) {
			out[i] = filepath.ToSlash(in)
		} else {
			out[i] = name // refused, as what is outside
		}
	}
	return out
}

// resolved is dir without symbolic links, so that two names of one place compare.
func resolved(dir string) string {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		return real
	}
	return dir
}
