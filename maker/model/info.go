package model

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Info is what is known of a model.
type Info struct {
	Context   int    // tokens of prompt and answer together; 0 when not known
	MaxOutput int    // tokens of an answer unless asked otherwise; 0 when not known
	Price     Price  // when Priced
	Priced    bool   // whether the price is known
	Source    string // where this is from: the server, the catalogue and its date
}

// Listed is a model that a provider says it has.
type Listed struct {
	Name    string
	Context int // tokens; 0 when the provider does not say
}

// List returns the models that a provider has, by name.
func List(ctx context.Context, p Provider, o Options) ([]Listed, error) {
	c, err := Open(p, "", o)
	if err != nil {
		return nil, &Error{Kind: BadRequest, Provider: p.Name, Hint: "look at the URL, the key and the certificates of provider " + p.Name, Err: err}
	}
	defer c.Close()
	all, err := c.list(ctx)
	if err != nil {
		return nil, c.name(err, nil)
	}
	slices.SortFunc(all, func(a, b Listed) int { return cmp.Compare(a.Name, b.Name) })
	return all, nil
}

// listing is an answer to a request for models. Each server has a name of its own for
// the size of the context.
type listing struct {
	Data []struct {
		ID            string `json:"id"`
		MaxModelLen   int    `json:"max_model_len"`      // vLLM
		ContextLength int    `json:"context_length"`     // OpenRouter
		ContextWindow int    `json:"context_window"`     // Groq
		MaxContext    int    `json:"max_context_length"` // Mistral, LM Studio
		MaxInput      int    `json:"max_input_tokens"`   // Anthropic
		Meta          struct {
			Context int `json:"n_ctx"` // llama.cpp, what it was started with
		} `json:"meta"`
	} `json:"data"`
	Models []struct {
		Name string `json:"name"`
	} `json:"models"` // Ollama
}

func (c *Client) list(ctx context.Context) ([]Listed, error) {
	var got listing
	path, query := c.provider.list()
	if err := c.json(ctx, http.MethodGet, path, query, nil, &got); err != nil {
		return nil, err
	}
	var all []Listed
	if c.provider.Protocol == Ollama {
		for _, m := range got.Models {
			all = append(all, Listed{Name: m.Name})
		}
		return all, nil
	}
	for _, m := range got.Data {
		size := cmp.Or(m.MaxModelLen, m.ContextLength, m.ContextWindow, m.MaxContext, m.MaxInput, m.Meta.Context)
		all = append(all, Listed{strings.TrimPrefix(m.ID, "models/"), max(size, 0)}) // Gemini says models/NAME
	}
	return all, nil
}

// Info returns what is known of the model. A local server is asked, others only when
// the catalogue does not have the model; the answer is kept as long as the Client.
// That a server does not tell is no error: the numbers are 0 then.
func (c *Client) Info(ctx context.Context) (Info, error) {
	select {
	case c.asking <- struct{}{}:
		defer func() { <-c.asking }()
	case <-ctx.Done():
		return Info{}, c.name(canceled(ctx), nil)
	}
	if c.info != nil {
		return *c.info, nil
	}
	info, err := c.learn(ctx)
	if err != nil {
		return Info{}, c.name(err, nil)
	}
	c.info = &info
	return info, nil
}

func (c *Client) learn(ctx context.Context) (Info, error) {
	info := c.Known()
	if info.Context > 0 && !c.provider.Local {
		return info, nil
	}
	context, err := c.askContext(ctx)
	if err != nil {
		typed, ok := errors.AsType[*Error](err)
		if !ok || typed.Kind != BadStream && typed.Kind != BadRequest && (typed.Status != http.StatusNotFound || typed.Kind == NoModel) {
			return Info{}, err
		}
		context = 0 // somebody answers and does not have this address
	}
	if context > 0 {
		info.Context, info.Source = context, "the server"
	}
	return info, nil
}

// Known returns what the catalogue and the caller's prices say.
func (c *Client) Known() Info {
	var info Info
	if e, ok := lookup(c.provider.Name, c.model); ok {
		info = Info{Context: e.Context, MaxOutput: e.Output, Price: e.Price, Priced: e.In != nil}
		info.Source = theCatalogue().Source + ", " + theCatalogue().Date
	}
	if price, ok := c.options.Prices[c.Name()]; ok {
		info.Price, info.Priced = price, true
	} else if c.provider.Local {
		info.Price, info.Priced = Price{}, true
	}
	return info
}

// askContext asks the server for the context of the model; 0 when it does not say.
func (c *Client) askContext(ctx context.Context) (int, error) {
	if c.provider.Protocol == Ollama {
		var shown struct {
			Info map[string]json.RawMessage `json:"model_info"`
		}
		if err := c.json(ctx, http.MethodPost, "/api/show", "", map[string]string{"model": c.model}, &shown); err != nil {
			return 0, err
		}
		for _, key := range slices.Sorted(maps.Keys(shown.Info)) {
			var size int
			if strings.HasSuffix(key, ".context_length") && json.Unmarshal(shown.Info[key], &size) == nil && size > 0 {
				return size, nil
			}
		}
		return 0, nil
	}
	all, err := c.list(ctx)
	for _, m := range all {
		if m.Name == c.model {
			return m.Context, nil
		}
	}
	return 0, err
}

// loaded returns the context that an Ollama server has really given the model; 0 when
// it does not say, which it does since 0.11.5.
func (c *Client) loaded(ctx context.Context) int {
	var running struct {
		Models []struct {
			Name    string `json:"name"`
			Model   string `json:"model"`
			Context int    `json:"context_length"`
		} `json:"models"`
	}
	if c.json(ctx, http.MethodGet, "/api/ps", "", nil, &running) != nil {
		return 0
	}
	tag := c.model
	if !strings.Contains(tag[strings.LastIndexByte(tag, '/')+1:], ":") {
		tag += ":latest"
	}
	for _, m := range running.Models {
		if m.Name == tag || m.Model == tag || m.Name == c.model {
			return m.Context
		}
	}
	return 0
}

// Cost returns what an answer of this model cost in millionths of a US dollar; known is
// false when the price is not, or what the answer took. It asks nobody.
func (c *Client) Cost(u Usage) (microUSD int64, known bool) {
	info := c.Known()
	switch {
	case !info.Priced:
		return 0, false
	case info.Price == Price{}:
		return 0, true
	case u == Usage{}:
		return 0, false
	}
	return info.Price.Cost(u), true
}

// at returns the address of a path below the provider's URL.
func (c *Client) at(path, query string) string {
	u := *c.base
	u = *u.JoinPath() // a copy whose path is clean
	u.RawPath = ""
	target := strings.TrimRight(u.String(), "/") + path
	if query != "" {
		target += "?" + query
	}
	if _, err := url.Parse(target); err != nil {
		return u.String()
	}
	return target
}
