package maker

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/brief"
	"codeagent.dev/agent/maker/model"
	"codeagent.dev/agent/patch"
	"codeagent.dev/agent/proc"
)

// writer has a model write the edits.
type writer struct {
	set      *Set
	provider model.Provider
	model    string
}

func (w *writer) Name() string { return w.provider.Name + "/" + w.model }
func (w *writer) Edits() bool  { return false }

// Make shows the model what the task is about, or goes on with the conversation, and
// returns what it writes. It does not look whether that applies.
func (w *writer) Make(ctx context.Context, req Request) (Answer, error) {
	client, err := w.open()
	if err != nil {
		return Answer{}, err
	}
	if limit := req.Spec.Limits.Make.Std(); limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, errMakeTime)
		defer cancel()
	}
	info, err := client.Info(ctx)
	if err != nil {
		return Answer{}, w.failed(ctx, err)
	}
	sizes := w.sizes(info)
	prompt, shown, err := w.prompt(ctx, req, sizes)
	if err != nil {
		return Answer{}, err
	}
	if shown != nil {
		keepJSON(req, agent.EventContext, *shown)
	}
	answer := Answer{Sent: &prompt, Format: patch.Format(prompt.Format)}
	keepJSON(req, agent.EventPrompt, prompt)
	ask := prompt.request()
	ask.MaxOutput = sizes.answer
	lines := proc.NewLines(func(text string) { tell(req, text) })
	reply, err := client.Ask(ctx, ask, func(text string) { lines.Write([]byte(text)) })
	lines.Close()
	answer.Usage = usage(client, reply.Usage)
	if reply.Text != "" {
		answer.Patch = []byte(reply.Text)
		keep(req, agent.EventAnswer, reply.Text)
	}
	if err != nil {
		return answer, w.failed(ctx, err)
	}
	answer.Said = Preface(reply.Text)
	return answer, nil
}

var errMakeTime = errors.New("limit")

func (w *writer) open() (*model.Client, error) {
	if keyless(w.provider) {
		return nil, &Error{
			Verdict: agent.Failed, Own: true, Reason: w.Name() + ": no key, " + noKey(w.provider), Hint: keyHint(w.provider),
		}
	}
	client, err := w.set.client(w.provider, w.model)
	if err != nil {
		return nil, &Error{Verdict: agent.Failed, Own: true, Reason: w.Name() + ": " + err.Error()}
	}
	return client, nil
}

// sizes are in tokens.
type sizes struct {
	show   int // for what the model is shown
	answer int
	all    int // what prompt and answer may have together
}

// Defaults where a model's size is not known, and what thrift allows where it is large.
const (
	unknownContext = 32 << 10
	thriftyShow    = 24 << 10
	usualAnswer    = 8 << 10
	largeAnswer    = 16 << 10
)

func (w *writer) sizes(info model.Info) sizes {
	all := info.Context
	bounds := w.set.cfg.Load().Bounds[w.provider.Name]
	switch {
	case w.provider.Protocol == model.Ollama:
		// The server reserves memory for all of it, so a person says how much may be.
		limit := cmp.Or(bounds.Context, w.set.cfg.Load().Options.Context, unknownContext)
		all = min(cmp.Or(all, limit), limit)
	case bounds.Context > 0:
		all = bounds.Context
	case all == 0:
		all = unknownContext
	}
	answer := min(cmp.Or(bounds.MaxOutput, info.MaxOutput, usualAnswer), largeAnswer, all/2)
	show := cmp.Or(w.set.cfg.Load().Context, thriftyShow)
	return sizes{show: min(show, all-answer), answer: answer, all: all}
}

// prompt is the next one of the conversation, and what of the repository it begins to
// show; nil: it shows some already, or nothing.
func (w *writer) prompt(ctx context.Context, req Request, n sizes) (p Prompt, shown *brief.Manifest, err error) {
	p = next(req)
	p.Maker = w.Name()
	if !req.continues() {
		_, p.Temperature = style(req.Variant)
	}
	format, _ := formatFor(w.model, w.set.ledger.steps(w.Name()))
	if p.Format != string(format) || p.System == "" {
		p.System, p.Format = system+"\n"+forms[format], string(format)
	}
	if !p.shown() && req.Show != nil { // a conversation that an agent began is without: it read the files itself
		b, err := w.show(ctx, req, min(n.show, n.all-n.answer-p.tokens()-slack))
		if err != nil {
			return p, nil, err
		}
		p.Messages = append([]PromptMessage{{Role: string(model.User), Text: b.Text(), Keep: true}}, p.Messages...)
		manifest := b.Manifest()
		shown = &manifest
	}
	return p.shorten(n.all - n.answer - slack), shown, nil
}

// slack is what the messages' own marks and an inexact count may take, in tokens.
const slack = 256

