package monitor

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"codeagent.dev/agent"
	"codeagent.dev/agent/tui"
)

// The smallest screen that makes sense, and the width from which on the list and a job
// stand side by side.
const (
	minWidth  = 40
	minHeight = 10
	wideFrom  = 120
)

// model is all that is on the screen. Bubble Tea calls it from one goroutine; whatever
// takes time happens in commands, which send messages.
type model struct {
	cfg   Config
	ctx   context.Context
	send  func(tea.Msg)
	watch func([]waitingRow) // told which jobs wait on the screen; nil: nobody asks
	color paint
	keys  keymap

	width, height int
	now           time.Time
	mouse         bool
	msg           string // what the last action said
	tone          tone   // of it
	busy          int    // actions under way
	whole         *whole // those of them that must not end half-way
	leaving       bool   // the person wants to leave when they have ended

	list   list
	detail detail
	open   bool // the detail has the keys, and on a narrow screen the place of the list

	read   bool // all jobs were read once
	lost   string
	status agent.Status
	rules  agent.Rules
	health Health
	waits  []waitingRow
	broke  *panicMsg // what ended the monitor

	typedKeys int // keys and pastes so far

	help  bool
	helpP pager
	ask   *question
	input *input
	form  *form
}

func newModel(ctx context.Context, cfg Config) *model {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	m := &model{cfg: cfg, ctx: ctx, width: 80, height: 24, now: cfg.Now(), mouse: true, keys: newKeymap(), whole: &whole{}}
	m.color = paint{Style: tui.Style{Color: !cfg.NoColor}}
	m.list.table, m.list.marks = newTable(), map[agent.ID]bool{}
	return m
}

type (
	tickMsg struct{}
	saidMsg struct {
		text  string
		err   error
		whole bool // it was one that must not end half-way
	}
)

// Init implements tea.Model. Only here is the terminal asked for its background.
func (m *model) Init() tea.Cmd {
	if m.color.Color {
		return tea.Batch(tea.RequestBackgroundColor, m.tick())
	}
	return m.tick()
}

// tick lets times on the screen go on; nothing is asked for.
func (m *model) tick() tea.Cmd { return m.after(time.Second, tickMsg{}) }

// after sends a message later, and lets go at once when the monitor ends.
func (m *model) after(d time.Duration, msg tea.Msg) tea.Cmd {
	ctx := m.ctx
	return func() tea.Msg {
		rest(ctx, d)
		return msg
	}
}

// Update implements tea.Model. A panic ends the monitor in order; Bubble Tea's own way
// leaves a goroutine that still reads the terminal.
func (m *model) Update(msg tea.Msg) (next tea.Model, cmd tea.Cmd) {
	defer func() {
		if r := recover(); r != nil {
			m.broke = &panicMsg{r, debug.Stack()}
		}
		if m.broke != nil {
			next, cmd = m, tea.Quit
		}
	}()
	m.now = m.cfg.Now()
	cmd = m.take(msg)
	m.list.held = m.open
	m.list.settle(m.listHeight())
	m.open = m.open && m.list.sel > 0
	m.watchReasons()
	return m, guarded(tea.Batch(cmd, m.prepare()))
}

// guarded makes a message of a command's panic.
func guarded(cmd tea.Cmd) tea.Cmd {
	if cmd == nil {
		return nil
	}
	return func() (msg tea.Msg) {
		defer func() {
			if r := recover(); r != nil {
				msg = panicMsg{r, debug.Stack()}
			}
		}()
		msg = cmd()
		if batch, ok := msg.(tea.BatchMsg); ok {
			for i := range batch {
				batch[i] = guarded(batch[i])
			}
		}
		return msg
	}
}

// watchReasons tells the feed which jobs on the screen wait, when others do than before.
func (m *model) watchReasons() {
	if m.watch == nil {
		return
	}
	var now []waitingRow
	t := m.list.table
	for i := m.list.top; i < len(t.shown) && i < m.list.top+m.listHeight(); i++ {
		if r := t.shown[i]; r.waits != "" {
			now = append(now, waitingRow{r.id, r.until})
		}
	}
	if !slices.Equal(now, m.waits) {
		m.waits = now
		m.watch(slices.Clone(now))
	}
}

