// Package model speaks to servers of language models: Ollama's own protocol,
// Anthropic's messages, and OpenAI's chat completions, which most others understand.
// It asks for text and streams it; a stream without its terminal event is an error.
// It knows no job, reads no environment, and logs nothing.
package model

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"
)

// Role says who speaks.
type Role string

const (
	User      Role = "user"
	Assistant Role = "assistant"
)

// Message is one turn of a conversation.
type Message struct {
	Role  Role
	Text  string
	Cache bool // Anthropic keeps a cache up to here; the last four marks count, the system prompt's included
}

// Request is what a model is asked.
type Request struct {
	System      string
	Messages    []Message
	Temperature *float64 // nil leaves it to the server
	MaxOutput   int      // tokens; 0 takes the catalogue's, at most 16384, or 8192
}

// Reply is an answer.
type Reply struct {
	Text       string
	Stop       string // why it ended, in the provider's word
	Usage      Usage
	Model      string        // as the server names it
	FirstToken time.Duration // from the call to the first text
	Took       time.Duration
}

// Options are how a provider is reached. The zero Options are good ones.
type Options struct {
	Proxy  func(*http.Request) (*url.URL, error) // nil for none: the caller reads the environment
	CA     *x509.CertPool                        // nil for the system's
	CAFile string                                // PEM, in addition to the system's or to CA

	Connect   time.Duration // to connect; 0 is 10 s
	FirstByte time.Duration // to answer at all, the loading of a model included; 0 is 5 min
	Idle      time.Duration // between two bytes of an answer; 0 is 2 min

	Attempts int           // requests for one answer; 0 is 3
	Patience time.Duration // waiting between them, altogether; 0 is 30 s

	Context int              // tokens of context that an Ollama server is asked for at most, since it reserves memory; 0 is 32768
	Think   bool             // lets a model of Ollama's think first; its thoughts use up MaxOutput
	Prices  map[string]Price // by Client.Name; they replace the catalogue's
}

func (o Options) filled() Options {
	o.Connect = cmp.Or(o.Connect, 10*time.Second)
	o.FirstByte = cmp.Or(o.FirstByte, 5*time.Minute)
	o.Idle = cmp.Or(o.Idle, 2*time.Minute)
	o.Attempts = cmp.Or(o.Attempts, 3)
	o.Patience = cmp.Or(o.Patience, 30*time.Second)
	o.Context = cmp.Or(o.Context, 32768)
	return o
}

// Client asks one model of one provider. It may be used by several goroutines.
type Client struct {
	provider Provider
	model    string
	options  Options
	base     *url.URL
	http     *http.Client
	asking   chan struct{} // full while info is asked for; a lock that a context can leave
	info     *Info
	speech   sync.Mutex
	dialect  dialect
}

// Open returns a Client for a model; it touches no network. The error names what is
// wrong with the provider's URL, its key, or the file of certificates.
func Open(p Provider, model string, o Options) (*Client, error) {
	base, err := p.base()
	if err != nil {
		return nil, err
	}
	pool, err := roots(o)
	if err != nil {
		return nil, err
	}
	o = o.filled()
	c := &Client{provider: p, model: model, options: o, base: base, asking: make(chan struct{}, 1)}
	c.dialect.oldLimit = p.Protocol == OpenAI && p.Name != "openai"
	c.http = &http.Client{
		Transport: &http.Transport{
			Proxy: o.Proxy, DialContext: (&net.Dialer{Timeout: o.Connect}).DialContext, TLSHandshakeTimeout: o.Connect,
			TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true,
			IdleConnTimeout: 30 * time.Second, MaxResponseHeaderBytes: 256 << 10,
		},
		// None is followed: key and prompt would go where it points.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

func roots(o Options) (*x509.CertPool, error) {
	if o.CAFile == "" {
		return o.CA, nil
	}
	pem, err := os.ReadFile(o.CAFile)
	if err != nil {
		return nil, fmt.Errorf("the file of certificates: %w", err)
	}
	pool := x509.NewCertPool()
	if o.CA != nil {
		pool = o.CA.Clone()
	} else if system, err := x509.SystemCertPool(); err == nil {
		pool = system
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("the file of certificates %s holds none in PEM", o.CAFile)
	}
	return pool, nil
}

// Close ends the connections that nobody uses.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Name returns provider/model.
func (c *Client) Name() string { return c.provider.Name + "/" + c.model }

// name completes an error with provider, model and hint, and cleans what the server said.
func (c *Client) name(err error, prompt []string) *Error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		e = fault(Unreachable, "%w", err)
	}
	e.Provider, e.Model = c.provider.Name, c.model
	if _, raw := e.Err.(said); raw { //nolint:errorlint // told sets it bare
		e.Err = errors.New(clean(e.Err.Error(), c.provider.Key, prompt))
	}
	if e.Hint == "" {
		e.Hint = c.hint(e)
	}
	return e
}

