package config

import (
	"cmp"
	"fmt"
	"net"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"

	"codeagent.dev/agent"
)

// Key describes one setting. Help, `config list`, validation, the names of the
// environment variables and the commented example all come from Keys.
type Key struct {
	Name    string // as in the file, nested at the dots: "limits.make"
	Unit    Unit
	Default string // in the form that Set takes
	Doc     string // one line
	Repo    bool   // a repository's .agent.yaml may set it

	min, max int64 // bounds of a number, in the unit's smallest step
	field    func(*Config) any
	check    func(text string) error
}

// Env is the name of the environment variable that sets the key.
func (k Key) Env() string {
	return "AGENT_" + strings.ToUpper(strings.ReplaceAll(k.Name, ".", "_"))
}

const (
	day = 24 * time.Hour
	mib = 1 << 20
)

// Keys returns every setting, in the order in which they are shown.
//
// A repository may set only what shapes its own jobs. Paths, ports, the number of
// workers and above all the environment's allow-list are the person's: a clone must
// not be able to reach for their tokens or their disk by being cloned.
func Keys() []Key {
	return []Key{
		{Name: "workers", Unit: Count, Default: "auto", min: 0, max: 256,
			Doc:   "variants made side by side; auto: one for each processor, at most 16",
			field: func(c *Config) any { return &c.Workers }},
		{Name: "checks.parallel", Unit: Count, Default: "1", min: 1, max: 256,
			Doc:   "checks run side by side, of all jobs together",
			field: func(c *Config) any { return &c.ParallelChecks }},
		{Name: "claims.max", Unit: Count, Default: "3", min: 1, max: 100,
			Doc:   "how often a job may take its worker down before it fails",
			field: func(c *Config) any { return &c.MaxClaims }},
		{Name: "lease", Unit: Time, Default: "30s", min: int64(100 * time.Millisecond), max: int64(time.Hour),
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
		{Name: "env.allow", Unit: Names, Default: defaultEnv,
			Doc:   "environment variables that commands see; LC_* is a prefix, default the built-in list",
			field: func(c *Config) any { return &c.EnvAllow }, check: checkEnv},
		{Name: "listen", Unit: Text, Default: "127.0.0.1:7717",
			Doc:   "address of /livez, /readyz and /healthz, on the loopback interface; or off",
			field: func(c *Config) any { return &c.Listen }, check: checkListen},
		{Name: "keep.age", Unit: Time, Default: "30d", min: 0, max: int64(36500 * day),
			Doc:   "how long a finished job is kept; 0: for ever",
			field: func(c *Config) any { return &c.KeepAge }},
		{Name: "keep.bytes", Unit: Bytes, Default: "2GiB", min: 0, max: 1 << 50,
			Doc:   "how much finished jobs may take before the oldest go; 0: no limit",
			field: func(c *Config) any { return &c.KeepBytes }},
		{Name: "disk.min", Unit: Bytes, Default: "512MiB", min: 0, max: 1 << 50,
			Doc:   "free disk space below which the daemon says it is not well; 0: never",
			field: func(c *Config) any { return &c.MinDisk }},
		{Name: "trees.idle", Unit: Count, Default: "2", min: 0, max: 64,
			Doc:   "work trees kept warm for checks, for each repository",
			field: func(c *Config) any { return &c.IdleTrees }},
		{Name: "author", Unit: Text, Default: "", Repo: true,
			Doc:   `author of result commits, "Name <mail>"; empty: who git says you are`,
			field: func(c *Config) any { return &c.Author }, check: checkAuthor},
		{Name: "makers", Unit: Names, Default: "", Repo: true,
			Doc:   "who makes patches from words, in order of preference: scripted:FILE",
			field: func(c *Config) any { return &c.Makers }},
		{Name: "variants", Unit: Count, Default: "1", min: 1, max: agent.MaxVariants, Repo: true,
			Doc:   "results made for each job, side by side",
			field: func(c *Config) any { return &c.Variants }},
		{Name: "tries", Unit: Count, Default: "1", min: 1, max: agent.MaxTries, Repo: true,
			Doc:   "how often a maker may correct itself, in each variant",
			field: func(c *Config) any { return &c.Tries }},
		{Name: "log.level", Unit: Level, Default: "info",
			Doc:   "what the daemon logs: debug, info, warn or error",
			field: func(c *Config) any { return &c.LogLevel }},
	}
}

// Lookup returns the key with that name. An unknown one is an Invalid error whose
// hint names the nearest.
func Lookup(name string) (Key, error) {
	keys := Keys()
	for _, k := range keys {
		if k.Name == name {
			return k, nil
		}
	}
	hint := "`agent config list` shows all settings"
	if near := nearest(name, keyNames(keys)); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	}
	return Key{}, agent.Errorf(agent.Invalid, "there is no setting %q", name).WithHint(hint)
}

func keyNames(keys []Key) []string {
	var names []string
	for _, k := range keys {
		names = append(names, k.Name)
	}
	return names
}

// checkListen accepts off and loopback addresses only: what is served there has no
// authentication.
func checkListen(text string) error {
	if text == "off" {
		return nil
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return fmt.Errorf("%q is no address; write 127.0.0.1:7717, or off", text)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("%q is no port; write a number up to 65535", port)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("%q is not on the loopback interface; write 127.0.0.1:%s", host, port)
	}
	return nil
}

// checkAuthor accepts "Name <mail>", as git does, and refuses what would break a
// commit's header.
func checkAuthor(text string) error {
	if text == "" {
		return nil
	}
	name, rest, ok := strings.Cut(text, " <")
	address, closed := strings.CutSuffix(rest, ">")
	if !ok || !closed || strings.TrimSpace(name) == "" || strings.ContainsAny(name+address, "<>\n\r\x00") {
		return fmt.Errorf(`%q is no author; write "Ada Lovelace <ada@example.org>"`, text)
	}
	if _, err := mail.ParseAddress(address); err != nil {
		return fmt.Errorf("%q is no mail address", address)
	}
	return nil
}

// nearest returns the name that differs least from the word, or "" when none is near.
func nearest(word string, names []string) string {
	type guess struct {
		name string
		cost int
	}
	var guesses []guess
	for _, n := range names {
		cost := distance(word, n)
		if _, last, ok := strings.Cut(n, "."); ok && last == word {
			cost = 1
		}
		if cost <= max(2, len(word)/3) {
			guesses = append(guesses, guess{n, cost})
		}
	}
	if len(guesses) == 0 {
		return ""
	}
	return slices.MinFunc(guesses, func(a, b guess) int { return cmp.Compare(a.cost, b.cost) }).name
}

// distance counts the letters to insert, delete, replace or swap with a neighbour
// that turn a into b.
func distance(a, b string) int {
	if len(a) > 64 {
		return len(a)
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			same := 1
			if a[i-1] == b[j-1] {
				same = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+same)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
