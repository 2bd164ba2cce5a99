package proc

import (
	"io"
	"slices"
	"sync"
	"time"
)

// output takes what a command prints. Where there is a conversation it has two
// readers, one for stdout and one for stderr, and they share the limits.
type output struct {
	limit int64 // 0: none
	sink  func([]byte)
	last  []byte // the end of what sink was passed, at least TailSize bytes if there are

	heard *io.PipeReader // the end of stdout that Cmd.Talk reads; nil without
	voice *io.PipeWriter // the other

	mu     sync.Mutex
	seen   int64         // bytes printed, those over the limit included
	over   chan struct{} // closed when the limit is passed
	recent time.Time     // when something was last printed, or taken from us
	busy   int           // readers that wait for who takes it
}

func newOutput(c Cmd) *output {
	o := &output{limit: c.Output, sink: c.Sink, over: make(chan struct{}), recent: time.Now()}
	if c.Talk != nil {
		o.heard, o.voice = io.Pipe()
	}
	return o
}

// take passes a chunk on to the sink, up to the limit. One goroutine calls it.
func (o *output) take(chunk []byte) {
	if chunk = o.count(chunk); len(chunk) > 0 {
		o.keep(chunk)
		if o.sink != nil {
			o.sink(chunk)
		}
		o.taken()
	}
}

// say passes a chunk on to the conversation, up to the limit.
func (o *output) say(chunk []byte) {
	if chunk = o.count(chunk); len(chunk) > 0 {
		_, _ = o.voice.Write(chunk) // fails once the conversation is over
		o.taken()
	}
}

// count returns what of a chunk is below the limit. If that is something, taken follows.
func (o *output) count(chunk []byte) []byte {
	if len(chunk) == 0 {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.recent = time.Now()
	before := o.seen
	o.seen += int64(len(chunk))
	if o.limit > 0 && o.seen > o.limit {
		if before > o.limit {
			return nil
		}
		chunk = chunk[:o.limit-before]
		close(o.over)
	}
	if len(chunk) > 0 {
		o.busy++
	}
	return chunk
}

func (o *output) taken() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.recent = time.Now()
	o.busy--
}

// quiet returns for how long the command has printed nothing. Nobody knows while its
// last words wait to be taken: that is none of its fault.
func (o *output) quiet() time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.busy > 0 {
		return 0
	}
	return time.Since(o.recent)
}

func (o *output) printed() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.seen
}

// keep appends to the tail, moving it only once in TailSize bytes.
func (o *output) keep(chunk []byte) {
	if len(chunk) >= TailSize {
		o.last = append(o.last[:0], chunk[len(chunk)-TailSize:]...)
		return
	}
	if len(o.last)+len(chunk) > 2*TailSize {
		n := copy(o.last, o.last[len(o.last)-TailSize:])
		o.last = o.last[:n]
	}
	o.last = append(o.last, chunk...)
}

func (o *output) tail() []byte {
	return slices.Clone(o.last[max(0, len(o.last)-TailSize):])
}
