package monitor

import (
	"context"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
)

// Shot says what Frame draws.
type Shot struct {
	Width, Height int
	Dark          bool     // the background that colours are chosen for
	Keys          []string // one after the other, as Bubble Tea names them: "d", "enter", "ctrl+d"
}

// quiet is how long nothing has to happen before a frame counts as complete: longer than
// anything that the feed waits for.
const quiet = headBreath + 100*time.Millisecond

// Frame returns the screen as it is once the jobs were read and the keys were pressed, each
// when nothing happens any more: lines with escape sequences for colours alone. It needs
// no terminal, and is for pictures and tests.
func Frame(ctx context.Context, cfg Config, s Shot) (string, error) {
	st := newStage(ctx, cfg, s)
	defer st.close()
	if err := st.settle(); err != nil {
		return "", err
	}
	for _, key := range s.Keys {
		if err := st.press(key); err != nil {
			return "", err
		}
	}
	return st.model.screen(), nil
}

// stage runs a model without Bubble Tea.
type stage struct {
	ctx   context.Context
	stop  context.CancelFunc
	model *model
	msgs  chan tea.Msg
	work  sync.WaitGroup
}

func newStage(ctx context.Context, cfg Config, s Shot) *stage {
	st := &stage{msgs: make(chan tea.Msg)}
	st.ctx, st.stop = context.WithCancel(ctx)
	m := newModel(st.ctx, cfg)
	m.send = st.send
	m.color.rich, m.color.ground = true, lightGround
	if s.Dark {
		m.color.ground = darkGround
	}
	st.model = m
	f := newFeed(m.cfg, st.send)
	m.watch = f.show
	st.work.Go(func() { f.run(st.ctx) })
	st.step(tea.WindowSizeMsg{Width: s.Width, Height: s.Height})
	return st
}

func (st *stage) close() {
	st.stop()
	st.work.Wait()
	st.model.whole.work.Wait()
}

func (st *stage) send(msg tea.Msg) {
	select {
	case st.msgs <- msg:
	case <-st.ctx.Done():
	}
}

func (st *stage) step(msg tea.Msg) {
	_, cmd := st.model.Update(msg)
	st.perform(cmd)
}

// perform does what Bubble Tea does with a command.
func (st *stage) perform(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	st.work.Go(func() {
		switch msg := cmd().(type) {
		case nil:
		case tea.BatchMsg:
			for _, c := range msg {
				st.perform(c)
			}
		default:
			st.send(msg)
		}
	})
}

// settle takes messages until none comes.
func (st *stage) settle() error {
	for {
		timer := time.NewTimer(quiet)
		select {
		case msg := <-st.msgs:
			st.step(msg)
			if broke := st.model.broke; broke != nil {
				return broke.err()
			}
		case <-timer.C:
			return nil
		case <-st.ctx.Done():
			return st.ctx.Err()
		}
		timer.Stop()
	}
}

func (st *stage) press(key string) error {
	st.step(press(key))
	return st.settle()
}

// press is the message for a key.
func press(name string) tea.KeyPressMsg {
	codes := map[string]rune{
		"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft,
		"right": tea.KeyRight, "home": tea.KeyHome, "end": tea.KeyEnd, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown,
		"backspace": tea.KeyBackspace, "delete": tea.KeyDelete, "space": tea.KeySpace,
	}
	k := tea.KeyPressMsg{}
	for {
		switch {
		case len(name) > 5 && name[:5] == "ctrl+":
			k.Mod, name = k.Mod|tea.ModCtrl, name[5:]
			continue
		case len(name) > 6 && name[:6] == "shift+":
			k.Mod, name = k.Mod|tea.ModShift, name[6:]
			continue
		}
		break
	}
	if code, ok := codes[name]; ok {
		k.Code = code
		if name == "space" {
			k.Text = " "
		}
		return k
	}
	k.Code = []rune(name + "\x00")[0]
	if k.Mod == 0 {
		k.Text = name
	}
	return k
}
