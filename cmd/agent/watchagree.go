package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"codeagent.dev/agent"
	"codeagent.dev/agent/config"
	"codeagent.dev/agent/repo"
)

// agree notes in the person's settings that the daemon may watch a working tree, or that
// it may not any more. The daemon reads its settings when they change.
func (o *watchOptions) agree(ctx context.Context) error {
	r, _, err := o.where(ctx)
	if err != nil {
		return err
	}
	paths, err := o.paths()
	if err != nil {
		return err
	}
	conf, err := o.config()
	if err != nil {
		return err
	}
	has := slices.Contains(conf.WatchRepos, r.Root())
	switch {
	case o.stop && !has:
		fmt.Fprintf(o.out, "the daemon does not watch %s\n", oneLine(r.Root()))
		return nil
	case o.stop:
		rest := slices.DeleteFunc(slices.Clone(conf.WatchRepos), func(dir string) bool { return dir == r.Root() })
		if err := setList(paths.UserFile(), rest); err != nil {
			return err
		}
		fmt.Fprintf(o.out, "the daemon watches %s no longer\n", oneLine(r.Root()))
		return nil
	case strings.Contains(r.Root(), ","):
		return agent.Errorf(agent.Invalid, "the path %s has a comma in it, which parts the entries of a list", r.Root()).
			WithHint("write it into the list by hand, below watch: and repos: in " + paths.UserFile())
	}
	if err := wantsWatch(ctx, r); err != nil {
		return err
	}
	if !has {
		if err := setList(paths.UserFile(), append(slices.Clone(conf.WatchRepos), r.Root())); err != nil {
			return err
		}
	}
	fmt.Fprintf(o.out, "the daemon watches %s\n", oneLine(r.Root()))
	o.say("results are in the queue: agent list    stop it: agent watch --stop")
	_, err = o.jobs(ctx) // starts it
	return err
}

func setList(file string, dirs []string) error {
	if len(dirs) == 0 {
		return config.Unset(file, "watch.repos")
	}
	return config.Set(file, "watch.repos", strings.Join(dirs, ","))
}

// wantsWatch is an error when the repository says that its comments are not to be
// watched: in the .agent.yaml that is committed, or in the one that lies there.
func wantsWatch(ctx context.Context, r *repo.Repo) error {
	for _, read := range []func() ([]byte, error){
		func() ([]byte, error) { return os.ReadFile(r.Root() + "/" + config.RepoFile) },
		func() ([]byte, error) {
			head, err := r.Resolve(ctx, "HEAD")
			if err != nil {
				return nil, err
			}
			tree, err := r.Snapshot(ctx, head)
			if err != nil {
				return nil, err
			}
			return fs.ReadFile(tree, config.RepoFile)
		},
	} {
		data, err := read()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		file, err := config.ReadRepo(data)
		if err != nil {
			return err
		}
		if file.Watch != nil && !*file.Watch {
			return agent.Errorf(agent.WrongState, "%s says watch: false in its %s", r.Root(), config.RepoFile).
				WithHint("agent watch watches it here and now, in the foreground")
		}
	}
	return nil
}
