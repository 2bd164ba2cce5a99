package patch

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// size returns n, and a fifth of it unless the fixtures that wait are asked for.
func size(n int) int {
	if *looseDir == looseFixtures {
		return n / 5
	}
	return n
}

// hostile is a text, or a text and a file, made to be slow.
type hostile struct {
	name   string
	format Format // empty: found out
	file   string // the content of f
	text   string
	slow   string // why it is not run by default: it takes too long yet
}

const (
	diffHead  = "--- a/f\n+++ b/f\n"
	blockHead = "f\n<<<<<<< SEARCH\n"
)

// numbered returns n lines made by a format with one number.
func numbered(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// hostileHunks are diffs whose hunks have many places, or almost one.
func hostileHunks() []hostile {
	tenMB := size(10 << 20)
	same := strings.Repeat("same line\n", 100_000)
	blank := strings.Repeat("\n", 100_000)
	pairs := strings.Repeat("left side\nright side\n", 50_000)
	lines := numbered(50_000, "line %d of a long file\n")
	nearly := strings.ReplaceAll(lines, "7 of", "7 or")
	hunk := func(text string) string {
		return " " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n ") + "\n"
	}
	return []hostile{
		{name: "equal lines, a hunk of three", file: same, text: diffHead + "@@\n same line\n-same line\n+new line\n same line\n"},
		{name: "equal lines, a stated line", file: same, text: diffHead + "@@ -50000,3 +50000,3 @@\n same line\n-same line\n+new line\n same line\n"},
		{name: "equal lines, a long hunk", file: same, text: diffHead + "@@\n" + strings.Repeat(" same line\n", 20_000) + "-other line\n+new line\n"},
		{name: "equal lines, a long hunk that fits", file: same, text: diffHead + "@@\n" + strings.Repeat(" same line\n", 5000) + "-same line\n+new line\n"},
		{name: "equal lines, shifted", file: same, text: diffHead + "@@\n" + strings.Repeat("   same line\n", 500) + "-  same line\n+  new line\n"},
		{name: "blank lines", file: blank, text: diffHead + "@@\n" + strings.Repeat(" \n", 1000) + "-\n+new line\n"},
		{name: "blank lines and one more", file: blank + "end\n", text: diffHead + "@@\n" + strings.Repeat(" \n", 1000) + "-begin\n+new line\n"},
		{name: "two lines in turn", file: pairs, text: diffHead + "@@\n" + strings.Repeat(" left side\n right side\n", 2000) + "-left side\n+new line\n+right side\n"},
		{name: "two lines in turn, once swapped", file: pairs, text: diffHead + "@@\n" + strings.Repeat(" left side\n right side\n", 5000) + " right side\n-left side\n+new line\n"},
		{name: "a long hunk that nearly fits", file: lines, text: diffHead + "@@ -1,50000 +1,50000 @@\n" + hunk(nearly) + "+new line\n"},
		{name: "a hunk of 500 lines that nearly fits", file: lines, text: diffHead + "@@\n" + hunk(strings.Join(strings.SplitAfter(nearly, "\n")[20_000:20_500], "")) + "+new line\n"},
		{name: "many hunks of equal lines", slow: "every hunk is compared with every place of every other", file: same, text: diffHead + strings.Repeat("@@\n same line\n-same line\n+new line\n", 2000)},
		{name: "many hunks of equal lines, each another", slow: "every hunk is compared with every place of every other", file: same, text: diffHead + numbered(2000, "@@\n same line\n-same line\n+new line %d\n")},
		{name: "many hunks that nearly fit", slow: "each hunk is aligned on its own", file: lines, text: diffHead + numbered(1000, "@@\n line %d7 of a long file\n line 2 or a long file\n-line 3 of a long file\n+new\n")},
		{name: "many hunks", file: lines, text: diffHead + numbered(5000, "@@\n-line %d of a long file\n+new line\n")},
		{name: "a line of 10 MB", file: strings.Repeat("long ", tenMB/5) + "\nend\n", text: diffHead + "@@\n " + strings.Repeat("long ", tenMB/5) + "x\n-end\n+new end\n"},
		{name: "a line of 10 MB, a part of it", file: strings.Repeat("ab", tenMB/2) + "c\n", text: blockHead + strings.Repeat("ab", tenMB/4) + "c\n=======\nnew\n>>>>>>> REPLACE\n"},
		{name: "parts of one line in many places", slow: "each place is made into an edit of the whole line", file: strings.Repeat("ab ", tenMB/3) + "\n", text: `{"path": "f", "search": "ab", "replace": "cd"}`},
		{name: "all parts of one line", file: strings.Repeat("ab ", 100_000) + "\n", text: `{"path": "f", "search": "ab", "replace": "cd", "replace_all": true}`},
		{name: "all parts of many lines", file: strings.Repeat("ab ab\n", 100_000), text: `{"path": "f", "search": "ab", "replace": "cd", "replace_all": true}`},
		{name: "blocks that change what the one before made", file: "step 0\n" + lines, text: numbered(200, blockHead+"step %[1]d\n=======\nstep 1%[1]d\n>>>>>>> REPLACE\n")},
		{name: "a chain of blocks", slow: "the file is indexed for every block", file: "step 0 x\n" + lines, text: chain(190)},
	}
}

// chain returns blocks each of which changes the line that the one before made.
func chain(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%sstep %d x\n=======\nstep %d x\n>>>>>>> REPLACE\n", blockHead, i, i+1)
	}
	return b.String()
}

