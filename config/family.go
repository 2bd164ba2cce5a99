package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"codeagent.dev/agent"
)

// Provider is a service that answers with text, or what a person changes of one that
// is known already. A zero field is not said.
type Provider struct {
	Kind       string // the protocol: ollama, anthropic, openai or azure
	URL        string // "https://api.groq.com/openai/v1"
	Key        string // where the key is: a variable's name, or "file:/path"; Machine.Secret reads it
	APIVersion string // what some services want to see in each request
	Context    int    // tokens a model takes and gives, together
	MaxOutput  int    // tokens a model may answer with
	Parallel   int    // requests at a time; 0: no limit
}

// Agent is a coding agent's program, or what a person changes of one that is known.
type Agent struct {
	Kind  string   // whose conventions it follows; "command": none
	Run   []string // the program and its arguments; "{prompt}" stands for the words
	Model string
	Env   []string // variables it sees besides those of env.allow; NAME or PREFIX_*
	Home  string   // the directory in which it keeps its settings

	Parallel int // how many of it run at a time; 0: no limit
}

// Price is what a model costs, in millionths of a US dollar for a million tokens.
type Price struct {
	Input, Output         int64
	CacheRead, CacheWrite int64 // as Input where nothing is said
	Context               int   // tokens the model takes and gives, together; 0: not said

	// Known reports that both Input and Output are written: a price of which only
	// one half is known must not count as free.
	Known bool
}

// maxContext bounds a number of tokens that one request may hold.
const maxContext = 100e6

const maxParallel = 256

// family is a group whose members a person names: "providers.*.url".
type family struct {
	sample string                  // the member in examples
	remark string                  // what is said beside it there
	check  func(name string) error // of a member's name
}

// entry points at a member's field in c, and at a function that keeps what was
// written there: members of a map have no address.
type entry func(c *Config, member string) (field any, keep func())

// in makes the entry of a field in the members of a map of c.
func in[T any](members func(*Config) *map[string]T, field func(*T) any) entry {
	return func(c *Config, member string) (any, func()) {
		all := members(c)
		value := (*all)[member]
		return field(&value), func() {
			if *all == nil {
				*all = map[string]T{}
			}
			(*all)[member] = value
		}
	}
}

func inProvider(field func(*Provider) any) entry {
	return in(func(c *Config) *map[string]Provider { return &c.Providers }, field)
}

func inAgent(field func(*Agent) any) entry {
	return in(func(c *Config) *map[string]Agent { return &c.Agents }, field)
}

func inPrice(field func(*Price) any) entry {
	return in(func(c *Config) *map[string]Price { return &c.Prices }, field)
}

// familyKeys are the settings of what a person names. None of them is a repository's:
// a clone must not lead a person's keys elsewhere, nor choose programs that run.
func familyKeys() []Key {
	return slices.Concat(providerKeys(), agentKeys(), priceKeys())
}

func providerKeys() []Key {
	f := &family{sample: "groq", remark: "a name of your choice, or one that is known", check: checkWord}
	return []Key{
		{Name: "providers.*.kind", family: f, Unit: Word, words: []string{"ollama", "anthropic", "openai", "azure"}, Sample: "openai",
			Doc:   "the protocol it speaks: ollama, anthropic, openai or azure",
			entry: inProvider(func(p *Provider) any { return &p.Kind })},
		{Name: "providers.*.url", family: f, Unit: Text, Sample: "https://api.groq.com/openai/v1",
			Doc:   "where it answers",
			entry: inProvider(func(p *Provider) any { return &p.URL }), check: checkURL},
		{Name: "providers.*.key", family: f, Unit: Text, Sample: "GROQ_API_KEY",
			Doc:   "NAME of the daemon's variable that holds the key, or file:/absolute/path; never the key itself",
			entry: inProvider(func(p *Provider) any { return &p.Key }), check: checkKeyPlace},
		{Name: "providers.*.api_version", family: f, Unit: Text, Sample: "2024-10-21",
			Doc:   "the version that Azure wants to see in each request",
			entry: inProvider(func(p *Provider) any { return &p.APIVersion }), check: checkPlain},
		{Name: "providers.*.context", family: f, Unit: Tokens, Sample: "131072", min: 1000, max: maxContext,
			Doc:   "tokens its models take and give, together",
			entry: inProvider(func(p *Provider) any { return &p.Context })},
		{Name: "providers.*.max_output", family: f, Unit: Tokens, Sample: "32k", min: 1, max: maxContext,
			Doc:   "tokens its models may answer with",
			entry: inProvider(func(p *Provider) any { return &p.MaxOutput })},
		{Name: "providers.*.parallel", family: f, Unit: Count, Sample: "1", min: 1, max: maxParallel,
			Doc:   "requests it is sent at a time; not set: no limit",
			entry: inProvider(func(p *Provider) any { return &p.Parallel })},
	}
}

