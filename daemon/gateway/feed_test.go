package gateway

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func textOf(seq uint64) []byte { return fmt.Appendf(nil, "%d\n", seq) }

// drain takes what is there from Seq next on.
func drain(f *feed, next uint64) (text string, after uint64, state takeState) {
	for {
		lines, last, state, _ := f.take(next)
		if state != takeLines {
			return text, next, state
		}
		text += string(lines)
		next = last + 1
	}
}

func TestFeedKeepsPositions(t *testing.T) {
	f := newFeed(4, func() {})
	if _, _, state := drain(f, 3); state != takeBehind {
		t.Errorf("before its beginning a feed says %d", state)
	}
	if _, _, state := drain(f, 5); state != takeWait {
		t.Errorf("an empty feed says %d", state)
	}
	for seq := uint64(5); seq < 10; seq++ {
		f.append(seq, textOf(seq))
	}
	for next, want := range map[uint64]string{5: "5\n6\n7\n8\n9\n", 8: "8\n9\n", 10: "", 50: ""} {
		if got, _, state := drain(f, next); got != want || state != takeWait {
			t.Errorf("from %d: %q, then %d", next, got, state)
		}
	}
	if _, _, state := drain(f, 4); state != takeBehind || f.has(4) || !f.has(5) {
		t.Errorf("a line that never was here: %d", state)
	}
	f.end(nil)
	if got, next, state := drain(f, 7); got != "7\n8\n9\n" || next != 10 || state != takeEnded {
		t.Errorf("after the end: %q, %d, %d", got, next, state)
	}
}

func TestFeedIsBounded(t *testing.T) {
	f := newFeed(0, func() {})
	line := []byte(strings.Repeat("x", 999) + "\n")
	for seq := uint64(1); seq <= 10_000; seq++ {
		f.append(seq, line)
	}
	total, kept := 0, 0
	for _, s := range f.segments {
		total += cap(s.data)
		kept += len(s.ends)
	}
	if f.size > tailSize || total > 2*tailSize || f.size < tailSize/2 {
		t.Errorf("%d bytes in %d bytes of memory are kept of 10 MB", f.size, total)
	}
	if _, _, state := drain(f, 1); state != takeBehind {
		t.Errorf("the first line: %d", state)
	}
	first := uint64(10_001 - kept)
	if got, next, _ := drain(f, first); len(got) != kept*1000 || next != 10_001 || f.has(first-1) {
		t.Errorf("the tail is %d bytes up to %d", len(got), next)
	}
	// A line larger than a segment is one.
	f.append(10_001, []byte(strings.Repeat("y", 3*segmentSize)))
	f.append(10_002, line)
	if got, _, _ := drain(f, 10_001); len(got) != 3*segmentSize+1000 {
		t.Errorf("%d bytes after a large line", len(got))
	}
}

func TestFeedWakesFewAtOnceAndManyTogether(t *testing.T) {
	for _, c := range []struct {
		followers int
		wakes     int // of a second with a line a millisecond
	}{{few, 1000}, {few + 1, int(time.Second / coalesce)}} {
		synctest.Test(t, func(t *testing.T) {
			f := newFeed(0, func() {})
			f.followers = c.followers
			time.Sleep(time.Second)
			stop := make(chan struct{})
			wakes, read := 0, ""
			var group sync.WaitGroup
			group.Go(func() {
				for next := uint64(1); ; {
					lines, last, state, wake := f.take(next)
					if state == takeLines {
						wakes++
						read += string(lines)
						next = last + 1
						continue
					}
					select {
					case <-wake:
					case <-stop:
						return
					}
				}
			})
			var want strings.Builder
			for seq := uint64(1); seq <= 1000; seq++ {
				synctest.Wait()
				f.append(seq, textOf(seq))
				want.Write(textOf(seq))
				if seq == 1 {
					synctest.Wait()
					if read == "" {
						t.Error("a line after a pause has to wait")
					}
				}
				time.Sleep(time.Millisecond)
			}
			time.Sleep(coalesce)
			synctest.Wait()
			close(stop)
			group.Wait()
			if read != want.String() {
				t.Errorf("%d followers: %d bytes were read, want %d", c.followers, len(read), want.Len())
			}
			if wakes < c.wakes*9/10 || wakes > c.wakes*11/10+1 {
				t.Errorf("%d followers were woken %d times, want about %d", c.followers, wakes, c.wakes)
			}
		})
	}
}

func TestFeedEndShowsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed(0, func() {})
		f.followers = few + 1
		f.append(1, textOf(1))
		f.append(2, textOf(2)) // waits for company
		if got, _, _ := drain(f, 1); got != "1\n" {
			t.Errorf("shown is %q", got)
		}
		f.end(nil)
		if got, _, state := drain(f, 2); got != "2\n" || state != takeEnded {
			t.Errorf("shown is %q, then %d", got, state)
		}
	})
}
