package proc

import (
	"bytes"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Lines gathers output into pieces worth recording: it passes on what came in within
// LinesWait or LinesSize bytes, whichever is first. A piece is valid UTF-8 without NUL
// (what is not becomes U+FFFD) and ends with a line where possible: a line is cut when
// it is longer than LinesSize, or when nothing but its beginning came within LinesWait.
// An incomplete character waits for its rest.
//
// Write fits Cmd.Sink. Close passes on what is left and must be called.
type Lines struct {
	emit func(text string)

	mu     sync.Mutex
	held   []byte
	timer  *time.Timer // runs while something is held
	closed bool
}

const (
	LinesWait = 100 * time.Millisecond // how long output waits for more
	LinesSize = 4 << 10                // bytes of output in a piece, at most
)

// NewLines returns a Lines that passes its pieces to emit, one call at a time. A slow
// emit makes Write wait, and so the command; none comes after Close returned.
func NewLines(emit func(text string)) *Lines { return &Lines{emit: emit} }

// Write takes output. It keeps no reference to b.
func (l *Lines) Write(b []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	for len(b) > 0 {
		n := min(len(b), LinesSize-len(l.held))
		l.held = append(l.held, b[:n]...)
		b = b[n:]
		if len(l.held) == LinesSize {
			l.passLocked(wholeLines(l.held, true))
		}
	}
	l.waitLocked()
}

// Close passes on what is held.
func (l *Lines) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.passLocked(len(l.held))
	l.closed = true
	l.waitLocked()
}

func (l *Lines) expired() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer == nil {
		return // Close was faster
	}
	l.timer = nil
	l.passLocked(wholeLines(l.held, false))
	l.waitLocked()
}

// waitLocked lets the timer run exactly while something is held.
func (l *Lines) waitLocked() {
	switch {
	case len(l.held) == 0 && l.timer != nil:
		l.timer.Stop()
		l.timer = nil
	case len(l.held) > 0 && l.timer == nil:
		l.timer = time.AfterFunc(LinesWait, l.expired)
	}
}

// passLocked passes on the first n bytes.
func (l *Lines) passLocked(n int) {
	if n == 0 {
		return
	}
	text := printable(l.held[:n])
	l.held = l.held[:copy(l.held, l.held[n:])]
	l.emit(text)
}

// wholeLines returns how much of b to pass on: up to its last line end, else all but
// an incomplete character at its end. When b is full, something must go.
func wholeLines(b []byte, full bool) int {
	if i := bytes.LastIndexByte(b, '\n'); i >= 0 {
		return i + 1
	}
	// An incomplete character has at most UTFMax-1 bytes, the first of which starts it.
	for i := len(b) - 1; i >= 0 && i > len(b)-utf8.UTFMax; i-- {
		if utf8.RuneStart(b[i]) {
			if !utf8.FullRune(b[i:]) && (i > 0 || !full) {
				return i
			}
			break
		}
	}
	return len(b)
}

func printable(b []byte) string {
	text := strings.ToValidUTF8(string(b), "\uFFFD")
	return strings.ReplaceAll(text, "\x00", "\uFFFD")
}
