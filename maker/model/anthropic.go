package model

import (
	"encoding/json"
	"io"
)

// anthropicVersion is the one version of the protocol there is; what changes is asked
// for with other headers.
const anthropicVersion = "2023-06-01"

// maxBreakpoints is how many places of one request the provider keeps a cache up to.
const maxBreakpoints = 4

// anthropicChat is a request to /v1/messages, see
// platform.claude.com/docs/en/api/messages.
type anthropicChat struct {
	Model       string             `json:"model"`
	MaxTokens   int                `json:"max_tokens"`
	Stream      bool               `json:"stream"`
	System      []anthropicText    `json:"system,omitempty"`
	Messages    []anthropicMessage `json:"messages"`
	Temperature *float64           `json:"temperature,omitempty"`
}

type anthropicMessage struct {
	Role    Role            `json:"role"`
	Content []anthropicText `json:"content"`
}

type anthropicText struct {
	Type  string          `json:"type"`
	Text  string          `json:"text"`
	Cache *anthropicCache `json:"cache_control,omitempty"`
}

type anthropicCache struct {
	Type string `json:"type"`
}

func anthropicBody(model string, p plan) anthropicChat {
	body := anthropicChat{Model: model, MaxTokens: p.MaxOutput, Stream: true, Temperature: p.Temperature}
	left := maxBreakpoints
	mark := &anthropicCache{"ephemeral"}
	if p.System != "" {
		body.System = []anthropicText{{"text", p.System, mark}}
		left--
	}
	body.Messages = make([]anthropicMessage, len(p.Messages))
	for i := len(p.Messages) - 1; i >= 0; i-- { // the last are worth the most: each covers those before
		m := p.Messages[i]
		text := anthropicText{Type: "text", Text: m.Text}
		if m.Cache && left > 0 {
			text.Cache = mark
			left--
		}
		body.Messages[i] = anthropicMessage{m.Role, []anthropicText{text}}
	}
	return body
}

type anthropicUsage struct {
	Input      *int `json:"input_tokens"`
	CacheRead  *int `json:"cache_read_input_tokens"`
	CacheWrite *int `json:"cache_creation_input_tokens"`
	Output     *int `json:"output_tokens"`
}

// add overlays what an event says; the numbers of later events are totals as well.
func (u anthropicUsage) add(to *Usage) {
	for _, part := range []struct {
		from *int
		to   *int
	}{{u.Input, &to.Input}, {u.CacheRead, &to.CacheRead}, {u.CacheWrite, &to.CacheWrite}, {u.Output, &to.Output}} {
		if part.from != nil {
			*part.to = max(*part.from, 0)
		}
	}
}

type anthropicEvent struct {
	Type    string `json:"type"`
	Message struct {
		Model string         `json:"model"`
		Usage anthropicUsage `json:"usage"`
	} `json:"message"`
	Block struct {
		Type string `json:"type"`
		Text string `json:"text"`
	} `json:"content_block"`
	Delta struct {
		Type       string `json:"type"`
		Text       string `json:"text"`
		Thinking   string `json:"thinking"`
		StopReason string `json:"stop_reason"`
	} `json:"delta"`
	Usage anthropicUsage `json:"usage"`
	Error struct {
		Type    string `json:"type"`
		Message string `json:"message"`
	} `json:"error"`
}

// readAnthropic reads a stream of events up to message_stop.
func readAnthropic(r io.Reader, a *answer) error {
	in := newSSE(r)
	stop := ""
	for {
		data, err := in.next()
		if err != nil {
			return broken(err, a)
		}
		var event anthropicEvent
		if json.Unmarshal(data, &event) != nil {
			return malformed()
		}
		switch event.Type {
		case "message_start":
			a.model = event.Message.Model
			event.Message.Usage.add(&a.usage)
		case "content_block_start":
			if event.Block.Type == "text" {
				err = a.say(event.Block.Text)
			}
		case "content_block_delta":
			if event.Delta.Type == "text_delta" {
				err = a.say(event.Delta.Text)
			} else {
				err = a.thought(event.Delta.Thinking)
			}
		case "message_delta":
			if event.Delta.StopReason != "" {
				stop = event.Delta.StopReason
			}
			event.Usage.add(&a.usage)
		case "message_stop":
			if stop == "" {
				return malformed()
			}
			a.end()
			a.stop = stop
			return nil
		case "error":
			return classify(0, event.Error.Type, event.Error.Message)
		}
		if err != nil {
			return err
		}
	}
}
