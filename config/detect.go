package config

import (
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"codeagent.dev/agent"
)

// role is what a check proves. Of two tools that prove the same, the first wins.
type role int

const (
	prepare role = iota // fetch what a clean checkout lacks
	build
	lint
	test
)

// find is one command that the files of a directory name.
type find struct {
	role role
	run  string
}

// Detect proposes checks from the build files at the top of a tree; where there are
// none, from those of the directories just below it. It proposes only what the
// files themselves name or what the tool defines for every project: no linter
// because it is popular, no test command because there is a directory "tests".
//
// The order is that of the languages below, and for each: fetch, build, lint, test.
// A task runner (make, just, task) counts only for what no language has said: its
// "test" mostly runs the very same commands.
func Detect(tree fs.FS) []agent.Check {
	var checks []agent.Check
	for _, f := range detect(dir{tree, "."}) {
		checks = append(checks, agent.Check{Name: f.run, Run: f.run})
	}
	if len(checks) > 0 {
		return checks
	}
	entries, err := fs.ReadDir(tree, ".")
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if !e.IsDir() || strings.HasPrefix(e.Name(), ".") || slices.Contains(foreign(), e.Name()) {
			continue
		}
		for _, f := range detect(dir{tree, e.Name()}) {
			if len(checks) < agent.MaxChecks {
				checks = append(checks, agent.Check{Name: e.Name() + ": " + f.run, Run: f.run, Dir: e.Name()})
			}
		}
	}
	return checks
}

// foreign names directories that hold other people's projects, or examples.
func foreign() []string {
	return []string{"node_modules", "vendor", "third_party", "testdata", "examples", "example", "target", "dist"}
}

func detect(d dir) []find {
	var all []find
	for _, language := range []func(dir) []find{
		golang, node, deno, rust, python, ruby, php, elixir, gradle, maven, sbt, dotnet, swift, cmake,
	} {
		for _, f := range language(d) {
			if !slices.Contains(all, f) {
				all = append(all, f)
			}
		}
	}
	return append(all, runners(d, all)...)
}

// runners proposes targets of the first task runner that has them, for what the
// finds so far do not prove.
func runners(d dir, have []find) []find {
	proves := func(r role) bool {
		return slices.ContainsFunc(have, func(f find) bool { return f.role == r })
	}
	var finds []find
	for _, runner := range []struct {
		command string
		targets []string
	}{{"make", makeTargets(d)}, {"just", justTargets(d)}, {"task", taskTargets(d)}} {
		for _, t := range []struct {
			role   role
			target string
		}{{lint, "lint"}, {test, "test"}, {test, "check"}} {
			if !proves(t.role) && slices.Contains(runner.targets, t.target) {
				have = append(have, find{t.role, ""})
				finds = append(finds, find{t.role, runner.command + " " + t.target})
			}
		}
	}
	return finds
}

// dir is one directory of a tree, read with bounds.
type dir struct {
	tree fs.FS
	name string
}

const maxRead = 1 << 20

// read returns a file's text, cut at maxRead; "" when there is no such file.
func (d dir) read(name string) string {
	f, err := d.tree.Open(path.Join(d.name, name))
	if err != nil {
		return ""
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	data, err := io.ReadAll(io.LimitReader(f, maxRead))
	if err != nil {
		return ""
	}
	return string(data)
}

// has returns the first of the names that exists as a file.
func (d dir) has(names ...string) string {
	for _, n := range names {
		if info, err := fs.Stat(d.tree, path.Join(d.name, n)); err == nil && info.Mode().IsRegular() {
			return n
		}
	}
	return ""
}

// count returns how many files end in one of the suffixes.
func (d dir) count(suffixes ...string) int {
	entries, err := fs.ReadDir(d.tree, d.name)
	if err != nil {
		return 0
	}
	n := 0
	for _, e := range entries {
		if !e.IsDir() && slices.Contains(suffixes, path.Ext(e.Name())) {
			n++
		}
	}
	return n
}
