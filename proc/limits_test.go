//go:build unix

package proc_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"codeagent.dev/agent/proc"
)

func TestTimeLimit(t *testing.T) {
	m := mark(t)
	c := shell(t, "echo begun; sleep "+m)
	c.Time = 50 * time.Millisecond
	begun := time.Now()
	r := run(t, c)
	if r.Reason != proc.TimedOut || r.Exit != -1 || r.Why != "time limit of 50ms" || string(r.Tail) != "begun\n" {
		t.Errorf("%+v", r)
	}
	if took := time.Since(begun); took > proc.DefaultGrace {
		t.Errorf("took %v though it obeys SIGTERM", took)
	}
}

func TestGrace(t *testing.T) {
	t.Run("is used", func(t *testing.T) {
		c := shell(t, "trap 'echo cleaning; exit 0' TERM; while :; do sleep 0.01; done")
		c.Time = 300 * time.Millisecond
		if r := run(t, c); r.Reason != proc.TimedOut || !strings.HasSuffix(string(r.Tail), "cleaning\n") {
			t.Errorf("%+v %s", r, r.Tail)
		}
	})
	t.Run("is over", func(t *testing.T) {
		m := mark(t)
		c := shell(t, "trap '' TERM INT HUP; echo ready; sleep "+m+"; sleep "+m)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		c.Grace = 50 * time.Millisecond
		c.Sink = func([]byte) { cancel() }
		r, err := proc.Run(ctx, c)
		if err != nil || r.Reason != proc.Canceled || r.Left != 0 || r.Took > 10*time.Second {
			t.Errorf("%+v %v", r, err)
		}
	})
	t.Run("is refused", func(t *testing.T) {
		c := shell(t, "trap 'echo cleaning' TERM; echo ready; while :; do sleep 0.01; done")
		c.Time, c.Grace = 300*time.Millisecond, -1
		if r := run(t, c); r.Reason != proc.TimedOut || string(r.Tail) != "ready\n" {
			t.Errorf("%+v %s", r, r.Tail)
		}
	})
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := shell(t, "echo ready; sleep "+mark(t))
	c.Sink = func([]byte) { cancel() }
	r, err := proc.Run(ctx, c)
	if err != nil || r.Reason != proc.Canceled || r.Why != "canceled" {
		t.Errorf("%+v %v", r, err)
	}
	r, err = proc.Run(ctx, c)
	if err != nil || r.Reason != proc.Canceled || r.Output != 0 {
		t.Errorf("already canceled: %+v %v", r, err)
	}
}

func TestOutput(t *testing.T) {
	t.Run("merged and in order", func(t *testing.T) {
		c := shell(t, "echo a; echo b >&2; echo c; printf '\\377'")
		var got []byte
		c.Sink = func(b []byte) { got = append(got, b...) }
		r := run(t, c)
		if string(got) != "a\nb\nc\n\xff" || !bytes.Equal(got, r.Tail) || r.Output != 7 {
			t.Errorf("sink %q, tail %q, %d bytes", got, r.Tail, r.Output)
		}
	})
	t.Run("tail", func(t *testing.T) {
		c := shell(t, "i=0; while [ $i -lt 20000 ]; do echo $i; i=$((i+1)); done")
		var got []byte
		c.Sink = func(b []byte) { got = append(got, b...) }
		r := run(t, c)
		if len(r.Tail) != proc.TailSize || !bytes.HasSuffix(got, r.Tail) || r.Output != int64(len(got)) || len(got) != 108890 {
			t.Errorf("tail of %d bytes, sink of %d, %d counted", len(r.Tail), len(got), r.Output)
		}
	})
	t.Run("limit", func(t *testing.T) {
		c := shell(t, "trap 'exit 0' TERM; while :; do echo 0123456789; done")
		c.Output = 1000
		got := 0
		c.Sink = func(b []byte) { got += len(b) }
		r := run(t, c)
		if r.Reason != proc.TooMuchOutput || got != 1000 || len(r.Tail) != 1000 || r.Why != "output limit of 1000 bytes" {
			t.Errorf("%s (%s), sink of %d bytes, tail of %d", r.Reason, r.Why, got, len(r.Tail))
		}
	})
	t.Run("exactly the limit", func(t *testing.T) {
		c := shell(t, "printf 0123456789")
		c.Output = 10
		if r := run(t, c); !r.OK() || string(r.Tail) != "0123456789" {
			t.Errorf("%+v", r)
		}
	})
	t.Run("slow sink loses nothing", func(t *testing.T) {
		c := shell(t, "head -c 300000 /dev/zero")
		got := 0
		c.Sink = func(b []byte) { time.Sleep(time.Millisecond); got += len(b) }
		if r := run(t, c); !r.OK() || got != 300000 {
			t.Errorf("%+v, %d bytes", r.Why, got)
		}
	})
}
