package maker

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/maker/coder"
	"codeagent.dev/agent/maker/model"
)

// scriptedPrefix names the maker that reads its answers from the file named after it.
const scriptedPrefix = "scripted:"

// Config is what a Set is made of.
type Config struct {
	Providers []model.Provider       // by name; those that need a key hold it
	Bounds    map[string]Bounds      // by the provider's name
	Prices    map[string]model.Price // by "provider/model"
	Options   model.Options
	Context   int // tokens a model is shown at most; 0: as much as its context and thrift allow

	Agents []coder.Agent
	Path   func() string                    // where their programs are looked for, beside the submitter's own PATH; nil: nowhere
	Env    func(name string) (string, bool) // variables of this process, for the agents that need a key; may be nil

	Ledger *Ledger // nil: nothing is remembered

	// Parallel says how much is asked at a time of a provider or a coding agent, by its
	// name; 0 or missing: no limit.
	Parallel map[string]int
}

// Bounds are the sizes that a person states of a provider's models, in tokens; 0: not.
type Bounds struct{ Context, MaxOutput int }

// Set is all makers there are. It is safe for concurrent use.
type Set struct {
	cfg    atomic.Pointer[Config]
	ledger *Ledger

	doors doors

	mu      sync.Mutex
	clients map[string]*opened
	found   []string  // the chain that was found
	foundAt time.Time // when
}

// opened is a client and what it was opened with.
type opened struct {
	*model.Client
	provider model.Provider
}

// NewSet returns the makers of a configuration. It touches neither network nor disk.
func NewSet(cfg Config) *Set {
	s := &Set{ledger: cfg.Ledger, clients: map[string]*opened{}}
	s.cfg.Store(&cfg)
	if s.ledger == nil {
		s.ledger, _ = OpenLedger("")
	}
	s.ledger.notify(s.doors.change)
	return s
}

// Configure goes on with another configuration; the ledger stays. Makers that were
// handed out before keep what they were made with.
func (s *Set) Configure(cfg Config) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cfg.Store(&cfg)
	for _, c := range s.clients {
		c.Close()
	}
	clear(s.clients)
	s.found = nil
	s.doors.change() // their limits may be others
}

// path is Config.Path, or nothing.
func (s *Set) path() string {
	path := s.cfg.Load().Path
	if path == nil {
		return ""
	}
	return path()
}

// Ledger is what is remembered of the makers.
func (s *Set) Ledger() *Ledger { return s.ledger }

// Close lets go of idle connections.
func (s *Set) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.clients {
		c.Close()
	}
}

// For returns the makers of a Spec in order of preference, for one variant. A Prompt
// needs Spec.Makers; an Invalid error says so, or names the maker that is not known.
func (s *Set) For(spec agent.Spec, variant int) ([]Maker, error) {
	switch spec.Kind {
	case agent.Diff:
		return []Maker{diff{}}, nil
	case agent.Command:
		return []Maker{command{}}, nil
	case agent.Prompt:
	default:
		return nil, agent.Errorf(agent.Invalid, "a change is a prompt, a diff or a command, not %q", spec.Kind)
	}
	if len(spec.Makers) == 0 {
		return nil, s.nobody()
	}
	makers := make([]Maker, 0, len(spec.Makers))
	for _, name := range spec.Makers {
		m, err := s.named(name)
		if err != nil {
			return nil, err
		}
		makers = append(makers, m)
	}
	if spec.Spread && variant > 0 {
		at := (variant - 1) % len(makers)
		makers = slices.Concat(makers[at:], makers[:at])
	}
	return makers, nil
}

// named returns the maker of that name.
func (s *Set) named(name string) (Maker, error) {
	if path, ok := strings.CutPrefix(name, scriptedPrefix); ok {
		if !filepath.IsAbs(path) {
			return nil, agent.Errorf(agent.Invalid, "maker %q needs an absolute path", name).WithHint("say scripted:/full/path/of/the/file")
		}
		return scripted{path}, nil
	}
	if provider, id, ok := strings.Cut(name, "/"); ok && id != "" {
		p, known := s.provider(provider)
		if !known {
			return nil, agent.Errorf(agent.Invalid, "maker %q: there is no provider %q", name, provider).
				WithHint("known are " + strings.Join(s.providerNames(), ", ") + "; another one: agent config set providers." + provider + ".url URL")
		}
		return &writer{set: s, provider: p, model: id}, nil
	}
	if a, ok := s.agent(name); ok {
		return &editor{set: s, agent: a}, nil
	}
	if _, known := s.provider(name); known {
		return nil, agent.Errorf(agent.Invalid, "maker %q names no model", name).WithHint("agent models " + name + " lists them; write " + name + "/MODEL")
	}
	return nil, agent.Errorf(agent.Invalid, "unknown maker %q", name).
		WithHint("a maker is PROVIDER/MODEL, scripted:FILE, or a coding agent: " + strings.Join(s.agentNames(), ", "))
}

