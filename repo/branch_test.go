package repo

import (
	"path/filepath"
	"strings"
	"testing"

	"codeagent.dev/agent"
	"github.com/google/go-cmp/cmp"
)

func TestBranchAndUndo(t *testing.T) {
	s := newSandbox(t)
	base := s.commit(startFiles)
	write(t, s.root, map[string]string{"keep.txt": "local\n"})
	r := s.open()
	commit := s.result(r, base, bigChange)
	gitIn(t, r.Mirror(), "tag", "of-the-mirror", commit)
	before := s.all()
	if err := r.Branch(t.Context(), "feature/ünë", commit, "5-1"); err != nil {
		t.Fatal(err)
	}
	if got := s.git("rev-parse", "feature/ünë"); got != commit {
		t.Errorf("branch is at %s, want %s", got, commit)
	}
	s.git("fsck", "--strict")
	got := s.all()
	for name := range got {
		if _, was := before[name]; !was && !strings.HasPrefix(name, ".git/objects/") && !strings.Contains(name, "/refs/heads/feature") {
			t.Errorf("%s was made", name)
		}
	}
	for name, text := range before {
		if got[name] != text {
			t.Errorf("%s was changed", name)
		}
	}
	s.noTraces("5-1")
	if err := r.Branch(t.Context(), "feature/ünë", commit, "5-2"); agent.CodeOf(err) != agent.WrongState {
		t.Errorf("same name again: %v", err)
	}
	if err := r.Branch(t.Context(), "feature", commit, "5-2"); agent.CodeOf(err) != agent.WrongState {
		t.Errorf("name of a directory of refs: %v", err)
	}
	s.noTraces("5-1")
	if err := r.Undo(t.Context(), "5-1"); err != nil {
		t.Fatal(err)
	}
	if refs := s.git("for-each-ref", "--format=%(refname)"); refs != "refs/heads/main" {
		t.Errorf("refs after undo: %s", refs)
	}
	if err := r.Undo(t.Context(), "5-1"); agent.CodeOf(err) != agent.WrongState {
		t.Errorf("undo again: %v", err)
	}
}

func TestBranchRefuses(t *testing.T) {
	s := newSandbox(t)
	base := s.commit(startFiles)
	s.git("checkout", "-q", "-b", "other")
	s.git("checkout", "-q", "main")
	r := s.open()
	commit := s.result(r, base, `echo x >a.txt`)
	before := s.all()
	tests := []struct {
		name, branch, commit string
		code                 agent.Code
	}{
		{"exists", "main", commit, agent.WrongState},
		{"option", "-d", commit, agent.Invalid},
		{"two dots", "a..b", commit, agent.Invalid},
		{"empty", "", commit, agent.Invalid},
		{"blank", "a b", commit, agent.Invalid},
		{"previous branch", "@{-1}", commit, agent.Invalid},
		{"HEAD", "HEAD", commit, agent.Invalid},
		{"no commit", "fine", strings.Repeat("1", 40), agent.NotFound},
		{"short commit", "fine", commit[:8], agent.Invalid},
	}
	for _, test := range tests {
		if err := r.Branch(t.Context(), test.branch, test.commit, "5-1"); agent.CodeOf(err) != test.code {
			t.Errorf("%s: got %v, want %s", test.name, err, test.code)
		}
	}
	if diff := cmp.Diff(before, s.all()); diff != "" {
		t.Errorf("something changed:\n%s", diff)
	}
	s.noTraces()
}

func TestUndoBranchRefuses(t *testing.T) {
	s := newSandbox(t)
	base := s.commit(startFiles)
	r := s.open()
	commit := s.result(r, base, `echo x >a.txt`)
	if err := r.Branch(t.Context(), "new", commit, "5-1"); err != nil {
		t.Fatal(err)
	}
	linked := filepath.Join(filepath.Dir(s.root), "linked")
	s.git("worktree", "add", "-q", linked, "new")
	if err := r.Undo(t.Context(), "5-1"); agent.CodeOf(err) != agent.Blocked || !strings.Contains(err.Error(), linked) {
		t.Errorf("checked out elsewhere: %v", err)
	}
	gitIn(t, linked, "commit", "-q", "--allow-empty", "-m", "on")
	s.git("worktree", "remove", linked)
	moved := s.git("rev-parse", "new")
	if err := r.Undo(t.Context(), "5-1"); agent.CodeOf(err) != agent.Blocked || s.git("rev-parse", "new") != moved {
		t.Errorf("moved on: %v", err)
	}
	s.git("branch", "-f", "new", commit)
	if err := r.Undo(t.Context(), "5-1"); err != nil {
		t.Error(err)
	}
	s.noTraces("5-1")
}

// TestBranchShallow: in a shallow clone the result comes without a history that the
// person does not have.
func TestBranchShallow(t *testing.T) {
	s := newSandbox(t)
	s.commit(startFiles)
	s.commit(map[string]string{"a.txt": "second\n"})
	clone := filepath.Join(filepath.Dir(s.root), "shallow")
	s.git("clone", "-q", "--depth=1", "file://"+s.root, clone)
	s.root = clone
	base := s.git("rev-parse", "HEAD")
	r := s.open()
	commit := s.result(r, base, `echo x >b.txt`)
	if err := r.Branch(t.Context(), "new", commit, "5-1"); err != nil {
		t.Fatal(err)
	}
	if got := s.git("log", "--format=%H", "new"); got != commit+"\n"+base {
		t.Errorf("history of the branch:\n%s", got)
	}
	s.git("fsck")
	if _, err := r.Apply(t.Context(), Apply{ID: "5-2", Base: base, Commit: commit, Index: true}); err != nil {
		t.Error(err)
	}
}
