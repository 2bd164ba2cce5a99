package watch

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"codeagent.dev/agent"
)

const patience = 10 * time.Second // far below rescanAfter, so that only an event can be in time

// signaled waits for a signal.
func signaled(t *testing.T, ch <-chan struct{}, of string) {
	t.Helper()
	select {
	case _, ok := <-ch:
		if !ok {
			t.Fatalf("%s: the channel is closed", of)
		}
	case <-time.After(patience):
		t.Fatalf("%s: no signal", of)
	}
}

func startDir(t *testing.T, path string) <-chan struct{} {
	t.Helper()
	ch, err := Dir(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	signaled(t, ch, "the start")
	return ch
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// quiet reads the signals that are still under way: a write is two events.
func quiet(ch <-chan struct{}) {
	for {
		select {
		case <-ch:
		case <-time.After(50 * time.Millisecond):
			return
		}
	}
}

func TestDirSignalsEachKindOfChange(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a")
	ch := startDir(t, dir)
	for _, step := range []struct {
		what string
		do   func()
	}{
		{"a new file", func() { write(t, file, "1") }},
		{"a written file", func() { write(t, file, "2") }},
		{"a renamed file", func() { rename(t, file, filepath.Join(dir, "b")) }},
		{"a removed file", func() { os.Remove(filepath.Join(dir, "b")) }},
		{"a new directory", func() { os.Mkdir(filepath.Join(dir, "sub"), 0o777) }},
	} {
		quiet(ch)
		step.do()
		signaled(t, ch, step.what)
	}
}

func TestDirCoalesces(t *testing.T) {
	dir := t.TempDir()
	ch := startDir(t, dir)
	for range 100 {
		write(t, filepath.Join(dir, "a"), "text")
	}
	signaled(t, ch, "many writes")
	if len(ch) > 1 {
		t.Errorf("%d signals are waiting", len(ch))
	}
}

// A directory that is not there yet, goes, and is put in the place of the old one.
func TestDirWaitsForTheDirectory(t *testing.T) {
	top := t.TempDir()
	dir := filepath.Join(top, "a", "b", "spool")
	ch := startDir(t, dir)

	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	signaled(t, ch, "the directory appears")
	quiet(ch)
	write(t, filepath.Join(dir, "1"), "")
	signaled(t, ch, "a file in it")

	quiet(ch)
	if err := os.RemoveAll(filepath.Join(top, "a")); err != nil {
		t.Fatal(err)
	}
	signaled(t, ch, "it goes")
	quiet(ch)
	write(t, filepath.Join(dir, "2"), "")
	signaled(t, ch, "it is back")

	quiet(ch)
	fresh := filepath.Join(top, "fresh")
	write(t, filepath.Join(fresh, "3"), "")
	rename(t, dir, filepath.Join(top, "old"))
	rename(t, fresh, dir)
	signaled(t, ch, "it is replaced")
	quiet(ch)
	write(t, filepath.Join(dir, "4"), "")
	signaled(t, ch, "a file in the new one")
}

func TestDirEndsWithItsContext(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	ch, err := Dir(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	stop()
	for range ch { // until it is closed; the deadline is the test's
	}
}

func TestDirRefusesAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "")
	if _, err := Dir(t.Context(), file); agent.CodeOf(err) != agent.Invalid {
		t.Errorf("got %v", err)
	}
}

// Without events it is looked at every poll interval.
func TestDirPollsWithoutWatcher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		d := newDir(t.TempDir())
		begun := time.Now()
		go d.run(ctx, rescanAfter, pollAfter)
		for range 4 { // the first, and three
			<-d.out
		}
		if got := time.Since(begun); got != 3*pollAfter {
			t.Errorf("three signals took %v", got)
		}
		stop()
		for range d.out {
		}
	})
}
