package config

import (
	"slices"
	"strings"
	"time"

	"codeagent.dev/agent"
)

// Key describes one setting. Help, `config list`, validation, the names of the
// environment variables and the commented example all come from Keys.
type Key struct {
	// Name is as in the file, nested at the dots: "limits.make". In Keys a star stands
	// for the name that a person gives: "providers.*.url".
	Name    string
	Unit    Unit
	Default string // in the form that Set takes
	Doc     string // one line
	Repo    bool   // a repository's .agent.yaml may set it
	Start   bool   // a running daemon keeps what it started with
	Sample  string // of a family, which has no default: what the commented example shows

	min, max int64    // bounds of a number, in the unit's smallest step
	words    []string // of a Word: what is possible
	field    func(*Config) any
	check    func(text string) error
	family   *family // nil: the key stands for itself
	member   string  // the name in the star's place; "" in Keys
	entry    entry   // instead of field
}

// Env is the name of the environment variable that sets the key; "" for a family,
// whose names do not fit into one.
func (k Key) Env() string {
	if k.family != nil {
		return ""
	}
	return "AGENT_" + strings.ToUpper(strings.ReplaceAll(k.Name, ".", "_"))
}

// Words are the values that are possible, nil when they cannot be listed.
func (k Key) Words() []string { return slices.Clone(k.words) }

const (
	day = 24 * time.Hour
	mib = 1 << 20
)

// Keys returns every setting, in the order in which they are shown.
//
// A repository may set only what shapes its own jobs. Paths, ports, the number of
// workers and above all the environment's allow-list are the person's: a clone must
// not be able to reach for their tokens or their disk by being cloned.
//
// A repository may lower limits.tokens and limits.cost but not raise them: it would
// spend the person's money.
func Keys() []Key {
	return append(plainKeys(), familyKeys()...)
}

