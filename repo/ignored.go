package repo

import (
	"context"
	"path"
	"slices"
	"strings"
)

// Ignored returns those of the paths (slash-separated, from the top of the work tree)
// that git ignores: by .gitignore, the repository's info/exclude or the person's own
// file. A tracked file is not ignored. Of a path that git refuses to judge, such as one
// behind a symbolic link, it says nothing.
func (r *Repo) Ignored(ctx context.Context, paths []string) ([]string, error) {
	if len(paths) == 0 {
		return nil, nil
	}
	g := r.personGit("check-ignore", "-z", "--stdin")
	g.args = slices.DeleteFunc(g.args, func(arg string) bool { return arg == "--literal-pathspecs" }) // git check-ignore refuses it
	var list strings.Builder
	for _, p := range paths {
		list.WriteString("./" + p + "\x00") // so that ":" begins no magic
	}
	g.stdin = strings.NewReader(list.String())
	out, err := g.output(ctx)
	switch {
	case err == nil || exitStatus(err) == 1: // 1: none is ignored
		ignored := splitNul(out)
		for i := range ignored {
			ignored[i] = strings.TrimPrefix(ignored[i], "./")
		}
		return ignored, nil
	case exitStatus(err) != 128 || ctx.Err() != nil:
		return nil, err
	case len(paths) == 1:
		return nil, nil
	}
	// git gives up at the first path it refuses: halve until it stands alone.
	first, err := r.Ignored(ctx, paths[:len(paths)/2])
	if err != nil {
		return nil, err
	}
	second, err := r.Ignored(ctx, paths[len(paths)/2:])
	return append(first, second...), err
}

// TrackedDirs returns the directories that hold tracked files, slash-separated from the
// top of the work tree; the top itself is ".".
func (r *Repo) TrackedDirs(ctx context.Context) ([]string, error) {
	out, err := r.personGit("ls-files", "-z").output(ctx)
	if err != nil {
		return nil, err
	}
	var dirs []string
	last := ""
	for _, p := range splitNul(out) { // sorted: a directory's files stand together
		if dir := path.Dir(p); dir != last {
			dirs = append(dirs, dir)
			last = dir
		}
	}
	return dirs, nil
}

// splitNul takes a list apart whose items end with NUL.
func splitNul(out []byte) []string {
	text := strings.TrimSuffix(string(out), "\x00")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\x00")
}
