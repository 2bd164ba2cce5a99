package config

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"codeagent.dev/agent"

	"github.com/goccy/go-yaml/ast"
)

// RepoFile is the name of a repository's settings file, at the root of its tree.
const RepoFile = ".agent.yaml"

// Repo is what a repository says about the jobs on it. A zero field is not said.
type Repo struct {
	Checks   []agent.Check
	Limits   agent.Limits
	Variants int
	Tries    int
	Makers   []string
	Author   string

	Until         string // "all" or "verified"
	ContextTokens int

	Hooks map[string][]HookRule // what git hooks ask for, by HookNames
	// Watch says whether the repository wants its comments watched; nil: nothing is said.
	// It is no more than a wish: a person must have agreed, see watch.repos.
	Watch *bool
}

// ReadRepo reads a .agent.yaml, as it stands at the base commit. Every error is
// Invalid and holds a *FileError with the line where there is one.
func ReadRepo(data []byte) (Repo, error) {
	d, err := parse(RepoFile, data)
	if err != nil {
		return Repo{}, err
	}
	return d.repo(plainKeys(), &Config{})
}

// Names of .agent.yaml that are no settings of Keys.
const (
	checksName = "checks"
	pathsName  = "limits.paths"
	watchName  = "watch"
)

// repo reads the document as a repository's, and into c what are settings there and
// count: a limit of cost that is higher than the one in c does not.
func (d *document) repo(keys []Key, c *Config) (Repo, error) {
	var r Repo
	own := &Config{}
	names := append([]string{checksName, pathsName, watchName}, hookNames()...)
	for _, k := range keys {
		if k.Repo {
			names = append(names, k.Name)
		}
	}
	if err := d.onlyRepo(names); err != nil {
		return r, err
	}
	err := d.leaves(names, func(l leaf) (err error) {
		hook, isHook := strings.CutPrefix(l.name, hooksPrefix)
		switch {
		case l.name == checksName:
			r.Checks, err = d.checks(l)
		case l.name == pathsName:
			r.Limits.Paths, err = d.paths(l)
		case isHook:
			if r.Hooks == nil {
				r.Hooks = map[string][]HookRule{}
			}
			r.Hooks[hook], err = d.hook(l)
		case l.name == watchName:
			r.Watch, err = d.truth(l)
		default:
			if err = d.assign(keys, own, l, Repository); err == nil && !raises(l.name, own.Limits, c.Limits) {
				err = d.assign(keys, c, l, Repository)
			}
		}
		return err
	})
	if err != nil {
		return Repo{}, err
	}
	own.Limits.Paths = r.Limits.Paths
	r.Limits = own.Limits
	r.Variants, r.Tries, r.Makers, r.Author = own.Variants, own.Tries, own.Makers, own.Author
	r.Until, r.ContextTokens = own.Until, own.ContextTokens
	return r, nil
}

// raises reports whether the setting is a limit of cost, and own would lift the one
// that holds already.
func raises(name string, own, holds agent.Limits) bool {
	switch name {
	case "limits.tokens":
		return lower(own.Tokens, holds.Tokens) != own.Tokens
	case "limits.cost":
		return lower(own.MicroUSD, holds.MicroUSD) != own.MicroUSD
	}
	return false
}

// onlyRepo explains itself where a file sets what is the person's to set.
func (d *document) onlyRepo(names []string) error {
	if d.root == nil {
		return nil
	}
	for _, e := range d.root.Values {
		group, _ := name(e)
		if hasGroup(names, group) {
			continue
		}
		for _, k := range Keys() {
			if first, _, _ := parts(k.Name); first != group {
				continue
			}
			if k.family != nil {
				err := d.fail(e.Key.GetToken(), "agent config set "+k.of(k.family.sample).Name+" "+k.Sample,
					"%s are a person's settings, a repository cannot make them", group)
				if err = d.keep(err); err != nil {
					return err
				}
				break
			}
			err := d.fail(e.Key.GetToken(), "agent config set "+k.Name+" "+cmp.Or(k.Default, `""`),
				"%s is a person's setting, a repository cannot make it", group)
			if err = d.keep(err); err != nil {
				return err
			}
			break
		}
	}
	return nil
}

