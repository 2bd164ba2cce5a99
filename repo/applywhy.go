package repo

import (
	"bytes"
	"context"
	"io/fs"
	"path/filepath"
	"strings"
)

// mergeOrBlock merges the differing files, unless something is in the way already;
// then it says of every file why.
func (p *plan) mergeOrBlock(ctx context.Context, differing []treeChange, obstacles *[]Obstacle) error {
	if len(*obstacles) > 0 {
		return p.explain(ctx, differing, obstacles)
	}
	if len(differing) == 0 {
		return nil
	}
	mine, err := p.scratch.cleaned(ctx, differing)
	if err != nil {
		return err
	}
	merged, conflicts, err := p.scratch.merge(ctx, differing, mine)
	if err != nil {
		return err
	}
	p.mine = mine
	*obstacles = append(*obstacles, conflicts...)
	for i := range p.applied.Files {
		file := &p.applied.Files[i]
		e, ok := merged[file.Path]
		switch {
		case !ok:
		case e == mine[file.Path]: // the person has made the result's change too
			file.How = "already"
		default:
			p.files[file.Path] = e
		}
	}
	return nil
}

// explain tells, for every file that differs from the base, changes of the person
// from commits made since.
func (p *plan) explain(ctx context.Context, differing []treeChange, obstacles *[]Obstacle) error {
	kept := (*obstacles)[:0]
	for _, o := range *obstacles {
		if o.Why != "" {
			kept = append(kept, o)
		}
	}
	*obstacles = kept
	heads := map[string]entry{}
	for _, c := range differing {
		if e, err := p.head(ctx, c.path); err != nil {
			return err
		} else if e.Mode != "" {
			heads[c.path] = e
		}
	}
	likeHead, err := p.scratch.unchanged(ctx, heads)
	if err != nil {
		return err
	}
	left, err := p.leftOut(ctx)
	if err != nil {
		return err
	}
	for _, c := range differing {
		why := p.why(c, heads[c.path], likeHead[c.path])
		if p.seen[c.path] == nil && left[c.path] {
			why = "outside the sparse checkout"
		}
		*obstacles = append(*obstacles, Obstacle{c.path, why})
	}
	return nil
}

// leftOut lists the files that the person's sparse checkout leaves out.
func (p *plan) leftOut(ctx context.Context) (map[string]bool, error) {
	out, err := p.scratch.repo.personGit("ls-files", "-t", "-z").output(ctx)
	if err != nil {
		return nil, err
	}
	left := map[string]bool{}
	for line := range bytes.SplitSeq(out, []byte{0}) {
		if path, ok := strings.CutPrefix(string(line), "S "); ok {
			left[path] = true
		}
	}
	return left, nil
}

func (p *plan) why(c treeChange, head entry, likeHead bool) string {
	info, err := p.root.Lstat(filepath.FromSlash(c.path))
	switch {
	case err == nil && info.IsDir():
		return "a directory is there"
	case err == nil && head.Mode == "" && c.old.Mode == "":
		return "an untracked file is there"
	case err != nil && head.Mode != "" && head == c.old:
		return "deleted locally"
	case err != nil:
		return "deleted since the base"
	case info.Mode().Type() == fs.ModeSymlink && head == c.old:
		return "a symbolic link by now"
	case likeHead:
		return "changed by commits since the base"
	case head == c.old:
		return "changed locally"
	}
	return "changed locally, and by commits since the base"
}

// head returns what HEAD has at a path; nothing, too, before the first commit.
func (p *plan) head(ctx context.Context, path string) (entry, error) {
	out, err := p.scratch.git("ls-tree", "-z", "HEAD", "--", path).output(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return entry{}, err
		}
		return entry{}, nil
	}
	// "<mode> <type> <id>\t<path>"
	info, _, _ := strings.Cut(string(bytes.TrimSuffix(out, []byte{0})), "\t")
	if fields := strings.Fields(info); len(fields) == 3 && fields[1] != "tree" {
		return entry{Mode: fields[0], ID: fields[2]}, nil
	}
	return entry{}, nil
}

// planIndex works out the entries to be staged. An entry may change only if it is
// what the work tree was compared with: the base's or, of a merged file, what git
// would record for the person's file; else staging would lose what they staged.
func (p *plan) planIndex(ctx context.Context, changes []treeChange, obstacles *[]Obstacle) error {
	want := map[string]bool{}
	for _, c := range changes {
		want[c.path] = true
	}
	now, err := readIndex(ctx, p.scratch.repo.personGit("ls-files", "--stage", "-z"), want)
	if err != nil {
		return err
	}
	p.staged, p.stagedNow = map[string]entry{}, map[string]entry{}
	for _, c := range changes {
		target := c.new
		if e, ok := p.files[c.path]; ok {
			target = e
		}
		allowed := now[c.path] == c.old || p.mine[c.path].Mode != "" && now[c.path] == p.mine[c.path]
		switch {
		case now[c.path] == target:
		case allowed:
			p.staged[c.path], p.stagedNow[c.path] = target, now[c.path]
		case now[c.path].Mode == "conflict":
			*obstacles = append(*obstacles, Obstacle{c.path, "in the middle of a merge"})
		default:
			*obstacles = append(*obstacles, Obstacle{c.path, "staged differently from the base"})
		}
	}
	return nil
}
