package gateway

import (
	"sync"
	"time"
)

const (
	segmentSize = 64 << 10
	tailSize    = 1 << 20 // bytes of a job's newest lines that are shared

	// Up to few followers see every line at once. More of them are woken together, at
	// most once in a coalesce, since each wake-up costs each of them a write.
	few      = 10
	coalesce = 40 * time.Millisecond
)

// feed is the shared log of one followed job: its newest events, encoded once. Each
// follower has a position in it and is woken by the closing of a channel. Nobody
// waits for a slow one: it finds its lines gone and reads them from the store.
type feed struct {
	mu        sync.Mutex
	segments  []*segment
	size      int           // bytes in segments
	next      uint64        // Seq of the line after the newest
	shown     uint64        // lines before this Seq may be read; the others wait to be shown together
	wake      chan struct{} // closed when more is shown
	waiting   bool          // somebody holds wake
	followers int
	woken     time.Time   // when wake was closed last
	timer     *time.Timer // set while lines wait to be shown
	ended     bool
	err       error // why, when ended; nil: the job is done

	stop func() // ends the reader
}

// segment is some whole lines in a row. What was written in data never changes, so
// that followers read it without the lock.
type segment struct {
	first uint64 // Seq of the first line
	data  []byte
	ends  []int // line first+i ends at data[ends[i]]
}

// newFeed makes the feed of the lines after the given Seq.
func newFeed(after uint64, stop func()) *feed {
	return &feed{next: after + 1, shown: after + 1, wake: make(chan struct{}), stop: stop}
}

// append adds the line with that Seq, which is the one after the newest.
func (f *feed) append(seq uint64, line []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.lastLocked()
	if s == nil || seq != f.next || len(s.data)+len(line) > segmentSize {
		s = &segment{first: seq}
		f.segments = append(f.segments, s)
	}
	s.data = append(s.data, line...)
	s.ends = append(s.ends, len(s.data))
	f.size += len(line)
	f.next = seq + 1
	for f.size > tailSize && len(f.segments) > 1 {
		f.size -= len(f.segments[0].data)
		f.segments[0] = nil
		f.segments = f.segments[1:]
	}
	f.announceLocked()
}

// end is called once, when no line will follow.
func (f *feed) end(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended, f.err = true, err
	f.showLocked()
}

// take returns the lines from Seq next on that are shown, as far as they lie together,
// and the Seq of the last of them. With no such line the state says what to do.
func (f *feed) take(next uint64) (lines []byte, last uint64, state takeState, wake <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if next >= f.shown {
		if f.ended {
			return nil, 0, takeEnded, nil
		}
		f.waiting = true
		return nil, 0, takeWait, f.wake
	}
	if f.behindLocked(next) {
		return nil, 0, takeBehind, nil
	}
	for _, s := range f.segments {
		last := min(s.first+uint64(len(s.ends)), f.shown) - 1
		if next > last {
			continue
		}
		from := 0
		if next > s.first {
			from = s.ends[next-s.first-1]
		}
		to := s.ends[last-s.first]
		return s.data[from:to:to], last, takeLines, nil
	}
	return nil, 0, takeBehind, nil
}

type takeState int

const (
	takeLines  takeState = iota
	takeWait             // for the channel
	takeBehind           // the lines are in the store alone
	takeEnded
)

// has reports whether the lines from Seq next on are here, or will be.
func (f *feed) has(next uint64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.behindLocked(next)
}

func (f *feed) behindLocked(next uint64) bool {
	if len(f.segments) == 0 {
		return next < f.next
	}
	return next < f.segments[0].first
}

func (f *feed) lastLocked() *segment {
	if len(f.segments) == 0 {
		return nil
	}
	return f.segments[len(f.segments)-1]
}

// announceLocked shows the newest line: now, or with the next ones.
func (f *feed) announceLocked() {
	if f.timer != nil {
		return
	}
	if f.followers <= few {
		f.showLocked()
		return
	}
	if wait := coalesce - time.Since(f.woken); wait > 0 {
		f.timer = time.AfterFunc(wait, f.showLate)
		return
	}
	f.showLocked()
}

func (f *feed) showLate() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.showLocked()
}

func (f *feed) showLocked() {
	if f.timer != nil {
		f.timer.Stop()
		f.timer = nil
	}
	f.shown = f.next
	f.woken = time.Now()
	if f.waiting {
		close(f.wake)
		f.wake = make(chan struct{})
		f.waiting = false
	}
}
