package repo

import (
	"context"
	"errors"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"codeagent.dev/agent"
)

// treeChange is one path that differs between two commits.
type treeChange struct {
	path     string
	old, new entry // zero: the path is not there
}

const (
	modeFile      = "100644"
	modeExec      = "100755"
	modeSubmodule = "160000"
)

func (c treeChange) regular() bool {
	ok := func(mode string) bool { return mode == modeFile || mode == modeExec }
	return ok(c.old.Mode) && ok(c.new.Mode)
}

// changes lists what differs between two commits of the mirror, by path.
func (r *Repo) changes(ctx context.Context, base, commit string) ([]treeChange, error) {
	diff := gitRun{args: []string{"--git-dir=" + r.mirror.git, "diff-tree", "-r", "-z", "--raw", "--full-index", "--no-renames", base, commit}}
	out, err := diff.output(ctx)
	if err != nil {
		return nil, r.explainCommits(ctx, err, base, commit)
	}
	fields := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	var changes []treeChange
	for i := 0; i+1 < len(fields); i += 2 {
		// ":<mode> <mode> <id> <id> <status>", then the path.
		info := strings.Fields(strings.TrimPrefix(fields[i], ":"))
		if len(info) != 5 {
			return nil, agent.Errorf(agent.Internal, "git diff-tree printed %q", fields[i])
		}
		c := treeChange{path: fields[i+1], old: entry{info[0], info[2]}, new: entry{info[1], info[3]}}
		for _, e := range []*entry{&c.old, &c.new} {
			if e.Mode == "000000" {
				*e = entry{}
			}
		}
		changes = append(changes, c)
	}
	return changes, nil
}

// explainCommits names the commit that is missing, if that is what git failed of.
func (r *Repo) explainCommits(ctx context.Context, err error, commits ...string) error {
	for _, commit := range commits {
		look := gitRun{args: []string{"--git-dir=" + r.mirror.git, "cat-file", "-e", commit + "^{commit}"}}
		if _, lookErr := look.output(ctx); lookErr != nil && ctx.Err() == nil {
			return agent.Errorf(agent.NotFound, "commit %.12s is not in the repository any more", commit)
		}
	}
	return err
}

// onlyPaths keeps the changes at and below paths. One that selects nothing is an
// error: it is more likely a typing mistake than a wish.
func onlyPaths(changes []treeChange, paths []string) ([]treeChange, error) {
	if len(paths) == 0 {
		return changes, nil
	}
	keep := make([]bool, len(changes))
	for _, p := range paths {
		found := false
		clean := path.Clean(filepath.ToSlash(p))
		for i, c := range changes {
			if clean == "." || c.path == clean || strings.HasPrefix(c.path, clean+"/") {
				keep[i], found = true, true
			}
		}
		if !found {
			return nil, agent.Errorf(agent.Invalid, "the result changes nothing at %s", showPath(p))
		}
	}
	var kept []treeChange
	for i, c := range changes {
		if keep[i] {
			kept = append(kept, c)
		}
	}
	return kept, nil
}

// checkPaths refuses what must never be written, wherever the commit came from.
func checkPaths(changes []treeChange) error {
	for _, c := range changes {
		if !safePath(c.path) {
			return agent.Errorf(agent.Invalid, "the result names the path %q, which is not allowed", c.path)
		}
		if c.old.Mode == modeSubmodule || c.new.Mode == modeSubmodule {
			return agent.Errorf(agent.Invalid, "the result changes the submodule %s, which files cannot show", showPath(c.path)).
				WithHint("agent branch makes a branch of it")
		}
	}
	return nil
}

// safePath reports whether a path stays in the work tree and out of every .git.
func safePath(p string) bool {
	if p == "" || path.Clean(p) != p || !filepath.IsLocal(filepath.FromSlash(p)) || p == "." {
		return false
	}
	if runtime.GOOS == "windows" && strings.ContainsAny(p, `\:`) {
		return false
	}
	for part := range strings.SplitSeq(strings.ToLower(p), "/") {
		switch strings.TrimRight(part, ". ") {
		case ".git", "git~1":
			return false
		}
	}
	return true
}

// foldCollisions are the added files that a file system without case cannot hold
// beside another file of the result, or of the base when only the case changes.
func (r *Repo) foldCollisions(ctx context.Context, changes []treeChange, commit string) ([]Obstacle, error) {
	if !r.ignoresCase() {
		return nil, nil
	}
	added := map[string]string{} // folded -> path
	var obstacles []Obstacle
	for _, c := range changes {
		if c.old.Mode != "" {
			continue
		}
		fold := strings.ToLower(c.path)
		if other, ok := added[fold]; ok {
			obstacles = append(obstacles, Obstacle{c.path, "differs from " + showPath(other) + " only in case"})
			continue
		}
		added[fold] = c.path
	}
	if len(added) == 0 {
		return nil, nil
	}
	list := gitRun{args: []string{"--git-dir=" + r.mirror.git, "ls-tree", "-r", "-z", "--name-only", commit}}
	out, err := list.output(ctx)
	if err != nil {
		return nil, err
	}
	there := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	for _, c := range changes {
		if c.new.Mode == "" {
			there = append(there, c.path)
		}
	}
	for _, other := range there {
		p, ok := added[strings.ToLower(other)]
		if ok && p != other && !slices.ContainsFunc(obstacles, func(o Obstacle) bool { return o.Path == other }) {
			obstacles = append(obstacles, Obstacle{p, "differs from " + showPath(other) + " only in case"})
		}
	}
	return obstacles, nil
}

// ignoresCase says whether git found the file system to be without case.
func (r *Repo) ignoresCase() bool {
	is := false
	for _, s := range r.settings.entries {
		if s.key == "core.ignorecase" {
			is = s.value == "true"
		}
	}
	return is
}

// exitStatus returns the exit status of a failed git, or -1 when that is not why.
func exitStatus(err error) int {
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return failed.ExitCode()
	}
	return -1
}
