package repo

import (
	"errors"
	"os"
	"path"
	"path/filepath"
	"strconv"

	"codeagent.dev/agent"
)

// tempName is a name for file number n of the delivery in the directory dir.
func (d *delivery) tempName(dir string, n int, suffix string) string {
	return filepath.FromSlash(path.Join(dir, ".agent-"+d.journal.ID+"-"+strconv.Itoa(n)+suffix))
}

// The temporary files of one move: what will be there, and a second name for what
// was there, which makes the way back free of copying and of disk space.
const (
	tempNew = ".new~"
	tempOld = ".old~"
)

// dropTemps removes temporary files wherever this delivery may have left some.
func (d *delivery) dropTemps() {
	root, err := os.OpenRoot(string(d.journal.Root))
	if err != nil {
		return // the work tree is gone, and they with it
	}
	defer root.Close()
	for i, f := range d.journal.Files {
		for _, dir := range append(ancestors(string(f.Path)), ".") {
			root.Remove(d.tempName(dir, i, tempNew))
			root.Remove(d.tempName(dir, i, tempOld))
		}
	}
}

// nearestDir returns the lowest directory above a path that is there.
func nearestDir(root *os.Root, name string) string {
	for _, dir := range ancestors(name) {
		if info, err := root.Lstat(filepath.FromSlash(dir)); err == nil && info.IsDir() {
			return dir
		}
	}
	return "."
}

// stage writes every new content to a file beside its target.
func (d *delivery) stage(root *os.Root, moves []move, to side) error {
	for i := range moves {
		m := &moves[i]
		dir := nearestDir(root, m.path)
		if m.to.Kind == kindAbsent {
			if err := d.probe(root, m, dir); err != nil {
				return err
			}
			continue
		}
		m.temp = d.tempName(dir, m.number, tempNew)
		if d.useKept(root, m, dir) {
			continue
		}
		root.Remove(m.temp)
		if err := d.stageOne(root, m, to); err != nil {
			return agent.Errorf(agent.Internal, "%s cannot be written: %w", showPath(m.path), err)
		}
	}
	for _, m := range moves {
		if m.from.Kind == kindFile {
			dir := nearestDir(root, m.path)
			if m.to.Kind == kindAbsent {
				dir = "." // its own directory may have to go
			}
			_ = root.Link(filepath.FromSlash(m.path), d.tempName(dir, m.number, tempOld)) // where links are not possible, the way back copies
		}
	}
	return nil
}

// useKept takes the second name of what was there, if there is one, for the content.
func (d *delivery) useKept(root *os.Root, m *move, dir string) bool {
	for _, dir := range []string{dir, "."} {
		kept := d.tempName(dir, m.number, tempOld)
		if have, _, err := lookAt(root, filepath.ToSlash(kept)); err == nil && have.same(m.to) {
			m.temp = kept
			return true
		}
	}
	return false
}

// probe finds out, before anything happens, whether a file can be deleted: its
// directory must take changes.
func (d *delivery) probe(root *os.Root, m *move, dir string) error {
	name := d.tempName(dir, m.number, tempNew)
	root.Remove(name)
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return agent.Errorf(agent.Internal, "%s cannot be deleted: %w", showPath(m.path), err)
	}
	return errors.Join(file.Close(), root.Remove(name))
}

func (d *delivery) stageOne(root *os.Root, m *move, to side) error {
	if m.to.Kind == kindLink {
		return root.Symlink(string(m.to.Target), m.temp)
	}
	from, err := os.Open(filepath.Join(d.dir, to.dirName(), strconv.Itoa(m.number)))
	if err != nil {
		return err
	}
	defer from.Close()
	file, err := root.OpenFile(m.temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := copyDurably(from, file); err != nil {
		return err
	}
	if to == before {
		if err := root.Chtimes(m.temp, m.to.MTime, m.to.MTime); err != nil {
			return err
		}
	}
	return root.Chmod(m.temp, m.to.Perm)
}
