package repo

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// scratch is where git works out a delivery: with the person's configuration,
// attributes and files, but an index and an object store of its own. It reads
// their objects and ours and writes to neither.
type scratch struct {
	repo *Repo
	dir  string
	hold *fileLock // the delivery's, so that nobody clears up under a git that outlives us
}

func newScratch(r *Repo, dir string, hold *fileLock) (*scratch, error) {
	objects := filepath.Join(dir, "objects", "info")
	if err := os.MkdirAll(objects, 0o700); err != nil {
		return nil, err
	}
	lines := alternateLine(r.found.objects) + alternateLine(filepath.Join(r.mirror.git, "objects"))
	return &scratch{repo: r, dir: dir, hold: hold}, os.WriteFile(filepath.Join(objects, "alternates"), []byte(lines), 0o600)
}

// git prepares a git that sees the person's work tree through the scratch index.
func (s *scratch) git(args ...string) gitRun {
	g := s.repo.personGit(append([]string{"-c", "core.splitIndex=false", "-c", "core.sparseCheckout=false", "-c", "core.safecrlf=false"}, args...)...)
	g.hold = s.hold
	g.env = []string{"GIT_INDEX_FILE=" + filepath.Join(s.dir, "index"), "GIT_OBJECT_DIRECTORY=" + filepath.Join(s.dir, "objects")}
	return g
}

// personGit prepares a git that works on the person's own index, refs and objects.
// Nothing runs that would go on in the background.
func (r *Repo) personGit(args ...string) gitRun {
	all := []string{
		"--git-dir=" + r.found.gitDir, "--work-tree=" + r.found.root, "--literal-pathspecs",
		"-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false", "-c", "gc.auto=0", "-c", "maintenance.auto=false",
	}
	return gitRun{args: append(all, args...), dir: r.found.root}
}

// load makes the scratch index hold exactly the entries.
func (s *scratch) load(ctx context.Context, entries map[string]entry) error {
	if err := os.RemoveAll(filepath.Join(s.dir, "index")); err != nil {
		return err
	}
	g := s.git("update-index", "-z", "--index-info")
	g.stdin = bytes.NewReader(indexInfo(entries))
	_, err := g.output(ctx)
	return err
}

// indexInfo renders entries for `git update-index -z --index-info`. An entry without
// a mode removes the path; removals come first, because a file may make room for a
// directory.
func indexInfo(entries map[string]entry) []byte {
	var b bytes.Buffer
	for _, path := range sortedKeys(entries) {
		if entries[path].Mode == "" {
			b.WriteString("0 " + strings.Repeat("0", 40) + "\t" + path + "\x00")
		}
	}
	for _, path := range sortedKeys(entries) {
		if e := entries[path]; e.Mode != "" {
			b.WriteString(e.Mode + " " + e.ID + "\t" + path + "\x00")
		}
	}
	return b.Bytes()
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

// unchanged returns the paths whose files in the work tree are what git would record
// as entries: content after filters and line ends, type, and mode where the
// repository cares for it. It leaves the entries in the scratch index.
func (s *scratch) unchanged(ctx context.Context, entries map[string]entry) (map[string]bool, error) {
	same := map[string]bool{}
	if len(entries) == 0 {
		return same, nil
	}
	if err := s.load(ctx, entries); err != nil {
		return nil, err
	}
	// git compares contents here; that it finds differences is no failure.
	if _, err := s.git("update-index", "-q", "--refresh").output(ctx); err != nil && exitStatus(err) != 1 {
		return nil, err
	}
	out, err := s.git("diff-files", "-z", "--name-only", "--ignore-submodules=all").output(ctx)
	if err != nil {
		return nil, err
	}
	for path := range entries {
		same[path] = true
	}
	for name := range bytes.SplitSeq(out, []byte{0}) {
		delete(same, string(name))
	}
	return same, nil
}
