package model

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Ask asks the model and hands its text to onText (which may be nil) as it comes. Of an
// answer that broke off the Reply holds what there was, beside the error. Requests are
// repeated with growing pauses while nothing of an answer has come and it can help.
func (c *Client) Ask(ctx context.Context, r Request, onText func(string)) (Reply, error) {
	start := time.Now()
	reply, err := c.ask(ctx, r, onText, start)
	reply.Took = time.Since(start)
	if err != nil {
		if ctx.Err() != nil {
			err = canceled(ctx)
		}
		return reply, c.name(err, r.texts())
	}
	return reply, nil
}

func (c *Client) ask(ctx context.Context, r Request, onText func(string), start time.Time) (Reply, error) {
	left := c.options.Patience
	for attempt := 1; ; {
		a := &answer{on: onText}
		p, err := c.plan(ctx, r)
		if err == nil {
			err = c.once(ctx, p, a)
		}
		reply := Reply{Text: a.text.String(), Stop: a.stop, Usage: a.usage, Model: a.model}
		if !a.first.IsZero() {
			reply.FirstToken = a.first.Sub(start)
		}
		if err == nil {
			return reply, c.judge(ctx, p, a)
		}
		e, ok := errors.AsType[*Error](err)
		if !ok || a.begun || ctx.Err() != nil {
			return reply, err
		}
		if c.adapt(e) {
			continue
		}
		pause, again := e.pause(attempt, left)
		if attempt++; !again || attempt > c.options.Attempts {
			return reply, err
		}
		left -= pause
		select {
		case <-ctx.Done():
			return reply, canceled(ctx)
		case <-time.After(pause):
		}
	}
}

// plan asks for the sizes of the model, which are kept, and fits the request in.
func (c *Client) plan(ctx context.Context, r Request) (plan, error) {
	info, err := c.Info(ctx)
	if err != nil {
		return plan{}, err
	}
	return c.fit(r, info)
}

// pause returns how long to wait before asking again, if that can help within what is
// left to wait: exponential with full jitter, or what the server asks for.
func (e *Error) pause(attempt int, left time.Duration) (time.Duration, bool) {
	switch e.Kind {
	case Quota, Overloaded, BadStream, Unreachable:
	default:
		return 0, false
	}
	if e.final || e.Status >= 300 && e.Status < 500 && e.Kind == Unreachable {
		return 0, false
	}
	pause := e.RetryAfter
	if pause == 0 {
		pause = rand.N(min(500*time.Millisecond<<min(attempt-1, 8), 20*time.Second)) + time.Millisecond
	}
	return pause, pause <= left
}

// judge looks at an answer that came to its end.
func (c *Client) judge(ctx context.Context, p plan, a *answer) error {
	switch {
	case a.stop == "length" || a.stop == "max_tokens" || a.stop == "model_context_window_exceeded":
		return fault(CutOff, "the answer reached its limit of %d tokens", p.MaxOutput)
	case a.stop == "content_filter" || a.stop == "refusal" || a.why != "":
		return fault(Refused, "the model or a filter declined")
	case c.provider.Protocol == Ollama && c.wasCut(ctx, p, a.usage.Prompt()):
		return fault(PromptCut, "it read %d tokens of about %d", a.usage.Prompt(), p.prompt)
	case !slices.Contains(finished, a.stop):
		return &Error{Kind: BadStream, Err: said{fmt.Sprintf("it stopped with %q, which is no end of an answer", a.stop)}}
	case strings.TrimSpace(a.text.String()) == "":
		return fault(EmptyAnswer, "it has no text")
	}
	return nil
}

// finished are the words for an answer that is complete: Ollama's and OpenAI's stop,
// Anthropic's end_turn and stop_sequence, Mistral's and llama.cpp's eos. Others mean that
// the model waits for something (tool_calls, tool_use, pause_turn), or are not known.
var finished = []string{"stop", "end_turn", "stop_sequence", "eos"}

// wasCut reports whether an Ollama server evidently dropped a part of the prompt. When
// it does, it keeps half of its context (github.com/ollama/ollama/issues/17427), while
// our estimate is less than twice the truth. Some versions count less for another
// reason, a cache of prompts (before 0.2.2, and 0.30.0), so the count is only a
// suspicion, and the context that the server gave the model decides where it tells.
func (c *Client) wasCut(ctx context.Context, p plan, count int) bool {
	const small = 1024 // below, an estimate says little
	if count == 0 || p.prompt < 2*count || p.prompt-count < small {
		return false
	}
	if context := c.loaded(ctx); context > 0 {
		return context < p.context && context < p.prompt
	}
	return true
}

var errSilent = errors.New("silent")

