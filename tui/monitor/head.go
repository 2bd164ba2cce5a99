package monitor

import (
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"codeagent.dev/agent"
	"codeagent.dev/agent/tui"
)

// View implements tea.Model.
func (m *model) View() (v tea.View) {
	if m.broke != nil {
		return v
	}
	defer func() {
		if r := recover(); r != nil {
			m.broke, v = &panicMsg{r, debug.Stack()}, tea.View{}
			go m.send(tea.QuitMsg{}) // on the side, because Bubble Tea waits for the view
		}
	}()
	v = tea.NewView(m.screen())
	v.AltScreen = true
	v.WindowTitle = "agent"
	if m.mouse {
		v.MouseMode = tea.MouseModeCellMotion
	}
	if m.width >= minWidth && m.height >= minHeight {
		v.Cursor = m.cursor()
	}
	return v
}

// screen is everything, line by line, each as wide as the screen.
func (m *model) screen() string {
	if m.width < minWidth || m.height < minHeight {
		return m.tooSmall()
	}
	foot, body := m.foot(), m.bodyHeight()
	rows := append(make([]string, 0, m.height), m.head())
	switch {
	case m.help:
		rows = append(rows, m.drawHelp(m.width, body)...)
	case m.form != nil:
		rows = append(rows, m.form.draw(m.color, m.width, body)...)
	case m.wide():
		left := m.drawList(m.listWidth(), body)
		side := m.drawDetail(m.width-m.listWidth()-2, body)
		for i := range left {
			rows = append(rows, left[i]+m.color.Dim("│ ")+side[i])
		}
	case m.open:
		rows = append(rows, m.drawDetail(m.width, body)...)
	default:
		rows = append(rows, m.drawList(m.width, body)...)
	}
	rows = append(rows, foot...)
	return joinLines(rows[:min(len(rows), m.height)])
}

func joinLines(rows []string) string {
	n := len(rows)
	for _, r := range rows {
		n += len(r)
	}
	b := make([]byte, 0, n)
	for i, r := range rows {
		if i > 0 {
			b = append(b, '\n')
		}
		b = append(b, r...)
	}
	return string(b)
}

func (m *model) tooSmall() string {
	say := []string{
		"this is too small:",
		fmt.Sprintf("%d×%d of %d×%d", m.width, m.height, minWidth, minHeight),
		"q quits",
	}
	rows := make([]string, max(0, m.height))
	for i := range rows {
		if i < len(say) {
			rows[i] = say[i]
		}
		rows[i] = fit(rows[i], m.width)
	}
	return joinLines(rows)
}

// headPart is a fact of the head, and how long it is kept on a narrow screen: 0 for ever, 9 goes first.
type headPart struct {
	text string
	goes int
}

// head is the first line: the daemon, its workers, the queue, what is in the way.
func (m *model) head() string {
	c := m.color
	if m.lost != "" {
		return m.spread([]headPart{{c.Bold("agent") + " " + c.Bad("✗ daemon lost - reconnecting"), 0}, {c.Dim(m.lost), 1}})
	}
	name := c.Good("✓") + " " + tui.Line(m.health.Daemon)
	if !m.read {
		name = c.Dim("reading …")
	}
	parts := []headPart{{c.Bold("agent") + " " + strings.TrimSpace(name), 0}}
	h := m.health
	if h.Workers > 0 {
		limit := h.Workers
		if p := m.rules.Parallel; p > 0 {
			limit = min(limit, p)
		}
		parts = append(parts, headPart{fmt.Sprintf("workers %d/%d", h.Busy, limit), 2})
	}
	if p := m.rules.Pause; p != nil {
		parts = append(parts, headPart{c.Warn("! " + tui.Line((&agent.Waiting{For: agent.WaitResume, By: p.By, Why: p.Why}).String())), 0})
	}
	for _, g := range m.rules.Groups {
		if g.Pause != nil {
			parts = append(parts, headPart{c.Warn("! group " + tui.Line(g.Name) + " paused"), 3})
		}
	}
	parts = append(parts,
		headPart{fmt.Sprintf("queue %d", m.status.Queued), 1},
		headPart{fmt.Sprintf("%d running", m.status.Running), 4},
		headPart{fmt.Sprintf("%d/h", m.list.table.throughput(m.now.Unix())), 8})
	for _, k := range h.Cooldowns {
		if k.Until.After(m.now) {
			parts = append(parts, headPart{c.Warn("! " + tui.Line(k.Maker) + " rests until " + k.Until.Local().Format("15:04")), 3})
		}
	}
	switch {
	case h.DiskFree > 0 && h.DiskFree < h.DiskMin:
		parts = append(parts, headPart{c.Bad("✗ disk full: " + tui.Bytes(h.DiskFree) + " of " + tui.Bytes(h.DiskMin) + " needed"), 0})
	case h.DiskFree > 0:
		parts = append(parts, headPart{"disk " + tui.Bytes(h.DiskFree) + " free", 9})
	}
	return m.spread(parts)
}

// spread joins what fits on one line.
func (m *model) spread(parts []headPart) string {
	const between = " · "
	for goes := 9; goes > 0; goes-- {
		n := -len([]rune(between))
		for _, p := range parts {
			n += tui.Width(p.text) + len([]rune(between))
		}
		if n <= m.width {
			break
		}
		parts = slices.DeleteFunc(parts, func(p headPart) bool { return p.goes == goes })
	}
	line := parts[0].text
	for _, p := range parts[1:] {
		line += m.color.Dim(between) + p.text
	}
	return fit(line, m.width)
}
