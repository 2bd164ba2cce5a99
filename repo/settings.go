package repo

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// settings are the entries of a person's git configuration that change what a file's
// content is, and the files they came from.
type settings struct {
	entries []setting // in git's order: the last of a key wins
	sources []string
	partial bool // a partial clone: objects may be missing by intent
}

type setting struct{ key, value string }

// copied are the settings the mirror takes over, in lower case, so that a check-out
// of ours looks like the person's own.
var copied = []string{
	"core.autocrlf", "core.eol", "core.safecrlf", "core.checkroundtripencoding",
	"core.symlinks", "core.filemode", "core.ignorecase", "core.precomposeunicode",
	"core.protecthfs", "core.protectntfs", "core.attributesfile", "core.excludesfile",
}

// readSettings asks git for the configuration of the repository at.
func readSettings(ctx context.Context, at location) (settings, error) {
	out, err := gitRun{dir: at.root, args: []string{"config", "--list", "--show-origin", "-z"}}.output(ctx)
	if err != nil {
		return settings{}, err
	}
	s := settings{sources: defaultSources(at)}
	fields := bytes.Split(bytes.TrimSuffix(out, []byte{0}), []byte{0})
	for i := 0; i+1 < len(fields); i += 2 {
		if file, ok := strings.CutPrefix(string(fields[i]), "file:"); ok {
			if file = within(at.root, file); !slices.Contains(s.sources, file) {
				s.sources = append(s.sources, file)
			}
		}
		key, value, hasValue := strings.Cut(string(fields[i+1]), "\n")
		if !hasValue {
			value = "true" // git's short form of a boolean
		}
		s.add(key, value)
	}
	return s, nil
}

func (s *settings) add(key, value string) {
	switch {
	case slices.Contains(copied, key), strings.HasPrefix(key, "filter."):
		s.entries = append(s.entries, setting{key, value})
	case key == "extensions.partialclone", strings.HasPrefix(key, "remote.") && strings.HasSuffix(key, ".promisor") && value != "false":
		s.partial = true
	}
}

// defaultSources are the files git reads even if they are empty or missing now.
func defaultSources(at location) []string {
	files := []string{filepath.Join(at.commonDir, "config"), filepath.Join(at.gitDir, "config.worktree")}
	if home, err := os.UserHomeDir(); err == nil {
		files = append(files, filepath.Join(home, ".gitconfig"), filepath.Join(home, ".config", "git", "config"))
	}
	return files
}

func (s settings) stamps() []stamp {
	stamps := make([]stamp, len(s.sources))
	for i, file := range s.sources {
		stamps[i] = stampOf(file)
	}
	return stamps
}

// encode renders entries as a git configuration file. git's keys are
// section.name or section.subsection.name; the subsection may hold anything.
func encode(entries []setting) []byte {
	var b bytes.Buffer
	section := ""
	for _, e := range entries {
		first, last := strings.IndexByte(e.key, '.'), strings.LastIndexByte(e.key, '.')
		if s := e.key[:last]; s != section {
			section = s
			b.WriteString("[" + e.key[:first])
			if first < last {
				b.WriteString(` "` + escaper.Replace(e.key[first+1:last]) + `"`)
			}
			b.WriteString("]\n")
		}
		b.WriteString("\t" + e.key[last+1:] + ` = "` + valueEscaper.Replace(e.value) + "\"\n")
	}
	return b.Bytes()
}

var (
	escaper      = strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	valueEscaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`, "\b", `\b`)
)
