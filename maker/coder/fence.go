package coder

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// fence is a directory and the question whether a path lies in it. It tells what an agent
// may ask for and sees what it says that it did; it is no wall around its processes.
type fence struct {
	dir  string // as the agent was told
	real string // without symbolic links
}

func newFence(dir string) fence {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		real = dir
	}
	return fence{dir, real}
}

// holds reports whether a path, relative to the directory or absolute, is in it, wherever
// symbolic links lead.
func (f fence) holds(path string) bool {
	_, ok := f.rel(path)
	return ok
}

// rel returns the path below the directory that a path leads to, which need not exist.
// ok is false when it is outside.
func (f fence) rel(path string) (rel string, ok bool) {
	path = strings.TrimPrefix(path, "file://")
	if strings.ContainsRune(path, 0) {
		return "", false
	}
	if path == "~" || strings.HasPrefix(path, "~/") {
		return "", false // an agent means its HOME
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(f.dir, path)
	}
	real, ok := resolve(filepath.Clean(path))
	if !ok {
		return "", false
	}
	rel, err := filepath.Rel(f.real, real)
	if err != nil || !filepath.IsLocal(rel) {
		return "", false
	}
	return rel, true
}

// resolve follows the symbolic links of a path, the end of which may not exist. A link
// to what does not exist is one that somebody could fill later: it is not resolved.
func resolve(path string) (string, bool) {
	rest := ""
	for {
		real, err := filepath.EvalSymlinks(path)
		if err == nil {
			return filepath.Join(real, rest), true
		}
		if _, err := os.Lstat(path); err == nil || !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
			return "", false
		}
		up := filepath.Dir(path)
		if up == path {
			return "", false
		}
		rest = filepath.Join(filepath.Base(path), rest)
		path = up
	}
}

// repository reports whether a path below the directory is of a repository's own files.
func repository(rel string) bool {
	for part := range strings.SplitSeq(filepath.ToSlash(rel), "/") {
		// git~1 is what Windows calls it in short; the dots and spaces at a name's end it ignores.
		if name := strings.ToLower(strings.TrimRight(part, ". ")); name == ".git" || name == "git~1" {
			return true
		}
	}
	return false
}

// wroteOutside is the end of an agent that did.
func wroteOutside(path string) *Error {
	return &Error{Reason: Outside, Message: "the agent wrote outside of the checkout: " + oneLine(path),
		Hint: "look at that file; an agent that is not to be trusted needs a sandbox"}
}

// maxRefused bounds Report.Refused.
const maxRefused = 50

func refuse(list []string, what string) []string {
	if len(list) < maxRefused {
		list = append(list, oneLine(what))
	}
	return list
}
