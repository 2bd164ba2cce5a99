package hook

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// excludeFile is info/exclude, or the file that it leads to: a symbolic link stays one,
// also when there is no file there yet.
func (p Place) excludeFile() string {
	name := filepath.Join(p.Common, "info", "exclude")
	if real, err := filepath.EvalSymlinks(name); err == nil {
		return real
	}
	to, err := os.Readlink(name)
	switch {
	case err != nil:
		return name
	case filepath.IsAbs(to):
		return to
	}
	return filepath.Join(filepath.Dir(name), to)
}

// exclude keeps the files that were made inside of the work tree out of `git add`: they
// name this machine's directories, and are nothing for others. It writes them at the top
// of the repository's own info/exclude, between our marks.
func (p Place) exclude(files []string) error {
	if len(files) == 0 {
		return nil
	}
	name := p.excludeFile()
	text, err := os.ReadFile(name)
	k, mode := kindBlock, fs.FileMode(0o644)
	if info, err := os.Stat(name); err == nil {
		mode = info.Mode().Perm()
	}
	if errors.Is(err, fs.ErrNotExist) {
		k, err = kindFile, os.MkdirAll(filepath.Dir(name), 0o755)
	}
	if err != nil {
		return err
	}
	rest := string(text)
	if s, ours := split(rest); ours {
		rest, k = s.rest(), s.kind
	}
	body := fmt.Sprintf("%s%d exclude %s: hooks of this machine\n", begins, version, k)
	for _, f := range files {
		rel, err := filepath.Rel(p.Root, f)
		if err != nil || strings.ContainsAny(rel, "\n\r") {
			continue // no pattern can say it
		}
		body += "/" + escapePattern(filepath.ToSlash(rel)) + "\n"
	}
	block := body + fmt.Sprintf("%s%d %08x\n", ends, version, crc32.ChecksumIEEE([]byte(body)))
	return replace(name, []byte(block+rest), mode)
}

// escapePattern writes a path as a pattern that means itself.
func escapePattern(path string) string {
	text := strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
	if trimmed := strings.TrimRight(text, " "); trimmed != text {
		text = trimmed + strings.Repeat(`\ `, len(text)-len(trimmed))
	}
	return text
}

// include takes our lines out of info/exclude.
func (p Place) include() error {
	name := p.excludeFile()
	text, err := os.ReadFile(name)
	s, ours := split(string(text))
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && !ours:
		return nil
	case err != nil:
		return err
	case s.kind == kindFile && s.rest() == "":
		return os.Remove(name)
	}
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	return replace(name, []byte(s.rest()), info.Mode().Perm())
}

// visible are the files of ours that git would offer to commit.
func (p Place) visible(ctx context.Context, plans []plan) (files []string) {
	if !p.InTree() {
		return nil
	}
	for _, pl := range plans {
		if pl.left {
			continue
		}
		files = append(files, pl.done.Path)
		if pl.move != "" || exists(filepath.Join(p.Dir, chainedDir, pl.done.Hook)) {
			files = append(files, filepath.Join(p.Dir, chainedDir))
		}
	}
	if p.Ignored(ctx) && len(files) > 0 {
		if text, err := os.ReadFile(p.excludeFile()); err == nil {
			if _, ours := split(string(text)); ours {
				return files // ignored by our own lines
			}
		}
		return nil
	}
	return files
}
