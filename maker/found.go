package maker

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/maker/coder"
	"codeagent.dev/agent/maker/model"
)

// Found is a maker, or a provider of some, and what is known of it.
type Found struct {
	Name     string       `json:"name"`
	Kind     string       `json:"kind"` // provider, model, agent
	Ready    bool         `json:"ready"`
	Why      string       `json:"why,omitempty"`    // why it is not ready, or what it is
	Hint     string       `json:"hint,omitempty"`   // what would help
	Chosen   bool         `json:"chosen,omitempty"` // it is in the chain that is used when none is configured
	Context  int          `json:"context,omitempty"`
	Price    *model.Price `json:"price,omitempty"` // US dollars per million tokens; nil: not known
	Format   string       `json:"format,omitempty"`
	FormatBy string       `json:"format_by,omitempty"` // why that one
	Until    time.Time    `json:"until,omitzero"`      // it rests until then
}

// Report is all that a Set knows of its makers.
type Report struct {
	Found   []Found  `json:"found"`
	Records []Record `json:"records"`
}

// Report looks for makers, or for the models of one provider. wake first lets those that
// rest be asked again.
func (s *Set) Report(ctx context.Context, provider string, wake bool) (Report, error) {
	var r Report
	if wake {
		if err := s.ledger.Wake(); err != nil {
			return r, err
		}
	}
	if provider == "" {
		return Report{s.Models(ctx), s.ledger.Records()}, nil
	}
	p, ok := s.provider(provider)
	if !ok {
		return r, agent.Errorf(agent.NotFound, "there is no provider %q", provider).WithHint("known are " + strings.Join(s.providerNames(), ", "))
	}
	if keyless(p) {
		return r, agent.Errorf(agent.Unavailable, "%s: no key, %s", provider, noKey(p)).WithHint(keyHint(p))
	}
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	return Report{s.listed(ctx, p), s.ledger.Records()}, nil
}

// listTime bounds the asking of one provider for its models.
const listTime = 20 * time.Second

// standard is the model that is used of a provider whose key is set, when a person named
// none: the middle one of its makers in the catalogue of 2026-08.
var standard = map[string]string{
	"anthropic": "claude-sonnet-5", "openai": "gpt-5.4", "openrouter": "anthropic/claude-sonnet-5",
	"gemini": "gemini-2.5-pro", "deepseek": "deepseek-v4-pro", "mistral": "devstral-medium-latest",
	"groq": "moonshotai/kimi-k2-instruct-0905", "xai": "grok-4.5",
}

// order is in which providers with a key are taken.
var order = []string{"anthropic", "openai", "openrouter", "gemini", "deepseek", "mistral", "groq", "xai"}

// searchTime bounds the looking for a server on this machine.
const searchTime = 2 * time.Second

// Models returns all that could make a patch, and why something cannot. It asks the
// servers that run on this machine or are configured with an address; nothing that
// costs.
func (s *Set) Models(ctx context.Context) []Found {
	found := s.local(ctx)
	for _, name := range s.keyed() {
		found = append(found, s.ofProvider(name))
	}
	for _, f := range coder.Find(s.cfg.Load().Agents, s.path()) {
		one := Found{Name: f.Agent.Name, Kind: "agent", Ready: f.Path != "", Why: f.Path, Chosen: f.Path != ""}
		if !one.Ready {
			one.Why = f.Err.Error()
		}
		found = append(found, one)
	}
	for i := range found {
		if until, why, resting := s.ledger.Resting(found[i].Name); resting {
			found[i].Until, found[i].Why = until, why
		}
	}
	return found
}

// keyed are the providers that are not on this machine: the known ones in order, then
// a person's own.
func (s *Set) keyed() []string {
	names := slices.Clone(order)
	for _, p := range s.cfg.Load().Providers {
		if !p.Local && !slices.Contains(names, p.Name) {
			names = append(names, p.Name)
		}
	}
	return names
}

