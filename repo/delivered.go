package repo

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Delivered returns the results that were applied to this work tree, or are being
// applied, and have not been undone. A delivery is on record before its first byte is
// written, so that whoever sees a file change can tell whether it was ours.
func (r *Repo) Delivered() ([]string, error) {
	deliveries := filepath.Join(r.set.state, "deliveries")
	entries, err := os.ReadDir(deliveries)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var commits []string
	for _, e := range entries {
		if !isDeliveryID(e.Name()) {
			continue
		}
		j, err := readJournal(filepath.Join(deliveries, e.Name()))
		if err != nil {
			continue // being made, or removed
		}
		if j.How == "apply" && string(j.Root) == r.found.root && (j.State == stateApplying || j.State == stateApplied) {
			commits = append(commits, j.Commit)
		}
	}
	return commits, nil
}

// UncommittedPaths lists the files that differ from HEAD, or may, and the new ones that
// git does not ignore: slash-separated from the top of the work tree.
func (r *Repo) UncommittedPaths(ctx context.Context) ([]string, error) {
	differ, err := r.personGit("diff-index", "-z", "--name-only", "--no-renames", "--ignore-submodules=all", "HEAD").output(ctx)
	if err != nil {
		return nil, err
	}
	others, err := r.personGit("ls-files", "-z", "--others", "--exclude-standard").output(ctx)
	if err != nil {
		return nil, err
	}
	paths := splitNul(differ)
	for _, p := range splitNul(others) {
		if !strings.HasSuffix(p, "/") { // a repository in the tree
			paths = append(paths, p)
		}
	}
	return paths, nil
}