// send makes a request. The timer of the answer runs until its body is closed.
func (c *Client) send(ctx context.Context, method, path, query string, body any) (*http.Response, error) {
	var reader io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, fault(BadRequest, "%w", err)
		}
		reader = bytes.NewReader(text)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	req, err := http.NewRequestWithContext(ctx, method, c.at(path, query), reader)
	if err != nil {
		cancel(nil)
		return nil, fault(BadRequest, "the address cannot be made of the provider's URL")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "agent")
	c.unlock(req.Header)
	timer := time.AfterFunc(c.options.FirstByte, func() { cancel(errSilent) })
	stop := func() { timer.Stop(); cancel(nil) }
	resp, err := c.http.Do(req)
	if err != nil {
		silent := errors.Is(context.Cause(ctx), errSilent)
		stop()
		if silent {
			return nil, fault(Silent, "no answer within %s", c.options.FirstByte)
		}
		return nil, c.unreached(err)
	}
	timer.Reset(c.options.Idle)
	resp.Body = &watched{ReadCloser: resp.Body, ctx: ctx, timer: timer, idle: c.options.Idle, stop: stop}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	code, message := serverError(text)
	e := classify(resp.StatusCode, code, message)
	e.RetryAfter = retryAfter(resp.Header, time.Now())
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		e.Err = errors.New("it redirects to another address, which is not followed")
		e.Hint = "set the URL of provider " + c.provider.Name + " to where it really is"
	}
	return nil, e
}

func (c *Client) unlock(h http.Header) {
	key := c.provider.Key.Reveal()
	if c.provider.Protocol == Anthropic {
		h.Set("Anthropic-Version", anthropicVersion)
	}
	switch {
	case key == "":
	case c.provider.Protocol == Anthropic:
		h.Set("X-Api-Key", key)
	case c.provider.Protocol == Azure:
		h.Set("Api-Key", key)
	default:
		h.Set("Authorization", "Bearer "+key)
	}
}

// unreached tells what keeps us from a server; some of it does not pass.
func (c *Client) unreached(err error) *Error {
	e := fault(Unreachable, "no connection to %s", c.base.Host)
	if op, ok := errors.AsType[*net.OpError](err); ok {
		e = fault(Unreachable, "no connection to %s: %w", c.base.Host, op.Err)
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		e = fault(Unreachable, "the host %s is not known", c.base.Hostname())
		e.final = dns.IsNotFound
	}
	if strings.Contains(err.Error(), "x509:") || strings.Contains(err.Error(), "tls:") {
		e = fault(Unreachable, "%s shows a certificate that is not trusted", c.base.Host)
		e.Hint, e.final = "name the file of your certificate authority", true
	}
	e.final = e.final || loopback(c.base.Hostname())
	return e
}

// watched is a body whose reader does not wait for ever.
type watched struct {
	io.ReadCloser
	ctx   context.Context
	timer *time.Timer
	idle  time.Duration
	stop  func()
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	if n > 0 {
		w.timer.Reset(w.idle)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		if errors.Is(context.Cause(w.ctx), errSilent) {
			return n, fault(Silent, "nothing came for %s", w.idle)
		}
		return n, errors.New("the connection broke")
	}
	return n, err
}

func (w *watched) Close() error {
	w.stop()
	return w.ReadCloser.Close()
}

// json asks for a small document.
func (c *Client) json(ctx context.Context, method, path, query string, body, into any) error {
	resp, err := c.send(ctx, method, path, query, body)
	if err != nil {
		if ctx.Err() != nil {
			return canceled(ctx)
		}
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return broken(err, &answer{})
	}
	if json.Unmarshal(text, into) != nil {
		return malformed()
	}
	return nil
}

// begin keeps the first bytes of what it reads.
type begin struct {
	r    io.Reader
	text []byte
}

func (b *begin) Read(p []byte) (int, error) {
	const most = 16 << 10 // more than any error
	n, err := b.r.Read(p)
	b.text = append(b.text, p[:min(n, most-len(b.text))]...)
	return n, err
}

// once sends a request and reads the answer to its end.
func (c *Client) once(ctx context.Context, p plan, a *answer) error {
	d := c.spoken()
	if d.noTemperature {
		p.Temperature = nil
	}
	var body any
	read := readOpenAI
	switch c.provider.Protocol {
	case Ollama:
		body, read = ollamaBody(c.model, p, c.options.Think), readOllama
	case Anthropic:
		body, read = anthropicBody(c.model, p), readAnthropic
	default:
		body = openaiBody(c.model, p, d)
	}
	path, query := c.provider.chat(c.model)
	resp, err := c.send(ctx, http.MethodPost, path, query, body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	head := &begin{r: resp.Body}
	err = read(head, a)
	if e, ok := errors.AsType[*Error](err); ok && e.Kind == BadStream && !a.begun {
		if code, message := serverError(head.text); message != "" {
			return classify(0, code, message) // some send an error with status 200
		}
	}
	return err
}
