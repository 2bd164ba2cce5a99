// Package config says where agent keeps its files and how it is set up: settings
// in layers, each value with its origin; a repository's own .agent.yaml; and the
// checks that a tree's build files name.
//
// It is the only package besides cmd/agent that looks at the environment, and it
// does so in Host alone: everything else is a function of a Machine.
package config

import (
	"log/slog"
	"time"

	"codeagent.dev/agent"
)

// Config is every setting, resolved. Keys names them and says what they mean.
type Config struct {
	Workers        int           // workers
	ParallelChecks int           // checks.parallel
	MaxClaims      int           // claims.max
	Lease          time.Duration // lease
	Limits         agent.Limits  // limits.make, limits.check, limits.output; Paths is never set here
	EnvAllow       []string      // env.allow
	Listen         string        // listen: "127.0.0.1:7717", or "off"
	KeepAge        time.Duration // keep.age; 0: for ever
	KeepBytes      int64         // keep.bytes; 0: no limit
	MinDisk        int64         // disk.min; 0: not watched
	IdleTrees      int           // trees.idle
	Author         string        // author
	Makers         []string      // makers
	Variants       int           // variants
	Tries          int           // tries
	LogLevel       slog.Level    // log.level

	os      string
	origins map[string]Origin
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

// Values returns every setting in the order of Keys.
func (c *Config) Values() []Value {
	var values []Value
	for _, k := range Keys() {
		values = append(values, Value{Key: k, Text: k.format(k.field(c)), Origin: c.origins[k.Name]})
	}
	return values
}

// Value returns the setting with that name; an unknown one is an Invalid error.
func (c *Config) Value(name string) (Value, error) {
	k, err := Lookup(name)
	if err != nil {
		return Value{}, err
	}
	return Value{Key: k, Text: k.format(k.field(c)), Origin: c.origins[k.Name]}, nil
}

// Ask writes into spec what the environment or flags decide about it. They rank
// above the repository's own file, so whoever submits a job must send them along.
func (c *Config) Ask(spec *agent.Spec) {
	c.fill(spec, func(key string) bool { return c.origins[key].Layer >= Environment })
}

// Fill writes into spec what it leaves open: first what the base commit's
// .agent.yaml says, then this Config. The checks, and the paths a patch may touch,
// come from the repository alone.
func (c *Config) Fill(spec *agent.Spec, repo Repo) {
	if len(spec.Checks) == 0 && !spec.NoChecks {
		spec.Checks = repo.Checks
	}
	if len(spec.Limits.Paths) == 0 {
		spec.Limits.Paths = repo.Limits.Paths
	}
	own := Config{Limits: repo.Limits, Author: repo.Author, Makers: repo.Makers, Variants: repo.Variants, Tries: repo.Tries}
	own.fill(spec, func(string) bool { return true })
	c.fill(spec, func(string) bool { return true })
}

func (c *Config) fill(spec *agent.Spec, decides func(key string) bool) {
	set(&spec.Variants, c.Variants, decides("variants"))
	set(&spec.Tries, c.Tries, decides("tries"))
	set(&spec.Author, c.Author, decides("author"))
	set(&spec.Limits.Make, c.Limits.Make, decides("limits.make"))
	set(&spec.Limits.Check, c.Limits.Check, decides("limits.check"))
	set(&spec.Limits.Output, c.Limits.Output, decides("limits.output"))
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
