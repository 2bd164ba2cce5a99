package model

import (
	_ "embed"
	"encoding/json"
	"math"
	"sync"
)

// Price is what a model costs, in US dollars per million tokens. A price of the cache
// that is 0 is not known, and Cost takes that of the input for it.
type Price struct {
	Input      float64 `json:"in"`
	CacheRead  float64 `json:"read"`
	CacheWrite float64 `json:"write"`
	Output     float64 `json:"out"`
}

// Cost returns what an answer cost in millionths of a US dollar, rounded up.
func (p Price) Cost(u Usage) (microUSD int64) {
	read, write := p.CacheRead, p.CacheWrite
	if read == 0 {
		read = p.Input
	}
	if write == 0 {
		write = p.Input
	}
	// Dollars per million tokens are millionths of a dollar per token.
	sum := p.Input*float64(u.Input) + read*float64(u.CacheRead) + write*float64(u.CacheWrite) + p.Output*float64(u.Output)
	return int64(math.Ceil(sum - 1e-6)) // a sum of decimals may be a trifle more than it is
}

// entry is what the catalogue has of a model.
type entry struct {
	Context int      `json:"context"`
	Output  int      `json:"output"`
	In      *float64 `json:"in"` // nil: no price is known
	Price
}

// UnmarshalJSON reads the prices into Price and notes whether there are any.
func (e *entry) UnmarshalJSON(data []byte) error {
	var size struct {
		Context int      `json:"context"`
		Output  int      `json:"output"`
		In      *float64 `json:"in"`
	}
	if err := json.Unmarshal(data, &size); err != nil {
		return err
	}
	e.Context, e.Output, e.In = size.Context, size.Output, size.In
	return json.Unmarshal(data, &e.Price)
}

//go:embed models.json
var catalogueFile []byte

type catalogue struct {
	Source    string                      `json:"source"`
	Date      string                      `json:"date"`
	Providers map[string]map[string]entry `json:"providers"`
}

// theCatalogue reads the file when it is first asked for.
var theCatalogue = sync.OnceValue(func() catalogue {
	var c catalogue
	if err := json.Unmarshal(catalogueFile, &c); err != nil {
		panic("models.json: " + err.Error()) // it is compiled in, and a test reads it
	}
	return c
})

// aliases are names that a provider documents for one of its dated models, which are
// those the catalogue has: platform.claude.com/docs/en/about-claude/models/overview.
// Nothing else is guessed: a name that is like another may well cost ten times as much.
var aliases = map[string]map[string]string{
	"anthropic": {
		"claude-haiku-4-5":  "claude-haiku-4-5-20251001",
		"claude-opus-4-0":   "claude-opus-4-20250514",
		"claude-opus-4-1":   "claude-opus-4-1-20250805",
		"claude-opus-4-5":   "claude-opus-4-5-20251101",
		"claude-sonnet-4-0": "claude-sonnet-4-20250514",
		"claude-sonnet-4-5": "claude-sonnet-4-5-20250929",
	},
}

// lookup returns the catalogue's entry of a provider's model.
func lookup(provider, model string) (entry, bool) {
	models := theCatalogue().Providers[provider]
	e, ok := models[model]
	if !ok {
		e, ok = models[aliases[provider][model]]
	}
	return e, ok
}
