package monitor

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"codeagent.dev/agent"
)

// scope says where a key means something. A narrower one goes first.
type scope int

const (
	inDiff scope = iota
	inPane       // any tab of the detail
	inList
	always
	scopes
)

func (s scope) String() string {
	return [...]string{"in a diff", "in a job", "in the list", "anywhere"}[s]
}

// binding is one row of the table that keys, help and documents are made from.
type binding struct {
	scope scope
	keys  string // separated by blanks, as Bubble Tea names them
	help  string // empty: another way to do the same
	do    func(m *model) tea.Cmd
}

// keymap finds a binding by scope and key.
type keymap struct {
	rows []binding
	find [scopes]map[string]func(m *model) tea.Cmd
}

func newKeymap() keymap {
	k := keymap{rows: bindings()}
	for i := range k.find {
		k.find[i] = map[string]func(m *model) tea.Cmd{}
	}
	for _, b := range k.rows {
		for key := range strings.FieldsSeq(b.keys) {
			k.find[b.scope][key] = b.do
		}
	}
	return k
}

// bindings is the one table of keys.
func bindings() []binding {
	return append(append(moving(), looking()...), acting()...)
}

func moving() []binding {
	return []binding{
		{inList, "j down", "next job", func(m *model) tea.Cmd { return m.jump(m.list.cur + 1) }},
		{inList, "k up", "previous job", func(m *model) tea.Cmd { return m.jump(m.list.cur - 1) }},
		{inList, "ctrl+d pgdown", "a screen down", func(m *model) tea.Cmd { return m.jump(m.list.cur + m.listHeight()) }},
		{inList, "ctrl+u pgup", "a screen up", func(m *model) tea.Cmd { return m.jump(m.list.cur - m.listHeight()) }},
		{inList, "g home", "first job; stays with the newest", func(m *model) tea.Cmd { return m.jump(0) }},
		{inList, "G end", "last job", func(m *model) tea.Cmd { return m.jump(len(m.list.table.shown) - 1) }},
		{inList, "enter right", "open the job", (*model).enter},
		{inList, "space", "mark, for actions on several", (*model).markOne},
		{inList, "A", "mark all that are shown, or none", (*model).markAll},
		{inList, "/", "filter: words, state: verdict: repo: group: label: maker:", (*model).startFilter},
		{inList, "s", "sort by the next thing", (*model).nextSort},
		{inList, "esc", "clear filter and marks", (*model).clear},
		{inPane, "j down", "down", func(m *model) tea.Cmd { return m.scroll(1) }},
		{inPane, "k up", "up", func(m *model) tea.Cmd { return m.scroll(-1) }},
		{inPane, "ctrl+d pgdown f", "a screen down", func(m *model) tea.Cmd { return m.scroll(m.bodyHeight() - 3) }},
		{inPane, "ctrl+u pgup", "a screen up", func(m *model) tea.Cmd { return m.scroll(3 - m.bodyHeight()) }},
		{inPane, "g home", "to the beginning", func(m *model) tea.Cmd { p, d := m.pane(); p.first(d); return nil }},
		{inPane, "G end", "to the end; a log is followed there", (*model).toEnd},
		{inPane, "left", "", func(m *model) tea.Cmd { p, _ := m.pane(); p.left = max(0, p.left-8); return nil }},
		{inPane, "right", "sideways, with left", func(m *model) tea.Cmd { p, _ := m.pane(); p.left += 8; return nil }},
		{inPane, "J", "next job", func(m *model) tea.Cmd { return m.jump(m.list.cur + 1) }},
		{inPane, "K", "previous job", func(m *model) tea.Cmd { return m.jump(m.list.cur - 1) }},
		{inPane, "esc backspace", "back to the list", (*model).back},
		{inPane, "/", "search", (*model).startSearch},
		{inPane, "n", "next place found, else a new job", func(m *model) tea.Cmd { return m.searchNext(1) }},
		{inPane, "N", "previous place found", func(m *model) tea.Cmd { return m.searchNext(-1) }},
		{inPane, "w", "wrap long lines, or not", (*model).toggleWrap},
		{inDiff, "n", "next hunk, or next place found", func(m *model) tea.Cmd { return m.hunk(1, false) }},
		{inDiff, "p", "previous hunk", func(m *model) tea.Cmd { return m.hunk(-1, false) }},
		{inDiff, "}", "next file", func(m *model) tea.Cmd { return m.hunk(1, true) }},
		{inDiff, "{", "previous file", func(m *model) tea.Cmd { return m.hunk(-1, true) }},
		{inDiff, "enter space", "fold the file or hunk, or unfold it", (*model).fold},
		{inDiff, "z", "fold all files, or unfold them", (*model).foldAll},
	}
}

