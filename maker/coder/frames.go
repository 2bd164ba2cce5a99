package coder

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"sync"

	"github.com/coder/acp-go-sdk"
)

const (
	maxFrame   = 9 << 20 // the library gives up on a line of 10 MiB
	maxGarbage = 200     // lines that are no message before the agent is given up
	maxAsked   = 32      // requests of the agent that are answered at the same time
)

// frames stands between what an agent prints and the library, which gets requests and
// answers alone. What the agent tells of its work is handled here, in its order and
// before anything that comes after it; notifications that nobody knows are passed over,
// every agent has its own; and what is no message at all is shown and counted.
type frames struct {
	s     *session
	in    *bufio.Reader
	ready chan struct{} // closed when the library may read
	slots chan struct{}
	over  chan struct{} // closed when the conversation is

	rest []byte // of the message that the library reads

	mu    sync.Mutex
	bad   int    // lines that are no message
	first string // of these
	good  bool   // a message came
	no    bool   // the last answer was an error
	eof   bool   // nothing more is heard or taken
}

func newFrames(s *session, out io.Reader) *frames {
	return &frames{s: s, in: bufio.NewReaderSize(out, 64<<10),
		ready: make(chan struct{}), slots: make(chan struct{}, maxAsked), over: make(chan struct{})}
}

// start lets the library read.
func (f *frames) start() { close(f.ready) }

// Read gives the library its next message, or a piece of it.
func (f *frames) Read(p []byte) (int, error) {
	<-f.ready
	for len(f.rest) == 0 {
		line, err := f.line()
		if err != nil {
			f.end()
			return 0, err
		}
		if f.wanted(line) {
			f.rest = append(line, '\n')
		}
	}
	n := copy(p, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

// line reads a line that is not blank. Much that is no message ends the conversation, and
// so does a message that is too long.
func (f *frames) line() ([]byte, error) {
	var line []byte
	for {
		part, err := f.in.ReadSlice('\n')
		if len(line)+len(part) > maxFrame {
			return nil, io.ErrUnexpectedEOF
		}
		line = append(line, part...)
		switch {
		case err == bufio.ErrBufferFull:
		case err != nil:
			return nil, err
		case len(bytes.TrimSpace(line)) == 0:
			line = line[:0]
		case f.tooMuch():
			return nil, io.ErrUnexpectedEOF
		default:
			return bytes.TrimSpace(line), nil
		}
	}
}

func (f *frames) tooMuch() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.bad > maxGarbage
}

// wanted handles what is not for the library.
func (f *frames) wanted(line []byte) bool {
	var m struct {
		Version string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Method  string          `json:"method"`
		Params  json.RawMessage `json:"params"`
		Error   json.RawMessage `json:"error"`
	}
	if err := json.Unmarshal(line, &m); err != nil || m.Version != "2.0" || len(m.ID) == 0 && m.Method == "" {
		f.mu.Lock()
		if f.bad++; f.bad == 1 {
			f.first = oneLine(string(line))
		}
		f.mu.Unlock()
		f.s.heard(oneLine(string(line)))
		return false
	}
	f.mu.Lock()
	f.good = true
	if m.Method == "" {
		f.no = len(m.Error) > 0 && string(m.Error) != "null"
	}
	f.mu.Unlock()
	switch {
	case m.Method == "":
		return true
	case len(m.ID) == 0 || string(m.ID) == "null":
		if m.Method == acp.ClientMethodSessionUpdate {
			f.s.update(m.Params)
		}
		return false
	}
	select {
	case f.slots <- struct{}{}:
		return true
	case <-f.over:
		return false
	}
}

// garbage reports whether the agent said what is no message and nothing that is one.
func (f *frames) garbage() bool {
	if f == nil {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.bad > 0 && !f.good || f.bad > maxGarbage
}

// refused reports whether the agent's last answer was an error. An error of the library's
// own, which has the same type, comes without.
func (f *frames) refused() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.no
}

func (f *frames) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.eof = true
}

func (f *frames) ended() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.eof
}

// writer is w that notices when the agent takes nothing more.
func (f *frames) writer(w io.Writer) io.Writer { return &noticing{w, f} }

type noticing struct {
	w io.Writer
	f *frames
}

func (n *noticing) Write(p []byte) (int, error) {
	written, err := n.w.Write(p)
	if err != nil {
		n.f.end()
	}
	return written, err
}

func (f *frames) error() *Error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return &Error{Reason: Protocol, Message: "the agent does not speak ACP: " + f.first,
		Hint: "give it the arguments that make it speak ACP, or call it of kind command"}
}
