package patch

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
)

// inEachFormat renders a new file, and the change of a file's only line, in every format.
func inEachFormat(path, old, new string) map[string]string {
	quoted := func(s string) string { return strings.ReplaceAll(fmt.Sprintf("%q", s), `\x`, `\u00`) }
	return map[string]string{
		"udiff":           fmt.Sprintf("--- a/%s\n+++ b/%s\n@@ -1 +1 @@\n-%s\n+%s\n", path, path, old, new),
		"udiff, new":      fmt.Sprintf("--- /dev/null\n+++ b/%s\n@@ -0,0 +1 @@\n+%s\n", path, new),
		"udiff, bare":     fmt.Sprintf("--- %s\n+++ %s\n@@\n-%s\n+%s\n", path, path, old, new),
		"block":           fmt.Sprintf("%s\n<<<<<<< SEARCH\n%s\n=======\n%s\n>>>>>>> REPLACE\n", path, old, new),
		"block, new":      fmt.Sprintf("%s\n<<<<<<< SEARCH\n=======\n%s\n>>>>>>> REPLACE\n", path, new),
		"envelope":        fmt.Sprintf("*** Begin Patch\n*** Update File: %s\n@@\n-%s\n+%s\n*** End Patch\n", path, old, new),
		"envelope, new":   fmt.Sprintf("*** Begin Patch\n*** Add File: %s\n+%s\n*** End Patch\n", path, new),
		"envelope, moved": fmt.Sprintf("*** Begin Patch\n*** Update File: good\n*** Move to: %s\n*** End Patch\n", path),
		"envelope, gone":  fmt.Sprintf("*** Begin Patch\n*** Delete File: %s\n*** End Patch\n", path),
		"whole":           fmt.Sprintf("%s\n```\n%s\n```\n", path, new),
		"JSON":            fmt.Sprintf(`{"path": %s, "search": %q, "replace": %q}`, quoted(path), old, new),
		"JSON, whole":     fmt.Sprintf(`{"path": %s, "content": %q}`, quoted(path), new),
	}
}

// TestLooseHostilePaths gives paths that no text may touch, in a tree where each could
// be reached: nothing but a refusal, or a change of another path within the tree that
// is no way around the rule.
func TestLooseHostilePaths(t *testing.T) {
	for _, path := range []string{
		"/etc/passwd", "//x", "../x", "a/../../x", "..", "./../x", "a/./../../x", `..\x`, `a\..\..\x`, `C:\x`, "c:x",
		".git", ".git/config", "a/.git/hooks/pre-commit", ".GIT/config", "git~1/config", ".git./config", `.git\config`, `a\.git\config`,
		".git\u200c/config", "link/x", "out/x", "m/x", strings.Repeat("d/", MaxPath/2+1),
	} {
		tree := memTree{
			"good": {ModeFile, []byte("good\n")}, "link": {ModeLink, []byte("dir")}, "out": {ModeLink, []byte("/etc")},
			"m": {modeSubmodule, nil},
		}
		if fs.ValidPath(path) {
			tree[path] = memFile{ModeFile, []byte("old line\n")}
		}
		for name, text := range inEachFormat(path, "old line", "new line") {
			for _, target := range []string{"", path} {
				res, err := Apply([]byte(text), tree, Options{Target: target})
				if err != nil && kindOf(err) == "" {
					t.Errorf("%s %q: %v", name, path, err)
				}
				for _, w := range res.Writes {
					if w.Path == path || checkPath(w.Path) != "" || below(w.Path, "link") || below(w.Path, "out") || below(w.Path, "m") || below(w.Path, ".git") {
						t.Errorf("%s %q: writes %q", name, path, w.Path)
					}
				}
			}
		}
	}
}

