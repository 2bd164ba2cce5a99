package repo

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"codeagent.dev/agent"
)

// record stores both sides of everything the plan changes, and fills the journal.
func (d *delivery) record(ctx context.Context, p *plan) error {
	root, err := os.OpenRoot(d.repo.found.root)
	if err != nil {
		return err
	}
	defer root.Close()
	stage := filepath.Join(d.dir, "stage")
	present := map[string]entry{}
	for path, e := range p.files {
		if e.Mode != "" {
			present[path] = e
		}
	}
	if err := p.scratch.render(ctx, present, stage); err != nil {
		return err
	}
	for _, dir := range []string{"old", "new"} {
		if err := os.Mkdir(filepath.Join(d.dir, dir), 0o700); err != nil {
			return err
		}
	}
	all := map[string]bool{}
	for path := range p.files {
		all[path] = true
	}
	for path := range p.staged {
		all[path] = true
	}
	for i, path := range sortedKeys(all) {
		f, err := d.recordFile(root, p, i, path, stage)
		if err != nil {
			return err
		}
		if e, ok := p.staged[path]; ok {
			f.Staged = &stagedEntry{Old: p.stagedNow[path], New: e}
		}
		d.journal.Files = append(d.journal.Files, f)
	}
	d.recordDirs(root)
	for _, dir := range []string{"old", "new"} {
		if err := syncDir(filepath.Join(d.dir, dir)); err != nil {
			return err
		}
	}
	return nil
}

// recordFile keeps what stands at a path and what will.
func (d *delivery) recordFile(root *os.Root, p *plan, n int, name, stage string) (fileRecord, error) {
	old, info, err := lookAt(root, name)
	if err != nil {
		return fileRecord{}, err
	}
	if old.Kind == kindOther && info.IsDir() {
		old, info = image{Kind: kindAbsent}, nil
	}
	if !sameInfo(info, p.seen[name]) {
		return fileRecord{}, agent.Errorf(agent.Blocked, "%w", &ObstacleError{Files: []Obstacle{{name, "changed this moment"}}})
	}
	f := fileRecord{Path: rawText(name), Old: old, New: old}
	if old.Kind == kindFile {
		from, err := root.Open(filepath.FromSlash(name))
		if err != nil {
			return fileRecord{}, err
		}
		defer from.Close()
		to, err := os.OpenFile(filepath.Join(d.dir, "old", strconv.Itoa(n)), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return fileRecord{}, err
		}
		if err := copyDurably(from, to); err != nil {
			return fileRecord{}, err
		}
	}
	e, changes := p.files[name]
	if !changes {
		return f, nil // staged only
	}
	f.New = image{Kind: kindAbsent}
	if e.Mode == "" {
		return f, nil
	}
	return f, d.recordNew(&f, n, e, stage)
}

// recordNew takes the rendered file over.
func (d *delivery) recordNew(f *fileRecord, n int, e entry, stage string) error {
	rendered, err := os.OpenRoot(stage)
	if err != nil {
		return err
	}
	defer rendered.Close()
	if f.New, _, err = lookAt(rendered, string(f.Path)); err != nil {
		return err
	}
	f.New.MTime = f.Old.MTime // never compared, and not set
	if f.New.Kind != kindFile {
		return nil
	}
	if f.Old.Kind == kindFile {
		f.New.Perm = grown(f.Old.Perm, e.Mode)
	}
	return os.Rename(filepath.Join(stage, filepath.FromSlash(string(f.Path))), filepath.Join(d.dir, "new", strconv.Itoa(n)))
}

// recordDirs notes the directories above the files that are there now.
func (d *delivery) recordDirs(root *os.Root) {
	seen := map[string]bool{}
	for _, f := range d.journal.Files {
		for _, dir := range ancestors(string(f.Path)) {
			info, err := root.Lstat(filepath.FromSlash(dir))
			if seen[dir] || err != nil || !info.IsDir() {
				continue
			}
			seen[dir] = true
			d.journal.Dirs = append(d.journal.Dirs, dirRecord{Path: rawText(dir), Perm: info.Mode().Perm()})
		}
	}
}

// render writes the entries of the scratch index as files below dir, the way a
// check-out writes them: filters, line ends, links, modes. Attributes are the
// result's where it changes them, else those of the work tree.
func (s *scratch) render(ctx context.Context, entries map[string]entry, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil || len(entries) == 0 {
		return err
	}
	if err := s.load(ctx, entries); err != nil {
		return err
	}
	_, err := s.git("checkout-index", "--all", "--force", "--quiet", "--prefix="+filepath.ToSlash(dir)+"/").output(ctx)
	return err
}

// grown is the permissions of a file that is replaced: the person's, but executable
// exactly where the result says so, for those who may read it.
func grown(perm fs.FileMode, mode string) fs.FileMode {
	if mode == modeExec {
		return perm | perm&0o444>>2
	}
	return perm &^ 0o111
}