// hostileTexts are texts that are hard to read.
func hostileTexts() []hostile {
	tenMB := size(10 << 20)
	one := diffHead + "@@\n-a\n+b\n"
	return []hostile{
		{name: "10 MB of @@", slow: "each header makes an edit", text: strings.Repeat("@@\n", tenMB/3)},
		{name: "10 MB of @@ below names", text: diffHead + strings.Repeat("@@\n", tenMB/3)},
		{name: "hunks without changes", text: diffHead + strings.Repeat("@@\n a\n", tenMB/6)},
		{name: "10 MB of SEARCH", text: "f\n" + strings.Repeat("<<<<<<< SEARCH\n", tenMB/15)},
		{name: "10 MB of SEARCH in a fence", text: "f\n```\n" + strings.Repeat("<<<<<<< SEARCH\n", tenMB/15)},
		{name: "empty blocks", text: "f\n" + strings.Repeat("<<<<<<< SEARCH\n=======\n>>>>>>> REPLACE\n", 100_000)},
		{name: "a block of 100,000 lines", file: "x\n", text: blockHead + numbered(100_000, "line %d of a long block\n") + "=======\n" + numbered(100_000, "line %d of a long block\n") + ">>>>>>> REPLACE\n"},
		{name: "dividers in a block", slow: "each divider is a reading of the whole block", file: "x\n", text: blockHead + strings.Repeat("x\n=======\n", 5000) + ">>>>>>> REPLACE\n"},
		{name: "dividers in a block that fits", slow: "each divider is a reading of the whole block", file: strings.Repeat("x\n=======\n", 5000), text: blockHead + strings.Repeat("x\n=======\n", 5000) + ">>>>>>> REPLACE\n"},
		{name: "fences", text: strings.Repeat("```\n", 100_000)},
		{name: "fences with a language", text: strings.Repeat("```go\n", 100_000)},
		{name: "named fences", text: strings.Repeat("f.go\n```\nx\n```\n", 30_000)},
		{name: "fences in a whole file", text: "f\n````\n" + strings.Repeat("```\nx\n```\n", 30_000) + "````\n"},
		{name: "fences in a whole file, of its length", text: "f\n```\n" + strings.Repeat("```sh\nx\n```\n", 30_000) + "```\n"},
		{name: "fences in a diff", text: "```diff\n" + one + strings.Repeat("```\n", 100_000)},
		{name: "fences in a diff, then a change", text: "```diff\n" + one + strings.Repeat("```\n", 100_000) + "+c\n```\n"},
		{name: "blank lines after a hunk", text: one + strings.Repeat("\n", 200_000)},
		{name: "blank lines before prose", text: one + strings.Repeat("\n", 200_000) + "That is all there is.\n"},
		{name: "names in a body", text: diffHead + "@@ -1,90000 +1,90000 @@\n" + strings.Repeat("--- x\n+++ y\n", 30_000)},
		{name: "ends in an envelope", text: "*** Begin Patch\n*** Update File: f\n@@\n-a\n" + strings.Repeat("EOF\n", 100_000) + "+x\n*** End Patch\n"},
		{name: "anchors in an envelope", slow: "each anchor is looked for anew", file: strings.Repeat("class A\n", 50_000), text: "*** Begin Patch\n*** Update File: f\n" + strings.Repeat("@@ class A\n", 50_000) + "-a\n+x\n*** End Patch\n"},
		{name: "many hunks with anchors", slow: "each anchor is looked for anew", file: numbered(50_000, "class A\nline %d\n"), text: "*** Begin Patch\n*** Update File: f\n" + numbered(2000, "@@ class A\n-line %d\n+new\n") + "*** End Patch\n"},
		{name: "deep JSON lists", format: JSON, text: strings.Repeat("[", tenMB)},
		{name: "deep JSON objects", format: JSON, text: strings.Repeat(`{"edits":`, tenMB/9)},
		{name: "deep JSON that is closed", format: JSON, text: strings.Repeat(`{"edits":[`, 5000) + strings.Repeat("]}", 5000)},
		{name: "JSON values", format: JSON, text: strings.Repeat("{} ", tenMB/3)},
		{name: "JSON edits", file: numbered(20_000, "line %d\n"), text: "[" + numbered(5000, `{"path": "f", "search": "line %[1]d\n", "replace": "new %[1]d\n"},`) + `{"path": "f", "search": "line 7\n", "replace": "new 7\n"}]`},
		{name: "JSON escapes", format: JSON, text: `{"path": "f", "search": "` + strings.Repeat(`\\`, tenMB/2)},
		{name: "backticks in a line", text: strings.Repeat("`a`b", tenMB/4) + "\n<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n"},
		{name: "quotation signs", text: strings.Repeat("> ", tenMB/2) + one},
		{name: "a long name", text: "--- a/" + strings.Repeat("d/", tenMB/2) + "f\n+++ b/f\n@@\n-a\n+b\n"},
	}
}

