package monitor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"codeagent.dev/agent"
	"codeagent.dev/agent/tui"
)

// form asks for a new job.
type form struct {
	fields []formField
	at     int
	bad    string
	busy   bool
	stop   context.CancelFunc // ends the submission that is under way
}

type formField struct {
	name string
	help string
	text field
	pick []string // the only values it can have; chosen with blanks and arrows
}

const (
	formText = iota
	formKind
	formRepo
	formBase
	formVariants
	formTries
	formMakers
	formGroup
	formLabels
	formPriority
	formAfter
	formBegin
	formHold
)

// newJob opens the form, in the repository of the job that is looked at.
func (m *model) newJob() tea.Cmd {
	if m.cfg.Act.NewJob == nil {
		return m.fail("no job can be made from here")
	}
	dir := ""
	if r := m.list.table.rows[m.list.sel]; r != nil {
		dir = r.dir
	}
	m.form = &form{fields: []formField{
		formText:     {name: "what", help: "what should change"},
		formKind:     {name: "kind", help: "space changes it", text: newField(string(agent.Prompt)), pick: []string{string(agent.Prompt), string(agent.Command), string(agent.Diff)}},
		formRepo:     {name: "repository", help: "a directory; empty: the current one", text: newField(dir)},
		formBase:     {name: "base", help: "a revision; empty: HEAD"},
		formVariants: {name: "variants", help: "results to choose from; empty: as configured"},
		formTries:    {name: "tries", help: "how often each may correct itself; empty: as configured"},
		formMakers:   {name: "makers", help: "who may make it, in order; empty: as configured"},
		formGroup:    {name: "group", help: "whose limit counts as well"},
		formLabels:   {name: "labels", help: "words to find it again by"},
		formPriority: {name: "priority", help: "higher ones begin first", text: newField("0")},
		formAfter:    {name: "after", help: "jobs whose result it starts from"},
		formBegin:    {name: "begin", help: "no sooner than in 2h, or at 22:30; empty: now"},
		formHold:     {name: "hold", help: "space changes it: until it is released", text: newField("no"), pick: []string{"no", "yes"}},
	}}
	return nil
}

// draft is what was typed.
func (f *form) draft() (Draft, error) {
	value := func(i int) string { return strings.TrimSpace(f.fields[i].text.String()) }
	number := func(i int) (int, error) {
		if value(i) == "" {
			return 0, nil
		}
		n, err := strconv.Atoi(value(i))
		if err != nil || n < 1 {
			return 0, agent.Errorf(agent.Invalid, "%s: %q is no number", f.fields[i].name, value(i))
		}
		return n, nil
	}
	list := func(i int) []string {
		return strings.FieldsFunc(value(i), func(r rune) bool { return r == ',' || r == ' ' })
	}
	d := Draft{Text: f.fields[formText].text.String(), Kind: agent.Kind(value(formKind)), Repo: value(formRepo), Base: value(formBase),
		Makers: list(formMakers), Group: value(formGroup), Labels: list(formLabels),
		After: list(formAfter), Begin: value(formBegin), Hold: value(formHold) == "yes"}
	if strings.TrimSpace(d.Text) == "" {
		return d, agent.Errorf(agent.Invalid, "say what should change")
	}
	var err error
	if d.Priority, err = strconv.Atoi(cmp.Or(value(formPriority), "0")); err != nil {
		return d, agent.Errorf(agent.Invalid, "priority: %q is no number", value(formPriority))
	}
	if d.Variants, err = number(formVariants); err == nil {
		d.Tries, err = number(formTries)
	}
	return d, err
}

func (f *form) key(m *model, k tea.KeyPressMsg) tea.Cmd {
	cur := &f.fields[f.at]
	switch name := k.String(); {
	case f.busy && name == "esc":
		f.stop() // what was typed stays
		return nil
	case f.busy:
		return nil
	case name == "esc":
		m.form = nil
		return nil
	case name == "ctrl+s" || name == "enter" && f.at == len(f.fields)-1:
		return f.submit(m)
	case name == "tab" || name == "down" || name == "enter":
		f.at = (f.at + 1) % len(f.fields)
	case name == "shift+tab" || name == "up":
		f.at = (f.at + len(f.fields) - 1) % len(f.fields)
	case name == "ctrl+e" && m.cfg.Act.Editor != nil:
		return m.edit(f.fields[formText].text.String(), func(m *model, text string, err error) tea.Cmd {
			f.fields[formText].text = newField(text)
			if err != nil {
				f.bad = tui.Line(err.Error())
			}
			return nil
		})
	case cur.pick != nil:
		step := 1
		if name == "left" {
			step = len(cur.pick) - 1
		}
		for i, v := range cur.pick {
			if v == cur.text.String() && (name == "space" || name == "left" || name == "right") {
				cur.text = newField(cur.pick[(i+step)%len(cur.pick)])
				break
			}
		}
	default:
		cur.text.key(k)
	}
	f.bad = ""
	return nil
}