func (s *Set) ofProvider(name string) Found {
	p, ok := s.provider(name)
	f := Found{Name: name, Kind: "provider"}
	switch {
	case !ok:
		f.Why = "not known"
	case p.URL == "":
		f.Why, f.Hint = "no address is set", "agent config set providers."+name+".url URL"
	case keyless(p):
		f.Why, f.Hint = noKey(p), keyHint(p)
	case standard[name] == "":
		f.Ready, f.Why = true, "any of its models can be named: "+name+"/MODEL"
	default:
		f = s.describe(p, standard[name])
		f.Chosen = true
	}
	return f
}

// describe says of a model what is known without asking anybody.
func (s *Set) describe(p model.Provider, id string) Found {
	f := Found{Name: p.Name + "/" + id, Kind: "model", Ready: true}
	format, why := formatFor(id, s.ledger.steps(f.Name))
	f.Format, f.FormatBy = string(format), why
	c, err := s.client(p, id)
	if err != nil {
		f.Ready, f.Why = false, err.Error()
		return f
	}
	info := c.Known()
	f.Context = info.Context
	if info.Priced {
		f.Price = &info.Price
	}
	if p.Local {
		f.Why = p.URL
	}
	return f
}

// local lists the models of the servers on this machine, side by side.
func (s *Set) local(ctx context.Context) []Found {
	ctx, cancel := context.WithTimeout(ctx, searchTime)
	defer cancel()
	var servers []model.Provider
	for _, p := range s.cfg.Load().Providers {
		if p.Local {
			servers = append(servers, p)
		}
	}
	// Ollama first: it is what can be chosen unasked.
	slices.SortStableFunc(servers, func(a, b model.Provider) int { return rankOf(a) - rankOf(b) })
	all := make([][]Found, len(servers))
	var wait sync.WaitGroup
	for i, p := range servers {
		wait.Go(func() { all[i] = s.listed(ctx, p) })
	}
	wait.Wait()
	return slices.Concat(all...)
}

func rankOf(p model.Provider) int {
	if p.Name == "ollama" {
		return 0
	}
	return 1
}

func (s *Set) listed(ctx context.Context, p model.Provider) []Found {
	o := s.cfg.Load().Options
	o.Attempts, o.Connect = 1, time.Second
	listed, err := model.List(ctx, p, o)
	if err != nil {
		f := Found{Name: p.Name, Kind: "provider", Why: err.Error()}
		if typed, ok := errors.AsType[*model.Error](err); ok {
			f.Hint = typed.Hint
			if typed.Kind == model.Unreachable {
				f.Why = "nothing answers at " + p.URL
			}
		}
		return []Found{f}
	}
	if len(listed) == 0 {
		f := Found{Name: p.Name, Kind: "provider", Why: "it has no models"}
		if p.Protocol == model.Ollama {
			f.Hint = "ollama pull qwen2.5-coder:7b"
		}
		return []Found{f}
	}
	var found []Found
	for _, l := range listed {
		f := s.describe(p, l.Name)
		if l.Context > 0 {
			f.Context = l.Context
		}
		found = append(found, f)
	}
	if p.Protocol == model.Ollama {
		if best := bestOf(listed); best >= 0 {
			found[best].Chosen = true
		}
	}
	slices.SortStableFunc(found, func(a, b Found) int {
		switch {
		case a.Chosen && !b.Chosen:
			return -1
		case b.Chosen && !a.Chosen:
			return 1
		}
		return 0
	})
	return found
}

// bestOf picks the model of a local server that is likely to write the best patches: one
// made for code, then the largest. Those that embed, see or guard are none. -1: none.
func bestOf(listed []model.Listed) int {
	best, top := -1, 0.0
	for i, l := range listed {
		name := strings.ToLower(l.Name)
		if strings.Contains(name, "embed") || strings.Contains(name, "guard") || strings.Contains(name, "rerank") || strings.Contains(name, "vision") || strings.Contains(name, "ocr") {
			continue
		}
		score := 1 + billions(name)
		for _, word := range []string{"coder", "devstral", "codestral", "gpt-oss", "starcoder", "codellama"} {
			if strings.Contains(name, word) {
				score += 1000
				break
			}
		}
		if score > top {
			best, top = i, score
		}
	}
	return best
}
