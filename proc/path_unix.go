//go:build linux || darwin

package proc

import (
	"os"
	"path/filepath"
	"strings"
)

// argv is what is executed. /bin/sh is named in full so that no PATH can replace it.
func (c Cmd) argv() []string {
	if c.Shell != "" {
		return []string{"/bin/sh", "-c", c.Shell}
	}
	return c.Argv
}

// path finds the program as a shell would, but in Env's PATH and never by a relative
// entry of it: the directory a command runs in is not trusted to name programs.
func (c Cmd) path() (string, error) {
	name := c.argv()[0]
	if strings.Contains(name, "/") {
		if filepath.IsAbs(name) {
			return name, nil
		}
		return filepath.Join(c.Dir, name), nil
	}
	why := "not found in PATH"
	for dir := range strings.SplitSeq(lookup(c.Env, "PATH"), ":") {
		if !filepath.IsAbs(dir) || name == "" {
			continue
		}
		file := filepath.Join(dir, name)
		info, err := os.Stat(file)
		switch {
		case err != nil || info.IsDir():
		case !executable(info):
			why = file + " is not executable"
		default:
			return file, nil
		}
	}
	return "", &notFoundError{name, why}
}

// lookup returns a variable's value. The last entry wins, as it does in a shell.
func lookup(env []string, key string) (value string) {
	for _, kv := range env {
		if k, v, ok := strings.Cut(kv, "="); ok && k == key {
			value = v
		}
	}
	return value
}

func executable(info os.FileInfo) bool { return info.Mode()&0o111 != 0 }