func looking() []binding {
	show := func(t tab) func(m *model) tea.Cmd { return func(m *model) tea.Cmd { return m.show(t) } }
	return []binding{
		{always, "tab ]", "next pane", func(m *model) tea.Cmd { return m.nextTab(1) }},
		{always, "shift+tab [", "previous pane", func(m *model) tea.Cmd { return m.nextTab(-1) }},
		{always, "i", "summary", show(tabSummary)},
		{always, "v", "variants side by side", show(tabVariants)},
		{always, "d", "diff", show(tabDiff)},
		{always, "l", "log", show(tabLog)},
		{always, "c", "checks", show(tabChecks)},
		{always, "p", "prompt", show(tabPrompt)},
		{always, "t", "attempts (tries)", show(tabAttempts)},
		{always, "D", "difference of two variants", (*model).between},
		{always, "?", "this help", func(m *model) tea.Cmd { m.help, m.helpP = true, pager{}; return nil }},
		{always, "m", "leave the mouse to the terminal, or not", (*model).toggleMouse},
		{always, "ctrl+l", "", func(*model) tea.Cmd { return tea.ClearScreen }},
		{always, "ctrl+z", "", func(*model) tea.Cmd { return tea.Suspend }},
		{always, "q ctrl+c", "quit", func(m *model) tea.Cmd { return m.leave("q") }},
	}
}

func acting() []binding {
	return []binding{
		{always, "a", "apply the result to the working tree", (*model).apply},
		{always, "b", "make it a branch", (*model).branch},
		{always, "u", "undo the last delivery", (*model).undo},
		{always, "*", "pick this variant", (*model).pick},
		{always, "R", "revise: say what should be different", (*model).revise},
		{always, "r", "retry what has no good result", func(m *model) tea.Cmd { return m.change(agent.OpRetry, "retry", "queued again") }},
		{always, "O", "approve: take the limit off", func(m *model) tea.Cmd { return m.change(agent.OpApprove, "approve", "approved") }},
		{always, "x", "cancel", func(m *model) tea.Cmd { return m.change(agent.OpCancel, "cancel", "canceled") }},
		{always, "X delete", "remove a job that is done", func(m *model) tea.Cmd { return m.change(agent.OpRemove, "remove", "removed") }},
		{always, "h", "hold, or release what is held", (*model).hold},
		{always, "+ =", "a higher priority", func(m *model) tea.Cmd { return m.priority(1) }},
		{always, "-", "a lower one", func(m *model) tea.Cmd { return m.priority(-1) }},
		{always, "!", "start now, whatever holds jobs back", func(m *model) tea.Cmd { return m.change(agent.OpStart, "start at once", "started") }},
		{always, "~", "let two marked jobs trade places", (*model).trade},
		{always, "e", "edit what a waiting job asks for", (*model).editJob},
		{always, "P", "pause the queue, or resume it", (*model).pause},
		{always, "H", "pause the group of the job, or resume it", (*model).pauseGroup},
		{always, "L", "how many variants are made at once", (*model).parallel},
		{always, "o", "open it in the browser or editor", (*model).openIt},
		{always, "y", "copy the id; in a diff, the diff", (*model).yank},
		{always, "n", "new job", (*model).newJob},
	}
}

// key does what a key means where the person is.
func (m *model) key(k tea.KeyPressMsg) tea.Cmd {
	m.typedKeys++
	name, alt := strings.CutPrefix(k.String(), "alt+") // esc and a key in a hurry arrive as alt+key
	if alt && (m.ask != nil || m.input != nil || m.help || m.form != nil) {
		k = tea.KeyPressMsg{Code: tea.KeyEscape} // whoever leaves does not answer as well
		name = k.String()
	}
	if name == "ctrl+c" {
		return m.leave(name)
	}
	m.msg = ""
	switch {
	case m.width < minWidth || m.height < minHeight:
		if name == "q" {
			return m.leave(name)
		}
		return nil
	case m.ask != nil:
		return m.answer(name)
	case m.input != nil:
		return m.typed(k)
	case m.help:
		return m.helpKey(name)
	case m.form != nil:
		return m.form.key(m, k)
	}
	for s := range scopes {
		if s == inList && m.open || s == inPane && !m.open || s == inDiff && !(m.open && m.detail.tab == tabDiff) {
			continue
		}
		if do := m.keys.find[s][name]; do != nil {
			return do(m)
		}
	}
	if len(name) == 1 && name[0] >= '0' && name[0] <= '9' {
		return m.chooseVariant(int(name[0] - '0'))
	}
	return nil
}