// hostileFiles are texts with very many files.
func hostileFiles() []hostile {
	n := size(50_000)
	return []hostile{
		{name: "new files, diff", text: numbered(n, "--- /dev/null\n+++ b/d/f%d\n@@ -0,0 +1 @@\n+x\n")},
		{name: "missing files, diff", text: numbered(n, "--- a/d/f%[1]d\n+++ b/d/f%[1]d\n@@ -1 +1 @@\n-a\n+b\n")},
		{name: "missing files, blocks", text: numbered(n, "d/f%d\n<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n")},
		{name: "new files, blocks", text: numbered(n, "d/f%d\n<<<<<<< SEARCH\n=======\nb\n>>>>>>> REPLACE\n")},
		{name: "missing files, envelope", text: "*** Begin Patch\n" + numbered(n, "*** Update File: d/f%d\n@@\n-a\n+b\n") + "*** End Patch\n"},
		{name: "new files, envelope", text: "*** Begin Patch\n" + numbered(n, "*** Add File: d/f%d\n+b\n") + "*** End Patch\n"},
		{name: "whole files", text: numbered(n, "d/f%d.go\n```\nb\n```\n")},
		{name: "missing files, JSON", text: "[" + numbered(n, `{"path": "d/f%d", "search": "a", "replace": "b"},`) + `{"path": "g", "search": "a", "replace": "b"}]`},
		{name: "new files, JSON", text: "[" + numbered(n, `{"path": "d/f%d", "content": "b"},`) + `{"path": "g", "content": "b"}]`},
		{name: "one file again and again", file: "a\n", text: strings.Repeat(diffHead+"@@ -1 +1 @@\n-a\n+b\n", n)},
	}
}

// TestLooseBounds holds that texts and files made to be slow end. The limit is far
// above what they take, and far below what any of them takes where the cost is a
// product; with -loose testdata/loose-open those run as well that are too slow yet.
func TestLooseBounds(t *testing.T) {
	const limit = time.Minute // a few seconds on a quiet machine
	for _, set := range [][]hostile{hostileHunks(), hostileTexts(), hostileFiles()} {
		for _, h := range set {
			if h.slow != "" && *looseDir == looseFixtures {
				continue
			}
			t.Run(h.name, func(t *testing.T) { h.run(t, limit) })
		}
	}
}

// run applies the text, and fails when that does not end.
func (h *hostile) run(t *testing.T, limit time.Duration) {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	done := make(chan error, 1)
	begin := time.Now()
	go func() {
		_, err := Apply([]byte(h.text), memTree{"f": {ModeFile, []byte(h.file)}}, Options{Format: h.format})
		done <- err
	}()
	select {
	case <-ctx.Done():
		t.Fatalf("not done after %v", limit)
	case err := <-done:
		t.Logf("%v: %s", time.Since(begin).Round(time.Millisecond), clip(fmt.Sprint(err)))
		if err != nil {
			wantSound(t, err)
		}
	}
}

// TestLooseBoundsTree gives names that a large tree does not have.
func TestLooseBoundsTree(t *testing.T) {
	names := 50_000
	if *looseDir == looseFixtures {
		names = 500 // each is looked for among all paths yet
	}
	dir := t.TempDir()
	for i := range 2000 {
		sub := filepath.Join(dir, fmt.Sprintf("pkg/sub%d", i/100))
		if err := os.MkdirAll(sub, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(sub, fmt.Sprintf("file%d.go", i)), []byte("a\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text := numbered(names, "--- a/x/y/none%[1]d.go\n+++ b/x/y/none%[1]d.go\n@@ -1 +1 @@\n-a\n+b\n")
	begin := time.Now()
	if _, err := Apply([]byte(text), os.DirFS(dir), Options{}); kindOf(err) != Missing {
		t.Errorf("got %v", err)
	}
	if took := time.Since(begin); took > time.Minute {
		t.Errorf("took %v", took)
	}
}
