package repo

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"codeagent.dev/agent"
	"github.com/google/go-cmp/cmp"
)

// TestUndoRefuses: what was changed since is named, and nothing happens.
func TestUndoRefuses(t *testing.T) {
	tests := []struct{ name, since, want string }{
		{"edited", `echo more >>a.txt`, "a.txt (changed since)"},
		{"deleted", `rm a.txt`, "a.txt (deleted since)"},
		{"mode", `chmod +x a.txt`, "a.txt (its mode changed since)"},
		{"made again", `mkdir gone; echo x >gone/only.txt`, "gone/only.txt (made again since)"},
		{"directory", `rm a.txt; mkdir a.txt`, "a.txt (a directory by now)"},
		{"link above", `mv new other; ln -s other new`, "new is a symbolic link"},
		{"staged", `echo x >s; git update-index --cacheinfo 100644,$(git hash-object -w s),a.txt; rm s`, "a.txt (staged differently since)"},
		{"two", `echo more >>a.txt; rm bin "new/deep/né w.txt"`, "2 files"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSandbox(t)
			base := s.commit(startFiles)
			r := s.open()
			commit := s.result(r, base, bigChange)
			if _, err := r.Apply(t.Context(), Apply{ID: "2-1", Base: base, Commit: commit, Index: true}); err != nil {
				t.Fatal(err)
			}
			sh(t, s.root, test.since)
			before := s.all()
			err := r.Undo(t.Context(), "2-1")
			if agent.CodeOf(err) != agent.Blocked || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want Blocked with %q", err, test.want)
			}
			if diff := cmp.Diff(before, s.all()); diff != "" {
				t.Errorf("something changed:\n%s", diff)
			}
			s.noTraces("2-1")
		})
	}
}

// TestUndoKeepsLaterWork: files beside those delivered stay, also in directories that
// the delivery made.
func TestUndoKeepsLaterWork(t *testing.T) {
	s := newSandbox(t)
	base := s.commit(startFiles)
	r := s.open()
	commit := s.result(r, base, bigChange)
	if _, err := r.Apply(t.Context(), Apply{ID: "2-1", Base: base, Commit: commit}); err != nil {
		t.Fatal(err)
	}
	write(t, s.root, map[string]string{"new/mine": "mine\n", "keep.txt": "mine\n"})
	sh(t, s.root, `git checkout -q -- bin`) // brought back by hand: fine
	if err := r.Undo(t.Context(), "2-1"); err != nil {
		t.Fatal(err)
	}
	if got := s.git("status", "--porcelain", "-uall"); got != " M keep.txt\n?? new/mine" {
		t.Errorf("status after undo:\n%s", got)
	}
}

// TestUndoElsewhere: a delivery is undone where it was made.
func TestUndoElsewhere(t *testing.T) {
	s := newSandbox(t)
	base := s.commit(startFiles)
	linked := filepath.Join(filepath.Dir(s.root), "linked")
	s.git("worktree", "add", "-q", "--detach", linked)
	r := s.open()
	commit := s.result(r, base, bigChange)
	there, err := r.set.Open(t.Context(), linked)
	if err != nil {
		t.Fatal(err)
	}
	before, main := photo(t, linked), photo(t, s.root)
	if _, err := there.Apply(t.Context(), Apply{ID: "2-1", Base: base, Commit: commit, Index: true}); err != nil {
		t.Fatal(err)
	}
	if err := r.Undo(t.Context(), "2-1"); agent.CodeOf(err) != agent.Invalid || !strings.Contains(agent.HintOf(err), linked) {
		t.Errorf("undo from another work tree: %v, hint %q", err, agent.HintOf(err))
	}
	if err := there.Undo(t.Context(), "2-1"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, photo(t, linked)); diff != "" {
		t.Errorf("after undo:\n%s", diff)
	}
	if diff := cmp.Diff(main, photo(t, s.root)); diff != "" {
		t.Errorf("the other work tree changed:\n%s", diff)
	}
}

// TestRepairStuck: a delivery was cut off and the person went on working in one of
// its files. Nothing of theirs is lost, and they can go on.
func TestRepairStuck(t *testing.T) {
	s := newSandbox(t)
	base := s.commit(startFiles)
	r := s.open()
	commit := s.result(r, base, bigChange)
	if _, err := r.Apply(t.Context(), Apply{ID: "2-1", Base: base, Commit: commit}); err != nil {
		t.Fatal(err)
	}
	d, err := r.delivery("2-1")
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{d.load(), d.setOpen(), d.save(stateApplying)} { // as a crash just before the end leaves it
		if err != nil {
			t.Fatal(err)
		}
	}
	write(t, s.root, map[string]string{"a.txt": "later work\n"})
	before := photo(t, s.root)
	again := Apply{ID: "2-2", Base: base, Commit: commit, Paths: []string{"bin"}}
	if _, err := r.Apply(t.Context(), again); agent.CodeOf(err) != agent.Blocked || !strings.Contains(err.Error(), "a.txt (changed since)") {
		t.Errorf("first call after the crash: %v", err)
	}
	if diff := cmp.Diff(before, photo(t, s.root)); diff != "" {
		t.Errorf("something changed:\n%s", diff)
	}
	if _, err := r.Apply(t.Context(), again); agent.CodeOf(err) != agent.WrongState { // it is there already
		t.Errorf("second call: %v", err)
	}
	os.WriteFile(filepath.Join(s.root, "a.txt"), []byte(startFiles["a.txt"]), 0o644)
	if err := r.Undo(t.Context(), "2-1"); err != nil {
		t.Error(err)
	}
	if got := s.git("status", "--porcelain"); got != "" {
		t.Errorf("status after undo:\n%s", got)
	}
}
