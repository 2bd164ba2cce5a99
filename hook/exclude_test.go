package hook_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestExcludeIsALink: it stays one, whether there is a file where it leads or not.
func TestExcludeIsALink(t *testing.T) {
	for _, tt := range []struct{ to, text string }{
		{"../../ignored by me", "*.swp\n"},
		{"../../ignored by me", ""},
	} {
		w := newWorld(t, "r")
		w.git("config", "core.hooksPath", ".hooks")
		exclude := filepath.Join(w.repo, ".git", "info", "exclude")
		file := filepath.Join(filepath.Dir(exclude), tt.to)
		os.Remove(exclude)
		if err := os.MkdirAll(filepath.Dir(exclude), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(tt.to, exclude); err != nil {
			t.Fatal(err)
		}
		if tt.text != "" {
			w.write(file, tt.text, 0o644)
		}
		before := w.tree(w.repo)
		w.install()
		if to, err := os.Readlink(exclude); err != nil || to != tt.to {
			t.Errorf("the link leads to %q, %v", to, err)
		}
		if got := w.read(file); !strings.Contains(got, ".hooks/post-commit") || !strings.HasSuffix(got, tt.text) {
			t.Errorf("it holds %q", got)
		}
		if status := w.git("status", "--porcelain"); strings.Contains(status, ".hooks") {
			t.Errorf("git sees %q", status)
		}
		w.uninstall()
		after := w.tree(w.repo)
		delete(before, "/.git/index")
		delete(after, "/.git/index")
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("uninstalled, it is not what it was (-want +got):\n%s", diff)
		}
	}
}

// TestDeletedRepositoryShares: a repository that was deleted keeps nothing.
func TestDeletedRepositoryShares(t *testing.T) {
	w := newWorld(t, "r")
	shared := filepath.Join(w.dir, "my hooks")
	w.write(filepath.Join(shared, "post-commit"), "#!/bin/sh\necho mine >&2\n", 0o755)
	w.git("config", "--global", "core.hooksPath", shared)
	before := w.tree(shared)
	w.install()
	other := *w
	other.repo = filepath.Join(w.dir, "other")
	if err := os.MkdirAll(other.repo, 0o755); err != nil {
		t.Fatal(err)
	}
	other.git("init", "-q")
	other.install()
	if err := os.RemoveAll(other.repo); err != nil {
		t.Fatal(err)
	}
	w.uninstall()
	if diff := cmp.Diff(before, w.tree(shared)); diff != "" {
		t.Errorf("uninstalled, it is not what it was (-want +got):\n%s", diff)
	}
}
