package repo

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent"
)

func TestHeadsAndStaged(t *testing.T) {
	s := newSandbox(t)
	s.commit(map[string]string{"a": "base\n"})
	var merged []string
	for _, name := range []string{"x", "y"} {
		s.git("checkout", "-q", "-b", name, "main")
		merged = append(merged, s.commit(map[string]string{name: name + "\n"}))
	}
	s.git("checkout", "-q", "-b", "other", "main")
	other := s.commit(map[string]string{"a": "theirs\n"})
	s.git("checkout", "-q", "main")
	head := s.commit(map[string]string{"a": "ours\n"})
	r := s.open()
	heads := func(want ...string) {
		t.Helper()
		got, err := r.Heads(t.Context())
		slices.Sort(got[1:])
		slices.Sort(want)
		if err != nil || !cmp.Equal(got, append([]string{head}, want...)) {
			t.Errorf("%v, want %v after %v (%v)", got, want, head, err)
		}
	}
	staged := func(path string, unmerged bool, want ...string) {
		t.Helper()
		got, un, err := r.Staged(t.Context(), path)
		var texts []string
		for _, c := range got {
			texts = append(texts, string(c))
		}
		if err != nil || un != unmerged || !cmp.Equal(texts, want) {
			t.Errorf("%s: %q %v (%v)", path, texts, un, err)
		}
	}
	heads()
	staged("nothing", false)
	staged("a", false, "ours\n")
	s.git("merge", "-q", "--no-ff", "--no-commit", "x", "y")
	heads(merged...)
	staged("y", false, "y\n")
	s.git("merge", "--abort")
	sh(t, s.root, `git cherry-pick other || :`)
	heads(other)
	staged("a", true, "base\n", "ours\n", "theirs\n")
	s.git("cherry-pick", "--abort")
	heads()

	if err := r.Unlocked(); err != nil {
		t.Error(err)
	}
	write(t, filepath.Join(s.root, ".git"), map[string]string{"index.lock": ""})
	if err := r.Unlocked(); agent.CodeOf(err) != agent.Blocked {
		t.Errorf("with a lock: %v", err)
	}
	if err := os.Remove(filepath.Join(s.root, ".git", "index.lock")); err != nil {
		t.Fatal(err)
	}
}
