package repo

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// merge joins, for every path, what the person has with what the result changes, on
// contents as git would record them. It returns the merged entries, whose contents
// are in the scratch store, or what cannot be merged. mine is what cleaned returned.
func (s *scratch) merge(ctx context.Context, changes []treeChange, mine map[string]entry) (map[string]entry, []Obstacle, error) {
	merged := map[string]entry{}
	var obstacles []Obstacle
	for i, c := range changes {
		have, ok := mine[c.path]
		if !ok || !c.regular() || (have.Mode != modeFile && have.Mode != modeExec) {
			obstacles = append(obstacles, Obstacle{c.path, "changed here and in the result, and not a text on both sides"})
			continue
		}
		id, why, err := s.mergeFile(ctx, i, c, have)
		switch {
		case err != nil:
			return nil, nil, err
		case why != "":
			obstacles = append(obstacles, Obstacle{c.path, why})
		default:
			merged[c.path] = entry{Mode: mergeMode(c.old.Mode, have.Mode, c.new.Mode), ID: id}
		}
	}
	return merged, obstacles, nil
}

// mergeMode is the three-way merge of a mode that has only two values.
func mergeMode(base, mine, theirs string) string {
	if mine == base {
		return theirs
	}
	return mine
}

// cleaned returns the entries git would record for the person's files, their
// contents in the scratch store. The scratch index must hold the base's entries of
// those paths, which matter to the conversion of line ends.
func (s *scratch) cleaned(ctx context.Context, changes []treeChange) (map[string]entry, error) {
	var names strings.Builder
	for _, c := range changes {
		names.WriteString(c.path + "\x00")
	}
	add := s.git("update-index", "--add", "--remove", "-z", "--stdin")
	add.stdin = strings.NewReader(names.String())
	if _, err := add.output(ctx); err != nil {
		return nil, err
	}
	return readIndex(ctx, s.git("ls-files", "--stage", "-z"), nil)
}

// mergeFile merges one file and stores the outcome in the scratch store. why says
// what keeps it from being merged.
func (s *scratch) mergeFile(ctx context.Context, n int, c treeChange, mine entry) (id, why string, err error) {
	dir := filepath.Join(s.dir, "merge", strconv.Itoa(n))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", "", err
	}
	for name, blob := range map[string]string{"base": c.old.ID, "mine": mine.ID, "theirs": c.new.ID} {
		if err := s.blobTo(ctx, blob, filepath.Join(dir, name)); err != nil {
			return "", "", err
		}
	}
	outcome, err := os.OpenFile(filepath.Join(dir, "outcome"), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", "", err
	}
	defer outcome.Close()
	join := s.git("merge-file", "--quiet", "-p", filepath.Join(dir, "mine"), filepath.Join(dir, "base"), filepath.Join(dir, "theirs"))
	join.stdout = outcome
	if _, err := join.output(ctx); err != nil {
		switch status := exitStatus(err); {
		case status > 0 && status < 128: // the number of conflicts
			return "", "conflicts with the result", nil
		case status == 255:
			return "", "changed here and in the result, and binary", nil
		}
		return "", "", err
	}
	if _, err := outcome.Seek(0, 0); err != nil {
		return "", "", err
	}
	store := s.git("hash-object", "-w", "--no-filters", "--stdin")
	store.stdin = outcome
	out, err := store.output(ctx)
	return strings.TrimSpace(string(out)), "", err
}

// blobTo writes the raw content of a blob to a new file.
func (s *scratch) blobTo(ctx context.Context, id, path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	cat := s.git("cat-file", "blob", id)
	cat.stdout = file
	_, err = cat.output(ctx)
	return err
}
