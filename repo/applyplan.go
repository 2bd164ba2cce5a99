package repo

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"codeagent.dev/agent"
)

// plan is what a delivery will do, worked out without touching anything.
type plan struct {
	scratch   *scratch
	root      *os.Root
	files     map[string]entry // to be written, as git would record them; zero: deleted
	staged    map[string]entry // to be staged
	stagedNow map[string]entry // what is staged now
	mine      map[string]entry // of merged files: what git would record for the person's
	seen      map[string]fs.FileInfo
	applied   Applied
}

// plan compares the work tree with base and result, merges where asked, and finds
// everything that is in the way.
func (d *delivery) plan(ctx context.Context, a Apply, changes []treeChange) (*plan, error) {
	s, err := newScratch(d.repo, filepath.Join(d.dir, "scratch"), d.lock)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(d.repo.found.root)
	if err != nil {
		return nil, agent.Errorf(agent.NotFound, "work tree: %w", err)
	}
	defer root.Close()
	p := &plan{scratch: s, root: root, files: map[string]entry{}, seen: map[string]fs.FileInfo{}, applied: Applied{ID: a.ID}}
	for _, c := range changes {
		if p.seen[c.path], err = lstat(root, c.path); err != nil {
			return nil, err
		}
	}
	obstacles, err := d.repo.foldCollisions(ctx, changes, a.Commit)
	if err != nil {
		return nil, err
	}
	verdicts, err := p.compare(ctx, changes)
	if err != nil {
		return nil, err
	}
	differing := p.sort(changes, verdicts, a.ThreeWay, &obstacles)
	if err := p.mergeOrBlock(ctx, differing, &obstacles); err != nil {
		return nil, err
	}
	if a.Index && len(obstacles) == 0 {
		if err := p.planIndex(ctx, changes, &obstacles); err != nil {
			return nil, err
		}
	}
	if len(obstacles) > 0 {
		return nil, blocked(obstacles, a)
	}
	return p, nil
}

// blocked makes the error of a refused Apply.
func blocked(obstacles []Obstacle, a Apply) error {
	slices.SortFunc(obstacles, func(x, y Obstacle) int { return strings.Compare(x.Path, y.Path) })
	err := agent.Errorf(agent.Blocked, "%w", &ObstacleError{Files: obstacles})
	if a.ThreeWay {
		return err.WithHint("commit or stash your changes, or take the result as a branch with: agent branch ID NAME")
	}
	return err.WithHint("commit or stash your changes, or merge with --3way")
}

// What a path in the work tree is, compared with the result.
type verdict int

const (
	asBase verdict = iota
	asResult
	different
)

// compare finds out for every path what git takes its file for.
func (p *plan) compare(ctx context.Context, changes []treeChange) (map[string]verdict, error) {
	olds, news := map[string]entry{}, map[string]entry{}
	for _, c := range changes {
		if c.old.Mode != "" {
			olds[c.path] = c.old
		}
		if c.new.Mode != "" {
			news[c.path] = c.new
		}
	}
	likeNew, err := p.scratch.unchanged(ctx, news)
	if err != nil {
		return nil, err
	}
	likeOld, err := p.scratch.unchanged(ctx, olds) // last: the index stays for merge
	if err != nil {
		return nil, err
	}
	verdicts := map[string]verdict{}
	for _, c := range changes {
		absent := p.seen[c.path] == nil && !p.foreignDir(c.path, changes)
		switch {
		case c.new.Mode == "" && absent, likeNew[c.path]:
			verdicts[c.path] = asResult
		case c.old.Mode == "" && absent, likeOld[c.path]:
			verdicts[c.path] = asBase
		default:
			verdicts[c.path] = different
		}
	}
	return verdicts, nil
}

// foreignDir reports whether a directory stands at the path that does not go away
// with the files this delivery deletes.
func (p *plan) foreignDir(name string, changes []treeChange) bool {
	info, err := p.root.Lstat(filepath.FromSlash(name))
	if err != nil || !info.IsDir() {
		return false
	}
	gone := map[string]bool{}
	for _, c := range changes {
		if c.new.Mode == "" {
			gone[c.path] = true
		}
	}
	foreign := false
	err = fs.WalkDir(p.root.FS(), name, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && !gone[path] {
			foreign = true
			return fs.SkipAll
		}
		return err
	})
	return foreign || err != nil
}

// sort decides for every change what is to be done. It returns the changes whose
// files the person changed in a way that a merge, if wanted, may solve.
func (p *plan) sort(changes []treeChange, verdicts map[string]verdict, merge bool, obstacles *[]Obstacle) []treeChange {
	var differing []treeChange
	for _, c := range changes {
		if why := p.pathBlocked(c, changes, verdicts); why != "" {
			*obstacles = append(*obstacles, Obstacle{c.path, why})
			continue
		}
		file := AppliedFile{Path: c.path, Op: "modify", How: "written"}
		switch {
		case c.old.Mode == "":
			file.Op = "add"
		case c.new.Mode == "":
			file.Op = "delete"
		}
		switch verdicts[c.path] {
		case asBase:
			p.files[c.path] = c.new
		case asResult:
			file.How = "already"
		case different:
			differing = append(differing, c)
			if info := p.seen[c.path]; !merge || info == nil || !info.Mode().IsRegular() || !c.regular() {
				*obstacles = append(*obstacles, Obstacle{Path: c.path}) // why is found out later
			}
			file.How = "merged"
		}
		p.applied.Files = append(p.applied.Files, file)
	}
	return differing
}

// pathBlocked says what keeps a path from being reached: a symbolic link on the way,
// or a file where a directory must be.
func (p *plan) pathBlocked(c treeChange, changes []treeChange, verdicts map[string]verdict) string {
	dirs := ancestors(c.path)
	slices.Reverse(dirs)
	for _, dir := range dirs {
		info, err := p.root.Lstat(filepath.FromSlash(dir))
		if err != nil || info.IsDir() {
			continue
		}
		goes := slices.ContainsFunc(changes, func(o treeChange) bool {
			return o.path == dir && o.new.Mode == "" && verdicts[o.path] == asBase
		})
		switch {
		case goes:
			return ""
		case info.Mode().Type() == fs.ModeSymlink:
			return "its directory " + showPath(dir) + " is a symbolic link"
		case c.new.Mode != "":
			return showPath(dir) + " is no directory"
		}
	}
	return ""
}
