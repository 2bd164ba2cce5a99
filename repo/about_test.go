package repo

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent"
)

func TestAbout(t *testing.T) {
	w := newWorld(t)
	dir := w.repo("r", "a", "1\n", "d/\n", "2\n")
	first := w.git(dir, "rev-parse", "HEAD")
	w.write(filepath.Join(dir, "a"), "3\n")
	w.git(dir, "add", "-A")
	w.git(dir, "-c", "user.email=c@example.org", "commit", "-q", "--author", "Other <o@example.org>", "-m", "subject\n\nauthor x <y>\nKey: value")
	r := w.open(dir)
	tip := w.git(dir, "rev-parse", "HEAD")
	got, err := r.About(t.Context(), tip)
	if err != nil {
		t.Fatal(err)
	}
	want := About{Parents: []string{first}, Author: "o@example.org", Committer: "c@example.org", Message: "subject\n\nauthor x <y>\nKey: value\n"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got, err := r.Changed(t.Context(), "", first); err != nil || !cmp.Equal(got, []string{"a", "d/\n"}) {
		t.Errorf("the first commit changed %q, %v", got, err)
	}
	_, err = r.About(t.Context(), "0123456789012345678901234567890123456789")
	wantError(t, err, agent.NotFound, "0123456789", "")
}

func TestGitSeesNothingOfAHook(t *testing.T) {
	w := newWorld(t)
	dir := w.repo("r", "a", "1\n")
	setenv(t, "GIT_DIR", "/nowhere")
	out, err := Git(t.Context(), dir, "rev-parse", "--is-inside-work-tree")
	if err != nil || string(out) != "true\n" {
		t.Errorf("%q, %v", out, err)
	}
	if _, err := Git(t.Context(), dir, "no-such-command"); agent.CodeOf(err) != agent.Internal {
		t.Errorf("got %v", err)
	}
}
