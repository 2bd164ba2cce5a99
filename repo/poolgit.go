package repo

import (
	"io"
	"os"
	"path/filepath"
)

// plainGit are the settings under which our git runs in trees of ours: no hooks, no
// helpers that stay behind, no index formats that depend on other files, all files
// there. Large-file pointers stay pointers: their contents are no part of a commit.
func plainGit() []string {
	settings := []string{
		"core.hooksPath=" + os.DevNull, "core.fsmonitor=false", "core.untrackedCache=false", "core.splitIndex=false",
		"index.sparse=false", "core.sparseCheckout=false", "core.logAllRefUpdates=false", "core.safecrlf=false",
		"submodule.recurse=false", "gc.auto=0", "maintenance.auto=false", "advice.detachedHead=false",
		"filter.lfs.smudge=", "filter.lfs.clean=", "filter.lfs.process=", "filter.lfs.required=false",
	}
	args := make([]string, 0, 2*len(settings))
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	return args
}

// git prepares a git that works on this tree and trusts nothing in it: objects,
// configuration and attributes are the mirror's.
func (t *poolTree) git(args ...string) gitRun {
	all := append([]string{"--git-dir=" + t.own(), "--work-tree=" + t.files()}, plainGit()...)
	return gitRun{args: append(all, args...), dir: t.files(), hold: t.held, env: []string{"GIT_COMMON_DIR=" + t.pool.mirror}}
}

// copyFile copies the bytes of a file; the copy is there completely or not at all.
//
// The copy has the original's time. By an index's own time git knows which files may
// have changed since without a sign of it, in the same tick of the clock and to the
// same size; under a younger index it would take such a change for none.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.CreateTemp(filepath.Dir(to), "copy-")
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if closeErr := out.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = sameTime(in, out.Name())
	}
	if err == nil {
		err = os.Rename(out.Name(), to)
	}
	if err != nil {
		os.Remove(out.Name())
	}
	return err
}

// sameTime gives a copy the time of its original.
func sameTime(original *os.File, copied string) error {
	info, err := original.Stat()
	if err != nil {
		return err
	}
	return os.Chtimes(copied, info.ModTime(), info.ModTime())
}
