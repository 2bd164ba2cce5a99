package config

import (
	"slices"
	"strconv"
	"strings"

	"codeagent.dev/agent"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/goccy/go-yaml/ast"
)

// HookNames are the git hooks that a repository's .agent.yaml can ask something of.
func HookNames() []string {
	return []string{"post-commit", "post-merge", "post-rewrite", "post-checkout", PrePush}
}

// PrePush is the one hook that can refuse; it has Require and nothing else.
const PrePush = "pre-push"

// HookRule is one entry below a hook's name: what becomes a job, and when. Exactly one
// of Patch, Run and Require is set.
type HookRule struct {
	Patch   string // words for a maker
	Run     string // a shell command line that makes the change
	Require string // of pre-push: the verdict that the newest job on a pushed commit must have; "verified"

	Paths    []string // only if one of the changed files matches one of these; none: always
	Branches []string // only on a branch that matches one of these; none: on all, and on none
	Variants int      // 0: as configured
	Each     bool     // of post-commit: a rebase makes a job for each commit, not one for the last
}

const (
	maxHookRules = 16
	maxGlobs     = 32
)

// On reports whether the rule holds on a branch; "" is none, as on a detached HEAD.
func (r HookRule) On(branch string) bool {
	return len(r.Branches) == 0 || branch != "" && matchesAny(r.Branches, branch)
}

// Touches reports whether the rule holds for a change of these files, named from the
// root of the tree.
func (r HookRule) Touches(files []string) bool {
	return len(r.Paths) == 0 || slices.ContainsFunc(files, func(f string) bool { return matchesAny(r.Paths, f) })
}

// matchesAny takes "*" for anything but a slash, "**" for any directories, and {a,b}.
func matchesAny(globs []string, name string) bool {
	return slices.ContainsFunc(globs, func(g string) bool { return doublestar.MatchUnvalidated(g, name) })
}

// hookNames are the hooks as names of settings.
func hookNames() []string {
	names := HookNames()
	for i, n := range names {
		names[i] = hooksPrefix + n
	}
	return names
}

const hooksPrefix = "hooks."

// hook reads the entries below one hook's name.
func (d *document) hook(l leaf) ([]HookRule, error) {
	list, ok := l.value.(*ast.SequenceNode)
	if !ok {
		return nil, d.fail(l.value.GetToken(), "write - before each entry", "%s is a list", l.name)
	}
	if len(list.Values) > maxHookRules {
		return nil, d.fail(l.key, "", "%d entries; at most %d are possible", len(list.Values), maxHookRules)
	}
	hook := strings.TrimPrefix(l.name, hooksPrefix)
	var rules []HookRule
	for _, v := range list.Values {
		r, err := d.hookRule(hook, v)
		if err != nil {
			return nil, err
		}
		rules = append(rules, r)
	}
	return rules, nil
}

func (d *document) hookRule(hook string, n ast.Node) (r HookRule, err error) {
	m, ok := n.(*ast.MappingNode)
	if !ok {
		return r, d.fail(n.GetToken(), `write - patch: "what to change"`, "an entry of a hook is a mapping with patch, run or require")
	}
	err = d.walk(m, below{}, []string{"patch", "run", "require", "paths", "branches", "variants", "each"}, func(l leaf) (err error) {
		switch l.name {
		case "paths":
			r.Paths, err = d.globs(l)
			return err
		case "branches":
			r.Branches, err = d.globs(l)
			return err
		}
		text, ok := scalar(l.value)
		if !ok {
			return d.fail(l.value.GetToken(), "", "%s of a hook is one text", l.name)
		}
		return d.hookValue(&r, l, text)
	})
	if err != nil {
		return r, err
	}
	return r, d.validHook(hook, r, n)
}

// hookValue puts one text into the rule.
func (d *document) hookValue(r *HookRule, l leaf, text string) error {
	switch l.name {
	case "patch":
		r.Patch = text
	case "run":
		r.Run = text
	case "require":
		if text != string(agent.Verified) {
			return d.fail(l.value.GetToken(), "write require: verified", "%q cannot be required", text)
		}
		r.Require = text
	case "variants":
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > agent.MaxVariants {
			return d.fail(l.value.GetToken(), "", "%q is no number of variants; 1 to %d is possible", text, agent.MaxVariants)
		}
		r.Variants = n
	case "each":
		if text != "true" && text != "false" {
			return d.fail(l.value.GetToken(), "", "each is true or false, not %q", text)
		}
		r.Each = text == "true"
	}
	return nil
}

// validHook holds a rule against what its hook can do.
func (d *document) validHook(hook string, r HookRule, n ast.Node) error {
	what := 0
	for _, text := range []string{r.Patch, r.Run, r.Require} {
		if strings.TrimSpace(text) != "" {
			what++
		}
	}
	problem, hint := "", ""
	switch {
	case what == 0:
		problem, hint = "the entry says not what to do", `write patch: "what to change", or run: COMMAND`
		if hook == PrePush {
			hint = "write require: verified"
		}
	case what > 1:
		problem = "an entry has one of patch, run and require"
	case hook == PrePush && r.Require == "":
		problem, hint = "pre-push makes no jobs", "write require: verified, or put the entry below post-commit"
	case hook != PrePush && r.Require != "":
		problem, hint = "only pre-push can require something", "put the entry below pre-push"
	case r.Require != "" && (r.Paths != nil || r.Variants != 0):
		problem = "require goes with branches, and nothing else"
	case r.Each && hook != "post-commit":
		problem = "each is for post-commit: it says what a rebase does"
	default:
		return nil
	}
	return d.fail(start(n), hint, "%s", problem)
}

func (d *document) globs(l leaf) ([]string, error) {
	globs, err := d.texts(l)
	if err != nil {
		return nil, err
	}
	if len(globs) > maxGlobs {
		return nil, d.fail(l.key, "", "%d patterns; at most %d are possible", len(globs), maxGlobs)
	}
	for _, g := range globs {
		if g == "" || strings.HasPrefix(g, "/") || !doublestar.ValidatePattern(g) {
			return nil, d.fail(l.value.GetToken(), `write "**/*.go", "docs/*" or "feature/*"`, "%q is no pattern", g)
		}
	}
	return globs, nil
}
