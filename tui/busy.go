package tui

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// Busy says what a command is doing when that takes a while: on a terminal, after a second,
// in one line that is kept up to date and goes in the end; elsewhere, after five, in a plain
// line now and then. What ends sooner says nothing. A nil Busy is one that never says anything.
//
// What else is written to the terminal meanwhile must go through Write.
type Busy struct {
	w     io.Writer
	width func() int // of the terminal; nil: it is none

	mu    sync.Mutex
	text  string
	n, of int
	begun time.Time
	last  time.Time // something was said
	said  string    // what, without the time
	drawn bool      // a line is on the terminal
	timer *time.Timer
}

const (
	busyAfter = time.Second
	busyFrame = 100 * time.Millisecond // between two drawings
	busyTick  = time.Second            // the time that is shown
	busyNews  = 5 * time.Second        // between plain lines that say something new
	busyStill = 30 * time.Second       // and others
	barCells  = 20
)

// NewBusy begins. width returns how wide the terminal is that w is; nil when it is none.
func NewBusy(w io.Writer, width func() int, text string) *Busy {
	b := &Busy{w: w, width: width, text: text, begun: time.Now()}
	b.mu.Lock()
	defer b.mu.Unlock()
	after := busyAfter
	if width == nil {
		after = busyNews
	}
	b.timer = time.AfterFunc(after, b.tick)
	return b
}

// Set says what is done now.
func (b *Busy) Set(text string) { b.Step(0, 0, text) }

// Step says what is done now, and that n of so many parts are done; of 0: there are none.
func (b *Busy) Step(n, of int, text string) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text, b.n, b.of = Line(text), n, of
	if b.drawn && time.Since(b.last) >= busyFrame {
		b.drawLocked()
	}
}

// Text is what is done now.
func (b *Busy) Text() string {
	if b == nil {
		return ""
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text
}

// Write writes whole lines above the one that is kept up to date.
func (b *Busy) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	again := b.drawn
	b.clearLocked()
	n, err := b.w.Write(p)
	if again {
		b.drawLocked()
	}
	return n, err
}

// Stop ends it, and leaves no line behind.
func (b *Busy) Stop() {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clearLocked()
	b.timer.Stop()
	b.timer = nil
}

func (b *Busy) tick() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.timer == nil {
		return
	}
	if b.width != nil {
		b.drawLocked()
		b.timer.Reset(busyTick)
		return
	}
	if since := time.Since(b.last); b.line() != b.said || since >= busyStill {
		b.last, b.said = time.Now(), b.line()
		b.writeLocked(b.said + b.elapsed() + "\n")
	}
	b.timer.Reset(busyNews)
}

// drawLocked draws the line over itself.
func (b *Busy) drawLocked() {
	line, end := b.bar()+b.line(), b.elapsed()
	if w := b.width(); w > 1 { // a full line would go on in the next
		line = Cut(Cut(line, max(w-1-Width(end), 0))+end, w-1)
	} else {
		line += end
	}
	b.writeLocked("\r" + line + "\x1b[K")
	b.drawn, b.last = true, time.Now()
}

func (b *Busy) clearLocked() {
	if b.drawn {
		b.writeLocked("\r\x1b[K")
		b.drawn = false
	}
}

// writeLocked ignores an error: a terminal that is gone ends no work.
func (b *Busy) writeLocked(text string) { _, _ = io.WriteString(b.w, text) }

func (b *Busy) line() string {
	if b.of > 0 {
		return fmt.Sprintf("%d of %d: %s", b.n, b.of, b.text)
	}
	return b.text
}

func (b *Busy) elapsed() string {
	return " (" + time.Since(b.begun).Truncate(time.Second).String() + ")"
}

func (b *Busy) bar() string {
	if b.of <= 0 {
		return ""
	}
	full := min(max(b.n, 0), b.of) * barCells / b.of
	return "[" + strings.Repeat("#", full) + strings.Repeat("-", barCells-full) + "] "
}
