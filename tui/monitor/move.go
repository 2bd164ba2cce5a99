package monitor

import (
	tea "charm.land/bubbletea/v2"

	"codeagent.dev/agent"
)

// go_ moves to a row of the list.
func (m *model) jump(i int) tea.Cmd {
	m.list.to(i, m.listHeight())
	return nil
}

func (m *model) enter() tea.Cmd {
	m.open = m.list.sel > 0
	return nil
}

func (m *model) back() tea.Cmd {
	if p, _ := m.pane(); p.find != "" {
		p.find = ""
		return nil
	}
	m.open = false
	return nil
}

func (m *model) markOne() tea.Cmd {
	if id := m.list.sel; id > 0 {
		if m.list.marks[id] {
			delete(m.list.marks, id)
		} else {
			m.list.marks[id] = true
		}
		m.list.to(m.list.cur+1, m.listHeight())
	}
	return nil
}

func (m *model) markAll() tea.Cmd {
	if len(m.list.marks) > 0 {
		clear(m.list.marks)
		return nil
	}
	for _, r := range m.list.table.shown {
		m.list.marks[r.id] = true
	}
	return nil
}

func (m *model) clear() tea.Cmd {
	clear(m.list.marks)
	m.list.table.filter(parseQuery(""))
	return nil
}

func (m *model) startFilter() tea.Cmd {
	before := m.list.table.query
	filter := func(text string) { m.list.table.filter(parseQuery(text)) }
	m.input = &input{title: "/", text: newField(before.text), live: filter,
		done: func(text string) tea.Cmd { filter(text); return nil },
		left: func() { m.list.table.filter(before) }}
	return nil
}

func (m *model) nextSort() tea.Cmd {
	m.list.table.sort((m.list.table.by + 1) % sortings)
	m.list.pinned = false
	return m.note("sorted by %s", m.list.table.by)
}

func (m *model) scroll(n int) tea.Cmd {
	p, d := m.pane()
	p.scroll(d, n)
	p.tail = m.detail.tab == tabLog && p.atEnd(d)
	return nil
}

func (m *model) toEnd() tea.Cmd {
	p, d := m.pane()
	p.tail = m.detail.tab == tabLog
	p.last(d)
	return nil
}

func (m *model) toggleWrap() tea.Cmd {
	p, d := m.pane()
	p.wrap, p.left, p.sub = !p.wrap, 0, 0
	p.clamp(d)
	return nil
}

func (m *model) startSearch() tea.Cmd {
	p, _ := m.pane()
	before := *p
	find := func(text string) {
		p, d := m.pane()
		*p = before
		p.find = text
		p.search(d, 1, true)
	}
	m.input = &input{title: "search: ", live: find, done: func(text string) tea.Cmd {
		if p, d := m.pane(); text != "" && !p.search(d, 1, true) {
			return m.fail("%s is nowhere here", text)
		}
		return nil
	}, left: func() { p, _ := m.pane(); *p = before }}
	return nil
}

func (m *model) searchNext(step int) tea.Cmd {
	p, d := m.pane()
	switch {
	case p.find == "" && step > 0:
		return m.newJob() // what n means elsewhere
	case p.find == "":
		return m.fail("/ searches")
	}
	p.search(d, step, false)
	return nil
}

// hunk goes to the next hunk or file; while something is searched for, to the next place.
func (m *model) hunk(step int, files bool) tea.Cmd {
	p, text := m.pane()
	d, ok := text.(*diffDoc)
	switch {
	case !ok:
		return nil
	case p.find != "" && !files && step > 0:
		p.search(d, step, false)
		return nil
	}
	if i := d.next(p.at, step, files); i >= 0 {
		p.jump(d, i)
	}
	return nil
}

func (m *model) fold() tea.Cmd { return m.folding((*diffDoc).toggle) }

func (m *model) foldAll() tea.Cmd { return m.folding((*diffDoc).toggleAll) }

func (m *model) folding(f func(d *diffDoc, row int) int) tea.Cmd {
	p, text := m.pane()
	if d, ok := text.(*diffDoc); ok {
		p.at = f(d, p.at)
		p.show(d, p.at)
	}
	return nil
}

// show opens a tab.
func (m *model) show(t tab) tea.Cmd {
	if m.list.sel == 0 {
		return nil
	}
	m.detail.tab = t
	m.open = m.open || !m.wide() || t == tabDiff || t == tabLog
	return nil
}

// nextTab goes round the tabs. On a wide screen the keys stay where they are.
func (m *model) nextTab(step int) tea.Cmd {
	if m.list.sel == 0 {
		return nil
	}
	if !m.shows() {
		m.open = true
		return nil
	}
	m.detail.tab = (m.detail.tab + tab(step) + tabs_) % tabs_
	return nil
}

func (m *model) toggleMouse() tea.Cmd {
	if m.mouse = !m.mouse; m.mouse {
		return m.note("the mouse clicks and scrolls here")
	}
	return m.note("the mouse is the terminal's: it selects text")
}

// chooseVariant looks at a variant; 0 is the one that counts.
func (m *model) chooseVariant(n int) tea.Cmd {
	d := &m.detail
	if d.job == nil {
		return nil
	}
	if n > len(d.job.Variants) {
		return m.fail("%s has %d variants", d.job.ID, len(d.job.Variants))
	}
	if d.variant != n || d.with > 0 {
		d.variant, d.with = n, 0
	}
	return nil
}

// between shows the difference of the variant that is looked at and another one.
func (m *model) between() tea.Cmd {
	d := &m.detail
	switch {
	case d.job == nil || m.cfg.Act.Between == nil || len(d.job.Variants) < 2:
		return m.fail("there are no two variants to compare")
	case d.with > 0:
		d.with = 0 // back to the difference from the base
		return nil
	}
	var others []int
	for _, v := range d.job.Variants {
		if v.Number != d.number() && v.Commit != "" {
			others = append(others, v.Number)
		}
	}
	if v := d.current(); v.Commit == "" || len(others) == 0 {
		return m.fail("only variants with a result can be compared")
	}
	if len(others) == 1 {
		d.with = others[0]
		return m.show(tabDiff)
	}
	m.input = &input{title: "difference to " + d.ref().String() + " from variant: ", text: newField(itoa(others[0])),
		done: func(text string) tea.Cmd {
			for _, n := range others {
				if itoa(n) == text {
					d.with = n
					return m.show(tabDiff)
				}
			}
			return m.fail("%s is no other variant with a result", text)
		}}
	return nil
}

// targets are the marked jobs, newest first, or the one that keys act on. While a job is
// read it is that one, whatever is marked in the list.
func (m *model) targets() (ids []agent.ID) {
	if m.open && m.list.sel > 0 {
		return []agent.ID{m.list.sel}
	}
	for _, r := range m.list.table.all {
		if m.list.marks[r.id] {
			ids = append(ids, r.id)
		}
	}
	if len(ids) == 0 && m.list.sel > 0 {
		ids = append(ids, m.list.sel)
	}
	return ids
}
