package monitor

// tab is one way to look at a job.
type tab int

const (
	tabSummary tab = iota
	tabVariants
	tabDiff
	tabLog
	tabChecks
	tabPrompt
	tabAttempts
	tabs_ // how many there are
)

func (t tab) String() string {
	return [...]string{"summary", "variants", "diff", "log", "checks", "prompt", "attempts"}[t]
}

// tabLine names the tabs and the variants; the open ones stand in brackets.
func (m *model) tabLine() string {
	line := ""
	for _, s := range m.spots() {
		text := " " + s.text + " "
		switch {
		case s.on && m.open:
			text = m.color.chosen("[" + s.text + "]")
		case s.on:
			text = m.color.Bold("[" + s.text + "]")
		default:
			text = m.color.Dim(text)
		}
		line += blanks(s.gap) + text
	}
	return line
}

// spot is something in the line of tabs that can be clicked.
type spot struct {
	text    string
	from    int
	gap     int // blanks before it
	on      bool
	tab     tab
	variant int // 0: it is a tab
}

// spots lists the tabs, shortened where the screen is narrow, and behind them the
// variants.
func (m *model) spots() (out []spot) {
	d := &m.detail
	width, at := m.detailWidth(), 0
	add := func(s spot) {
		s.from = at + s.gap
		at += s.gap + cells(s.text) + 2
		out = append(out, s)
	}
	full := 0
	for t := range tabs_ {
		full += len(t.String()) + 2
	}
	n := 0
	if d.job != nil && len(d.job.Variants) > 1 {
		n = min(9, len(d.job.Variants))
	}
	for t := range tabs_ {
		name := t.String()
		if full+1+3*n > width && t != d.tab {
			name = name[:3]
		}
		add(spot{text: name, on: t == d.tab, tab: t})
	}
	for i := range n {
		s := spot{text: itoa(i + 1), on: i+1 == d.number(), tab: d.tab, variant: i + 1}
		if i == 0 {
			s.gap = 1
		}
		add(s)
	}
	return out
}
