package main

import (
	"io"
	"os"

	"golang.org/x/term"

	"codeagent.dev/agent/tui"
)

// doing says on stderr what the command is doing, should that take longer than a second,
// until the function it returns is called: before anything is printed to stdout. What is
// said meanwhile stands above. One within another takes its place for the time.
func (a *app) doing(text string) (over func()) {
	if a.quiet {
		return func() {}
	}
	if a.busy != nil {
		before := a.busy.Text()
		a.busy.Set(text)
		return func() { a.busy.Set(before) }
	}
	var width func() int
	if f, ok := a.err.(*os.File); ok && isTerminal(f) && a.env("TERM") != "dumb" {
		width = func() int {
			w, _, err := term.GetSize(int(f.Fd()))
			if err != nil {
				return 0
			}
			return w
		}
	}
	a.busy = tui.NewBusy(a.err, width, tui.Line(text))
	return func() {
		a.busy.Stop()
		a.busy = nil
	}
}

// step says that n of so many parts are done.
func (a *app) step(n, of int, text string) { a.busy.Step(n, of, text) }

// talks is stderr, above what says what the command is doing.
func (a *app) talks() io.Writer {
	if a.busy != nil {
		return a.busy
	}
	return a.err
}