// show builds the brief, or the one that was shown before.
func (w *writer) show(ctx context.Context, req Request, budget int) (*brief.Brief, error) {
	if budget < minShow {
		return nil, &Error{
			Verdict: agent.Failed, Own: true, Reason: fmt.Sprintf("%s: the task is too long: it leaves %d tokens to show anything of the repository", w.Name(), max(budget, 0)),
			Hint: "shorten the words, or use a model with a larger context",
		}
	}
	asked, err := req.Show(ctx)
	if err != nil {
		return nil, err
	}
	show := *asked
	show.Budget, show.Count = budget, model.Tokens
	if req.Like != nil {
		show.Budget = req.Like.Budget
	}
	b, err := brief.Build(ctx, show)
	if small, ok := errors.AsType[*brief.TooSmall](err); ok {
		return nil, &Error{
			Verdict: agent.Failed, Own: true, Reason: fmt.Sprintf("%s: context too small: %v", w.Name(), small),
			Hint: "name fewer files with --path, or allow more: agent config set context.tokens N",
		}
	}
	if err != nil {
		return nil, err
	}
	if req.Like != nil && !b.Manifest().Same(*req.Like) {
		return nil, &Error{Verdict: agent.Failed, Reason: "what was shown then cannot be shown again: other files would be chosen now"}
	}
	return b, nil
}

// minShow is the least a model must be shown to know anything, in tokens.
const minShow = 512

// Estimate is what a first prompt would hold and cost.
type Estimate struct {
	Maker    string         `json:"maker"`
	Prompt   Prompt         `json:"-"`
	Manifest brief.Manifest `json:"context"`
	Input    int            `json:"input"`  // tokens
	Output   int            `json:"output"` // tokens, at most
	MicroUSD int64          `json:"micro_usd,omitempty"`
	Priced   bool           `json:"priced"`
}

// Estimator is a Maker that can say beforehand what it would be sent.
type Estimator interface {
	Maker
	Estimate(ctx context.Context, req Request) (Estimate, error)
}

// Estimate says what a Request would be sent as, and what it would cost at most,
// without sending it.
func (w *writer) Estimate(ctx context.Context, req Request) (Estimate, error) {
	client, err := w.set.client(w.provider, w.model)
	if err != nil {
		return Estimate{}, err
	}
	info := client.Known()
	if w.provider.Local { // asking costs nothing
		if info, err = client.Info(ctx); err != nil {
			return Estimate{}, w.failed(ctx, err)
		}
	}
	n := w.sizes(info)
	e := Estimate{Maker: w.Name(), Output: n.answer}
	p, shown, err := w.prompt(ctx, req, n)
	if err != nil {
		return e, err
	}
	if shown != nil {
		e.Manifest = *shown
	}
	e.Prompt, e.Input = p, p.tokens()
	e.MicroUSD, e.Priced = client.Cost(model.Usage{Input: e.Input, Output: e.Output})
	return e, nil
}

// rests are for how long a maker is left alone after an error that is its own.
var rests = map[model.Kind]time.Duration{
	model.Unreachable: 5 * time.Second, model.Unauthorized: time.Minute, model.Quota: time.Minute,
	model.NoModel: 30 * time.Second, model.Overloaded: 20 * time.Second,
	model.BadStream: 0, model.Silent: 20 * time.Second, model.TooLong: 0, model.BadRequest: 0, model.PromptCut: 0, model.TooMuch: 0,
}

// failed words a client's error as a maker's end.
func (w *writer) failed(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errMakeTime) {
		return &Error{Verdict: agent.Failed, Own: true, Reason: w.Name() + ": no whole answer within the time limit", Hint: "agent config set limits.make 30m"}
	}
	bad, ok := errors.AsType[*model.Error](err)
	if !ok {
		return err
	}
	e := &Error{Verdict: agent.Failed, Reason: bad.Error(), Hint: bad.Hint}
	switch bad.Kind {
	case model.Canceled:
		return canceled("canceled")
	case model.CutOff:
		e.Verdict = agent.NoPatch
		e.Again = "Your answer was cut off because it became too long. Answer again, shorter: write only the edits, as small as they can be."
	case model.EmptyAnswer:
		e.Verdict, e.Again = agent.NoPatch, "Your answer was empty. Write the edits."
	case model.Refused:
		e.Verdict, e.Own = agent.Refused, true
	default:
		e.Own, e.Rest = true, max(rests[bad.Kind], bad.RetryAfter)
	}
	return e
}

// usage prices what a client counted.
func usage(c *model.Client, u model.Usage) agent.Usage {
	if u == (model.Usage{}) {
		return agent.Usage{Requests: 1, Unpriced: unpriced(c)}
	}
	sum := agent.Usage{Requests: 1, Input: int64(u.Input), CacheRead: int64(u.CacheRead), CacheWrite: int64(u.CacheWrite), Output: int64(u.Output)}
	if cost, known := c.Cost(u); known {
		sum.MicroUSD = cost
	} else {
		sum.Unpriced = 1
	}
	return sum
}

// unpriced is 1 for an answer whose server counted nothing and that may cost.
func unpriced(c *model.Client) int {
	if cost, known := c.Cost(model.Usage{Input: 1 << 20, Output: 1 << 20}); known && cost == 0 {
		return 0
	}
	return 1
}

// tell shows a text to whoever follows.
func tell(req Request, text string) {
	if req.Log != nil {
		req.Log(text)
	}
}

// keep files a text that can be longer than one event.
func keep(req Request, typ agent.EventType, text string) {
	if req.Keep == nil {
		return
	}
	text = strings.ToValidUTF8(text, "\uFFFD")
	for len(text) > agent.MaxEvent {
		end := agent.MaxEvent
		for end > 0 && text[end]&0xC0 == 0x80 { // not within a rune
			end--
		}
		req.Keep(typ, text[:end])
		text = text[end:]
	}
	req.Keep(typ, text)
}

func keepJSON(req Request, typ agent.EventType, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // structs of strings always marshal
	}
	keep(req, typ, string(text))
}
