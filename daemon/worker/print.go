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
}

// changes reads the files that a result changes, as far as the bounds allow. whole
// reports whether that is all of them.
func (v *variant) changes(ctx context.Context, commit string) (files []changed, whole bool) {
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
		old, okOld := readSmall(base, p)
		now, okNow := readSmall(result, p)
		if !okOld || !okNow {
			whole = false
			continue
		}
		files = append(files, changed{p, old, now})
	}
	return files, whole
}

// readSmall reads a file; ok is false for what is too large or no file. One that is
// not there has no content.
func readSmall(tree *repo.Snapshot, p string) (data []byte, ok bool) {
	info, err := tree.Lstat(p)
	if err != nil {
		return nil, errors.Is(err, fs.ErrNotExist)
	}
	if !info.Mode().IsRegular() || info.Size() > maxPrintFile {
		return nil, false
	}
	data, err = fs.ReadFile(tree, p)
	if data == nil {
		data = []byte{}
	}
	return data, err == nil
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
		gone, come := only(bare(f.old, marks), bare(f.new, marks))
		lines = append(lines, fmt.Sprintf("%s\x00%t\x00%t\x00%d", f.path, f.old == nil, f.new == nil, len(gone)))
		lines = append(append(lines, gone...), come...)
	}
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:16])
}

// only returns the lines that just one of two texts has, in their order.
func only(old, new []string) (gone, come []string) {
	count := map[string]int{}
	for _, l := range old {
		count[l]++
	}
	for _, l := range new {
		if count[l]--; count[l] < 0 {
			come = append(come, l)
		}
	}
	count = map[string]int{}
	for _, l := range new {
		count[l]++
	}
	for _, l := range old {
		if count[l]--; count[l] < 0 {
			gone = append(gone, l)
		}
	}
	return gone, come
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
