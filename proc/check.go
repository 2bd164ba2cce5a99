package proc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

func (c Cmd) check() error {
	if (len(c.Argv) == 0) == (c.Shell == "") {
		return errors.New("a command needs either arguments or a shell line")
	}
	if c.Talk != nil && c.Stdin != nil {
		return errors.New("a command is talked to or gets its stdin whole, not both")
	}
	for _, list := range [][]string{c.Argv, c.Env, {c.Shell, c.Dir}} {
		for _, s := range list {
			if strings.ContainsRune(s, 0) {
				return fmt.Errorf("the command cannot be run: %.40q contains a NUL byte", s)
			}
		}
	}
	return c.checkDir()
}

func (c Cmd) checkDir() error {
	if !filepath.IsAbs(c.Dir) {
		return fmt.Errorf("the directory to run in, %q, is not absolute", c.Dir)
	}
	info, err := os.Stat(c.Dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the directory to run in, %s, does not exist: %w", c.Dir, fs.ErrNotExist)
	case err != nil:
		return fmt.Errorf("the directory to run in: %w", err)
	case !info.IsDir():
		return fmt.Errorf("the directory to run in, %s, is a file", c.Dir)
	}
	return nil
}

// Find returns the file that Run would execute for a name in this environment, of which
// PATH counts, and on Windows PATHEXT. Nothing is started. The error says why not.
func Find(name string, env []string) (string, error) {
	c := Cmd{Argv: []string{name}, Env: env}
	if filepath.Base(name) != name && !filepath.IsAbs(name) {
		return "", &notFoundError{name, "is relative to a directory that is not known yet"}
	}
	path, err := c.path()
	if err != nil {
		return "", err
	}
	switch info, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return "", &notFoundError{name, "no such file"}
	case err != nil:
		return "", &notFoundError{name, err.Error()}
	case info.IsDir():
		return "", &notFoundError{name, "is a directory"}
	case !executable(info):
		return "", &notFoundError{name, "is not executable"}
	}
	return path, nil
}

// notFoundError is the text of a NotFound.
type notFoundError struct{ name, why string }

func (e *notFoundError) Error() string { return fmt.Sprintf("%q: %s", e.name, e.why) }
