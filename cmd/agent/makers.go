package main

import (
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/config"
	"codeagent.dev/agent/maker"
	"codeagent.dev/agent/maker/coder"
	"codeagent.dev/agent/maker/model"
)

// makers makes the set of makers as it is configured. ledger is where experience with
// them is kept; "" for nowhere.
func (a *app) makers(conf *config.Config, ledger string) (*maker.Set, error) {
	c, err := a.makerConfig(conf, ledger != "")
	if err != nil {
		return nil, err
	}
	var lost error
	if c.Ledger, lost = maker.OpenLedger(ledger); lost != nil {
		a.say("%v", lost)
	}
	return maker.NewSet(c), nil
}

// makerConfig is the configuration of a set of makers, of a daemon's or of one command's.
func (a *app) makerConfig(conf *config.Config, daemon bool) (maker.Config, error) {
	c := maker.Config{
		Bounds: map[string]maker.Bounds{}, Parallel: map[string]int{}, Prices: map[string]model.Price{}, Context: conf.ContextTokens,
		Path: func() string { return a.env("PATH") }, Env: a.lookupEnv,
		Options: model.Options{Proxy: http.ProxyFromEnvironment, CAFile: conf.CAFile, Idle: time.Duration(conf.Limits.Idle)},
	}
	if daemon { // it may have been started by who knows no PATH
		c.Path = sync.OnceValue(func() string { return joinPaths(a.env("PATH"), loginPath(a.env)) })
	}
	var err error
	if c.Providers, err = a.providers(conf); err != nil {
		return c, err
	}
	for name, p := range conf.Providers {
		c.Bounds[name] = maker.Bounds{Context: p.Context, MaxOutput: p.MaxOutput}
		c.Parallel[name] = p.Parallel
	}
	for name, p := range conf.Agents {
		c.Parallel[name] = p.Parallel
	}
	for name, p := range conf.Prices {
		if p.Known {
			c.Prices[name] = model.Price{Input: dollars(p.Input), Output: dollars(p.Output), CacheRead: dollars(p.CacheRead), CacheWrite: dollars(p.CacheWrite)}
		}
	}
	c.Agents, err = agents(conf)
	return c, err
}

func dollars(micro int64) float64 { return float64(micro) / 1e6 }

func (a *app) lookupEnv(name string) (string, bool) {
	value := a.env(name)
	return value, value != ""
}

// providers are the known ones as the settings change them, and those of the settings.
func (a *app) providers(conf *config.Config) ([]model.Provider, error) {
	all := model.Known()
	for _, name := range slices.Sorted(maps.Keys(conf.Providers)) {
		p := conf.Providers[name]
		i := slices.IndexFunc(all, func(k model.Provider) bool { return k.Name == name })
		if i < 0 {
			if p.Kind == "" || p.URL == "" {
				return nil, agent.Errorf(agent.Invalid, "provider %s is not a known one and lacks its kind or its address", name).
					WithHint("agent config set providers." + name + ".kind openai && agent config set providers." + name + ".url https://…/v1")
			}
			all, i = append(all, model.Provider{Name: name}), len(all)
		}
		known := &all[i]
		if p.Kind != "" {
			known.Protocol = model.Protocol(p.Kind)
		}
		if p.URL != "" {
			known.URL = p.URL
		}
		if p.APIVersion != "" {
			known.APIVersion = p.APIVersion
		}
		if p.Key != "" {
			known.KeyEnv = p.Key
		}
	}
	// OLLAMA_HOST is what people set for Ollama's own program.
	if host := a.env("OLLAMA_HOST"); host != "" && conf.Providers["ollama"].URL == "" {
		i := slices.IndexFunc(all, func(k model.Provider) bool { return k.Name == "ollama" })
		all[i].URL = ollamaURL(host)
	}
	for i := range all {
		place := all[i].KeyEnv
		if place == "" {
			continue
		}
		secret, err := a.machine().Secret(place)
		if err == nil {
			all[i].Key = model.NewSecret(secret.Reveal())
		} else if conf.Providers[all[i].Name].Key != "" {
			a.say("provider %s: %v", all[i].Name, err) // it is the only one that suffers
		}
	}
	return all, nil
}

// ollamaURL is the address that OLLAMA_HOST means: what the server listens on, which may
// be all addresses, without a port, or without a scheme.
func ollamaURL(host string) string {
	scheme, rest, ok := strings.Cut(strings.TrimRight(host, "/"), "://")
	if !ok {
		scheme, rest = "http", scheme
	}
	name, port, err := net.SplitHostPort(rest)
	if err != nil {
		name, port = strings.Trim(rest, "[]"), "11434"
	}
	if ip := net.ParseIP(name); name == "" || ip != nil && ip.IsUnspecified() {
		name = "127.0.0.1"
	}
	return scheme + "://" + net.JoinHostPort(name, port)
}

// agents are the presets as the settings change them, and those of the settings.
func agents(conf *config.Config) ([]coder.Agent, error) {
	all := coder.Presets()
	for _, name := range slices.Sorted(maps.Keys(conf.Agents)) {
		c := conf.Agents[name]
		i := slices.IndexFunc(all, func(k coder.Agent) bool { return k.Name == name })
		if i < 0 {
			if len(c.Run) == 0 {
				return nil, agent.Errorf(agent.Invalid, "agent %s is not a known one and has no command", name).
					WithHint("agent config set agents." + name + ".run 'aider --message {prompt} --yes-always'")
			}
			all, i = append(all, coder.Agent{Name: name, Kind: coder.Command, Home: true}), len(all)
		}
		known := &all[i]
		if c.Kind != "" {
			known.Kind = coder.Kind(c.Kind)
		}
		if len(c.Run) > 0 {
			known.Argv = c.Run
		}
		if c.Model != "" {
			known.Model = c.Model
		}
		known.Env = append(known.Env, c.Env...)
		if !slices.Contains([]coder.Kind{coder.ACP, coder.Claude, coder.Codex, coder.Command}, known.Kind) {
			return nil, agent.Errorf(agent.Invalid, "agent %s is of no kind that is known: %q", name, known.Kind).
				WithHint("kinds are acp, claude, codex and command")
		}
	}
	return all, nil
}
