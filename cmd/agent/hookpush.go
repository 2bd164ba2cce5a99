package main

import (
	"context"
	"io"
	"path/filepath"
	"strings"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/config"
	"codeagent.dev/agent/hook"
	"codeagent.dev/agent/repo"
	"codeagent.dev/agent/spool"
)

const skipPush = "git push --no-verify skips this"

// runPrePush refuses a push of commits whose newest job has not the verdict that the
// .agent.yaml of HEAD requires. It lets everything pass where that file requires
// nothing, and refuses where it cannot find out.
func runPrePush(ctx context.Context, a *app) error {
	p, opt, err := a.hookPlace(ctx)
	if err != nil {
		return nil // a repository that jobs cannot work with requires nothing
	}
	rules, err := headRules(ctx, p.Root)
	if err != nil {
		return agent.Errorf(agent.WrongState, "push refused: %w", err).WithHint("correct " + config.RepoFile + " and commit it; " + skipPush)
	}
	if len(rules[config.PrePush]) == 0 {
		return nil
	}
	pushed, err := a.pushed(ctx)
	if err != nil {
		return err
	}
	for _, c := range pushed {
		for _, rule := range rules[config.PrePush] {
			if !rule.On(c.branch) {
				continue
			}
			if err := a.require(ctx, p, opt, c, agent.Verdict(rule.Require)); err != nil {
				return err
			}
		}
	}
	return nil
}

type pushedRef struct{ commit, branch string }

// pushed reads what git says on stdin: "<local ref> <id> <remote ref> <id>" for each ref.
// Refs that are deleted, and what is no commit, are left out. Without a line it is HEAD.
func (a *app) pushed(ctx context.Context) ([]pushedRef, error) {
	const maxRefs = 8 << 20
	text, err := io.ReadAll(io.LimitReader(a.in, maxRefs))
	if err != nil {
		return nil, err
	}
	var list []pushedRef
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 2 || strings.Trim(f[1], "0") == "" {
			continue
		}
		commit, err := a.git(ctx, "rev-parse", "--verify", "-q", f[1]+"^{commit}")
		if err != nil {
			continue // a tag of a tree
		}
		branch, _ := strings.CutPrefix(f[0], "refs/heads/")
		if f[0] == "HEAD" {
			branch, _ = a.git(ctx, "symbolic-ref", "-q", "--short", "HEAD") // "" when detached
		}
		list = append(list, pushedRef{commit, branch})
	}
	if strings.TrimSpace(string(text)) != "" {
		return list, nil
	}
	head, err := a.git(ctx, "rev-parse", "--verify", "-q", "HEAD^{commit}")
	if err != nil {
		return nil, nil // nothing to push
	}
	branch, _ := a.git(ctx, "symbolic-ref", "-q", "--short", "HEAD")
	return []pushedRef{{head, branch}}, nil
}

// require returns an error while the newest job on a commit has not the verdict. A commit
// without a job passes: nobody asked anything of it.
func (a *app) require(ctx context.Context, p hook.Place, opt hook.Options, c pushedRef, want agent.Verdict) error {
	jobs, err := a.jobs(ctx)
	if err != nil {
		return agent.Errorf(agent.CodeOf(err), "push refused: %s requires %s, and the daemon does not say: %w", config.RepoFile, want, err).WithHint(skipPush)
	}
	if err := taken(ctx, opt.State, p.Common); err != nil {
		return err
	}
	job, ok, err := newestOn(ctx, jobs, p, c.commit)
	switch {
	case err != nil:
		return agent.Errorf(agent.CodeOf(err), "push refused: %w", err).WithHint(skipPush)
	case !ok || job.Verdict == want:
		return nil
	case job.State != agent.Done:
		return agent.Errorf(agent.WrongState, "push refused: job %s on %.10s is %s, and %s requires %s", job.ID, c.commit, job.State, config.RepoFile, want).
			WithHint("agent wait " + job.ID.String() + "; " + skipPush)
	}
	return agent.Errorf(agent.WrongState, "push refused: job %s on %.10s is %s, and %s requires %s", job.ID, c.commit, job.Verdict, config.RepoFile, want).
		WithHint("agent show " + job.ID.String() + "; " + skipPush)
}

const takenTime = 10 * time.Second // within which the daemon takes what the hooks told

// taken waits until the daemon has made jobs of all that the repository's hooks told.
func taken(ctx context.Context, state, common string) error {
	end := time.Now().Add(takenTime)
	for {
		notes, err := spool.Waiting(state, common)
		if err != nil {
			return err
		}
		if len(notes) == 0 {
			return nil
		}
		if time.Now().After(end) {
			return agent.Errorf(agent.WrongState, "push refused: the daemon has not taken yet what %d hooks told", len(notes)).
				WithHint("agent hook status; " + skipPush)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// newestOn returns the newest job on a commit, asked for in any of the repository's work
// trees.
func newestOn(ctx context.Context, jobs agent.Jobs, p hook.Place, commit string) (newest agent.Job, ok bool, err error) {
	roots, err := workTreeRoots(ctx, p)
	if err != nil {
		return newest, false, err
	}
	for _, root := range roots {
		f := agent.Filter{Repo: root, Limit: 500}
		for {
			page, err := jobs.List(ctx, f)
			if err != nil {
				return newest, false, err
			}
			found := false
			for _, j := range page {
				if j.Spec.Base == commit {
					if found = true; !ok || j.ID > newest.ID {
						newest, ok = j, true
					}
					break
				}
			}
			if found || len(page) < f.Limit {
				break
			}
			f.After = page[len(page)-1].ID
		}
	}
	return newest, ok, nil
}

// workTreeRoots are the tops of the repository's work trees, as jobs name them.
func workTreeRoots(ctx context.Context, p hook.Place) ([]string, error) {
	out, err := repo.Git(ctx, p.Root, "worktree", "list", "--porcelain")
	if err != nil {
		return nil, err
	}
	roots := []string{p.Root}
	for line := range strings.Lines(string(out)) {
		if dir, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "worktree "); ok {
			if dir = filepath.FromSlash(dir); dir != p.Root {
				roots = append(roots, dir)
			}
		}
	}
	return roots, nil
}
