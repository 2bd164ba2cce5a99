package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent/patch"
)

func TestTreeTop(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"repo/.git/HEAD": "ref: x\n", "repo/a/b/f": "", "linked/.git": "gitdir: ../repo/.git/worktrees/linked\n", "linked/c/f": "",
		"odd/.git": "no such thing\n", "odd/d/f": "", "repo/.git/hooks/f": "", "plain/e/f": "",
	} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for from, want := range map[string]string{
		"repo": "repo", "repo/a/b": "repo", "linked/c": "linked", "odd/d": "odd/d", "plain/e": "plain/e", "repo/.git/hooks": "",
	} {
		got, err := treeTop(filepath.Join(dir, from))
		if want == "" {
			if err == nil {
				t.Errorf("%s: %s is taken for a tree", from, got)
			}
			continue
		}
		if err != nil || got != filepath.Join(dir, want) {
			t.Errorf("%s: got %s, %v", from, got, err)
		}
	}
}

func TestTargetInTree(t *testing.T) {
	top := t.TempDir()
	dir := filepath.Join(top, "sub")
	for name, want := range map[string]string{
		"f": "sub/f", "../g": "g", "new/h": "sub/new/h", filepath.Join(top, "i"): "i", "../..": "", "..": "", "../../x": "",
	} {
		got, err := inTree(dir, top, name)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s: got %q, %v; want %q", name, got, err, want)
		}
	}
}

// What a person should look at is said, and what went as written is not.
func TestRemarks(t *testing.T) {
	doc := &textDoc{}
	doc.did(patch.Result{Files: []patch.FileReport{{
		Path: "f", Op: patch.Modify, Tier: patch.TierIndent, Added: 3, Removed: 2,
		Placed: []patch.Placed{
			{Hunk: 1, Line: 3, Tier: patch.TierExact},
			{Hunk: 2, Line: 9, Tier: patch.TierIndent},
			{Hunk: 3, Line: 20, Moved: -1, Tier: patch.TierExact},
			{Hunk: 4, Line: 30, Moved: 12, Tier: patch.TierTrailing},
			{Hunk: 5, Line: 40, Tier: patch.TierTrailing},
		},
	}}})
	want := []string{"hunk 2: indent", "hunk 3: 1 line higher than it says", "hunk 4: trailing, 12 lines lower than it says", "1 more"}
	if diff := cmp.Diff(want, doc.Files[0].remarks()); diff != "" {
		t.Error(diff)
	}
	if doc.Tier != "indent" || doc.Stat.Files != 1 || doc.Stat.Added != 3 || doc.Stat.Removed != 2 {
		t.Errorf("the sum is %s, %+v", doc.Tier, doc.Stat)
	}
}

// Every tier and format of the library is one of the flags' values.
func TestFlagValues(t *testing.T) {
	for _, name := range tierNames() {
		if _, err := patch.ParseTier(name); err != nil {
			t.Error(err)
		}
	}
	help := newApplyCmd(newApp()).Long
	for _, name := range append(tierNames(), formatNames()...) {
		if !strings.Contains(help, name) {
			t.Errorf("the help does not name %s", name)
		}
	}
}