// plainKeys are those that stand for themselves. A command that finds no settings file
// needs no others.
func plainKeys() []Key {
	return []Key{
		{Name: "workers", Unit: Count, Default: "auto", min: 0, max: 256,
			Doc:   "variants made side by side; auto: one for each processor, at most 16",
			field: func(c *Config) any { return &c.Workers }},
		{Name: "checks.parallel", Unit: Count, Default: "1", min: 1, max: 256, Start: true,
			Doc:   "checks run side by side, of all jobs together",
			field: func(c *Config) any { return &c.ParallelChecks }},
		{Name: "claims.max", Unit: Count, Default: "3", min: 1, max: 100, Start: true,
			Doc:   "how often a job may take its worker down before it fails",
			field: func(c *Config) any { return &c.MaxClaims }},
		{Name: "lease", Unit: Time, Default: "30s", min: int64(100 * time.Millisecond), max: int64(time.Hour), Start: true,
			Doc:   "how long a job stays with a worker that no longer answers",
			field: func(c *Config) any { return &c.Lease }},
		{Name: "limits.make", Unit: Time, Default: "10m", min: int64(time.Second), max: int64(7 * day), Repo: true,
			Doc:   "time for one run of a maker or a command",
			field: func(c *Config) any { return &c.Limits.Make }},
		{Name: "limits.check", Unit: Time, Default: "10m", min: int64(time.Second), max: int64(7 * day), Repo: true,
			Doc:   "time for one run of a check",
			field: func(c *Config) any { return &c.Limits.Check }},
		{Name: "limits.output", Unit: Bytes, Default: "64MiB", min: 1 << 10, max: 1 << 40, Repo: true,
			Doc:   "what one command may print",
			field: func(c *Config) any { return &c.Limits.Output }},
		{Name: "limits.tokens", Unit: Tokens, Default: "1M", min: 0, max: 1e12, Repo: true,
			Doc:   "tokens of all tries of one variant, input and output; 0: no limit",
			field: func(c *Config) any { return &c.Limits.Tokens }},
		{Name: "limits.cost", Unit: Money, Default: "1.00", min: 0, max: 1e12, Repo: true,
			Doc:   "US dollars for all tries of one variant; 0: no limit",
			field: func(c *Config) any { return &c.Limits.MicroUSD }},
		{Name: "limits.files", Unit: Count, Default: "0", min: 0, max: 1e6, Repo: true,
			Doc:   "changed files beyond which a person decides; 0: no limit",
			field: func(c *Config) any { return &c.Limits.Files }},
		{Name: "limits.lines", Unit: Count, Default: "0", min: 0, max: 1e8, Repo: true,
			Doc:   "added and removed lines beyond which a person decides; 0: no limit",
			field: func(c *Config) any { return &c.Limits.Lines }},
		{Name: "limits.idle", Unit: Time, Default: "5m", min: int64(time.Second), max: int64(7 * day), Repo: true,
			Doc:   "how long a coding agent, or the answer of a model, may be silent",
			field: func(c *Config) any { return &c.Limits.Idle }},
		{Name: "env.allow", Unit: Names, Default: defaultEnv,
			Doc:   "environment variables that commands see; LC_* is a prefix, default the built-in list",
			field: func(c *Config) any { return &c.EnvAllow }, check: checkEnv},
		{Name: "listen", Unit: Text, Default: "127.0.0.1:7717", Start: true,
			Doc:   "address of /livez, /readyz and /healthz, on the loopback interface; or off",
			field: func(c *Config) any { return &c.Listen }, check: checkListen},
		{Name: "keep.age", Unit: Time, Default: "30d", min: 0, max: int64(36500 * day), Start: true,
			Doc:   "how long a finished job is kept; 0: for ever",
			field: func(c *Config) any { return &c.KeepAge }},
		{Name: "keep.bytes", Unit: Bytes, Default: "2GiB", min: 0, max: 1 << 50, Start: true,
			Doc:   "how much finished jobs may take before the oldest go; 0: no limit",
			field: func(c *Config) any { return &c.KeepBytes }},
		{Name: "disk.min", Unit: Bytes, Default: "512MiB", min: 0, max: 1 << 50, Start: true,
			Doc:   "free disk space below which the daemon says it is not well; 0: never",
			field: func(c *Config) any { return &c.MinDisk }},
		{Name: "trees.idle", Unit: Count, Default: "2", min: 0, max: 64, Start: true,
			Doc:   "work trees kept warm for checks, for each repository",
			field: func(c *Config) any { return &c.IdleTrees }},
		{Name: "author", Unit: Text, Default: "", Repo: true,
			Doc:   `author of result commits, "Name <mail>"; empty: who git says you are`,
			field: func(c *Config) any { return &c.Author }, check: checkAuthor},
		{Name: "makers", Unit: Names, Default: "", Repo: true,
			Doc:   "who makes patches from words, in order of preference: PROVIDER/MODEL, an agent, scripted:FILE",
			field: func(c *Config) any { return &c.Makers }, check: checkNoSecret},
		{Name: "variants", Unit: Count, Default: "1", min: 1, max: agent.MaxVariants, Repo: true,
			Doc:   "results made for each job, side by side",
			field: func(c *Config) any { return &c.Variants }},
		{Name: "tries", Unit: Count, Default: "auto", min: 1, max: agent.MaxTries, Repo: true,
			Doc:   "how often a variant may be made anew when it fails; auto: 3 from words, else 1",
			field: func(c *Config) any { return &c.Tries }},
		{Name: "log.level", Unit: Level, Default: "info",
			Doc:   "what the daemon logs: debug, info, warn or error",
			field: func(c *Config) any { return &c.LogLevel }},
		{Name: "until", Unit: Word, Default: "all", words: []string{"all", "verified"}, Repo: true,
			Doc:   "when a job is done: all variants made, or one of them verified",
			field: func(c *Config) any { return &c.Until }},
		{Name: "context.tokens", Unit: Tokens, Default: "auto", min: 1000, max: maxContext, Repo: true,
			Doc:   "what a model is shown at most; auto: what fits it",
			field: func(c *Config) any { return &c.ContextTokens }},
		{Name: "watch.repos", Unit: Names, Default: "",
			Doc:   "working trees whose comments the daemon watches, as absolute paths; see agent watch --daemon",
			field: func(c *Config) any { return &c.WatchRepos }, check: checkAbsolute},
		{Name: "watch.word", Unit: Text, Default: "agent",
			Doc:   "the word with which a comment asks for a change: // agent: ...",
			field: func(c *Config) any { return &c.WatchWord }, check: checkWord},
		{Name: "tls.ca_file", Unit: Text, Default: "",
			Doc:   "certificates of authorities to trust besides the system's, in PEM; an absolute path",
			field: func(c *Config) any { return &c.CAFile }, check: checkAbsolute},
		{Name: "notify.on", Unit: Names, Default: "batch.done,needs_input", Start: true,
			Doc:   "what you are told: job.done, batch.done (a group or repository has nothing left to do), needs_input",
			field: func(c *Config) any { return &c.Notify.On }, check: checkEvent},
		{Name: "notify.desktop", Unit: Word, Default: "off", words: []string{"off", "on"}, Start: true,
			Doc:   "tell it on the desktop",
			field: func(c *Config) any { return &c.Notify.Desktop }},
		{Name: "notify.command", Unit: Text, Default: "", Start: true,
			Doc:   "tell it by a shell command, with AGENT_EVENT, AGENT_TITLE and more, and JSON on stdin",
			field: func(c *Config) any { return &c.Notify.Command }, check: checkNoSecret},
		{Name: "notify.webhook", Unit: Text, Default: "", Start: true,
			Doc:   "tell it by posting JSON to this URL, or to the one in file:/absolute/path",
			field: func(c *Config) any { return &c.Notify.Webhook }, check: checkWebhook},
		{Name: "notify.secret", Unit: Text, Default: "", Start: true,
			Doc:   "sign what is posted with the key in this variable, or in file:/absolute/path",
			field: func(c *Config) any { return &c.Notify.Secret }, check: checkSecretPlace},
		{Name: "notify.terminal", Unit: Word, Default: "off", words: []string{"off", "bell", "osc9"}, Start: true,
			Doc:   "what a terminal gets when the jobs end that a command waits for",
			field: func(c *Config) any { return &c.Notify.Terminal }},
	}
}

func keyNames(keys []Key) []string {
	names := make([]string, 0, len(keys))
	for _, k := range keys {
		names = append(names, k.Name)
	}
	return names
}
