package spool

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"codeagent.dev/agent"
)

// gitDirs finds what git would of a git directory that a hook names: the directory
// itself, when the name is a file that leads there, and the one that all work trees of
// the repository share. Symbolic links are resolved, so that one place has one name.
func gitDirs(name string) (gitDir, common string, err error) {
	info, err := os.Stat(name)
	if err != nil {
		return "", "", err
	}
	if !info.IsDir() {
		text, err := line(name)
		if err != nil {
			return "", "", err
		}
		to, ok := strings.CutPrefix(text, "gitdir: ")
		if !ok {
			return "", "", agent.Errorf(agent.Invalid, "%s leads to no git directory", name)
		}
		name = from(filepath.Dir(name), to)
	}
	if gitDir, err = filepath.EvalSymlinks(name); err != nil {
		return "", "", err
	}
	if _, err := os.Stat(filepath.Join(gitDir, "HEAD")); err != nil {
		return "", "", err
	}
	text, err := line(filepath.Join(gitDir, "commondir"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return gitDir, gitDir, nil
	case err != nil:
		return "", "", err
	}
	common, err = filepath.EvalSymlinks(from(gitDir, text))
	return gitDir, common, err
}

// home is where git is asked about the work tree of a git directory: of a linked one the
// work tree itself, because below a bare repository its git directory passes for bare.
func home(gitDir string) string {
	if back, err := line(filepath.Join(gitDir, "gitdir")); err == nil {
		return filepath.Dir(from(gitDir, back))
	}
	return gitDir
}

// workTrees lists the git directories of a repository's work trees, the main one first.
func workTrees(common string) []string {
	dirs := []string{common}
	entries, _ := os.ReadDir(filepath.Join(common, "worktrees")) // none: there is one work tree
	for _, e := range entries {
		dirs = append(dirs, filepath.Join(common, "worktrees", e.Name()))
	}
	return dirs
}

// line reads a file of one line, whose end is not part of it; the line itself may hold
// line breaks, as paths may.
func line(file string) (string, error) {
	data, err := os.ReadFile(file)
	return strings.TrimRight(string(data), "\r\n"), err
}

func from(dir, path string) string {
	path = filepath.FromSlash(path)
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}
