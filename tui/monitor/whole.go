package monitor

import (
	"context"
	"runtime/debug"
	"sync"

	tea "charm.land/bubbletea/v2"

	"codeagent.dev/agent/tui"
)

// whole counts the actions that must not end half-way: those that write to a working
// tree or a repository.
type whole struct {
	work  sync.WaitGroup // waited for before the monitor ends
	open  int            // of which the screen has not been told the end
	doing string         // the newest of them, in words
}

// runWhole is run for what must end once it has begun, even when the person leaves. It
// begins at once and not as a command, which Bubble Tea drops when it quits.
func (m *model) runWhole(doing string, f func(ctx context.Context) (string, error)) tea.Cmd {
	m.busy++
	m.whole.open++
	m.whole.doing = tui.Line(doing)
	ctx, end := context.WithoutCancel(m.ctx), make(chan tea.Msg, 1)
	m.whole.work.Go(func() {
		defer func() {
			if r := recover(); r != nil {
				end <- panicMsg{r, debug.Stack()}
			}
		}()
		text, err := f(ctx)
		end <- saidMsg{text, err, true}
	})
	return func() tea.Msg { return <-end }
}

// leave quits, or says what it waits for. Asked again with ctrl+c it leaves the screen;
// what runs is waited for all the same.
func (m *model) leave(name string) tea.Cmd {
	if m.whole.open == 0 || m.leaving && name == "ctrl+c" {
		return tea.Quit
	}
	m.leaving = true
	return nil
}

// ended leaves when the last action that was waited for has ended. One that failed is
// shown first: whoever left would not know.
func (m *model) ended(msg saidMsg) tea.Cmd {
	if !msg.whole {
		return nil
	}
	m.whole.open--
	switch {
	case msg.err != nil:
		m.leaving = false
	case m.leaving && m.whole.open == 0:
		return tea.Quit
	}
	return nil
}
