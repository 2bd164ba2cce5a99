package maker

import (
	"slices"
	"strings"

	"codeagent.dev/agent/maker/model"
)

// Prompt is what a maker was sent, whole: what EventPrompt holds as JSON.
type Prompt struct {
	Maker       string          `json:"maker"`
	Format      string          `json:"format,omitempty"` // a patch.Format; empty: it edits files itself
	System      string          `json:"system,omitempty"`
	Messages    []PromptMessage `json:"messages"`
	Temperature *float64        `json:"temperature,omitempty"`
}

// PromptMessage is one turn of a conversation.
type PromptMessage struct {
	Role string `json:"role"` // user or assistant
	Text string `json:"text"`
	Keep bool   `json:"keep,omitempty"` // the same for other requests, so a provider's cache may keep it
}

// String shows a prompt as a person reads it.
func (p Prompt) String() string {
	var b strings.Builder
	if p.System != "" {
		b.WriteString("── system ──\n" + strings.TrimSpace(p.System) + "\n\n")
	}
	for _, m := range p.Messages {
		b.WriteString("── " + m.Role + " ──\n" + strings.TrimSpace(m.Text) + "\n\n")
	}
	return b.String()
}

// next is the conversation with the next thing said; it begins with the task.
func next(req Request) Prompt {
	if req.continues() {
		return req.Past.after(req.Said, req.Heard)
	}
	text, _ := style(req.Variant)
	words := task(req.Spec.Text, text, req.Spec.Limits.Paths)
	if req.Heard != "" {
		words += "\n" + req.Heard
	}
	return Prompt{Messages: []PromptMessage{{Role: string(model.User), Text: words}}}
}

// continues reports whether something was said before.
func (r Request) continues() bool { return r.Past != nil && len(r.Past.Messages) > 0 }

// after is the conversation with an answer and what is said to it.
func (p Prompt) after(answer, remark string) Prompt {
	next := p
	next.Messages = append([]PromptMessage(nil), p.Messages...)
	if answer != "" {
		next.Messages = append(next.Messages, PromptMessage{Role: string(model.Assistant), Text: answer})
	}
	next.Messages = append(next.Messages, PromptMessage{Role: string(model.User), Text: remark})
	return next
}

// shorten drops the oldest turns between the task and the last remark, until the rest
// fits. The task, with what was shown, always stays.
func (p Prompt) shorten(budget int) Prompt {
	first := 0
	for first < len(p.Messages) && p.Messages[first].Role == string(model.User) {
		first++
	}
	for len(p.Messages) > first+2 && p.tokens() > budget {
		kept := append([]PromptMessage(nil), p.Messages[:first]...)
		p.Messages = append(kept, p.Messages[first+2:]...)
	}
	return p
}

// shown reports whether the conversation begins with a part of the repository.
func (p Prompt) shown() bool {
	return slices.ContainsFunc(p.Messages, func(m PromptMessage) bool { return m.Keep })
}

func (p Prompt) tokens() int {
	n := model.Tokens(p.System)
	for _, m := range p.Messages {
		n += model.Tokens(m.Text) + 8
	}
	return n
}

// request is the prompt as a client takes it.
func (p Prompt) request() model.Request {
	r := model.Request{System: p.System, Temperature: p.Temperature}
	for _, m := range p.Messages {
		r.Messages = append(r.Messages, model.Message{Role: model.Role(m.Role), Text: m.Text, Cache: m.Keep})
	}
	return r
}
