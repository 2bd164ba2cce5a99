// Package hook installs git hooks that tell the daemon what happened, and takes them
// out again without a trace.
//
// What it installs is a few lines of sh that start no program: they leave a note in the
// spool (package spool) and go on, so that a commit costs what an empty hook costs. They
// stand beside whatever is there already: in a shell script as a block behind its first
// line, so that arguments, stdin, exit status and $0 of the rest are what they were; in
// the place of anything else, which is kept below agent-chained and called at the end.
package hook

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"codeagent.dev/agent"
	"codeagent.dev/agent/repo"
)

// Names are the hooks that Install installs.
func Names() []string {
	return []string{"post-commit", "post-merge", "post-rewrite", "post-checkout", prePush}
}

const prePush = "pre-push"

// Place is where the hooks of a work tree lie. All paths are absolute.
type Place struct {
	Root   string // top of the work tree
	GitDir string // of this work tree
	Common string // of all work trees of the repository, symbolic links resolved
	Dir    string // of the hooks that git runs here
	Scope  string // which configuration names Dir: "local", "global", …; "" for the usual place
	Off    bool   // it names none: git runs no hooks
}

// Find asks git where the hooks of the work tree around dir lie.
func Find(ctx context.Context, dir string) (p Place, err error) {
	ask := func(dir string, args ...string) string {
		if err != nil {
			return ""
		}
		var out []byte
		out, err = repo.Git(ctx, dir, append([]string{"rev-parse"}, args...)...)
		return strings.TrimSuffix(string(out), "\n")
	}
	root := ask(dir, "--show-toplevel")
	if err != nil && ctx.Err() == nil {
		return p, agent.Errorf(agent.Invalid, "%s is not in a git repository with a work tree", dir).
			WithHint("cd into a repository, name one with -C DIR, or make one with: git init")
	}
	p.Root = filepath.FromSlash(root)
	p.GitDir = below(p.Root, ask(p.Root, "--absolute-git-dir"))
	p.Common = below(p.Root, ask(p.Root, "--git-common-dir"))
	p.Dir = below(p.Root, ask(p.Root, "--git-path", "hooks"))
	if err != nil {
		return p, err
	}
	if p.Common, err = filepath.EvalSymlinks(p.Common); err != nil {
		return p, err
	}
	out, err := repo.Git(ctx, p.Root, "config", "--show-scope", "--get", "core.hooksPath")
	if err == nil {
		value := ""
		p.Scope, value, _ = strings.Cut(strings.TrimSuffix(string(out), "\n"), "\t")
		info, err := os.Stat(p.Dir)
		p.Off = value == "" || err == nil && !info.IsDir() // /dev/null
	}
	return p, ctx.Err()
}

func below(root, path string) string {
	path = filepath.FromSlash(path)
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(root, path)
}

// Shared reports whether other repositories run the hooks in Dir, too.
func (p Place) Shared() bool { return p.Scope == "global" || p.Scope == "system" }

// InTree reports whether Dir is part of the work tree, where what is changed can be
// committed.
func (p Place) InTree() bool {
	return inside(p.Root, p.Dir) && !inside(p.Common, p.Dir) && !inside(p.GitDir, p.Dir)
}

func inside(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}

// tracked reports whether git has a file of the work tree under its eyes.
func (p Place) tracked(ctx context.Context, file string) bool {
	if !p.InTree() {
		return false
	}
	_, err := repo.Git(ctx, p.Root, "ls-files", "--error-unmatch", "--", file)
	return err == nil
}

// Ignored reports whether git leaves the files in Dir out of a commit.
func (p Place) Ignored(ctx context.Context) bool {
	_, err := repo.Git(ctx, p.Root, "check-ignore", "-q", "--", filepath.Join(p.Dir, "post-commit"))
	return err == nil
}

// State says what became of one hook.
type State string