func agentKeys() []Key {
	f := &family{sample: "mine", remark: "a name of your choice, or one that is known", check: checkWord}
	return []Key{
		{Name: "agents.*.kind", family: f, Unit: Text, Sample: "command",
			Doc:   "whose conventions it follows; command: none",
			entry: inAgent(func(a *Agent) any { return &a.Kind }), check: checkWord},
		{Name: "agents.*.run", family: f, Unit: Line, Sample: "aider --message {prompt} --yes-always",
			Doc:   "the program and its arguments; {prompt} stands for the words",
			entry: inAgent(func(a *Agent) any { return &a.Run }), check: checkNoSecret},
		{Name: "agents.*.model", family: f, Unit: Text, Sample: "claude-opus-4-5",
			Doc:   "the model it is told to use",
			entry: inAgent(func(a *Agent) any { return &a.Model }), check: checkPlain},
		{Name: "agents.*.env", family: f, Unit: Names, Sample: "ANTHROPIC_API_KEY",
			Doc:   "variables of the daemon that it sees besides those of env.allow",
			entry: inAgent(func(a *Agent) any { return &a.Env }), check: checkAgentEnv},
		{Name: "agents.*.home", family: f, Unit: Text, Sample: "/home/ada/.mine",
			Doc:   "the directory in which it keeps its settings",
			entry: inAgent(func(a *Agent) any { return &a.Home }), check: checkAbsolute},
		{Name: "agents.*.parallel", family: f, Unit: Count, Sample: "2", min: 1, max: maxParallel,
			Doc:   "how many of it run at a time; not set: no limit",
			entry: inAgent(func(a *Agent) any { return &a.Parallel })},
	}
}

func priceKeys() []Key {
	f := &family{sample: "work/qwen3", remark: "PROVIDER/MODEL", check: checkModel}
	price := func(last, sample, doc string, field func(*Price) any) Key {
		return Key{Name: "prices.*." + last, family: f, Unit: Money, Sample: sample, min: 0, max: 10_000e6,
			Doc: doc, entry: inPrice(field)}
	}
	return []Key{
		price("input", "0.10", "US dollars for a million tokens that it reads", func(p *Price) any { return &p.Input }),
		price("output", "0.40", "US dollars for a million tokens that it writes", func(p *Price) any { return &p.Output }),
		price("cache_read", "0.01", "US dollars for a million tokens that it finds in its cache; not set: as input", func(p *Price) any { return &p.CacheRead }),
		price("cache_write", "0.125", "US dollars for a million tokens that it puts into its cache; not set: as input", func(p *Price) any { return &p.CacheWrite }),
		{Name: "prices.*.context", family: f, Unit: Tokens, Sample: "65536", min: 1000, max: maxContext,
			Doc:   "tokens it takes and gives, together",
			entry: inPrice(func(p *Price) any { return &p.Context })},
	}
}

// of returns the family's key for one member.
func (k Key) of(member string) Key {
	k.member = member
	k.Name = strings.Replace(k.Name, "*", member, 1)
	return k
}

// pointer returns where the key's value is in c, and what keeps a change of it.
func (k Key) pointer(c *Config) (field any, keep func()) {
	if k.family != nil {
		return k.entry(c, k.member)
	}
	return k.field(c), func() {}
}

// text returns the key's value in c, in the form that Set takes.
func (k Key) text(c *Config) string {
	field, _ := k.pointer(c)
	return k.format(field)
}

// Lookup returns the key with that name, of a family for the member that the name
// holds. An unknown one is an Invalid error whose hint names the nearest.
func Lookup(name string) (Key, error) { return lookup(Keys(), name) }

// lookup finds a name of two parts, or of three: then the second is all between the
// first dot and the last, because the names of models hold dots.
func lookup(keys []Key, name string) (Key, error) {
	group, member, last := parts(name)
	for _, k := range keys {
		switch {
		case k.family == nil && k.Name == name:
			return k, nil
		case k.family == nil || member == "" || !k.isLast(group, last):
			continue
		}
		if err := k.family.check(member); err != nil {
			return Key{}, agent.Errorf(agent.Invalid, "%s: %w", mask(name), err)
		}
		return k.of(member), nil
	}
	return Key{}, agent.Errorf(agent.Invalid, "there is no setting %q", mask(name)).WithHint(lookupHint(keys, name))
}

// parts cuts a name at the first dot and at the last, which can be the same.
func parts(name string) (group, member, last string) {
	group, last, _ = strings.Cut(name, ".")
	if i := strings.LastIndexByte(last, '.'); i >= 0 {
		member, last = last[:i], last[i+1:]
	}
	return group, member, last
}

// lookupHint proposes the nearest name, among the family's for the same member.
func lookupHint(keys []Key, name string) string {
	group, member, _ := parts(name)
	hint := ""
	var near []string
	for _, k := range keys {
		if k.family == nil {
			near = append(near, k.Name)
			continue
		}
		near = append(near, k.of(cmp.Or(member, k.family.sample)).Name)
		if first, _, _ := parts(k.Name); first == group && member == "" && hint == "" {
			hint = fmt.Sprintf("%s are named: %s", group, k.of(k.family.sample).Name)
		}
	}
	if n := nearest(name, near); n != "" {
		return fmt.Sprintf("did you mean %s?", n)
	}
	return cmp.Or(hint, "`agent config list` shows all settings")
}

// isLast reports whether the family's key is group.*.last.
func (k Key) isLast(group, last string) bool {
	rest, ok := strings.CutPrefix(k.Name, group)
	return ok && len(rest) == len(last)+3 && rest[:3] == ".*." && rest[3:] == last
}

// path is the key's name in parts, as they are nested in the file.
func (k Key) path() []string {
	if k.family == nil {
		return strings.Split(k.Name, ".")
	}
	group, member, last := parts(k.Name)
	return []string{group, member, last}
}

// finish sets in the prices what follows from what is written. A price that was
// never written stays unknown.
func (c *Config) finish() {
	for name, p := range c.Prices {
		written := func(last string) bool { _, ok := c.origins["prices."+name+"."+last]; return ok }
		p.Known = written("input") && written("output")
		if !written("cache_read") {
			p.CacheRead = p.Input
		}
		if !written("cache_write") {
			p.CacheWrite = p.Input
		}
		c.Prices[name] = p
	}
}
