package patch

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
)

// seeds gives every fixture's patch, with the first file before it, to a fuzz target.
func seeds(f *testing.F) {
	names, err := filepath.Glob("testdata/fixture/*.txtar")
	if err != nil || len(names) == 0 {
		f.Fatalf("no fixtures: %v", err)
	}
	for _, name := range names {
		fix := readFixture(f, name)
		content := []byte("alpha\nbeta\ngamma\n")
		for _, file := range fix.before {
			content = file.data
		}
		f.Add(fix.patch, content)
	}
	f.Add([]byte("--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n alpha\n-beta\n+b\n gamma\n"), []byte("new\nalpha\nbeta\ngamma\n"))
}

// FuzzApply applies any text to a small tree. It must not panic, touch the tree or
// leave it, and whatever it accepts must survive rendering and lead back.
func FuzzApply(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text, content []byte) {
		tree := memTree{
			"f": {ModeFile, content}, "dir/f": {ModeExec, content}, "link": {ModeLink, []byte("dir")},
			"old.txt": {ModeFile, content}, "out": {ModeLink, []byte("/etc")}, "m": {modeSubmodule, nil},
		}
		res, err := Apply(text, tree, Options{Strict: &Strict{}})
		if err != nil {
			e, ok := errors.AsType[*Error](err)
			if !ok {
				t.Fatalf("not an *Error: %v", err)
			}
			if e.Error() == "" || !bytes.HasSuffix([]byte(e.Report()), []byte("\n")) || len(e.Report()) > 64<<10 {
				t.Fatalf("bad report: %q", e.Report())
			}
			return
		}
		seen := map[string]bool{}
		for _, w := range res.Writes {
			if reason := checkPath(w.Path); reason != "" || seen[w.Path] || below(w.Path, "link") || below(w.Path, "out") || below(w.Path, "m") {
				t.Fatalf("write to %q: %s", w.Path, reason)
			}
			seen[w.Path] = true
		}
		after := tree.with(res.Writes)
		for path := range after {
			for other := range after {
				if below(path, other) {
					t.Fatalf("%q lies below the file %q", path, other)
				}
			}
		}
		wantRoundTrip(t, text, Strict{})
		wantBack(t, text, tree, after, res)
	})
}

// wantBack holds that the reversed patch, where it applies, restores the contents.
// It cannot know that a hunk was moved or a file created without saying so, and a line
// that was added to an open last one became a part of it.
func wantBack(t *testing.T, text []byte, before, after memTree, res Result) {
	p, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	for i, file := range res.Files {
		if file.Moved != nil || file.Op != p.Files[i].Op {
			return
		}
	}
	back, err := p.Reverse()
	if err != nil {
		return
	}
	res, err = back.Apply(after, Options{Strict: &Strict{}})
	if err != nil {
		if kind := kindOf(err); kind != Conflict && kind != Refused && kind != Malformed && kind != AlreadyApplied {
			t.Fatalf("reversed: %v\n%s", err, back.Bytes())
		}
		return
	}
	if got := after.with(res.Writes); !got.sameData(before) {
		t.Fatalf("reversed:\n%s\ngot  %q\nwant %q", back.Bytes(), fmt.Sprint(got), fmt.Sprint(before))
	}
}

// FuzzParse holds that whatever can be read can be rendered and read again.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text, _ []byte) {
		p, err := Parse(text)
		if err != nil {
			return
		}
		wantRoundTrip(t, text, Strict{})
		var joined []byte
		for _, line := range Lines(text) {
			joined = append(joined, line...)
		}
		if !bytes.Equal(joined, text) {
			t.Fatal("Lines lost some of the text")
		}
		if back, err := p.Reverse(); err == nil {
			again, err := back.Reverse()
			if err != nil {
				t.Fatal(err)
			}
			if len(again.Files) != len(p.Files) || again.Stat().Added != p.Stat().Added {
				t.Fatalf("reversed twice:\n%s", again.Bytes())
			}
		}
	})
}

// FuzzGit applies any text to a small tree both here and with real git, which must agree.
func FuzzGit(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text, content []byte) {
		if len(content) > 1<<16 || bytes.IndexByte(text, 0) >= 0 {
			return // git ends names at a NUL
		}
		tree := memTree{"f": {ModeFile, content}, "dir/f": {ModeExec, content}, "link": {ModeLink, []byte("dir")}, "old.txt": {ModeFile, content}}
		wantAgreement(t, tree, text, Options{Strict: &Strict{ZeroContext: len(content)%2 == 1}})
	})
}
