package coder

import (
	"encoding/json"
	"strings"
)

// codex reads `codex exec --json`. Without a network it says "Reconnecting..." for ever;
// so what it says of errors is no progress, and an error that it got over is none.
type codex struct {
	*run
	wrong string // the last error
	final string // one that it did not get over
	wrote string // a path outside that was written
	ended bool   // a turn was completed
}

type codexEvent struct {
	Type    string `json:"type"`
	Message string `json:"message"`
	Error   struct {
		Message string `json:"message"`
	} `json:"error"`
	Usage struct {
		Input      int64 `json:"input_tokens"` // those of the cache included
		CacheRead  int64 `json:"cached_input_tokens"`
		CacheWrite int64 `json:"cache_write_input_tokens"`
		Output     int64 `json:"output_tokens"`
	} `json:"usage"`
	Item codexItem `json:"item"`
}

type codexItem struct {
	Type    string          `json:"type"`
	Text    string          `json:"text"`
	Message string          `json:"message"`
	Command json.RawMessage `json:"command"`
	Exit    *int            `json:"exit_code"`
	Output  string          `json:"aggregated_output"`
	Status  string          `json:"status"`
	Tool    string          `json:"tool"`
	Query   string          `json:"query"`
	Changes []struct {
		Path string `json:"path"`
		Kind string `json:"kind"`
	} `json:"changes"`
	Items []struct {
		Text      string `json:"text"`
		Completed bool   `json:"completed"`
	} `json:"items"`
}

// reconnecting begins the error of an attempt that is followed by another.
const reconnecting = "Reconnecting..."

func (c *codex) event(line []byte) bool {
	var e codexEvent
	if !decode(line, &e) || e.Type == "" {
		c.show(oneLine(string(line)))
		return false
	}
	switch e.Type {
	case "error":
		c.fail(e.Message, !strings.HasPrefix(e.Message, reconnecting))
		return false
	case "turn.failed":
		c.fail(e.Error.Message, true)
	case "turn.completed":
		u := e.Usage
		c.ended = true
		c.report.Stop = e.Type
		c.report.Usage.Input += max(u.Input-u.CacheRead, 0)
		c.report.Usage.CacheRead += u.CacheRead
		c.report.Usage.CacheWrite += u.CacheWrite
		c.report.Usage.Output += u.Output
		c.report.Usage.Known = true
	case "item.started", "item.completed":
		return c.item(e.Item, e.Type == "item.completed")
	}
	return true
}

func (c *codex) fail(message string, final bool) {
	c.wrong = oneLine(message)
	if final {
		c.final = message
		if c.wrong == "" {
			c.final = "the agent's turn failed"
		}
	}
	c.show("! " + c.wrong)
}

func (c *codex) item(i codexItem, completed bool) bool {
	switch i.Type {
	case "error": // a warning: a turn goes on after it
		c.show("! " + oneLine(i.Message))
		return false
	case "agent_message":
		if completed {
			c.say(i.Text)
			c.flush()
			c.report.Said = keep(i.Text)
		}
	case "command_execution":
		if !completed {
			c.show(strings.TrimSpace("> " + codexCommand(i.Command)))
		} else if i.Exit != nil && *i.Exit != 0 {
			c.show(strings.TrimSpace("! " + lastLine(i.Output)))
		}
	case "file_change":
		c.changes(i, completed)
	case "todo_list":
		var steps []string
		for _, s := range i.Items {
			steps = append(steps, mark(s.Completed)+s.Text)
		}
		c.show("plan: " + oneLine(strings.Join(steps, "; ")))
	default:
		if completed {
			c.show(strings.TrimSpace("> " + oneLine(i.Type+" "+i.Tool+i.Query)))
		}
	}
	return true
}

func (c *codex) changes(i codexItem, completed bool) {
	for _, ch := range i.Changes {
		if !completed {
			continue
		}
		c.show("> " + oneLine(ch.Kind+" "+ch.Path))
		if ch.Path != "" && i.Status == "completed" && c.wrote == "" && !newFence(c.task.Dir).holds(ch.Path) {
			c.wrote = ch.Path
		}
	}
}

// codexCommand: a line, in older ones a list of words.
func codexCommand(command json.RawMessage) string {
	var line string
	if json.Unmarshal(command, &line) == nil {
		return oneLine(line)
	}
	var words []string
	_ = decode(command, &words)
	return oneLine(strings.Join(words, " "))
}

func mark(done bool) string {
	if done {
		return "[x] "
	}
	return "[ ] "
}

func (c *codex) complaint() string { return c.wrong }

func (c *codex) verdict() *Error {
	switch {
	case c.wrote != "":
		return wroteOutside(c.wrote)
	case c.final != "":
		return c.agent.blame(c.final)
	case !c.ended:
		return &Error{Reason: Protocol, Message: "the agent ended in the middle of its turn", Hint: "see its log"}
	}
	return nil
}
