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

// notFoundError is the text of a NotFound.
type notFoundError struct{ name, why string }

func (e *notFoundError) Error() string { return fmt.Sprintf("%q: %s", e.name, e.why) }