func (f *form) paste(text string) {
	if f.fields[f.at].pick == nil {
		f.fields[f.at].text.insert(text)
	}
}

func (f *form) submit(m *model) tea.Cmd {
	d, err := f.draft()
	if err != nil {
		f.bad = err.Error()
		return nil
	}
	f.busy, f.bad = true, ""
	ctx, stop := context.WithCancel(m.ctx)
	f.stop = stop
	submit := m.cfg.Act.NewJob
	return func() tea.Msg {
		defer stop()
		job, err := submit(ctx, d)
		if err != nil && ctx.Err() != nil {
			err = errors.New("submitting was canceled; ctrl+s tries again")
		}
		return newJobMsg{job.ID, err}
	}
}

type newJobMsg struct {
	id  agent.ID
	err error
}

// made closes the form, or says in it what is wrong.
func (m *model) made(msg newJobMsg) {
	switch {
	case msg.err == nil:
		m.form = nil
		m.list.want = msg.id
		m.tell("job %s waits for a worker", msg.id)
	case m.form != nil:
		m.form.busy, m.form.bad = false, tui.Line(msg.err.Error()+" "+agent.HintOf(msg.err))
	}
}

const formLabel = 14

func (f *form) draw(c paint, width, height int) []string {
	out := []string{fit(" "+c.Bold("new job"), width), blanks(width)}
	for i := range f.fields {
		fl := &f.fields[i]
		lead, room := "   ", width-formLabel-3
		if i == f.at {
			lead = " > "
		}
		text, _ := fl.text.window(room)
		if len(fl.text.text) == 0 || fl.pick != nil {
			text = fit(strings.Map(visibly, fl.text.String())+" "+c.Dim(fl.help), room)
		}
		out = append(out, fit(lead+fit(fl.name, formLabel-1)+" "+text, width))
	}
	out = append(out, blanks(width))
	switch {
	case f.busy:
		out = append(out, fit("   submitting …", width))
	case f.bad != "":
		for _, line := range wrapped(lines{"   ✗ " + f.bad}, width) {
			out = append(out, c.Bad(fit(line, width)))
		}
	}
	for len(out) < height {
		out = append(out, blanks(width))
	}
	return out[:height]
}

// cursor is where the text cursor stands, from the form's first row.
func (f *form) cursor(width int) (x, y int) {
	_, x = f.fields[f.at].text.window(width - formLabel - 3)
	return min(width-1, formLabel+3+x), f.at + 2
}

type editedMsg struct {
	text string
	err  error
	then func(m *model, text string, err error) tea.Cmd
}

// edit lets a person write a longer text in their editor. When that ends badly, what was
// written comes all the same, with an error that names the file it is kept in.
func (m *model) edit(text string, then func(m *model, text string, err error) tea.Cmd) tea.Cmd {
	f, err := os.CreateTemp("", "agent-*.md")
	if err != nil {
		return m.fail("%v", err)
	}
	_, err = f.WriteString(text)
	if shut := f.Close(); err == nil {
		err = shut
	}
	if err != nil {
		os.Remove(f.Name())
		return m.fail("%v", err)
	}
	return tea.ExecProcess(m.cfg.Act.Editor(f.Name()), func(err error) tea.Msg {
		written, unread := os.ReadFile(f.Name())
		switch {
		case unread != nil:
			return editedMsg{text, fmt.Errorf("the editor: %w", cmp.Or(err, unread)), then}
		case err != nil:
			err = fmt.Errorf("the editor: %w; what was written is kept in %s", err, f.Name())
		default:
			os.Remove(f.Name())
		}
		return editedMsg{strings.TrimRight(string(written), "\n"), err, then}
	})
}

func (m *model) edited(msg editedMsg) tea.Cmd {
	return msg.then(m, msg.text, msg.err)
}
