package repo

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestIgnoredIsWhatGitSays(t *testing.T) {
	s := newSandbox(t)
	write(t, s.root, map[string]string{
		".gitignore": "build/\n*.log\n!keep.log\nforced.txt\n", "sub/.gitignore": "/only\n",
		"forced.txt": "", "build/x": "", ".git/info/exclude": "excluded\n",
	})
	s.git("add", "-f", "forced.txt", "sub")
	if err := os.Symlink("build", filepath.Join(s.root, "link")); err != nil {
		t.Fatal(err)
	}
	r := s.open()
	asked := []string{"a.go", "build", "build/x", "a.log", "keep.log", "forced.txt", "sub/only", "only", "link/x", ":a.log", ":(top)x", "[ab].log", "excluded", "gone/y.log", "line\nbreak.log"}
	got, err := r.Ignored(t.Context(), asked)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	want := []string{":a.log", "[ab].log", "a.log", "build", "build/x", "excluded", "gone/y.log", "line\nbreak.log", "sub/only"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	dirs, err := r.TrackedDirs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if slices.Sort(dirs); !slices.Contains(dirs, ".") || !slices.Contains(dirs, "sub") || slices.Contains(dirs, "build") {
		t.Errorf("tracked directories are %q", dirs)
	}
}
