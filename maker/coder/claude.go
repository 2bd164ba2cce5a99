package coder

import (
	"encoding/json"
	"fmt"
	"strings"
)

// claude reads `claude -p --output-format stream-json --verbose`. Its result event calls
// errors a success by its subtype; is_error, terminal_reason and api_error_status tell.
type claude struct {
	*run
	writes map[string]string // path outside of the directory, by the id of the tool's use
	wrong  string            // the last retry
	wrote  string            // a path outside that was written
	result *claudeEvent
}

type claudeEvent struct {
	Type    string `json:"type"`
	Subtype string `json:"subtype"`
	Model   string `json:"model"`
	Message struct {
		Content json.RawMessage `json:"content"`
	} `json:"message"`

	// of the result
	IsError        bool     `json:"is_error"`
	Result         string   `json:"result"`
	Errors         []string `json:"errors"`
	TerminalReason string   `json:"terminal_reason"`
	APIErrorStatus int      `json:"api_error_status"`
	Denials        []struct {
		Tool  string          `json:"tool_name"`
		Input json.RawMessage `json:"tool_input"`
	} `json:"permission_denials"`
	Usage struct {
		Input      int64 `json:"input_tokens"`
		CacheRead  int64 `json:"cache_read_input_tokens"`
		CacheWrite int64 `json:"cache_creation_input_tokens"`
		Output     int64 `json:"output_tokens"`
	} `json:"usage"`

	// of an api_retry
	Attempt     int    `json:"attempt"`
	MaxRetries  int    `json:"max_retries"`
	ErrorStatus int    `json:"error_status"`
	Error       string `json:"error"`
}

type claudeBlock struct {
	Type    string          `json:"type"`
	Text    string          `json:"text"`
	ID      string          `json:"id"`
	Name    string          `json:"name"`
	Input   json.RawMessage `json:"input"`
	UseID   string          `json:"tool_use_id"`
	IsError bool            `json:"is_error"`
	Content json.RawMessage `json:"content"`
}

func (c *claude) event(line []byte) bool {
	var e claudeEvent
	if !decode(line, &e) || e.Type == "" {
		c.show(oneLine(string(line)))
		return false
	}
	switch e.Type {
	case "system":
		return c.system(e)
	case "assistant", "user":
		var blocks []claudeBlock
		if len(e.Message.Content) > 0 {
			_ = decode(e.Message.Content, &blocks) // a string repeats our task
		}
		for _, b := range blocks {
			c.block(b)
		}
	case "result":
		c.result = &e
		c.report.Said, c.report.Stop = keep(e.Result), e.TerminalReason
		u := e.Usage
		c.report.Usage = Usage{u.Input, u.CacheRead, u.CacheWrite, u.Output, true}
		for _, d := range e.Denials {
			c.report.Refused = refuse(c.report.Refused, strings.TrimSpace(d.Tool+" "+brief(d.Input)))
		}
	}
	return true
}

func (c *claude) system(e claudeEvent) bool {
	switch e.Subtype {
	case "init":
		c.report.Model = oneLine(e.Model)
		return true
	case "api_retry":
		c.wrong = fmt.Sprintf("%s, status %d, attempt %d of %d", oneLine(e.Error), e.ErrorStatus, e.Attempt, e.MaxRetries)
		c.show("! " + c.wrong)
		return false
	}
	return true
}

func (c *claude) block(b claudeBlock) {
	switch b.Type {
	case "text":
		c.say(b.Text)
		c.flush()
	case "tool_use":
		c.show(strings.TrimSpace("> " + oneLine(b.Name) + " " + brief(b.Input)))
		c.note(b)
	case "tool_result":
		if b.IsError {
			c.show("! " + oneLine(resultText(b.Content)))
		} else if path := c.writes[b.UseID]; path != "" && c.wrote == "" {
			c.wrote = path
		}
		delete(c.writes, b.UseID)
	}
}

// note remembers a use of a tool that would write outside of the directory.
func (c *claude) note(b claudeBlock) {
	switch b.Name {
	case "Write", "Edit", "MultiEdit", "NotebookEdit":
	default:
		return
	}
	var input struct {
		File     string `json:"file_path"`
		Notebook string `json:"notebook_path"`
	}
	_ = decode(b.Input, &input)
	for _, path := range []string{input.File, input.Notebook} {
		if path != "" && len(c.writes) < maxCalls && !newFence(c.task.Dir).holds(path) {
			c.writes[b.ID] = path
		}
	}
}

// resultText is what a tool answered: a string, or blocks of text.
func resultText(content json.RawMessage) string {
	var text string
	if json.Unmarshal(content, &text) == nil {
		return text
	}
	var blocks []claudeBlock
	_ = decode(content, &blocks)
	for _, b := range blocks {
		text += b.Text + " "
	}
	return text
}

func (c *claude) complaint() string { return c.wrong }

func (c *claude) verdict() *Error {
	switch r := c.result; {
	case c.wrote != "":
		return wroteOutside(c.wrote)
	case r == nil:
		return &Error{Reason: Protocol, Message: "the agent ended without a result", Hint: "see its log"}
	case !r.IsError:
		return nil
	default:
		e := c.agent.blame(strings.Join(append(r.Errors, r.Result), " "))
		switch r.APIErrorStatus {
		case 401, 403:
			e.Reason, e.Hint, e.RetryAfter = NeedsLogin, c.agent.Login, 0
		case 429, 529:
			e = c.agent.blame(r.Result + " (429)")
			e.Message = oneLine(r.Result)
		}
		if r.TerminalReason == "max_turns" {
			e = &Error{Reason: Failed, Message: e.Message, Hint: "give it more turns, or a smaller task"}
		}
		if e.Message == "" {
			e.Message = "the agent ended with an error: " + oneLine(r.TerminalReason)
		}
		return e
	}
}
