package api

import (
	"encoding/json"
	"time"

	"codeagent.dev/agent"
)

// Line is one line of a stream. A line with Job set is an event, or in a watch the
// id of a job that changed. Exactly one line with End or Error set closes a stream; one
// that stops without it was cut off and can be resumed. An empty line is a heartbeat.
type Line struct {
	agent.Event
	End   bool   `json:"end,omitempty"`
	Error *Error `json:"error,omitempty"`
}

// Heartbeat is how long the daemon lets a stream be silent. Whoever reads one hears
// something by then, or the peer is gone; Silence is when to give up on it.
const (
	Heartbeat = 15 * time.Second
	Silence   = 3 * Heartbeat
)

// MaxStreamLine bounds a line for its reader.
const MaxStreamLine = 16 << 20

// ID is the line of a watch.
type ID struct {
	Job agent.ID `json:"job"`
}

// EndLine returns the line that closes a stream: with an error, or nil at its end.
func EndLine(err error) []byte {
	var v = struct {
		End   bool   `json:"end,omitempty"`
		Error *Error `json:"error,omitempty"`
	}{End: err == nil}
	if err != nil {
		v.Error = Wrap(err)
	}
	line, _ := json.Marshal(v) // strings and a bool cannot fail
	return append(line, '\n')
}

// DecodeLine reads one line without its newline.
func DecodeLine(b []byte) (l Line, err error) {
	if err := json.Unmarshal(b, &l); err != nil {
		return l, agent.Errorf(agent.Internal, "unreadable line %.60q in a stream: %w", b, err)
	}
	return l, nil
}