func (s *Set) provider(name string) (model.Provider, bool) {
	all := s.cfg.Load().Providers
	i := slices.IndexFunc(all, func(p model.Provider) bool { return p.Name == name })
	if i < 0 {
		return model.Provider{}, false
	}
	return all[i], true
}

func (s *Set) providerNames() (names []string) {
	for _, p := range s.cfg.Load().Providers {
		names = append(names, p.Name)
	}
	return names
}

func (s *Set) agent(name string) (coder.Agent, bool) {
	all := s.cfg.Load().Agents
	i := slices.IndexFunc(all, func(a coder.Agent) bool { return a.Name == name })
	if i < 0 {
		return coder.Agent{}, false
	}
	return all[i], true
}

func (s *Set) agentNames() (names []string) {
	for _, a := range s.cfg.Load().Agents {
		names = append(names, a.Name)
	}
	return names
}

// client returns the client of a model, which is kept: it knows what it found out of
// the server.
func (s *Set) client(p model.Provider, id string) (*model.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := p.Name + "/" + id
	if c, ok := s.clients[name]; ok && c.provider == p {
		return c.Client, nil
	}
	o := s.cfg.Load().Options
	o.Prices = s.cfg.Load().Prices
	if b := s.cfg.Load().Bounds[p.Name]; b.Context > 0 {
		o.Context = b.Context
	}
	c, err := model.Open(p, id, o)
	if err != nil {
		return nil, err
	}
	s.clients[name] = &opened{c, p}
	return c, nil
}

// keyless reports whether a provider lacks the key that it cannot do without.
func keyless(p model.Provider) bool { return !p.Local && p.KeyEnv != "" && p.Key.Empty() }

// noKey says why there is no key, and keyHint what to do about it.
func noKey(p model.Provider) string {
	if file, ok := strings.CutPrefix(p.KeyEnv, "file:"); ok {
		return file + " cannot be used"
	}
	return p.KeyEnv + " is not set in the daemon's environment"
}

func keyHint(p model.Provider) string {
	if file, ok := strings.CutPrefix(p.KeyEnv, "file:"); ok {
		return "put the key into " + file + ", chmod 600 it, and agent daemon restart"
	}
	return "export " + p.KeyEnv + "=… && agent daemon restart"
}

// nobody is the error when there is no maker at all.
func (s *Set) nobody() error {
	return agent.Errorf(agent.Invalid, "no maker is here that could make a patch from words: no Ollama with a model answers, no provider's key is set, and no coding agent is installed").
		WithHint("do one of: ollama pull qwen2.5-coder:7b - export ANTHROPIC_API_KEY=… && agent daemon restart - npm install -g @anthropic-ai/claude-code; `agent models` shows what was looked for. Without a model: agent patch --run CMD, or --diff FILE")
}

// Chain returns the makers that are found on this machine, those first that keep the
// code on it: models of Ollama, providers whose key is set, coding agents on PATH. What
// was found is believed for half a minute.
func (s *Set) Chain(ctx context.Context) ([]string, error) {
	s.mu.Lock()
	if len(s.found) > 0 && time.Since(s.foundAt) < 30*time.Second {
		defer s.mu.Unlock()
		return slices.Clone(s.found), nil
	}
	s.mu.Unlock()
	var chain []string
	for _, f := range s.Models(ctx) {
		if f.Chosen {
			chain = append(chain, f.Name)
		}
	}
	if len(chain) == 0 {
		return nil, s.nobody()
	}
	s.mu.Lock()
	s.found, s.foundAt = chain, time.Now()
	s.mu.Unlock()
	return slices.Clone(chain), nil
}
