package monitor

import (
	"fmt"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/tui"
)

// list is the window on the table: which job keys act on, and which rows are seen.
type list struct {
	table  *table
	marks  map[agent.ID]bool
	sel    agent.ID // the job that keys act on; 0: there is none
	cur    int      // where it stands
	top    int      // the first row seen
	pinned bool     // a person chose it: else the cursor stays at the top
	held   bool     // the job is being read: it stays, also when the filter lets it go
	want   agent.ID // a job that is to be chosen once its row is there
}

// settle puts the cursor back onto its job after rows came, went or moved.
func (l *list) settle(height int) {
	if l.table.rows[l.want] != nil {
		l.sel, l.want, l.pinned = l.want, 0, true
	}
	shown, r := l.table.shown, l.table.rows[l.sel]
	at, there := 0, false
	if r != nil {
		at, there = l.table.index(r)
	}
	switch {
	case l.held && r != nil && !there:
		l.cur = min(at, max(0, len(shown)-1))
	case len(shown) == 0:
		l.cur, l.top, l.sel = 0, 0, 0
	case there && (l.pinned || l.held):
		l.move(at, height)
	case l.pinned:
		l.move(min(l.cur, len(shown)-1), height)
	default:
		l.move(0, height)
	}
}

// move puts the cursor onto row i.
func (l *list) move(i, height int) {
	n := len(l.table.shown)
	if n == 0 {
		return
	}
	l.cur = max(0, min(i, n-1))
	l.sel = l.table.shown[l.cur].id
	l.top = max(min(l.top, l.cur), l.cur-height+1, 0)
	l.top = max(0, min(l.top, n-height))
}

// to moves the cursor because a person wants it.
func (l *list) to(i, height int) {
	l.want = 0
	l.pinned = i > 0
	l.move(i, height)
}

// column is one of the list's. Cells are plain text; code colours them on rows that the
// cursor is not on.
type column struct {
	name  string
	width int
	cell  func(m *model, r *row, width int) string
	code  func(r *row) string // the colour; nil: none
	right bool
}

// columns chooses what fits: the further down here, the wider the screen has to be.
func (m *model) columns(width int) []column {
	id := max(2, len(itoa(int(m.newest()))))
	what := column{name: "WHAT", cell: (*model).what}
	all := []struct {
		from int // width of the list
		column
	}{
		{0, column{name: "ID", width: id, right: true, cell: func(_ *model, r *row, _ int) string { return r.id.String() }}},
		{0, column{name: "STATE", width: 10, cell: standing, code: standingCode}},
		{0, what},
		{70, column{name: "REPO", width: 10, cell: func(_ *model, r *row, _ int) string { return r.repo }, code: dim}},
		{50, column{name: "VAR", width: 4, cell: func(_ *model, r *row, _ int) string { return r.marks }}},
		{56, column{name: "CHKS", width: 4, cell: checksCell, right: true}},
		{0, column{name: "AGE", width: 4, right: true, cell: func(m *model, r *row, _ int) string { return brief(r.age(), m.now) }, code: dim}},
		{106, column{name: "MAKER", width: 12, cell: func(_ *model, r *row, _ int) string { return r.maker }, code: dim}},
		{90, column{name: "COST", width: 8, right: true, cell: func(_ *model, r *row, _ int) string { return money(r.micro, r.unknown) }, code: dim}},
	}
	var cols []column
	left := width - 3
	for _, c := range all {
		if width < c.from {
			continue
		}
		switch {
		case c.name == "STATE" && width >= 60:
			c.width = 16
		case c.name == "REPO" && width >= 100:
			c.width = 14
		case c.name == "VAR" && width >= 100:
			c.width = 8
		}
		left -= c.width + 1
		cols = append(cols, c.column)
	}
	for i := range cols {
		if cols[i].name == "WHAT" {
			cols[i].width = max(4, left)
		}
	}
	return cols
}

func (m *model) newest() (id agent.ID) {
	t := m.list.table
	if t.by == byNewest && len(t.all) > 0 {
		return t.all[0].id
	}
	for _, r := range t.shown[min(m.list.top, len(t.shown)):min(m.list.top+m.height, len(t.shown))] {
		id = max(id, r.id)
	}
	return id
}