// TestLoosePlaceholders adds comments that stand for code left out, in the syntax of
// many languages, and comments that only look alike.
func TestLoosePlaceholders(t *testing.T) {
	signs := []string{"// %s", "# %s", "/* %s */", "<!-- %s -->", "-- %s", "; %s", "%% %s", "{/* %s */}", "(* %s *)", "{- %s -}", "' %s", " * %s", "\t// %s", "    # %s"}
	placed := func(line string) error {
		_, err := Apply([]byte("--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n first line\n-second line\n+"+line+"\n"), memTree{"f": {ModeFile, []byte("first line\nsecond line\n")}}, Options{})
		return err
	}
	for _, words := range []string{
		"... existing code ...", "... rest of the code ...", "rest of the code unchanged", "... (rest of the file remains the same)", "rest of the function remains unchanged",
		"Rest of implementation...", "... keep the existing code ...", "remaining code stays the same", "... unchanged ...", "[... existing methods ...]",
		"existing code", "… rest of the code …", "... other methods unchanged", "the rest of the file is unchanged", "... previous code ...", "code omitted for brevity",
	} {
		for _, sign := range signs {
			if err := placed(fmt.Sprintf(sign, words)); kindOf(err) != Placeholder {
				t.Errorf("%q: got %v, want a refusal", fmt.Sprintf(sign, words), err)
			}
		}
	}
	for _, line := range []string{
		"// the rest of the arguments are passed on to the command as they stand", "# keep existing settings of a user, and add ours",
		"// ...", "f(args...)", "// existing users are migrated first", "x = [...rest]", "const { a, ...rest } = props", "// unchanged lines are context, and are kept by the writer of hunks",
		"log(\"rest of the code unchanged\")", "# Remaining time in seconds", "// omitted fields take their default value from the table below", "code", "unchanged = True", "...",
	} {
		if err := placed(line); err != nil {
			t.Errorf("%q: got %v, want it to be a line like any other", line, err)
		}
	}
}

// TestLooseBinary gives text for files that are binary.
func TestLooseBinary(t *testing.T) {
	for name, text := range inEachFormat("f", "old line", "new line") {
		if strings.Contains(name, "moved") || strings.Contains(name, "gone") {
			continue
		}
		tree := memTree{"f": {ModeFile, []byte("old line\n\x00\x01\x02\n")}, "good": {ModeFile, nil}}
		_, err := Apply([]byte(text), tree, Options{})
		if kind := kindOf(err); kind != BinaryFile && (kind != Exists || !strings.Contains(name, "new")) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestLooseShrunk gives whole files that are shorter: a little is allowed, much is not,
// and a small file may become whatever it likes.
func TestLooseShrunk(t *testing.T) {
	for _, tt := range []struct {
		old, new int
		kind     Kind
	}{{40, 39, ""}, {40, 21, ""}, {40, 19, Shrunk}, {40, 1, Shrunk}, {5, 1, ""}, {1000, 400, Shrunk}} {
		old := strings.Repeat("line\n", tt.old)
		_, err := Apply([]byte("f\n```\n"+strings.Repeat("line\n", tt.new)+"```\n"), memTree{"f": {ModeFile, []byte(old)}}, Options{})
		if kindOf(err) != tt.kind {
			t.Errorf("%d lines to %d: got %v, want %q", tt.old, tt.new, err, tt.kind)
		}
		_, err = Apply([]byte(fmt.Sprintf(`{"path": "f", "content": %q}`, strings.Repeat("line\n", tt.new))), memTree{"f": {ModeFile, []byte(old)}}, Options{})
		if kindOf(err) != tt.kind {
			t.Errorf("JSON, %d lines to %d: got %v, want %q", tt.old, tt.new, err, tt.kind)
		}
	}
}

// TestLooseTooLarge holds the bounds.
func TestLooseTooLarge(t *testing.T) {
	wantKind(t, TooLarge, strings.Repeat("x", MaxText+1), memTree{}, Options{})
	huge := memTree{"f": {ModeFile, make([]byte, MaxFile+1)}, "good": {ModeFile, nil}}
	for name, text := range inEachFormat("f", "old line", "new line") {
		if strings.Contains(name, "moved") || strings.Contains(name, "gone") {
			continue
		}
		_, err := Apply([]byte(text), huge, Options{})
		if kind := kindOf(err); kind != TooLarge && (kind != Exists || !strings.Contains(name, "new")) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	var many strings.Builder
	for i := range MaxFiles + 1 {
		fmt.Fprintf(&many, "--- /dev/null\n+++ b/f%d\n@@ -0,0 +1 @@\n+x\n", i)
	}
	wantKind(t, TooLarge, many.String(), memTree{}, Options{})
	replaced := fmt.Sprintf(`{"path": "f", "search": "a", "replace": %q, "replace_all": true}`, strings.Repeat("b", 1<<17))
	wantKind(t, TooLarge, replaced, memTree{"f": {ModeFile, []byte(strings.Repeat("a\n", 1<<10))}}, Options{})
}

// TestLooseUnknownFormat names a format that there is not.
func TestLooseUnknownFormat(t *testing.T) {
	wantKind(t, Unsupported, "x", memTree{}, Options{Format: "rot13"})
}
