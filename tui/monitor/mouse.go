package monitor

import tea "charm.land/bubbletea/v2"

// point is a click or a turn of the wheel.
func (m *model) point(msg tea.MouseMsg) tea.Cmd {
	at := msg.Mouse()
	inDetail := m.open && !m.wide() || m.wide() && at.X >= m.listWidth()
	if _, wheel := msg.(tea.MouseWheelMsg); wheel {
		step := 3
		if at.Button == tea.MouseWheelUp {
			step = -3
		}
		switch {
		case m.help:
			m.helpP.shift(m.helpText(), step)
		case m.form != nil || m.ask != nil || at.Button != tea.MouseWheelUp && at.Button != tea.MouseWheelDown:
		case inDetail:
			p, d := m.pane()
			p.wheel(d, step)
			p.tail = m.detail.tab == tabLog && p.atEnd(d)
		default:
			m.list.to(m.list.cur+step, m.listHeight())
		}
		return nil
	}
	if at.Button != tea.MouseLeft || m.help || m.form != nil || m.ask != nil || m.input != nil || at.Y < 1 {
		return nil
	}
	m.msg = ""
	if inDetail {
		return m.clickDetail(at.X-(m.width-m.detailWidth()), at.Y-1)
	}
	return m.clickList(at.Y - 2)
}

// clickList chooses a row; a click on the chosen one opens it.
func (m *model) clickList(y int) tea.Cmd {
	i := m.list.top + y
	if y < 0 || y >= m.listHeight() || i >= len(m.list.table.shown) {
		return nil
	}
	if i == m.list.cur && (!m.wide() || !m.open) {
		return m.enter()
	}
	m.open = false
	m.list.pinned = true
	m.list.move(i, m.listHeight())
	return nil
}

func (m *model) clickDetail(x, y int) tea.Cmd {
	if m.list.sel == 0 {
		return nil
	}
	m.open = true
	if y == 1 {
		for _, s := range m.spots() {
			if x >= s.from && x < s.from+cells(s.text)+2 {
				if s.variant > 0 {
					return m.chooseVariant(s.variant)
				}
				m.detail.tab = s.tab
			}
		}
		return nil
	}
	p, text := m.pane()
	d, ok := text.(*diffDoc)
	if i := p.top + y - 2; ok && y >= 2 && i < d.Len() {
		if p.at == i && d.rows[i].line < 0 {
			return m.fold()
		}
		p.at = i
	}
	return nil
}
