package monitor

import (
	"strings"
	"unicode"

	tea "charm.land/bubbletea/v2"

	"codeagent.dev/agent/tui"
)

// foot is the last lines: a question, what is typed, what an action said, or keys.
func (m *model) foot() []string {
	switch {
	case m.ask != nil:
		return m.ask.draw(m.color, m.width, max(1, m.height/2))
	case m.input != nil:
		return []string{m.input.draw(m.color, m.width)}
	}
	left := m.hints()
	if m.help || m.form != nil {
		return []string{fit(m.color.Dim(left), m.width)}
	}
	right := m.counts()
	if m.open {
		right = m.detail.place(m)
	}
	if q := &m.list.table.query; !q.empty() && !m.open {
		right = "filter: " + tui.Line(q.text) + " · " + right
	}
	paint := m.color.Dim
	switch {
	case m.leaving:
		left, paint = m.whole.doing+": leaving when it is done", m.color.Bold
	case m.busy > 0:
		left = "working …"
	case m.msg != "" && m.tone == bad:
		left, paint = "✗ "+m.msg, m.color.Bad
	case m.msg != "" && m.tone == good:
		left, paint = "✓ "+m.msg, m.color.Good
	case m.msg != "":
		left, paint = m.msg, m.color.Bold
	}
	right = fit(right, min(cells(right), m.width*2/3))
	if m.msg != "" || m.busy > 0 || m.leaving {
		if cells(left)+2+cells(right) > m.width {
			return []string{fit(paint(left), m.width)} // what was said matters more
		}
	}
	return []string{paint(fit(left, m.width-cells(right)-1)) + " " + m.color.Dim(right)}
}

// hints names the keys that matter here.
func (m *model) hints() string {
	switch {
	case m.help:
		return "j/k move · esc back"
	case m.form != nil && m.form.busy:
		return "esc cancel"
	case m.form != nil:
		hint := "tab next · ctrl+s submit · esc back"
		if m.cfg.Act.Editor != nil {
			hint += " · ctrl+e editor"
		}
		return hint
	case !m.open:
		return "? help · enter open · d diff · l log · / filter · space mark"
	case m.detail.tab == tabDiff:
		return "? help · n/p hunk · z fold · / search · esc back"
	case m.detail.tab == tabLog:
		return "? help · G follow · w wrap · / search · esc back"
	}
	return "? help · tab next · 1-9 variant · a apply · esc back"
}

// question is asked once before something that cannot simply be taken back.
type question struct {
	text string
	yes  func() tea.Cmd
}

func (q *question) draw(c paint, width, most int) []string {
	var out []string
	for _, line := range wrapped(asLines(q.text), width-1) {
		if len(out) == most-1 {
			out[len(out)-1] = fit("…", width)
			break
		}
		out = append(out, c.Warn(fit(" "+line, width)))
	}
	return append(out, c.Bold(fit(" y yes · n no", width)))
}

// cursor is where the terminal's own cursor belongs while something is typed.
func (m *model) cursor() *tea.Cursor {
	switch {
	case m.input != nil:
		return tea.NewCursor(m.input.column(m.width), m.height-1)
	case m.form != nil && !m.help:
		x, y := m.form.cursor(m.width)
		return tea.NewCursor(x, y+1)
	}
	return nil
}

// input is one line that is typed at the foot.
type input struct {
	title string
	text  field
	live  func(text string) // at every key; nil: nothing
	done  func(text string) tea.Cmd
	left  func() // esc; nil: nothing
	long  bool   // an editor may be used
}

func (in *input) draw(c paint, width int) string {
	text, _ := in.text.window(width - cells(in.title) - 1)
	return fit(c.Bold(in.title)+text, width)
}

func (in *input) column(width int) int {
	_, x := in.text.window(width - cells(in.title) - 1)
	return min(width-1, cells(in.title)+x)
}

// field is text that is being typed, on one line. A line end in it is shown as ⏎.
type field struct {
	text []rune
	at   int
}

func newField(text string) field { r := []rune(text); return field{r, len(r)} }

func (f *field) String() string { return string(f.text) }

func (f *field) insert(text string) {
	add := []rune(strings.ReplaceAll(strings.ReplaceAll(tui.Clean(text), "\t", "    "), "\r", ""))
	f.text = append(f.text[:f.at:f.at], append(add, f.text[f.at:]...)...)
	f.at += len(add)
}

// window is the part of the text around the cursor that fits, and the cursor's cell in
// it. However long the text is, it looks at no more than the screen can show of it.
func (f *field) window(width int) (text string, x int) {
	const most = 8 // runes a cell, where some have no width
	width = max(1, width)
	from := f.at
	for sum := 0; from > 0 && f.at-from < most*width; from-- {
		if sum += cells(shown(f.text[from-1 : from])); sum >= width {
			break
		}
	}
	for x = cells(shown(f.text[from:f.at])); x >= width; x = cells(shown(f.text[from:f.at])) {
		from++ // runes can be wider together than each by itself
	}
	return fit(shown(f.text[from:min(len(f.text), f.at+width)]), width), x
}

func shown(r []rune) string { return strings.Map(visibly, string(r)) }

// visibly shows what would move the cursor or turn the text round.
func visibly(r rune) rune {
	switch {
	case r == '\n':
		return '⏎'
	case unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control):
		return '�'
	}
	return r
}

// key edits the text; it reports whether it knows the key.
func (f *field) key(k tea.KeyPressMsg) bool {
	switch k.String() {
	case "left", "ctrl+b":
		f.at = max(0, f.at-1)
	case "right", "ctrl+f":
		f.at = min(len(f.text), f.at+1)
	case "home", "ctrl+a":
		f.at = 0
	case "end":
		f.at = len(f.text)
	case "backspace", "ctrl+h":
		if f.at > 0 {
			f.text = append(f.text[:f.at-1:f.at-1], f.text[f.at:]...)
			f.at--
		}
	case "delete", "ctrl+d":
		if f.at < len(f.text) {
			f.text = append(f.text[:f.at:f.at], f.text[f.at+1:]...)
		}
	case "ctrl+u":
		f.text, f.at = append([]rune(nil), f.text[f.at:]...), 0
	case "ctrl+k":
		f.text = f.text[:f.at:f.at]
	case "ctrl+w":
		to := f.at
		for f.at > 0 && f.text[f.at-1] == ' ' {
			f.at--
		}
		for f.at > 0 && f.text[f.at-1] != ' ' {
			f.at--
		}
		f.text = append(f.text[:f.at:f.at], f.text[to:]...)
	default:
		if k.Text == "" {
			return false
		}
		f.insert(k.Text)
	}
	return true
}