func (m *model) take(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tickMsg:
		return m.tick()
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tea.BackgroundColorMsg:
		m.color.ground = lightGround
		if msg.IsDark() {
			m.color.ground = darkGround
		}
	case tea.ColorProfileMsg:
		m.color.rich = msg.String() == "TrueColor"
	case tea.KeyPressMsg:
		return m.key(msg)
	case tea.PasteMsg:
		m.paste(msg.Content)
	case tea.MouseClickMsg, tea.MouseWheelMsg:
		return m.point(msg.(tea.MouseMsg))
	case saidMsg:
		m.said(msg)
		return m.ended(msg)
	case editedMsg:
		return m.edited(msg)
	case ruledMsg:
		if msg.said.err == nil {
			m.rules = msg.rules
		} else {
			msg.said.text = ""
		}
		m.said(msg.said)
	case editJobMsg:
		m.busy--
		if m.interrupted(msg.typed) {
			return nil
		}
		return m.writeAnew(msg.job)
	case panicMsg:
		m.broke = &msg
	case newJobMsg:
		m.made(msg)
	case resultsMsg:
		m.busy--
		if m.interrupted(msg.typed) {
			return nil
		}
		return msg.then(msg.results)
	default:
		return m.news(msg)
	}
	return nil
}

// interrupted reports whether the person went on while something was read that leads to
// a question: it would come up under their fingers, and what they type would answer it.
func (m *model) interrupted(typed int) bool {
	if typed == m.typedKeys && m.ask == nil && m.input == nil && m.form == nil && !m.help {
		return false
	}
	m.note("nothing was done: other keys came first")
	return true
}

// news is what comes from the daemon.
func (m *model) news(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case pageMsg:
		if msg.first {
			m.list.table.begin()
			m.lost, m.detail.err, m.detail.logErr = "", "", ""
		}
		m.list.table.merge(msg.rows)
		if msg.last {
			m.list.table.end()
			m.read = true
		}
	case rowsMsg:
		for _, r := range msg.rows {
			m.list.table.put(r)
		}
		for _, id := range msg.gone {
			m.list.table.drop(id)
			delete(m.list.marks, id)
		}
	case headMsg:
		m.status, m.rules, m.health = msg.status, msg.rules, msg.health
	case lostMsg:
		m.lost = tui.Line(msg.err.Error())
		m.detail.stopLog()
	default:
		return m.detail.news(m, msg)
	}
	return nil
}

// said shows what an action brought.
func (m *model) said(msg saidMsg) {
	m.busy--
	m.msg, m.tone = tui.Line(msg.text), good
	if msg.err != nil {
		m.tone = bad
		m.msg = strings.TrimSpace(tui.Line(msg.text + " " + msg.err.Error()))
		if hint := agent.HintOf(msg.err); hint != "" {
			m.msg += " · " + tui.Line(hint)
		}
	}
}

// tone is how something is said.
type tone int

const (
	good tone = iota
	bad
	neutral
)

// tell says at once that something was done, fail that it cannot be, note what is so.
func (m *model) tell(format string, args ...any) tea.Cmd { return m.say(good, format, args...) }
func (m *model) fail(format string, args ...any) tea.Cmd { return m.say(bad, format, args...) }
func (m *model) note(format string, args ...any) tea.Cmd { return m.say(neutral, format, args...) }

func (m *model) say(t tone, format string, args ...any) tea.Cmd {
	m.msg, m.tone = tui.Line(fmt.Sprintf(format, args...)), t
	return nil
}

func (m *model) wide() bool { return m.width >= wideFrom }

// listWidth is how much of a wide screen the list takes.
func (m *model) listWidth() int {
	if !m.wide() {
		return m.width
	}
	return min(max(62, m.width*9/20), 110)
}

// bodyHeight is what head and foot leave.
func (m *model) bodyHeight() int {
	foot := 1
	if m.ask != nil {
		foot = len(m.ask.draw(m.color, m.width, max(1, m.height/2)))
	}
	return max(1, m.height-1-foot)
}

func (m *model) listHeight() int { return max(1, m.bodyHeight()-1) }

// shows reports whether the detail is on the screen.
func (m *model) shows() bool { return m.open || m.wide() }

func itoa(n int) string { return strconv.Itoa(n) }
