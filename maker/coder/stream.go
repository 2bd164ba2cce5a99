package coder

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"codeagent.dev/agent/proc"
)

// maxEvent bounds the bytes of an event, a line. A longer one is passed over: what
// decides about a run is short.
const maxEvent = 8 << 20

// stream understands what an agent prints, an event a line.
type stream interface {
	// event takes a line and reports whether the agent got on with its work.
	event(line []byte) (progress bool)
	// complaint returns the last error that the agent spoke of, or "".
	complaint() string
	// verdict says, after the last event, what kept the agent from a good end.
	verdict() *Error
}

// follow runs an agent that prints events.
func (r *run) follow(ctx context.Context, s stream) error {
	c, stdin, done, err := r.prepare()
	if err != nil {
		return err
	}
	defer done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w := newWatch(r.task.Idle, cancel)
	c.Talk = func(in io.WriteCloser, out io.Reader) {
		wrote := make(chan struct{})
		go func() {
			defer close(wrote)
			if stdin {
				_, _ = io.WriteString(in, r.task.Prompt)
			}
			_ = in.Close()
		}()
		eachLine(out, maxEvent, func(line []byte) {
			if s.event(line) {
				w.progress()
			}
		})
		r.flush()
		<-wrote
	}
	res, err := proc.Run(ctx, c)
	stalled := w.stop()
	switch {
	case err != nil:
		return err
	case stalled && res.Reason == proc.Canceled:
		return r.stalled(s.complaint())
	case res.Reason != proc.Exited && res.Reason != proc.Signaled:
		return r.ended(res)
	}
	e := s.verdict()
	if e == nil || e.Reason == Protocol && !res.OK() {
		return r.ended(res) // its own account of the matter, or none: the exit status has it
	}
	return e
}

// eachLine calls f for every line that is not blank, without its end. Lines over the
// limit are passed over.
func eachLine(r io.Reader, limit int, f func(line []byte)) {
	b := bufio.NewReaderSize(r, 64<<10)
	var line []byte
	long := false
	for {
		part, err := b.ReadSlice('\n')
		if long = long || len(line)+len(part) > limit; !long {
			line = append(line, part...)
		}
		if err == bufio.ErrBufferFull {
			continue
		}
		if text := bytes.TrimSpace(line); len(text) > 0 && !long {
			f(text)
		}
		if err != nil {
			return
		}
		line, long = line[:0], false
		if cap(line) > 1<<20 {
			line = nil
		}
	}
}

// decode reads an event. A field that has another type than it had when this was written
// is left empty: agents are renewed weekly.
func decode(line []byte, to any) bool {
	err := json.Unmarshal(line, to)
	if err == nil {
		return true
	}
	_, mistyped := errors.AsType[*json.UnmarshalTypeError](err)
	return mistyped
}

// brief makes one line of the arguments of a tool: what it runs, else which file it is
// about, else what it looks for.
func brief(input json.RawMessage) string {
	var args map[string]any
	if json.Unmarshal(input, &args) != nil {
		return ""
	}
	for _, key := range []string{"command", "cmd", "file_path", "notebook_path", "path", "pattern", "query", "url", "description"} {
		switch v := args[key].(type) {
		case string:
			return oneLine(v)
		case []any:
			var words []string
			for _, w := range v {
				if s, ok := w.(string); ok {
					words = append(words, s)
				}
			}
			return oneLine(strings.Join(words, " "))
		}
	}
	return ""
}

// keep bounds what is kept of something said.
func keep(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	return strings.ToValidUTF8(text[max(0, len(text)-maxSaid):], "")
}