func (c *Client) hint(e *Error) string {
	switch e.Kind {
	case Unreachable:
		return c.provider.unreached()
	case Unauthorized:
		return c.provider.unlocked()
	case Quota:
		if e.RetryAfter > 0 {
			return "ask again in " + e.RetryAfter.Round(time.Second).String() + ", or ask another provider"
		}
		return "look at the account of provider " + c.provider.Name + ", or ask another provider"
	case NoModel:
		if c.provider.Protocol == Ollama {
			return "ollama pull " + c.model
		}
		return "name a model that provider " + c.provider.Name + " lists"
	case TooLong:
		return "ask for less, or ask a model with a larger context"
	case CutOff:
		return "allow a longer answer"
	case PromptCut:
		return "ask for less, or update Ollama"
	case Overloaded, BadStream, Silent:
		return "ask again later, or ask another provider"
	}
	return "ask another model"
}

// texts returns all that a request says, to keep it out of messages.
func (r Request) texts() []string {
	all := []string{r.System}
	for _, m := range r.Messages {
		all = append(all, m.Text)
	}
	return all
}

// tokens estimates the prompt; each message has some tokens of its own around it.
func (r Request) tokens() int {
	n := 8
	for _, text := range r.texts() {
		n += Tokens(text) + 8
	}
	return n
}

// plan is a request with the sizes it is sent with.
type plan struct {
	Request
	prompt  int // tokens, estimated
	context int // tokens, for Ollama
}

// fit finds the sizes, or says by how much they do not fit.
func (c *Client) fit(r Request, info Info) (plan, error) {
	p := plan{Request: r, prompt: r.tokens()}
	limit := info.Context
	if c.provider.Protocol == Ollama {
		limit = min(cmp.Or(limit, c.options.Context), c.options.Context)
	}
	if p.MaxOutput <= 0 {
		p.MaxOutput = min(cmp.Or(info.MaxOutput, 8192), 16384)
		if limit > 0 {
			p.MaxOutput = min(p.MaxOutput, max(limit/2, 1))
		}
	}
	need := p.prompt + p.MaxOutput
	if limit > 0 && need > limit {
		return p, fault(TooLong, "about %d tokens of prompt and %d of answer do not fit a context of %d", p.prompt, p.MaxOutput, limit)
	}
	// Powers of two, since Ollama loads the model anew for each other size.
	for p.context = 4096; p.context < need; p.context *= 2 {
	}
	if limit > 0 {
		p.context = min(p.context, limit)
	}
	return p, nil
}

// dialect is what a server was found not to take.
type dialect struct {
	oldLimit      bool // max_tokens instead of max_completion_tokens
	noUsage       bool // no stream_options
	noTemperature bool
	swapped       bool
}

// adapt learns from a refusal which of our parameters the server does not take, and
// reports whether asking without it makes sense. That is another request, not a retry.
func (c *Client) adapt(e *Error) bool {
	if e.Kind != BadRequest {
		return false
	}
	text := strings.ToLower(e.Err.Error())
	if !unsupported(text) {
		return false
	}
	c.speech.Lock()
	defer c.speech.Unlock()
	d := &c.dialect
	switch {
	case strings.Contains(text, "temperature") && !d.noTemperature:
		d.noTemperature = true
	case strings.Contains(text, "stream_options") && !d.noUsage:
		d.noUsage = true
	case (strings.Contains(text, "max_tokens") || strings.Contains(text, "max_completion_tokens")) && !d.swapped && c.provider.Protocol != Anthropic:
		d.oldLimit, d.swapped = !d.oldLimit, true
	default:
		return false
	}
	return true
}

// unsupported reports whether a refusal is one of a parameter as such. Of a parameter's
// value, such as a max_tokens that is too large, it would not help to send none.
func unsupported(text string) bool {
	for _, sign := range []string{"unsupported", "not supported", "does not support", "not support", "unrecognized", "unrecognised", "unknown", "unexpected", "not permitted", "not allowed", "extra ", "extra_", "deprecated", "invalid parameter"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

// spoken returns the dialect as it is known now.
func (c *Client) spoken() dialect {
	c.speech.Lock()
	defer c.speech.Unlock()
	return c.dialect
}

// canceled is the error of a context that ended.
func canceled(ctx context.Context) *Error {
	return &Error{Kind: Canceled, Err: ctx.Err()}
}
