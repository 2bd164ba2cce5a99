package model

import (
	"encoding/json"
	"io"
)

// ollamaChat is a request to /api/chat, see github.com/ollama/ollama/blob/main/docs/api.md.
type ollamaChat struct {
	Model    string          `json:"model"`
	Messages []plainMessage  `json:"messages"`
	Stream   bool            `json:"stream"`
	Think    *bool           `json:"think,omitempty"`
	Truncate bool            `json:"truncate"` // false: an error instead of a prompt cut silently, where the server knows it
	Shift    bool            `json:"shift"`    // false: end instead of forgetting the begin of the prompt
	Options  ollamaParameter `json:"options"`
}

type ollamaParameter struct {
	NumCtx      int      `json:"num_ctx"` // never left to the server, whose default is a few thousand tokens
	NumPredict  int      `json:"num_predict"`
	Temperature *float64 `json:"temperature,omitempty"`
}

type plainMessage struct {
	Role    Role   `json:"role"`
	Content string `json:"content"`
}

// plain returns the messages of a request for the protocols whose system prompt is one
// of them.
func (r Request) plain() []plainMessage {
	var all []plainMessage
	if r.System != "" {
		all = append(all, plainMessage{"system", r.System})
	}
	for _, m := range r.Messages {
		all = append(all, plainMessage{m.Role, m.Text})
	}
	return all
}

func ollamaBody(model string, p plan, think bool) ollamaChat {
	body := ollamaChat{
		Model: model, Messages: p.plain(), Stream: true,
		Options: ollamaParameter{NumCtx: p.context, NumPredict: p.MaxOutput, Temperature: p.Temperature},
	}
	if !think {
		body.Think = new(bool)
	}
	return body
}

// readOllama reads a stream of lines up to the one that says done.
func readOllama(r io.Reader, a *answer) error {
	in := newLines(r)
	for {
		line, err := in.next()
		if err != nil {
			return broken(err, a)
		}
		var event struct {
			Error   string `json:"error"`
			Model   string `json:"model"`
			Message struct {
				Content  string `json:"content"`
				Thinking string `json:"thinking"`
			} `json:"message"`
			Done            bool   `json:"done"`
			DoneReason      string `json:"done_reason"`
			PromptEvalCount int    `json:"prompt_eval_count"`
			CachedCount     int    `json:"prompt_eval_cached_count"` // a part of the count
			EvalCount       int    `json:"eval_count"`
		}
		if json.Unmarshal(line, &event) != nil {
			return malformed()
		}
		if event.Error != "" {
			return classify(0, "", event.Error)
		}
		if event.Model != "" {
			a.model = event.Model
		}
		if err := a.thought(event.Message.Thinking); err != nil {
			return err
		}
		if err := a.say(event.Message.Content); err != nil {
			return err
		}
		if !event.Done {
			continue
		}
		a.end()
		a.stop = event.DoneReason
		if a.stop == "" {
			a.stop = "stop" // servers before 0.1.40 give no reason
		}
		cached := min(max(event.CachedCount, 0), max(event.PromptEvalCount, 0))
		a.usage = Usage{Input: max(event.PromptEvalCount, 0) - cached, CacheRead: cached, Output: max(event.EvalCount, 0)}
		return nil
	}
}
