// Package config says where agent keeps its files and how it is set up: settings
// in layers, each value with its origin; a repository's own .agent.yaml; and the
// checks that a tree's build files name.
//
// It is the only package besides cmd/agent that looks at the environment, and it
// does so in Host alone: everything else is a function of a Machine.
package config

import (
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"codeagent.dev/agent"
)

// Config is every setting, resolved. Keys names them and says what they mean.
type Config struct {
	Workers        int           // workers
	ParallelChecks int           // checks.parallel
	MaxClaims      int           // claims.max
	Lease          time.Duration // lease
	Limits         agent.Limits  // limits.*; Paths is never set here
	EnvAllow       []string      // env.allow
	Listen         string        // listen: "127.0.0.1:7717", or "off"
	KeepAge        time.Duration // keep.age; 0: for ever
	KeepBytes      int64         // keep.bytes; 0: no limit
	MinDisk        int64         // disk.min; 0: not watched
	IdleTrees      int           // trees.idle
	Author         string        // author
	Makers         []string      // makers
	Variants       int           // variants
	Tries          int           // tries; 0: auto, see Fill
	LogLevel       slog.Level    // log.level
	Until          string        // until: "all" or "verified"
	ContextTokens  int           // context.tokens; 0: auto
	WatchRepos     []string      // watch.repos
	WatchWord      string        // watch.word
	CAFile         string        // tls.ca_file; "": none besides the system's
	Notify         Notify        // notify.*

	Providers map[string]Provider // by name
	Agents    map[string]Agent    // by name
	Prices    map[string]Price    // by "provider/model"

	os      string
	origins map[string]Origin
}

// Notify is what a person wants to be told, and how.
type Notify struct {
	On       []string // notify.on: job.done, batch.done, needs_input
	Desktop  string   // notify.desktop: "off" or "on"
	Command  string   // notify.command: a shell command line; "": none
	Webhook  string   // notify.webhook: a URL, or "file:/absolute/path" of a file that holds one; "": none
	Secret   string   // notify.secret: the place of a key, as Machine.Secret reads it; "": none
	Terminal string   // notify.terminal: "off", "bell" or "osc9"
}

// Layer is where a value comes from. A later layer wins over an earlier one.
type Layer int

const (
	Default Layer = iota
	System
	User
	Repository
	Environment
	Flag
)

// String returns "default", "system", "user", "repository", "environment" or "flag".
func (l Layer) String() string {
	return [...]string{"default", "system", "user", "repository", "environment", "flag"}[l]
}

// Origin says which layer decided a value, and where it is written there.
type Origin struct {
	Layer Layer
	Where string // "/home/ada/.config/agent/config.yaml:3", "AGENT_WORKERS", "--variants"; "" for a default
}

// String returns "default", "user /home/ada/.config/agent/config.yaml:3", and so on.
func (o Origin) String() string {
	if o.Where == "" {
		return o.Layer.String()
	}
	return o.Layer.String() + " " + o.Where
}

// Value is one setting as `agent config list` shows it.
type Value struct {
	Key    Key
	Text   string // in the form that Set takes
	Origin Origin
}

// Values returns every setting in the order of Keys. Of a family there are the ones
// that are set, by the names of its members.
func (c *Config) Values() []Value {
	return c.values(func(Key) bool { return true })
}

// onlySet returns the settings that have an origin.
func (c *Config) onlySet() []Value {
	return c.values(func(k Key) bool { return c.isSet(k.Name) })
}

func (c *Config) values(shown func(Key) bool) []Value {
	var values []Value
	keys := Keys()
	for i, k := range keys {
		switch {
		case k.family == nil && shown(k):
			values = append(values, c.value(k))
		case k.family != nil && keys[i-1].family != k.family:
			values = append(values, c.memberValues(k.family, keys[i:])...)
		}
	}
	return values
}

// memberValues returns what is set of a family, whose keys the given ones begin with.
func (c *Config) memberValues(f *family, keys []Key) []Value {
	var values []Value
	for _, member := range c.members(keys[0]) {
		for _, k := range keys {
			if k.family != f {
				break
			}
			if k = k.of(member); c.isSet(k.Name) {
				values = append(values, c.value(k))
			}
		}
	}
	return values
}

