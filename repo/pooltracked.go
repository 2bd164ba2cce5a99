package repo

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
)

// restoreTracked undoes what a command did to entries of the commit and neither
// `git clean` nor the next checkout looks at: what it put where a submodule belongs,
// and permissions. git compares only contents and the executable bit, so a file made
// read-only would stay that way for everybody after.
func (t *poolTree) restoreTracked(ctx context.Context) error {
	list, err := t.git("ls-files", "--stage", "-z").output(ctx)
	if err != nil {
		return err
	}
	modes, err := t.usualModes()
	if err != nil {
		return err
	}
	real := map[string]bool{".": true} // directories that are there and lead through no link
	for line := range bytes.SplitSeq(list, []byte{0}) {
		info, name, ok := strings.Cut(string(line), "\t")
		if !ok || !t.realDir(real, path.Dir(name)) {
			continue
		}
		switch mode, _, _ := strings.Cut(info, " "); mode {
		case "160000":
			err = t.empty(name)
		case "100755", "100644":
			err = t.removeUnless(name, modes[mode])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// usualModes are the permissions that git gives a file, plain or executable, here and
// under this process's umask.
func (t *poolTree) usualModes() (map[string]fs.FileMode, error) {
	modes := map[string]fs.FileMode{}
	for mode, perm := range map[string]fs.FileMode{"100644": 0o666, "100755": 0o777} {
		probe := filepath.Join(t.dir, "probe")
		file, err := os.OpenFile(probe, os.O_CREATE|os.O_EXCL, perm)
		if err != nil {
			return nil, err
		}
		info, err := file.Stat()
		if err = errors.Join(err, file.Close(), os.Remove(probe)); err != nil {
			return nil, err
		}
		modes[mode] = info.Mode()
	}
	return modes, nil
}

// removeUnless removes a file of the commit that has other permissions than these.
func (t *poolTree) removeUnless(name string, mode fs.FileMode) error {
	file := filepath.Join(t.files(), filepath.FromSlash(name))
	info, err := os.Lstat(file)
	if err != nil || !info.Mode().IsRegular() || info.Mode() == mode {
		return nil // not there, or the next checkout replaces it
	}
	return os.Remove(file)
}

// realDir reports whether dir and everything above it in the tree are directories,
// and makes them accessible. A link in their place could lead anywhere.
func (t *poolTree) realDir(real map[string]bool, dir string) bool {
	is, known := real[dir]
	if !known {
		if is = t.realDir(real, path.Dir(dir)); is {
			is, _ = t.permit(dir, fs.ModeDir|0o700)
		}
		real[dir] = is
	}
	return is
}

// permit gives the owner the permissions in want, if the entry is of that type, and
// reports whether it is. If not, the next checkout replaces it.
func (t *poolTree) permit(name string, want fs.FileMode) (bool, error) {
	file := filepath.Join(t.files(), filepath.FromSlash(name))
	info, err := os.Lstat(file)
	if err != nil || info.Mode().Type() != want.Type() {
		return false, nil
	}
	if runtime.GOOS == "windows" {
		want &= fs.ModeDir | 0o200 // there is only the read-only attribute
	}
	if perm := info.Mode().Perm(); perm|want.Perm() != perm {
		return true, os.Chmod(file, perm|want.Perm())
	}
	return true, nil
}

// empty removes what lies in the directory of a submodule.
func (t *poolTree) empty(name string) error {
	dir := filepath.Join(t.files(), filepath.FromSlash(name))
	if info, err := os.Lstat(dir); err != nil || !info.IsDir() {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := removeAll(filepath.Join(dir, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}