const (
	Missing   State = "missing"   // no such file, or no block of ours in one of another kind
	Installed State = "installed" // a file of ours
	Chained   State = "chained"   // ours, and what was there before
	Outdated  State = "outdated"  // ours, and not as it would be installed now
	Edited    State = "edited"    // somebody wrote into our lines
	Foreign   State = "foreign"   // something else alone
	Called    State = "called"    // something else, which runs agent hook run
	Moved     State = "moved"     // ours, renamed by a hook manager that calls it
)

// File is one hook as it is.
type File struct {
	Hook    string
	Path    string // of the file that holds our lines, or would
	State   State
	Tracked bool   // in git: not ours to change
	Manager string // whose file it is, if it is one of those we know
}

// Look returns the hooks as they are, in the order of Names.
func (p Place) Look(ctx context.Context, opt Options) ([]File, error) {
	var list []File
	for _, name := range Names() {
		f, err := p.look(ctx, name, opt)
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	return list, nil
}

// What managers call the hook that they found: pre-commit goes on calling it, lefthook
// does not.
const (
	legacy = ".legacy"
	old    = ".old"
)

func (p Place) look(ctx context.Context, name string, opt Options) (File, error) {
	f := File{Hook: name, Path: filepath.Join(p.Dir, name)}
	data, err := os.ReadFile(f.Path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return f, err
	}
	f.Manager = managerOf(string(data))
	s, ours := split(string(data))
	switch {
	case !ours && err != nil:
		f.State = Missing
	case !ours:
		f.State, f.Tracked = Foreign, p.tracked(ctx, f.Path)
	case s.edited():
		f.State = Edited
	case s.block != block(name, s.kind, opt):
		f.State = Outdated
	case s.kind == kindFile && s.rest() == shebang:
		f.State = Installed
	default:
		f.State = Chained
	}
	if ours {
		return f, nil
	}
	if f.State == Foreign && p.calls(name) {
		f.State = Called
	}
	if data, err := os.ReadFile(f.Path + legacy); err == nil && f.Manager == "pre-commit" {
		if _, ours := split(string(data)); ours {
			f.Path, f.State = f.Path+legacy, Moved
		}
	}
	return f, nil
}

// calls reports whether the hook, or what a manager of hooks reads, runs ours.
func (p Place) calls(name string) bool {
	for _, file := range []string{
		filepath.Join(p.Dir, name), filepath.Join(filepath.Dir(p.Dir), name), // husky's
		filepath.Join(p.Root, "lefthook.yml"), filepath.Join(p.Root, "lefthook.yaml"), filepath.Join(p.Root, ".lefthook.yml"),
		filepath.Join(p.Root, ".pre-commit-config.yaml"),
	} {
		if text, err := os.ReadFile(file); err == nil && strings.Contains(string(text), "agent hook run "+name) {
			return true
		}
	}
	return false
}

// CallLine is what calls ours from a file that others have, too: where agent is not
// installed, or not asked for, it does nothing.
func CallLine(name string) string {
	return `if command -v agent >/dev/null; then agent hook run ` + name + ` "$@"; fi`
}

// managerOf names the program that wrote a hook, "" when it is none we know.
func managerOf(text string) string {
	for _, m := range [][2]string{{"lefthook", "lefthook"}, {"pre-commit.com", "pre-commit"}, {`dirname "$0")/h"`, "husky"}, {"overcommit", "overcommit"}} {
		if strings.Contains(text, m[0]) {
			return m[1]
		}
	}
	return ""
}

// Live reports whether one of the hooks that make jobs is there and runs.
func (p Place) Live(ctx context.Context) bool {
	files, err := p.Look(ctx, Options{})
	return err == nil && Live(files)
}

// Live reports whether one of these hooks makes jobs, and runs.
func Live(files []File) bool {
	live := []State{Installed, Chained, Outdated, Edited, Moved, Called}
	return slices.ContainsFunc(files, func(f File) bool { return f.Hook != prePush && slices.Contains(live, f.State) })
}
