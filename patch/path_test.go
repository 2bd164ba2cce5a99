package patch

import (
	"errors"
	"strings"
	"testing"
)

// TestHostilePaths creates, changes, deletes, renames and copies paths that no
// patch may touch, in a tree where each of them could be reached.
func TestHostilePaths(t *testing.T) {
	hostile := []string{
		"/etc/passwd", "//x", `\x`, "../x", "a/../../x", "a/..", "./x", "a/./x", "a//x", "a/", "..",
		`..\x`, `a\..\x`, `C:\x`, "c:x", "C:/x",
		".git", ".git/config", "a/.git/hooks/pre-commit", ".GIT/config", ".Git", "a/.gIt",
		"git~1", "GIT~1/config", "a/git~1/x", ".git.", ".git ", ".git. . .", ".git::$INDEX_ALLOCATION/x", ".git:stream",
		`.git\config`, `a\.git\config`, `a\git~1\x`,
		".g\u200cit/config", "\u200e.git", ".gi\u200ct", ".git\ufeff/x", ".G\u202aI\u206fT",
		"a\x00b", ".git\x00", strings.Repeat("a/", MaxPath/2) + "a",
	}
	for _, path := range hostile {
		file := memFile{ModeFile, []byte("one\n")}
		for op, p := range map[string]*Patch{
			"create":    {Files: []File{{Op: Create, New: path, NewMode: ModeFile}}},
			"delete":    {Files: []File{{Op: Delete, Old: path, OldMode: ModeFile}}},
			"modify":    {Files: []File{{Op: Modify, Old: path, New: path, OldMode: ModeFile, NewMode: ModeExec}}},
			"rename":    {Files: []File{{Op: Rename, Old: "f", New: path}}},
			"take":      {Files: []File{{Op: Rename, Old: path, New: "g"}}},
			"copy":      {Files: []File{{Op: Copy, Old: "f", New: path}}},
			"copy from": {Files: []File{{Op: Copy, Old: path, New: "g"}}},
		} {
			res, err := p.Apply(memTree{"f": file, path: file}, Options{Strict: &Strict{}})
			if e, ok := errors.AsType[*Error](err); !ok || e.Kind != Refused || res.Writes != nil {
				t.Errorf("%s %q: got %v, %v, want a refusal", op, path, res.Writes, err)
			}
		}
		if path == "a//x" {
			continue // git takes several slashes of a text for one
		}
		// The same in a text, where quoting hides most of it from the eye.
		text := "--- /dev/null\n+++ " + cQuote("b/"+path) + "\n@@ -0,0 +1 @@\n+x\n"
		if _, err := Apply([]byte(text), memTree{}, Options{Strict: &Strict{}}); kindOf(err) != Refused {
			t.Errorf("%q: got %v, want a refusal", path, err)
		}
	}
}

func kindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return ""
}

// TestStrangePaths holds that what only looks odd is allowed.
func TestStrangePaths(t *testing.T) {
	for _, path := range []string{
		".gitignore", ".github/x", "git", "git~10", "a.git", "a.git/x", "..x", "x..", "...", "a b", " x", "-x",
		`a\b`, "tab\tx", "new\nline", `q"q`, "\xff\xfe", "gr\u00fc\u00df", "nul", "ab:c/d", ".gitmodules", "b/x", "a/x",
	} {
		text := "--- /dev/null\n+++ " + quote("b/"+path) + "\n@@ -0,0 +1 @@\n+x\n"
		res, err := Apply([]byte(text), memTree{}, Options{Strict: &Strict{}})
		if err != nil || len(res.Writes) != 1 || res.Writes[0].Path != path {
			t.Errorf("%q: %v, %v", path, res.Writes, err)
		}
	}
}

// TestLinks makes links that lead somewhere, good and bad.
func TestLinks(t *testing.T) {
	for target, ok := range map[string]bool{
		"f": true, "../f": true, "x/../../f": true, "./f": true, "f/": true, "git": true, "..f": true,
		"../../f": false, "/etc/passwd": false, "x/../../../f": false, "..": true, "../..": false, "": false,
		".git": false, "../.git/hooks": false, "../.GIT/x": false, "git~1": false, `..\..\f`: false, `C:\x`: false, `\x`: false,
	} {
		p := &Patch{Files: []File{{Op: Create, New: "dir/link", NewMode: ModeLink, Hunks: []Hunk{
			{NewStart: 1, NewLines: 1, Body: []byte("+" + target + "\n\\ No newline at end of file\n")},
		}}}}
		if _, err := p.Apply(memTree{}, Options{Strict: &Strict{}}); (err == nil) != ok || err != nil && kindOf(err) != Refused {
			t.Errorf("link to %q: %v", target, err)
		}
	}
	modules := &Patch{Files: []File{{Op: Rename, Old: "link", New: ".GITMODULES"}}}
	if _, err := modules.Apply(memTree{"link": {ModeLink, []byte("f")}}, Options{Strict: &Strict{}}); kindOf(err) != Refused {
		t.Errorf("link .gitmodules: %v", err)
	}
}
