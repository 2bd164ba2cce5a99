package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// openaiChat is a request for a chat completion, see
// platform.openai.com/docs/api-reference/chat. Servers that speak the protocol differ
// in what they take: see Client.adapt.
type openaiChat struct {
	Model               string         `json:"model"`
	Messages            []plainMessage `json:"messages"`
	Stream              bool           `json:"stream"`
	StreamOptions       *streamOptions `json:"stream_options,omitempty"`
	MaxTokens           int            `json:"max_tokens,omitempty"`
	MaxCompletionTokens int            `json:"max_completion_tokens,omitempty"`
	Temperature         *float64       `json:"temperature,omitempty"`
}

type streamOptions struct {
	IncludeUsage bool `json:"include_usage"`
}

func openaiBody(model string, p plan, d dialect) openaiChat {
	body := openaiChat{Model: model, Messages: p.plain(), Stream: true, Temperature: p.Temperature}
	if !d.noUsage {
		body.StreamOptions = &streamOptions{IncludeUsage: true}
	}
	if d.oldLimit {
		body.MaxTokens = p.MaxOutput
	} else {
		body.MaxCompletionTokens = p.MaxOutput
	}
	return body
}

type openaiUsage struct {
	Prompt     int `json:"prompt_tokens"`
	Completion int `json:"completion_tokens"`
	Details    struct {
		Cached  int `json:"cached_tokens"`
		Written int `json:"cache_write_tokens"` // OpenRouter, for the providers that charge for it
	} `json:"prompt_tokens_details"`
	Hit int `json:"prompt_cache_hit_tokens"` // DeepSeek's name of it
}

func (u openaiUsage) usage() Usage {
	prompt := max(u.Prompt, 0)
	read := min(max(u.Details.Cached, u.Hit, 0), prompt)
	written := min(max(u.Details.Written, 0), prompt-read)
	return Usage{Input: prompt - read - written, CacheRead: read, CacheWrite: written, Output: max(u.Completion, 0)}
}

type openaiEvent struct {
	Error   json.RawMessage `json:"error"`
	Model   string          `json:"model"`
	Choices []openaiChoice  `json:"choices"`
	Usage   *openaiUsage    `json:"usage"`
	Groq    struct {
		Usage *openaiUsage `json:"usage"`
	} `json:"x_groq"` // where Groq had it first
}

type openaiChoice struct {
	Index int `json:"index"`
	Delta struct {
		Content   json.RawMessage `json:"content"`
		Refusal   string          `json:"refusal"`
		Reasoning json.RawMessage `json:"reasoning_content"` // DeepSeek, vLLM, llama.cpp, xAI
		Thoughts  json.RawMessage `json:"reasoning"`         // OpenRouter, Groq
	} `json:"delta"`
	FinishReason string `json:"finish_reason"`
}

// readOpenAI reads a stream of events. The answer is complete with its finish_reason;
// what follows up to [DONE], or up to the end where a server does without, is the usage.
func readOpenAI(r io.Reader, a *answer) error {
	in := newSSE(r)
	stop, done := "", false
	for !done {
		data, err := in.next()
		if stop != "" && errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return broken(err, a)
		}
		if done = string(bytes.TrimSpace(data)) == "[DONE]"; done {
			break
		}
		var event openaiEvent
		if json.Unmarshal(data, &event) != nil {
			return malformed()
		}
		if present(event.Error) {
			code, message := serverError(data)
			return classify(0, code, message)
		}
		if event.Model != "" {
			a.model = event.Model
		}
		for _, choice := range event.Choices {
			if choice.Index != 0 {
				continue
			}
			if err := choice.read(a); err != nil {
				return err
			}
			if choice.FinishReason != "" {
				stop = choice.FinishReason
			}
		}
		switch {
		case event.Usage != nil:
			a.usage = event.Usage.usage()
		case event.Groq.Usage != nil:
			a.usage = event.Groq.Usage.usage()
		}
	}
	if stop == "" {
		return fault(BadStream, "it ended without a finish_reason")
	}
	if stop == "error" { // OpenRouter, when the provider behind it failed
		return fault(Overloaded, "the server failed in the middle of the answer")
	}
	a.end()
	a.stop = stop
	return nil
}

func (c openaiChoice) read(a *answer) error {
	if c.Delta.Refusal != "" {
		a.why += c.Delta.Refusal
	}
	for _, thought := range []json.RawMessage{c.Delta.Reasoning, c.Delta.Thoughts} {
		if !present(thought) || string(thought) == `""` {
			continue
		}
		if err := a.thought(string(thought)); err != nil {
			return err
		}
	}
	if !present(c.Delta.Content) {
		return nil
	}
	var text string
	if json.Unmarshal(c.Delta.Content, &text) == nil {
		return a.say(text)
	}
	// Mistral's reasoning models answer with parts, of which the thoughts are some.
	var parts []struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}
	if json.Unmarshal(c.Delta.Content, &parts) != nil {
		return malformed()
	}
	for _, part := range parts {
		var err error
		if part.Type == "text" {
			err = a.say(part.Text)
		} else {
			err = a.thought(part.Type)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func present(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }
