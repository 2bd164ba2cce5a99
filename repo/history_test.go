package repo

import (
	"io/fs"
	"path/filepath"
	"slices"
	"testing"

	"codeagent.dev/agent"
)

func TestHistory(t *testing.T) {
	w := newWorld(t)
	dir := w.repo("r", "a", "1\n", "b/\x01odd\nname", "1\n")
	first := w.git(dir, "rev-parse", "HEAD")
	w.git(dir, "commit", "-q", "--allow-empty", "-m", "nothing")
	w.git(dir, "checkout", "-q", "-b", "side")
	w.write(filepath.Join(dir, "c"), "1\n")
	w.commitAll(dir, "side: add c\n\nbody")
	w.git(dir, "checkout", "-q", "main")
	w.git(dir, "mv", "a", "moved")
	w.commitAll(dir, "move a")
	w.git(dir, "merge", "-q", "--no-edit", "side")
	r := w.open(dir)
	tip := w.git(dir, "rev-parse", "HEAD")
	for range 2 { // the second is kept
		list, err := r.History(t.Context(), tip, 100)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string][]string{}
		for _, c := range list {
			got[c.Subject] = c.Paths
		}
		if len(list) != 4 || !slices.Equal(got["move a"], []string{"a", "moved"}) || !slices.Equal(got["side: add c"], []string{"c"}) ||
			!slices.Equal(got["first"], []string{"a", "b/\x01odd\nname"}) || len(got["nothing"]) != 0 || list[3].Commit != first || list[3].Time.IsZero() {
			t.Errorf("history: %+v", list)
		}
	}
	if list, err := r.History(t.Context(), tip, 1); err != nil || len(list) != 1 {
		t.Errorf("%d changes, %v; want 1", len(list), err)
	}
	_, err := r.History(t.Context(), "0123456789012345678901234567890123456789", 5)
	wantError(t, err, agent.NotFound, "0123456789", "")
}

func TestSnapshotNamesItsObjects(t *testing.T) {
	w := newWorld(t)
	dir := w.repo("r", "d/a", "1\n")
	s := w.snapshot(w.open(dir), "HEAD")
	want := w.git(dir, "rev-parse", "HEAD:d/a")
	info, err := s.Stat("d/a")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := fs.ReadDir(s, "d")
	if err != nil || len(entries) != 1 {
		t.Fatal(entries, err)
	}
	for _, has := range []any{info, entries[0]} {
		if id := has.(interface{ ID() string }).ID(); id != want {
			t.Errorf("%T: %s, want %s", has, id, want)
		}
	}
}