// members returns the members of the key's family of which something is set.
func (c *Config) members(k Key) []string {
	group, _, _ := strings.Cut(k.Name, ".")
	found := map[string]bool{}
	for name := range c.origins {
		if rest, ok := strings.CutPrefix(name, group+"."); ok {
			found[rest[:max(strings.LastIndex(rest, "."), 0)]] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

func (c *Config) isSet(name string) bool {
	_, ok := c.origins[name]
	return ok
}

func (c *Config) value(k Key) Value {
	return Value{Key: k, Text: k.text(c), Origin: c.origins[k.Name]}
}

// Value returns the setting with that name; an unknown one is an Invalid error. One
// of a family that is not set is empty, and a default.
func (c *Config) Value(name string) (Value, error) {
	k, err := Lookup(name)
	if err != nil {
		return Value{}, err
	}
	if k.family != nil && !c.isSet(k.Name) {
		return Value{Key: k}, nil
	}
	return c.value(k), nil
}

// Ask writes into spec what the environment or flags decide about it. They rank
// above the repository's own file, so whoever submits a job must send them along.
func (c *Config) Ask(spec *agent.Spec) {
	c.fill(spec, func(key string) bool { return c.origins[key].Layer >= Environment })
}

// Fill writes into spec what it leaves open: first what the base commit's
// .agent.yaml says, then this Config. The checks, and the paths a patch may touch,
// come from the repository alone. What a variant may cost is the lower of what the
// two say. Tries that are left to us are 3 where there are words, because a model can
// be told what failed, and 1 where another try would do the same again.
func (c *Config) Fill(spec *agent.Spec, repo Repo) {
	if len(spec.Checks) == 0 && !spec.NoChecks {
		spec.Checks = repo.Checks
	}
	if len(spec.Limits.Paths) == 0 {
		spec.Limits.Paths = repo.Limits.Paths
	}
	own := Config{
		Limits: repo.Limits, Author: repo.Author, Makers: repo.Makers,
		Variants: repo.Variants, Tries: repo.Tries, Until: repo.Until,
	}
	own.Limits.Tokens = lower(repo.Limits.Tokens, c.Limits.Tokens)
	own.Limits.MicroUSD = lower(repo.Limits.MicroUSD, c.Limits.MicroUSD)
	own.fill(spec, func(string) bool { return true })
	c.fill(spec, func(string) bool { return true })
	set(&spec.Tries, autoTries(spec.Kind), true)
}

// lower returns the lower of two limits, of which 0 is none.
func lower(a, b int64) int64 {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

func autoTries(kind agent.Kind) int {
	if kind == agent.Prompt {
		return 3
	}
	return 1
}

func (c *Config) fill(spec *agent.Spec, decides func(key string) bool) {
	set(&spec.Variants, c.Variants, decides("variants"))
	set(&spec.Tries, c.Tries, decides("tries"))
	set(&spec.Author, c.Author, decides("author"))
	set(&spec.Limits.Make, c.Limits.Make, decides("limits.make"))
	set(&spec.Limits.Check, c.Limits.Check, decides("limits.check"))
	set(&spec.Limits.Output, c.Limits.Output, decides("limits.output"))
	set(&spec.Limits.Files, c.Limits.Files, decides("limits.files"))
	set(&spec.Limits.Lines, c.Limits.Lines, decides("limits.lines"))
	set(&spec.Limits.Tokens, c.Limits.Tokens, decides("limits.tokens"))
	set(&spec.Limits.MicroUSD, c.Limits.MicroUSD, decides("limits.cost"))
	set(&spec.Limits.Idle, c.Limits.Idle, decides("limits.idle"))
	set(&spec.Until, agent.Until(c.Until), decides("until"))
	if len(spec.Makers) == 0 && decides("makers") {
		spec.Makers = c.Makers
	}
}

func set[T comparable](to *T, value T, decides bool) {
	var zero T
	if *to == zero && decides {
		*to = value
	}
}
