package gateway

import (
	"context"
	"errors"
	"math"
	"net/http"
	"sync"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/api"
)

const (
	// writeTime is how long a peer may leave a write unread. A pager that stands still
	// is cut off by it, and its client resumes where it was.
	writeTime = 30 * time.Second

	// lineDelay is how long a single line may wait for others to be written with it.
	lineDelay = 5 * time.Millisecond
	batchSize = 32 << 10
)

// stream is the writing side of one NDJSON answer. Its heartbeat is a timer that looks
// whether anything was written lately, rather than one that every write sets anew.
type stream struct {
	w  http.ResponseWriter
	rc *http.ResponseController

	mu      sync.Mutex
	pending []byte // lines that wait for company
	late    *time.Timer
	beat    *time.Timer
	last    time.Time // of the newest write
	err     error     // set once the peer is gone or the stream is closed
}

var errClosed = errors.New("the stream is closed")

// newStream begins the answer. The caller must close it before its handler returns.
func newStream(w http.ResponseWriter) *stream {
	s := &stream{w: w, rc: http.NewResponseController(w), last: time.Now()}
	w.Header().Set("Content-Type", api.TypeLines)
	w.Header().Set("Connection", "close") // its write deadline must not meet another request
	w.WriteHeader(http.StatusOK)
	s.err = s.rc.Flush()
	s.beat = time.AfterFunc(math.MaxInt64, s.heartbeat)
	s.beat.Reset(api.Heartbeat) // not before the field is set, which heartbeat reads
	return s
}

// write sends lines now.
func (s *stream) write(lines []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flushLocked()
	s.writeLocked(lines)
	return s.err
}

// push sends a line soon, together with those that follow it closely.
func (s *stream) push(line []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	s.pending = append(s.pending, line...)
	if len(s.pending) >= batchSize {
		s.flushLocked()
		return s.err
	}
	if len(s.pending) == len(line) {
		if s.late == nil {
			s.late = time.AfterFunc(lineDelay, s.flushLate)
		} else {
			s.late.Reset(lineDelay)
		}
	}
	return nil
}

// close sends the line that ends the stream: with err, or nil when it is complete. A
// peer that left is not told.
func (s *stream) close(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flushLocked()
	if !errors.Is(err, context.Canceled) {
		s.writeLocked(api.EndLine(err))
	}
	s.err = errClosed
	s.beat.Stop()
	if s.late != nil {
		s.late.Stop()
	}
}

func (s *stream) flushLate() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flushLocked()
}

func (s *stream) heartbeat() {
	// Whoever has the lock longer than a moment is writing, which is a beat too.
	if !s.mu.TryLock() {
		s.beat.Reset(api.Heartbeat)
		return
	}
	defer s.mu.Unlock()
	if s.err != nil {
		return
	}
	if time.Since(s.last) >= api.Heartbeat {
		s.writeLocked([]byte{'\n'})
	}
	s.beat.Reset(max(api.Heartbeat-time.Since(s.last), time.Second))
}

func (s *stream) flushLocked() {
	if s.err == nil && len(s.pending) > 0 {
		s.writeLocked(s.pending)
		s.pending = s.pending[:0]
	}
}

// writeLocked writes b and sends it. After the first failure, which stays in s.err, it
// does nothing.
func (s *stream) writeLocked(b []byte) {
	if s.err != nil {
		return
	}
	s.last = time.Now()
	if s.err = s.rc.SetWriteDeadline(s.last.Add(writeTime)); s.err != nil {
		return
	}
	if _, s.err = s.w.Write(b); s.err != nil {
		return
	}
	s.err = s.rc.Flush()
}

// errStopping is what the followers of a stopping daemon are told; their clients wait
// for the next daemon and go on there.
func errStopping() error {
	return agent.Errorf(agent.Unavailable, "the daemon is stopping").WithHint("agent daemon start")
}
