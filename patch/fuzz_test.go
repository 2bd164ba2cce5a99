package patch

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
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
		wantRoundTrip(t, text)
		wantBack(t, text, tree, after, res)
	})
}

// wantBack holds that the reversed patch, where it applies, restores the contents.
// It cannot know that a hunk was moved or a file created without saying so.
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
		if kind := kindOf(err); kind != Conflict && kind != Refused && kind != Malformed {
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
		wantRoundTrip(t, text)
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

// FuzzGit applies changes to one file both here and with real git. What both accept
// must be the same. git is told that hunks may lack context, as we allow.
func FuzzGit(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text, content []byte) {
		p, err := Parse(text)
		if err != nil || len(p.Files) != 1 || p.Files[0].Op != Modify || len(p.Files[0].Hunks) == 0 {
			return
		}
		// git begins its search at the new line numbers, so they must be right.
		file := File{Op: Modify, Old: "f", New: "f", Hunks: p.Files[0].Hunks}
		if p, err = (&Patch{Files: []File{file}}).Reverse(); err != nil {
			t.Fatal(err)
		}
		if p, err = p.Reverse(); err != nil {
			t.Fatal(err)
		}
		res, err := p.Apply(memTree{"f": {ModeFile, content}}, Options{Strict: &Strict{ZeroContext: true}})
		if err != nil {
			return
		}
		theirs, err := gitApply(t, p.Bytes(), content)
		if err == nil && !bytes.Equal(theirs, res.Writes[0].Data) {
			t.Fatalf("git makes %q, we %q of %q by\n%s", theirs, res.Writes[0].Data, content, p.Bytes())
		}
	})
}

// gitApply lets git apply a patch to a file f.
func gitApply(t *testing.T, text, content []byte) ([]byte, error) {
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	if err := os.WriteFile(name, content, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("git", "apply", "--unidiff-zero", "--whitespace=nowarn")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir), "GIT_CONFIG_NOSYSTEM=1", "HOME="+dir)
	cmd.Stdin = bytes.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("git apply: %w: %s", err, out)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data, nil
}
