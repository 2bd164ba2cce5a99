package repo

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"codeagent.dev/agent"
)

// Unlocked is a Blocked error while a git of the person's holds the index. Such a git
// writes the files first, then the index, and moves HEAD last: until it is done nothing
// tells what it wrote from what a person wrote.
func (r *Repo) Unlocked() error {
	lock := filepath.Join(r.found.gitDir, "index.lock")
	if _, err := os.Lstat(lock); err == nil {
		return agent.Errorf(agent.Blocked, "another git holds the index: %s exists", lock).WithHint("when no git is running: rm " + quote(lock))
	}
	return nil
}

// Heads returns the commits whose content may stand in the work tree: HEAD, then those
// that are being merged, picked, reverted or rebased. Invalid: there is no commit yet.
func (r *Repo) Heads(ctx context.Context) ([]string, error) {
	head, err := r.Resolve(ctx, "HEAD")
	if err != nil {
		return nil, err
	}
	heads := []string{head}
	merged, err := os.ReadFile(filepath.Join(r.found.gitDir, "MERGE_HEAD")) // git resolves only the first of it
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	names := append(strings.Fields(string(merged)), "CHERRY_PICK_HEAD", "REVERT_HEAD", "REBASE_HEAD")
	for _, name := range names {
		id, err := r.Resolve(ctx, name)
		if agent.CodeOf(err) == agent.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		heads = append(heads, id)
	}
	return heads, nil
}

// Staged returns what the person's index holds for a file, slash-separated from the top
// of the work tree: nothing when it is not in there, and up to three contents, in no
// one's favor, while it is unmerged. Contents are what git stores.
func (r *Repo) Staged(ctx context.Context, path string) (contents [][]byte, unmerged bool, err error) {
	out, err := r.personGit("ls-files", "-z", "--stage", "--", path).output(ctx)
	if err != nil {
		return nil, false, err
	}
	for _, line := range splitNul(out) { // "<mode> <id> <stage>\t<path>"
		about, name, _ := strings.Cut(line, "\t")
		fields := strings.Fields(about)
		if name != path || len(fields) != 3 || !strings.HasPrefix(fields[0], "100") {
			continue
		}
		_, data, err := r.read(ctx, plumbing.NewHash(fields[1]))
		if err != nil {
			return nil, false, err
		}
		contents = append(contents, data)
		unmerged = unmerged || fields[2] != "0"
	}
	return contents, unmerged, nil
}
