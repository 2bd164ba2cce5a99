package worker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
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
		return nil, true
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
		count := map[string]int{}
		for _, l := range bare(f.old) {
			count[l]--
		}
		for _, l := range bare(f.new) {
			count[l]++
		}
		for l, n := range count {
			if n != 0 {
				lines = append(lines, fmt.Sprintf("%s\x00%s\x00%d", f.path, l, n))
			}
		}
		lines = append(lines, fmt.Sprintf("%s\x00%t\x00%t", f.path, f.old == nil, f.new == nil))
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:16])
}

// bare returns the lines of a text without blanks, and without those that are nothing
// but a comment.
func bare(text []byte) (lines []string) {
	for line := range strings.Lines(string(text)) {
		line = strings.Map(func(r rune) rune {
			if unicode.IsSpace(r) {
				return -1
			}
			return r
		}, line)
		if line != "" && !comment(line) {
			lines = append(lines, line)
		}
	}
	return lines
}

func comment(line string) bool {
	for _, mark := range []string{"//", "/*", "*/", "--", "#", ";", "<!--"} {
		if strings.HasPrefix(line, mark) && !strings.HasPrefix(line, "#!") && !strings.HasPrefix(line, "#include") && !strings.HasPrefix(line, "#define") && !strings.HasPrefix(line, "#if") && !strings.HasPrefix(line, "#endif") && !strings.HasPrefix(line, "#else") {
			return true
		}
	}
	return strings.HasPrefix(line, "*") && len(line) > 1 && !strings.ContainsAny(line, "=;(")
}
