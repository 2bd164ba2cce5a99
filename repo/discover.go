package repo

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"codeagent.dev/agent"
)

// location is where the parts of a person's repository lie, as git says. All paths
// are absolute.
type location struct {
	dir       string // where the search began, symbolic links resolved
	root      string // top of the work tree
	gitDir    string // of this work tree
	commonDir string // of all work trees of the repository
	objects   string
	shallow   string // the file that exists in shallow clones
}

// revParse are the questions discover asks; the last one fails inside a git directory.
var revParse = []string{
	"rev-parse", "--is-bare-repository", "--show-object-format", "--absolute-git-dir", "--git-common-dir",
	"--git-path", "objects", "--git-path", "shallow", "--show-toplevel",
}

// discover asks git which repository dir is in.
func discover(ctx context.Context, dir string) (location, error) {
	real, err := realDir(dir)
	if err != nil {
		return location{}, err
	}
	out, err := gitRun{dir: real, args: revParse}.output(ctx)
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if err != nil && (len(lines) < 2 || ctx.Err() != nil) {
		return location{}, discoverError(dir, err)
	}
	bare, format := lines[0] == "true", lines[1]
	switch {
	case bare:
		return location{}, agent.Errorf(agent.Invalid, "%s is a bare repository: it has no work tree to deliver to", dir).
			WithHint("git clone " + quote(dir) + " and work in the clone")
	case format != "sha1":
		return location{}, agent.Errorf(agent.Invalid, "%s uses %s object ids, which agent does not support yet", dir, format).
			WithHint("git init --object-format=sha1 makes a repository that works")
	case err != nil && len(lines) == 6:
		return discoverInside(ctx, dir, lines[2])
	case err != nil:
		return location{}, discoverError(dir, err)
	case len(lines) != 7:
		return location{}, agent.Errorf(agent.Invalid, "the path of the repository %q has a line break in it", dir).
			WithHint("rename the directory")
	}
	at := location{dir: real, gitDir: lines[2], root: filepath.FromSlash(lines[6])}
	for i, p := range []*string{&at.commonDir, &at.objects, &at.shallow} {
		*p = within(real, lines[3+i])
	}
	return at, nil
}

// discoverInside finds the work tree that belongs to gitDir, when the person stands
// in the git directory itself.
func discoverInside(ctx context.Context, dir, gitDir string) (location, error) {
	top := ""
	if back, err := os.ReadFile(filepath.Join(gitDir, "gitdir")); err == nil { // a linked work tree
		top = filepath.Dir(within(gitDir, strings.TrimSpace(string(back))))
	} else if set, err := (gitRun{dir: gitDir, args: []string{"config", "core.worktree"}}).output(ctx); err == nil { // a submodule
		top = within(gitDir, strings.TrimSpace(string(set)))
	} else if filepath.Base(gitDir) == ".git" {
		top = filepath.Dir(gitDir)
	}
	if top == "" || within(dir, top) == dir || strings.HasPrefix(top, gitDir+string(filepath.Separator)) {
		return location{}, agent.Errorf(agent.Invalid, "%s is a git directory without a work tree", dir).
			WithHint("name the work tree with -C DIR")
	}
	return discover(ctx, top)
}

// realDir checks that dir exists and resolves its symbolic links.
func realDir(dir string) (string, error) {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "", agent.Errorf(agent.NotFound, "the directory %s does not exist (any more)", dir).
			WithHint("a job stays with the directory it was asked for in: put the repository back there")
	case err != nil:
		return "", agent.Errorf(agent.Invalid, "repository: %w", err)
	case !info.IsDir():
		return "", agent.Errorf(agent.Invalid, "%s is not a directory", dir).WithHint("name the repository with -C DIR")
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", agent.Errorf(agent.Invalid, "repository: %w", err)
	}
	return real, nil
}

// discoverError turns git's refusal into one that says what to do.
func discoverError(dir string, err error) error {
	failed, ok := errors.AsType[*gitError](err)
	if !ok {
		return err
	}
	switch text := failed.message(); {
	case strings.Contains(text, "not a git repository"):
		return agent.Errorf(agent.Invalid, "%s is not in a git repository", dir).
			WithHint("cd into a repository, name one with -C DIR, or make one with: git init")
	case strings.Contains(text, "dubious ownership"), strings.Contains(text, "unsafe repository"):
		return agent.Errorf(agent.Invalid, "git does not trust %s: %s", dir, text).WithHint(lastLine(failed.stderr))
	default:
		return agent.Errorf(agent.Invalid, "git cannot read the repository %s: %s", dir, text).
			WithHint("git -C " + quote(dir) + " status")
	}
}

// stamps are the files that decide which repository a directory belongs to.
func (at location) stamps(asked string) []stamp {
	stamps := []stamp{stampOf(asked), stampOf(at.gitDir), stampOf(at.commonDir), stampOf(at.objects)}
	for d := at.dir; ; d = filepath.Dir(d) {
		stamps = append(stamps, stampOf(filepath.Join(d, ".git")))
		if d == at.root || d == filepath.Dir(d) {
			return stamps
		}
	}
}

// within returns path as git printed it for a command run in dir.
func within(dir, path string) string {
	path = filepath.FromSlash(path)
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// quote makes path safe to paste into a shell.
func quote(path string) string {
	if path != "" && strings.Trim(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@%") == "" {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
