package repo

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"codeagent.dev/agent"
)

// forgottenPrefix begins the name of a delivery's record that is being removed.
const forgottenPrefix = "forgotten-"

// Forget lets go of what is kept for a job: its results, the references that is, and
// the records of its deliveries, which cannot be undone any more. A delivery that was
// cut off keeps its record, the only copy of what was there before. Of a repository
// that is gone there are no results to forget. It may be called again.
func (s *Set) Forget(ctx context.Context, job agent.Job) error {
	if err := s.forgetResults(ctx, job); err != nil {
		return err
	}
	deliveries := filepath.Join(s.state, "deliveries")
	entries, err := os.ReadDir(deliveries)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var failed []error
	for _, entry := range entries {
		switch name := entry.Name(); {
		case strings.HasPrefix(name, forgottenPrefix): // a removal that was cut off
			failed = append(failed, removeOwned(deliveries, filepath.Join(deliveries, name)))
		case isDeliveryID(name) && jobOf(name) == job.ID.String():
			failed = append(failed, s.forgetDelivery(ctx, filepath.Join(deliveries, name)))
		}
	}
	return errors.Join(failed...)
}

func (s *Set) forgetResults(ctx context.Context, job agent.Job) error {
	var refs []string
	for _, v := range job.Variants {
		if v.Commit != "" {
			refs = append(refs, "refs/agent/"+agent.Ref{Job: job.ID, Variant: v.Number}.String())
		}
	}
	if len(refs) == 0 {
		return nil
	}
	r, err := s.Open(ctx, job.Spec.Repo)
	if code := agent.CodeOf(err); code == agent.NotFound || code == agent.Invalid {
		return nil
	}
	if err != nil {
		return err
	}
	return r.Drop(ctx, refs...)
}

// forgetDelivery removes the record in dir if it is finished. It is renamed first, so
// that there is never a part of it that could be taken for the whole.
func (s *Set) forgetDelivery(ctx context.Context, dir string) error {
	found, err := readJournal(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // cut off, and the next delivery into that repository removes it
	}
	if err != nil {
		return err
	}
	// Another process may be undoing it: what it says is true only under the lock.
	home := mirrorDir(s.state, string(found.Repo))
	lock, err := lockDeliveries(ctx, home, string(found.Root))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil // the mirror is gone, and with it who could be at work
	} else if err == nil {
		defer lock.release()
		found, err = readJournal(dir)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || found.State != stateApplied && found.State != stateUndone {
		return err
	}
	deliveries, id := filepath.Split(dir)
	if err := checkOwned(deliveries, dir); err != nil {
		return err
	}
	away := filepath.Join(deliveries, forgottenPrefix+id)
	if err := os.Rename(dir, away); err != nil {
		return err
	}
	return removeOwned(deliveries, away)
}

// readJournal reads the journal of the record in dir. A missing one is fs.ErrNotExist.
func readJournal(dir string) (journal, error) {
	var j journal
	data, err := os.ReadFile(filepath.Join(dir, "journal"))
	if err != nil {
		return j, err
	}
	if err := json.Unmarshal(data, &j); err != nil {
		return j, agent.Errorf(agent.Internal, "record of the delivery in %s: %w", dir, err)
	}
	if j.Schema != 1 {
		return j, agent.Errorf(agent.Invalid, "delivery %s was recorded by a newer agent", j.ID).WithHint("agent version")
	}
	return j, nil
}
