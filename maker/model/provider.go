package model

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
)

// Protocol is how a server is spoken to.
type Protocol string

const (
	Ollama    Protocol = "ollama"    // Ollama's own, /api/chat: the compatible one cannot say how large the context shall be
	Anthropic Protocol = "anthropic" // messages
	OpenAI    Protocol = "openai"    // chat completions, which most servers understand
	Azure     Protocol = "azure"     // OpenAI's, at the addresses and with the key header of Azure
)

// Provider is a server of models. Known has those with a name.
type Provider struct {
	Name     string   // in messages and in the catalogue of prices
	Protocol Protocol // how it is spoken to
	// URL is its base: what precedes /api/chat (Ollama), /v1/messages (Anthropic),
	// /chat/completions (OpenAI), and /openai (Azure).
	URL    string
	Key    Secret
	KeyEnv string // the environment variable that people keep the key in; for hints, it is not read here
	Local  bool   // runs on hardware of one's own: an answer costs nothing
	// APIVersion is Azure's api-version; with one the model's name is that of a
	// deployment, without one the address is the newer /openai/v1.
	APIVersion string
}

// Known returns the providers that have a name, by name. Keys are the caller's to set;
// so is the URL of those that have none (azure) or run elsewhere.
func Known() []Provider {
	return []Provider{
		{Name: "anthropic", Protocol: Anthropic, URL: "https://api.anthropic.com", KeyEnv: "ANTHROPIC_API_KEY"},
		{Name: "azure", Protocol: Azure, KeyEnv: "AZURE_OPENAI_API_KEY"},
		{Name: "deepseek", Protocol: OpenAI, URL: "https://api.deepseek.com/v1", KeyEnv: "DEEPSEEK_API_KEY"},
		{Name: "gemini", Protocol: OpenAI, URL: "https://generativelanguage.googleapis.com/v1beta/openai", KeyEnv: "GEMINI_API_KEY"},
		{Name: "groq", Protocol: OpenAI, URL: "https://api.groq.com/openai/v1", KeyEnv: "GROQ_API_KEY"},
		{Name: "llamacpp", Protocol: OpenAI, URL: "http://127.0.0.1:8080/v1", KeyEnv: "LLAMA_API_KEY", Local: true},
		{Name: "lmstudio", Protocol: OpenAI, URL: "http://127.0.0.1:1234/v1", KeyEnv: "LM_API_TOKEN", Local: true},
		{Name: "mistral", Protocol: OpenAI, URL: "https://api.mistral.ai/v1", KeyEnv: "MISTRAL_API_KEY"},
		{Name: "ollama", Protocol: Ollama, URL: "http://127.0.0.1:11434", KeyEnv: "OLLAMA_API_KEY", Local: true},
		{Name: "openai", Protocol: OpenAI, URL: "https://api.openai.com/v1", KeyEnv: "OPENAI_API_KEY"},
		{Name: "openrouter", Protocol: OpenAI, URL: "https://openrouter.ai/api/v1", KeyEnv: "OPENROUTER_API_KEY"},
		{Name: "vllm", Protocol: OpenAI, URL: "http://127.0.0.1:8000/v1", KeyEnv: "VLLM_API_KEY", Local: true},
		{Name: "xai", Protocol: OpenAI, URL: "https://api.x.ai/v1", KeyEnv: "XAI_API_KEY"},
	}
}

// Named returns the known provider of that name.
func Named(name string) (Provider, bool) {
	all := Known()
	i := slices.IndexFunc(all, func(p Provider) bool { return p.Name == name })
	if i < 0 {
		return Provider{}, false
	}
	return all[i], true
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// base returns the parsed URL. One with a password or a query is refused: such things
// end in messages and logs.
func (p Provider) base() (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(p.URL, "/"))
	switch {
	case p.URL == "":
		return nil, fmt.Errorf("provider %q needs a URL", p.Name)
	case err != nil:
		return nil, fmt.Errorf("the URL of provider %q is none", p.Name) // url's own error repeats the text
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, fmt.Errorf("the URL of provider %q must begin with http:// or https:// and name a host", p.Name)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("the URL of provider %q must have no user, query or fragment: the key is set apart from it", p.Name)
	}
	if strings.ContainsAny(p.Key.Reveal(), "\r\n\x00") {
		return nil, fmt.Errorf("the key of provider %q has more than one line", p.Name)
	}
	return u, nil
}

// chat returns the path below the base and the query of a request for an answer.
func (p Provider) chat(model string) (path, query string) {
	switch p.Protocol {
	case Ollama:
		return "/api/chat", ""
	case Anthropic:
		return "/v1/messages", ""
	case Azure:
		if p.APIVersion != "" {
			return "/openai/deployments/" + url.PathEscape(model) + "/chat/completions", "api-version=" + url.QueryEscape(p.APIVersion)
		}
		return "/openai/v1/chat/completions", ""
	}
	return "/chat/completions", ""
}

// list returns the path and the query of a request for the models.
func (p Provider) list() (path, query string) {
	switch p.Protocol {
	case Ollama:
		return "/api/tags", ""
	case Anthropic:
		return "/v1/models", "limit=1000"
	case Azure:
		if p.APIVersion != "" {
			return "/openai/models", "api-version=" + url.QueryEscape(p.APIVersion)
		}
		return "/openai/v1/models", ""
	}
	return "/models", ""
}

// unreached is the hint for a server that does not answer.
func (p Provider) unreached() string {
	switch {
	case p.Name == "ollama" || p.Protocol == Ollama:
		return "start it with `ollama serve`, or set the URL of provider " + p.Name
	case p.Local:
		return "start the server of provider " + p.Name + ", or set its URL"
	}
	return "curl -sI " + p.URL
}

// unlocked is the hint for a key that is missing or wrong.
func (p Provider) unlocked() string {
	if p.KeyEnv == "" {
		return "set the key of provider " + p.Name
	}
	return "export " + p.KeyEnv + "=…"
}
