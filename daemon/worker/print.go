package worker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode"

	"codeagent.dev/agent/patch"
	"codeagent.dev/agent/repo"
)

// Bounds of what is read to compare results.
const (
	maxPrintFiles = 400
	maxPrintFile  = 1 << 20 // bytes
)

// changed is one file of a result beside what the base has; nil: it is not there.
type changed struct {
	path     string
	old, new []byte
	mode     patch.Mode // of old
}

// difference is a result beside the base, as far as the bounds allow.
type difference struct {
	commit string
	files  []changed
	whole  bool // files is all that differs
}

// changes reads the files that a result changes. It is asked twice for the same one: of
// what it does to tests, and of what other results it equals.
func (v *variant) changes(ctx context.Context, commit string) (files []changed, whole bool) {
	if v.seen.commit != commit {
		files, whole := v.readChanges(ctx, commit)
		v.seen = difference{commit, files, whole}
	}
	return v.seen.files, v.seen.whole
}

func (v *variant) readChanges(ctx context.Context, commit string) (files []changed, whole bool) {
	paths, err := v.repo.Changed(ctx, v.spec.Base, commit)
	if err != nil || len(paths) > maxPrintFiles {
		return nil, false
	}
	base, err := v.repo.Snapshot(ctx, v.spec.Base)
	if err != nil {
		return nil, false
	}
	result, err := v.repo.Snapshot(ctx, commit)
	if err != nil {
		return nil, false
	}
	whole = true
	for _, p := range paths {
		old, mode, okOld := readSmall(base, p)
		now, _, okNow := readSmall(result, p)
		if !okOld || !okNow {
			whole = false
			continue
		}
		files = append(files, changed{p, old, now, mode})
	}
	return files, whole
}

// readSmall reads a file; ok is false for what is too large or no file. One that is
// not there has no content.
func readSmall(tree *repo.Snapshot, p string) (data []byte, mode patch.Mode, ok bool) {
	info, err := tree.Lstat(p)
	if err != nil {
		return nil, 0, errors.Is(err, fs.ErrNotExist)
	}
	mode, ok = info.Sys().(patch.Mode)
	if !ok || !info.Mode().IsRegular() || info.Size() > maxPrintFile {
		return nil, mode, false
	}
	data, err = fs.ReadFile(tree, p)
	if data == nil {
		data = []byte{}
	}
	return data, mode, err == nil
}

// print names a change so that two which differ only in blanks and comments have the
// same name; "" when that cannot be said.
func (v *variant) print(ctx context.Context, commit string) string {
	files, whole := v.changes(ctx, commit)
	if !whole {
		return ""
	}
	var lines []string
	for _, f := range files {
		marks := commentMarks(f.path)
		old, now := bare(f.old, marks), bare(f.new, marks)
		gone, come := without(old, now), without(now, old)
		lines = append(lines, fmt.Sprintf("%s\x00%t\x00%t\x00%d", f.path, f.old == nil, f.new == nil, len(gone)))
		lines = append(append(lines, gone...), come...)
	}
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:16])
}

// without returns the lines that other does not have, or not as often, in their order.
func without(lines, other []string) (rest []string) {
	count := map[string]int{}
	for _, l := range other {
		count[l]++
	}
	for _, l := range lines {
		if count[l]--; count[l] < 0 {
			rest = append(rest, l)
		}
	}
	return rest
}

// bare returns the lines of a text without blanks but those in front, which mean
// something in some languages, and without lines that are nothing but a comment.
func bare(text []byte, marks []string) (lines []string) {
	for line := range strings.Lines(string(text)) {
		rest := strings.TrimLeft(line, " \t")
		indent := line[:len(line)-len(rest)]
		rest = strings.Map(func(r rune) rune {
			if unicode.IsSpace(r) {
				return -1
			}
			return r
		}, rest)
		if rest != "" && !slices.ContainsFunc(marks, func(m string) bool { return strings.HasPrefix(rest, m) }) {
			lines = append(lines, indent+rest)
		}
	}
	return lines
}

// commentMarks are what a line that is only a comment begins with, by the file's name.
func commentMarks(name string) []string {
	switch path.Ext(name) {
	case ".go", ".js", ".jsx", ".ts", ".tsx", ".java", ".kt", ".rs", ".c", ".h", ".cc", ".cpp", ".hpp", ".cs", ".swift", ".scala":
		return []string{"//"}
	case ".py", ".rb", ".sh", ".pl", ".yaml", ".yml", ".toml", ".ex", ".exs":
		return []string{"#"}
	case ".sql", ".lua", ".hs":
		return []string{"--"}
	}
	return nil
}
