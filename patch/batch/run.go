package batch

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// MaxLine bounds a line that is read. A longer one is answered as CodeInput.
const MaxLine = 1 << 30

// task is a line on its way: its answer comes through done.
type task struct {
	line []byte
	err  error // why there is no line
	done chan []byte
}

// Run answers each line of r with a line of w, in their order, until r ends. An answer
// is written as soon as those before it are, so that one line at a time can be asked;
// workers of them are made side by side. It returns when ctx ends, though a read that
// hangs is left behind.
func Run(ctx context.Context, r io.Reader, w io.Writer, workers int) error {
	ctx, cancel := context.WithCancel(ctx)
	workers = max(1, workers)
	work := make(chan *task)
	order := make(chan *task, 2*workers) // bounds what is held in memory
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			answer(ctx, work)
		})
	}
	defer running.Wait()
	defer cancel()
	failed := make(chan error, 1)
	go func() {
		defer close(order)
		defer close(work)
		failed <- feed(ctx, r, work, order)
	}()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case t, ok := <-order:
			if !ok {
				return <-failed
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case line := <-t.done:
				if _, err := w.Write(line); err != nil {
					return fmt.Errorf("write an answer: %w", err)
				}
			}
		}
	}
}

// feed reads lines and hands each to a worker and to whoever keeps their order.
func feed(ctx context.Context, r io.Reader, work, order chan<- *task) error {
	br := bufio.NewReaderSize(r, 1<<16)
	for {
		line, err := readLine(br, MaxLine)
		if err != nil && !errors.Is(err, errLong) {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return fmt.Errorf("read a line: %w", err)
		}
		t := &task{line, err, make(chan []byte, 1)}
		for _, to := range []chan<- *task{order, work} {
			select {
			case to <- t:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

// answer answers lines until there are no more.
func answer(ctx context.Context, work <-chan *task) {
	for {
		select {
		case <-ctx.Done():
			return
		case t, ok := <-work:
			if !ok {
				return
			}
			t.done <- encode(t.answer())
		}
	}
}

func (t *task) answer() Answer {
	if t.err != nil {
		return failed(nil, t.err)
	}
	return Answered(t.line)
}

// encode makes a line of an answer.
func encode(a Answer) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(a); err != nil {
		b.Reset()
		_ = enc.Encode(failed(a.ID, fmt.Errorf("the answer cannot be written as JSON: %w", err)))
	}
	return b.Bytes()
}

var errLong = fmt.Errorf("the line has more than %d bytes", MaxLine)

// readLine returns the next line without its end. One with more than most bytes is read
// to its end and is errLong. The last line need not have an end.
func readLine(r *bufio.Reader, most int) ([]byte, error) {
	var line []byte
	long := false
	for {
		piece, err := r.ReadSlice('\n')
		if long = long || len(line)+len(piece) > most; long {
			line = nil
		} else {
			line = append(line, piece...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err == nil, errors.Is(err, io.EOF) && (len(line) > 0 || long):
			if long {
				return nil, errLong
			}
			return bytes.TrimSuffix(line, []byte("\n")), nil
		}
		return nil, err
	}
}