// answer takes y, and everything else for a no.
func (m *model) answer(name string) tea.Cmd {
	q := m.ask
	m.ask = nil
	if name == "y" || name == "Y" {
		return q.yes()
	}
	return m.note("nothing was done")
}

// typed is a key for the line at the foot.
func (m *model) typed(k tea.KeyPressMsg) tea.Cmd {
	in := m.input
	switch k.String() {
	case "esc":
		m.input = nil
		if in.left != nil {
			in.left()
		}
		return nil
	case "enter":
		m.input = nil
		return in.done(in.text.String())
	case "ctrl+e":
		if in.long && m.cfg.Act.Editor != nil {
			return m.edit(in.text.String(), func(m *model, text string, err error) tea.Cmd {
				in.text = newField(text)
				if err != nil {
					return m.fail("%v", err)
				}
				return nil
			})
		}
		in.text.at = len(in.text.text)
		return nil
	}
	if in.text.key(k) && in.live != nil {
		in.live(in.text.String())
	}
	return nil
}

func (m *model) paste(text string) {
	m.typedKeys++
	switch {
	case m.input != nil:
		m.input.text.insert(text)
		if m.input.live != nil {
			m.input.live(m.input.text.String())
		}
	case m.form != nil:
		m.form.paste(text)
	}
}

func (m *model) helpKey(name string) tea.Cmd {
	d := m.helpText()
	switch name {
	case "j", "down":
		m.helpP.shift(d, 1)
	case "k", "up":
		m.helpP.shift(d, -1)
	case "ctrl+d", "pgdown", "space":
		m.helpP.shift(d, m.bodyHeight())
	case "ctrl+u", "pgup":
		m.helpP.shift(d, -m.bodyHeight())
	default:
		m.help = false
	}
	return nil
}

func (m *model) drawHelp(width, height int) []string {
	m.helpP.width, m.helpP.height = width, height
	return m.helpP.draw(m.helpText(), m.color, false)
}

// helpText is the table of keys, in two columns where there is room.
func (m *model) helpText() lines {
	var blocks []lines
	for _, s := range []scope{inList, inPane, inDiff} {
		blocks = append(blocks, m.helpOf(s.String(), func(b binding) bool { return b.scope == s }))
	}
	shows := len(looking())
	var look, act lines
	rows := m.keys.rows[len(moving()):]
	look = m.helpRows("show", rows[:shows])
	act = m.helpRows("do", rows[shows:])
	if m.width < 100 {
		if m.open {
			return stack(blocks[2], blocks[1], act, look, blocks[0])
		}
		return stack(blocks[0], act, look, blocks[1], blocks[2])
	}
	left, right := stack(blocks[0], act), stack(look, blocks[1], blocks[2])
	var out lines
	for i := range max(len(left), len(right)) {
		l, r := "", ""
		if i < len(left) {
			l = left[i]
		}
		if i < len(right) {
			r = right[i]
		}
		out = append(out, fit(l, m.width/2)+r)
	}
	return out
}

// stack puts blocks below each other, with a blank row between.
func stack(blocks ...lines) (out lines) {
	for i, b := range blocks {
		if i > 0 {
			out = append(out, "")
		}
		out = append(out, b...)
	}
	return out
}

func (m *model) helpOf(title string, want func(binding) bool) lines {
	var rows []binding
	for _, b := range m.keys.rows {
		if want(b) {
			rows = append(rows, b)
		}
	}
	return m.helpRows(title, rows)
}

func (m *model) helpRows(title string, rows []binding) lines {
	out := lines{" " + m.color.Bold(title)}
	for _, b := range rows {
		if b.help != "" {
			out = append(out, "   "+fit(strings.Join(strings.Fields(b.keys), ", "), 16)+" "+b.help)
		}
	}
	return out
}
