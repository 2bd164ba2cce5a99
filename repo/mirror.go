package repo

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// mirrorMarker is the file that says a directory below <state>/repos is ours. It
// holds the path of the person's git directory.
const mirrorMarker = ".agent-mirror"

// unfinishedMirror begins the name of a mirror that is being made.
const unfinishedMirror = "git-new-"

// mirror is the bare repository that holds our results for one repository of a
// person. It borrows their objects through objects/info/alternates and owns
// nothing else of theirs.
type mirror struct {
	dir string // <state>/repos/<name>-<12 hex>
	git string // dir/git

	mu    sync.Mutex // one sync at a time in this process
	trees *treeCache

	histories historyCache
	pool      *treePool // work trees for commands
}

// newMirror names the mirror of the repository at; it touches nothing.
func newMirror(state string, at location) *mirror {
	dir := mirrorDir(state, at.commonDir)
	git := filepath.Join(dir, "git")
	return &mirror{dir: dir, git: git, trees: newTreeCache(treeCacheBytes), pool: newTreePool(git, filepath.Join(dir, "trees"))}
}

// mirrorDir is where the mirror of a repository and all that belongs to it lies.
func mirrorDir(state, commonDir string) string {
	sum := sha256.Sum256([]byte(commonDir))
	return filepath.Join(state, "repos", mirrorName(commonDir)+"-"+hex.EncodeToString(sum[:6]))
}

// mirrorName is the readable part of the directory's name.
func mirrorName(commonDir string) string {
	base := filepath.Base(commonDir)
	if base == ".git" {
		base = filepath.Base(filepath.Dir(commonDir))
	}
	base = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) || r <= ' ' || r == 0xFFFD {
			return '_'
		}
		return r
	}, strings.TrimSuffix(base, ".git"))
	if len(base) > 64 {
		base = strings.ToValidUTF8(base[:64], "")
	}
	return base
}

// sourceStamps are the person's files, beside their configuration, that the mirror copies.
func (m *mirror) sourceStamps(at location) []stamp {
	var stamps []stamp
	for _, file := range []string{
		at.shallow,
		filepath.Join(at.commonDir, "info", "attributes"),
		filepath.Join(at.commonDir, "info", "exclude"),
		filepath.Join(at.objects, "info", "alternates"),
	} {
		stamps = append(stamps, stampOf(file))
	}
	return stamps
}

// sync makes the mirror, or brings its settings up to date. It reports whether
// anything in an existing mirror changed.
func (m *mirror) sync(at location, cfg settings) (changed bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	files, err := m.files(at, cfg)
	if err != nil {
		return false, err
	}
	if _, err := os.Stat(filepath.Join(m.git, "HEAD")); errors.Is(err, os.ErrNotExist) {
		return false, m.create(at, files)
	}
	for name, want := range files {
		path := filepath.Join(m.git, name)
		have, err := os.ReadFile(path)
		switch {
		case err == nil && bytes.Equal(have, want), errors.Is(err, os.ErrNotExist) && want == nil:
			continue
		case want == nil:
			err = os.Remove(path)
		default:
			err = replaceFile(path, want)
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return false, err
		}
		changed = true
	}
	return changed, nil
}

// create makes the mirror under another name and renames it, so that a mirror is
// there whole or not at all, also when two processes make it.
func (m *mirror) create(at location, files map[string][]byte) error {
	if err := os.MkdirAll(m.dir, 0o700); err != nil {
		return err
	}
	if err := replaceFile(filepath.Join(m.dir, mirrorMarker), []byte(at.commonDir+"\n")); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(m.dir, unfinishedMirror)
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := markOwned(tmp); err != nil {
		return err
	}
	for _, dir := range []string{"objects/info", "objects/pack", "refs/heads", "info", "hooks"} {
		if err := os.MkdirAll(filepath.Join(tmp, dir), 0o700); err != nil {
			return err
		}
	}
	files["HEAD"] = []byte("ref: refs/heads/none\n")
	for name, data := range files {
		if data == nil {
			continue
		}
		if err := replaceFile(filepath.Join(tmp, name), data); err != nil {
			return err
		}
	}
	err = os.Rename(tmp, m.git)
	if _, there := os.Stat(filepath.Join(m.git, "HEAD")); err != nil && there == nil {
		return nil // another process was faster
	}
	return err
}

// files are the contents of the mirror's files that depend on the person's
// repository, by path below the mirror; nil means there is none.
func (m *mirror) files(at location, cfg settings) (map[string][]byte, error) {
	files := map[string][]byte{"config": m.config(cfg)}
	for name, source := range map[string]string{
		"shallow":         at.shallow,
		"info/attributes": filepath.Join(at.commonDir, "info", "attributes"),
		"info/exclude":    filepath.Join(at.commonDir, "info", "exclude"),
	} {
		data, err := os.ReadFile(source)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		files[name] = data
	}
	stores, err := objectStores(at.objects, 0)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	for _, dir := range stores {
		b.WriteString(alternateLine(dir))
	}
	files["objects/info/alternates"] = []byte(b.String())
	return files, nil
}

// config is the mirror's configuration: never any house-keeping, hooks or remotes
// of its own, durable writes, and the person's conversion settings.
func (m *mirror) config(cfg settings) []byte {
	own := []setting{
		{"core.repositoryformatversion", "0"},
		{"core.bare", "true"},
		{"core.logallrefupdates", "false"},
		{"core.hookspath", filepath.ToSlash(filepath.Join(m.git, "hooks"))},
		{"core.fsync", "committed"},
		{"core.fsyncmethod", "batch"},
		{"gc.auto", "0"},
		{"maintenance.auto", "false"},
		{"fetch.writecommitgraph", "false"},
	}
	return encode(append(own, cfg.entries...))
}

// objectStores lists dir and the object directories it borrows from. git follows
// alternates itself, but not relative ones of an alternate.
func objectStores(dir string, depth int) ([]string, error) {
	stores := []string{dir}
	data, err := os.ReadFile(filepath.Join(dir, "info", "alternates"))
	if errors.Is(err, os.ErrNotExist) || depth == 5 { // git's own limit
		return stores, nil
	}
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" || line[0] == '#' || line[0] == '"' { // git reads the quoted form itself
			continue
		}
		more, err := objectStores(within(dir, line), depth+1)
		if err != nil {
			return nil, err
		}
		stores = append(stores, more...)
	}
	return stores, nil
}

// alternateLine writes dir as a line of objects/info/alternates. A path with a line
// break goes in quotes, the way git quotes in C style.
func alternateLine(dir string) string {
	dir = filepath.ToSlash(dir)
	if strings.Contains(dir, "\n") {
		dir = `"` + valueEscaper.Replace(dir) + `"`
	}
	return dir + "\n"
}

// replaceFile writes path so that a reader sees the old content or the new, and a
// crash leaves one of them.
func replaceFile(path string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".tmp-")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
