package repo

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// lent is the repository of the commands that run in the tree.
func (t *poolTree) lent() string { return filepath.Join(t.files(), ".git") }

// lend makes the commands' repository, in place of whatever stands there. It has the
// tree's commit checked out and borrows the mirror's objects; all that a command
// changes or adds is in the directory itself. It costs a few small files and a copy
// of the index, no matter how large the repository is.
func (t *poolTree) lend(conversion []setting) error {
	git := t.lent()
	if err := removeAll(git); err != nil {
		return err
	}
	for _, dir := range []string{"hooks", "info", "objects/info", "objects/pack", "refs/heads", "refs/tags"} {
		if err := os.MkdirAll(filepath.Join(git, dir), 0o700); err != nil {
			return err
		}
	}
	files := map[string][]byte{
		"HEAD":                    []byte(t.state.Commit + "\n"),
		"config":                  lentConfig(git, conversion),
		"objects/info/alternates": []byte(alternateLine(filepath.Join(t.pool.mirror, "objects"))),
	}
	for _, name := range []string{"shallow", "info/attributes", "info/exclude"} {
		data, err := os.ReadFile(filepath.Join(t.pool.mirror, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		files[name] = data
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(git, name), data, 0o600); err != nil {
			return err
		}
	}
	return copyFile(t.index(), filepath.Join(git, "index"))
}

// lentConfig is the configuration of a repository that is thrown away: no hooks but
// those that a command makes itself, no house-keeping, nothing that stays running, no
// waiting for the disk, and the person's conversion settings. Who commits is up to
// the rest of their configuration.
func lentConfig(git string, conversion []setting) []byte {
	own := []setting{
		{"core.repositoryformatversion", "0"},
		{"core.bare", "false"},
		{"core.logallrefupdates", "true"},
		{"core.hookspath", filepath.ToSlash(filepath.Join(git, "hooks"))},
		{"core.fsmonitor", "false"},
		{"core.fsync", "none"},
		{"gc.auto", "0"},
		{"maintenance.auto", "false"},
	}
	return encode(append(own, conversion...))
}