// hasGroup reports whether a name is, or begins with, the group.
func hasGroup(names []string, group string) bool {
	for _, n := range names {
		if n == group || strings.HasPrefix(n, group+".") {
			return true
		}
	}
	return false
}

// truth reads true or false.
func (d *document) truth(l leaf) (*bool, error) {
	text, _ := scalar(l.value)
	if text != "true" && text != "false" {
		return nil, d.fail(l.value.GetToken(), "", "%s is true or false", l.name)
	}
	yes := text == "true"
	return &yes, nil
}

func (d *document) paths(l leaf) ([]string, error) {
	texts, err := d.texts(l)
	if err != nil {
		return nil, err
	}
	for _, p := range texts {
		if !inside(p) {
			return nil, d.fail(l.value.GetToken(), "", "%q is outside the repository", p)
		}
	}
	return texts, nil
}

func (d *document) checks(l leaf) ([]agent.Check, error) {
	list, ok := l.value.(*ast.SequenceNode)
	if !ok {
		return nil, d.fail(l.value.GetToken(), "write - before each check", "checks is a list")
	}
	if len(list.Values) > agent.MaxChecks {
		return nil, d.fail(l.key, "", "%d checks named; at most %d are possible", len(list.Values), agent.MaxChecks)
	}
	var checks []agent.Check
	seen := map[string]bool{}
	for _, v := range list.Values {
		c, err := d.check(v)
		if err != nil {
			if err = d.keep(err); err != nil {
				return nil, err
			}
			continue
		}
		id := cmp.Or(c.Name, strings.TrimSpace(c.Run))
		if seen[id] {
			return nil, d.fail(v.GetToken(), "", "two checks are named %q", id)
		}
		seen[id] = true
		checks = append(checks, c)
	}
	return checks, nil
}

// check reads one check: a command line, or a mapping with name, run, dir and time.
func (d *document) check(n ast.Node) (agent.Check, error) {
	if run, ok := scalar(n); ok {
		c := agent.Check{Run: run}
		return c, d.valid(c, n)
	}
	m, ok := n.(*ast.MappingNode)
	if !ok {
		return agent.Check{}, d.fail(n.GetToken(), "write - go test ./...", "a check is a command, or a mapping with name, run, dir and time")
	}
	var c agent.Check
	err := d.walk(m, below{}, []string{"name", "run", "dir", "time"}, func(l leaf) error {
		text, ok := scalar(l.value)
		if !ok {
			return d.fail(l.value.GetToken(), "", "%s of a check is one text", l.name)
		}
		switch l.name {
		case "name":
			c.Name = text
		case "run":
			c.Run = text
		case "dir":
			c.Dir = text
		case "time":
			t, err := parseDuration(text)
			if err != nil || t == 0 {
				return d.fail(l.value.GetToken(), "", "%q is no time limit; write 90s, 10m or 2h", text)
			}
			c.Time = agent.Duration(t)
		}
		return nil
	})
	if err != nil {
		return c, err
	}
	return c, d.valid(c, n)
}

// valid holds a check against what a Spec accepts, where the line is still known.
func (d *document) valid(c agent.Check, n ast.Node) error {
	problem := ""
	switch {
	case strings.TrimSpace(c.Run) == "":
		problem = "the check has no command"
	case c.Dir != "" && !inside(c.Dir):
		problem = fmt.Sprintf("the check runs in %q, which is outside the repository", c.Dir)
	case max(len(c.Name), len(c.Run), len(c.Dir)) > maxLine:
		problem = fmt.Sprintf("the check is longer than %d bytes", maxLine)
	case strings.ContainsFunc(c.Name, control):
		problem = "the check's name is not one line"
	}
	if problem == "" {
		return nil
	}
	return d.fail(start(n), "", "%s", problem)
}

// inside reports whether a slash-separated path stays below the root of a tree.
func inside(p string) bool {
	return p != "" && fs.ValidPath(path.Clean(strings.ReplaceAll(p, `\`, "/")))
}
