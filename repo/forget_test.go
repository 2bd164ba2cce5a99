package repo

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"codeagent.dev/agent"
	"github.com/google/go-cmp/cmp"
)

// records lists the deliveries that are recorded.
func (s *sandbox) records() []string {
	s.t.Helper()
	entries, err := os.ReadDir(filepath.Join(s.state, "deliveries"))
	if err != nil {
		s.t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	slices.Sort(names)
	return names
}

// deliver applies a result under each id and takes it back.
func (s *sandbox) deliver(r *Repo, base, commit string, ids ...string) {
	s.t.Helper()
	for _, id := range ids {
		if _, err := r.Apply(s.t.Context(), Apply{ID: id, Base: base, Commit: commit}); err != nil {
			s.t.Fatal(err)
		}
		if err := r.Undo(s.t.Context(), id); err != nil {
			s.t.Fatal(err)
		}
	}
}

func TestForget(t *testing.T) {
	s := newSandbox(t)
	base := s.commit(startFiles)
	r := s.open()
	commit := s.result(r, base, bigChange)
	for _, ref := range []string{"refs/agent/12/1", "refs/agent/12/2", "refs/agent/1/1"} {
		gitIn(t, r.Mirror(), "update-ref", ref, commit)
	}
	s.deliver(r, base, commit, "12-1", "12-2", "12-3", "12-4", "1-1", "120-1")
	for id, state := range map[string]string{"12-2": stateApplied, "12-3": stateUndoing, "12-4": stateStuck} {
		d, err := r.delivery(id)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.load(); err != nil {
			t.Fatal(err)
		}
		if err := d.save(state); err != nil {
			t.Fatal(err)
		}
	}
	// One whose removal was cut off, one that was cut off before it had a journal, and
	// one that is not ours to remove.
	write(t, s.state, map[string]string{
		"deliveries/forgotten-3-1/" + ownedName: "", "deliveries/forgotten-3-1/old/0": "x",
		"deliveries/12-5/" + ownedName: "", "deliveries/12-6/mine": "",
	})
	job := agent.Job{ID: 12, Spec: agent.Spec{Repo: s.root}, Variants: []agent.Variant{{Number: 1, Commit: commit}, {Number: 2, Commit: commit}, {Number: 3}}}
	for range 2 {
		if err := r.set.Forget(t.Context(), job); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"1-1", "12-3", "12-4", "12-5", "12-6", "120-1"}, s.records()); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if got := gitIn(t, r.Mirror(), "for-each-ref", "--format=%(refname)"); got != "refs/agent/1/1" {
		t.Errorf("left are the results %s", got)
	}
	if err := r.Undo(t.Context(), "12-2"); agent.CodeOf(err) != agent.NotFound {
		t.Errorf("undo of what is forgotten: %v", err)
	}
}

// TestForgetWaits: a record that somebody is at work on is not touched.
func TestForgetWaits(t *testing.T) {
	s := newSandbox(t)
	base := s.commit(startFiles)
	r := s.open()
	s.deliver(r, base, s.result(r, base, bigChange), "12-1")
	lock, err := lockDeliveries(t.Context(), r.mirror.dir, s.root)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := r.set.Forget(ctx, agent.Job{ID: 12}); agent.CodeOf(err) != agent.Unavailable {
		t.Errorf("forgetting beside an undo: %v", err)
	}
	if got := s.records(); len(got) != 1 {
		t.Errorf("records are %v", got)
	}
	if err := lock.release(); err != nil {
		t.Fatal(err)
	}
	// The person's repository and our mirror of it may be gone.
	for _, dir := range []string{s.root, r.mirror.dir} {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.set.Forget(t.Context(), agent.Job{ID: 12, Spec: agent.Spec{Repo: s.root}, Variants: []agent.Variant{{Number: 1, Commit: base}}}); err != nil {
		t.Fatal(err)
	}
	if got := s.records(); len(got) != 0 {
		t.Errorf("records are %v", got)
	}
}
