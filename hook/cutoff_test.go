package hook_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent/hook"
)

// other is a hook that our lines cannot stand in: it is chained.
const other = "#!/usr/bin/env -S awk -f\nBEGIN { print \"theirs\" >>ENVIRON[\"LOG\"] }\n"

// TestUninstallUnderAManager: a hook manager gave our file, which calls a chained hook,
// another name, and wrote its own. What comes out is ours alone.
func TestUninstallUnderAManager(t *testing.T) {
	for _, suffix := range []string{".old", ".legacy"} {
		for _, link := range []bool{false, true} {
			w := newWorld(t, "r")
			hooks := filepath.Join(w.repo, ".git", "hooks")
			file := filepath.Join(hooks, "post-commit")
			if link {
				w.write(filepath.Join(w.repo, "the hook"), other, 0o755)
				if err := os.Symlink("../../the hook", file); err != nil {
					t.Fatal(err)
				}
			} else {
				w.write(file, other, 0o755)
			}
			const manager = "#!/bin/sh\necho manager\n"
			want := w.tree(hooks)
			want["/post-commit"+suffix] = want["/post-commit"]
			want["/post-commit"] = "-rwxr-xr-x " + manager

			w.install()
			if err := os.Rename(file, file+suffix); err != nil {
				t.Fatal(err)
			}
			w.write(file, manager, 0o755)
			w.uninstall()
			if diff := cmp.Diff(want, w.tree(hooks)); diff != "" {
				t.Errorf("%s, a link: %v: uninstalled, it is not what it was (-want +got):\n%s", suffix, link, diff)
			}
		}
	}
}

// TestInstallIsCutOff: the program died when the hook that it found was moved, and ours
// was not yet written.
func TestInstallIsCutOff(t *testing.T) {
	w := newWorld(t, "r")
	log := filepath.Join(w.dir, "log")
	w.env = append(w.env, "LOG="+log)
	hooks := filepath.Join(w.repo, ".git", "hooks")
	file, kept := filepath.Join(hooks, "post-commit"), filepath.Join(hooks, "agent-chained", "post-commit")
	w.write(file, other, 0o755)
	before := w.tree(hooks)
	cut := func() {
		w.install()
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		if w.read(kept) != other {
			t.Fatal("it was not moved")
		}
	}

	cut()
	w.uninstall()
	if diff := cmp.Diff(before, w.tree(hooks)); diff != "" {
		t.Errorf("uninstalled, it is not what it was (-want +got):\n%s", diff)
	}

	cut()
	w.install()
	w.commit("x")
	w.wantNote("post-commit")
	if got := w.read(log); got != "theirs\n" {
		t.Errorf("what was there wrote %q", got)
	}
	if s := w.states()["post-commit"]; s != hook.Chained {
		t.Errorf("state %s", s)
	}
	w.uninstall()
	if diff := cmp.Diff(before, w.tree(hooks)); diff != "" {
		t.Errorf("installed again and uninstalled, it is not what it was (-want +got):\n%s", diff)
	}
}