// what is the title, and for a job that waits the reason.
func (m *model) what(r *row, width int) string {
	waits := r.waits
	if r.state != agent.Queued {
		return r.title
	}
	if r.rank != 0 {
		waits = fmt.Sprintf("%+d %s", r.rank, waits)
	}
	n, most := cells(waits), cells(r.title)
	if n == 0 {
		return r.title
	}
	room := min(n, max(width/2, width-3-most))
	return fit(r.title, min(most, width-room-3)) + " · " + fit(waits, room)
}

func standing(_ *model, r *row, _ int) string { return r.stands }

// standingCode is the colour of a job's state or verdict, as tui.Style has it.
func standingCode(r *row) string {
	switch {
	case r.state == agent.Running:
		return "1"
	case r.state == agent.Queued:
		return "2"
	case r.verdict == agent.Verified:
		return "32"
	case r.verdict == agent.Unverified || r.verdict == agent.NeedsInput || r.verdict == agent.NeedsApproval:
		return "33"
	case r.verdict == agent.Canceled || r.verdict == agent.NoPatch:
		return "2"
	}
	return "31"
}

func dim(*row) string { return "2" }

func checksCell(_ *model, r *row, _ int) string {
	if r.checks == 0 {
		return ""
	}
	return itoa(r.passed) + "/" + itoa(r.checks)
}

// brief is tui.Ago in four cells.
func brief(t, now time.Time) string {
	if t.IsZero() {
		return "–"
	}
	switch d := now.Sub(t); {
	case d < time.Minute:
		return fmt.Sprintf("%ds", max(0, d/time.Second))
	case d < time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d < 1000*24*time.Hour:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	}
	return t.Format("2006")
}

// drawList writes the list: its head and the rows that are seen.
func (m *model) drawList(width, height int) []string {
	cols := m.columns(width)
	out := make([]string, 0, height)
	head := "   "
	for _, c := range cols {
		head += cellOf(c, c.name) + " "
	}
	out = append(out, m.color.Dim(fit(head, width)))
	shown := m.list.table.shown
	for i := m.list.top; i < len(shown) && len(out) < height; i++ {
		out = append(out, m.drawRow(shown[i], cols, i == m.list.cur, width))
	}
	if len(shown) == 0 {
		out = append(out, m.emptyList(width)...)
	}
	for len(out) < height {
		out = append(out, blanks(width))
	}
	return out[:height]
}

func cellOf(c column, text string) string {
	if c.right {
		return right(text, c.width)
	}
	return fit(text, c.width)
}

func (m *model) drawRow(r *row, cols []column, here bool, width int) string {
	b := make([]byte, 0, 2*width+32)
	b = append(b, "   "...)
	if here {
		b[0] = '>'
	}
	if m.list.marks[r.id] {
		b[1] = '*'
	}
	used := 3
	for _, c := range cols {
		text, code := c.cell(m, r, c.width), ""
		if c.code != nil && !here && m.color.Color {
			code = c.code(r)
			b = append(append(append(b, "\x1b["...), code...), 'm')
		}
		if n := cells(text); c.right && n < c.width {
			b = append(b, blanks(c.width-n)...)
			b = append(b, text...)
		} else {
			b = appendFit(b, text, n, c.width)
		}
		if code != "" {
			b = append(b, "\x1b[0m"...)
		}
		b = append(b, ' ')
		used += c.width + 1
	}
	b = append(b, blanks(width-used)...)
	line := string(b)
	if used > width {
		line = fit(line, width)
	}
	switch {
	case here && !m.open:
		return m.color.chosen(line)
	case here:
		return m.color.Bold(line)
	}
	return line
}

// emptyList says why there is nothing to see.
func (m *model) emptyList(width int) []string {
	say := []string{"", "   no jobs yet"}
	switch {
	case !m.list.table.query.empty():
		say = []string{"", "   nothing matches " + tui.Line(m.list.table.query.text), "   esc clears the filter"}
	case !m.read && m.lost == "":
		say = []string{"", "   reading the jobs …"}
	case m.cfg.Act.NewJob != nil:
		say = append(say, "   n makes one; so does: agent patch \"…\"")
	}
	for i := range say {
		say[i] = fit(say[i], width)
	}
	return say
}

// counts says how much of what is shown.
func (m *model) counts() string {
	t := m.list.table
	text := tui.Count(len(t.all), "job")
	if len(t.shown) != len(t.all) {
		text = fmt.Sprintf("%d of %d jobs", len(t.shown), len(t.all))
	}
	if n := len(m.list.marks); n > 0 {
		text += fmt.Sprintf(" · %d marked", n)
	}
	if t.by != byNewest {
		text += " · by " + t.by.String()
	}
	return text
}
