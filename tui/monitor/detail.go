package monitor

import (
	"context"
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"

	"codeagent.dev/agent"
	"codeagent.dev/agent/tui"
)

// maxSummary is how much of a job's text its summary looks at.
const maxSummary = 64 << 10

// settling is how long the cursor rests on a job before the job is read.
const settling = 60 * time.Millisecond

// detail is the one job that is looked at.
type detail struct {
	tab     tab
	id      agent.ID
	job     *agent.Job // nil: not read yet
	err     string
	loading bool
	variant int // chosen with a number; 0: the one that counts
	with    int // the diff is from this variant to the other; 0: from the base
	pagers  [tabs_]pager
	docs    [tabs_]doc
	keys    [tabs_]string // what docs were made from

	diff  fetched[string]
	turns fetched[[]agent.Turn]

	log      *logDoc
	logAfter uint64
	logOn    bool
	logStops context.CancelFunc
	logErr   string
	logSeen  uint64 // events of the job when its stream ended; later ones begin it anew
}

// fetched is something that is read once for a key, on the side.
type fetched[T any] struct {
	key   string
	busy  bool
	value T
	err   error
}

type (
	loadMsg struct{ id agent.ID }
	jobMsg  struct {
		id  agent.ID
		job agent.Job
		err error
	}
	diffMsg struct {
		key  string
		text string
		err  error
	}
	turnsMsg struct {
		key   string
		turns []agent.Turn
		err   error
	}
)

// reset looks at another job.
func (d *detail) reset(id agent.ID) {
	d.stopLog()
	*d = detail{tab: d.tab, id: id}
	d.pagers[tabDiff].cursor = true
	d.pagers[tabLog].tail = true
}

func (d *detail) stopLog() {
	if d.logStops != nil {
		d.logStops()
	}
	d.logOn, d.logStops = false, nil
}

// number is the variant that is looked at; 0: there is none.
func (d *detail) number() int {
	if d.job == nil || len(d.job.Variants) == 0 {
		return 0
	}
	if d.variant > 0 && d.variant <= len(d.job.Variants) {
		return d.variant
	}
	return standsFor(d.job)
}

func (d *detail) current() *agent.Variant {
	if n := d.number(); n > 0 {
		return &d.job.Variants[n-1]
	}
	return nil
}

func (d *detail) ref() agent.Ref { return agent.Ref{Job: d.id, Variant: d.number()} }

// prepare has read what the screen needs next, and makes the text of the open tab.
func (m *model) prepare() tea.Cmd {
	d := &m.detail
	if m.list.sel != d.id {
		d.reset(m.list.sel)
	}
	if !m.shows() || d.id == 0 {
		return nil
	}
	var cmds []tea.Cmd
	if r := m.list.table.rows[d.id]; !d.loading && d.err == "" && (d.job == nil || r != nil && r.events > d.job.Events) {
		d.loading = true
		cmds = append(cmds, m.after(settling, loadMsg{d.id}))
	}
	if d.job != nil {
		cmds = append(cmds, m.fetch())
		m.build()
	}
	return tea.Batch(cmds...)
}

// fetch reads what only the open tab needs.
func (m *model) fetch() tea.Cmd {
	d := &m.detail
	switch v := d.current(); {
	case v == nil:
	case d.tab == tabDiff:
		return m.fetchDiff(v)
	case d.tab == tabLog && !d.logOn && m.lost == "" && d.logErr == "" && d.job.Events > d.logSeen:
		if d.log == nil {
			d.log = &logDoc{}
		}
		ctx, stop := context.WithCancel(m.ctx)
		d.logOn, d.logStops = true, stop
		id, after, send, jobs := d.id, d.logAfter, m.send, m.cfg.Jobs
		return func() tea.Msg { followLog(ctx, jobs, id, after, send); return nil }
	case d.tab == tabPrompt:
		key := fmt.Sprint(d.ref(), len(v.Attempts), v.State)
		if d.turns.key == key || d.turns.busy {
			return nil
		}
		d.turns.key, d.turns.busy = key, true
		job, ctx, jobs, n := *d.job, m.ctx, m.cfg.Jobs, d.number()
		return func() tea.Msg {
			turns, err := job.Turns(jobs.Events(ctx, job.ID, 0), n)
			return turnsMsg{key, turns, err}
		}
	}
	return nil
}

func (m *model) fetchDiff(v *agent.Variant) tea.Cmd {
	d, act := &m.detail, m.cfg.Act
	key := fmt.Sprint(d.ref(), " ", v.Commit, " ", d.with)
	if d.diff.key == key || v.Commit == "" || act.Diff == nil {
		return nil
	}
	d.diff = fetched[string]{key: key, busy: true}
	ctx, ref, with := m.ctx, d.ref(), d.with
	return func() (msg tea.Msg) {
		var text string
		var err error
		if with > 0 {
			text, err = act.Between(ctx, ref.Job, with, ref.Variant)
		} else {
			text, err = act.Diff(ctx, ref)
		}
		return diffMsg{key, text, err}
	}
}

// news takes what was read for the detail.
func (d *detail) news(m *model, msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case loadMsg:
		if msg.id != d.id {
			return nil
		}
		ctx, jobs := m.ctx, m.cfg.Jobs
		return func() tea.Msg {
			job, err := jobs.Job(ctx, msg.id)
			return jobMsg{msg.id, job, err}
		}
	case jobMsg:
		if msg.id != d.id {
			return nil
		}
		d.loading = false
		if msg.err != nil {
			d.err = tui.Line(msg.err.Error())
			return nil
		}
		d.job = &msg.job
	case diffMsg:
		if msg.key == d.diff.key {
			d.diff.busy, d.diff.value, d.diff.err = false, msg.text, msg.err
			d.pagers[tabDiff] = pager{cursor: true}
		}
	case turnsMsg:
		if msg.key == d.turns.key {
			d.turns.busy, d.turns.value, d.turns.err = false, msg.turns, msg.err
		}
	case logMsg:
		if msg.id == d.id && d.log != nil && msg.after > d.logAfter {
			d.log.add(msg.batch)
			d.logAfter = msg.after
		}
	case logEndMsg:
		if msg.id == d.id && d.job != nil {
			d.stopLog()
			d.logSeen = d.job.Events
			if msg.err != nil {
				d.logErr = tui.Line(msg.err.Error())
			}
		}
	}
	return nil
}

// build makes the text of the open tab, if what it is made from changed.
func (m *model) build() {
	d := &m.detail
	width := m.detailWidth()
	if d.tab == tabLog {
		if d.log == nil {
			return
		}
		d.log.color, d.log.several = m.color, len(d.job.Variants) > 1
		d.log.choose(d.variant)
		d.docs[tabLog] = d.log
		return
	}
	key := m.buildKey(width)
	if d.keys[d.tab] == key {
		return
	}
	d.keys[d.tab] = key
	d.docs[d.tab] = m.text(d.tab, width)
}

// buildKey says what the open tab is made from. Events of a job come with every line that
// any of its variants prints; what they cannot change is not made anew, and stays folded.
func (m *model) buildKey(width int) string {
	d := &m.detail
	key := fmt.Sprint(width, " ", d.number(), m.color)
	v := d.current()
	switch {
	case v == nil:
	case d.tab == tabDiff:
		return key + fmt.Sprint(d.diff.key, d.diff.busy, v.Commit, v.State, v.Verdict, v.Reason)
	case d.tab == tabPrompt:
		key += fmt.Sprint(d.turns.key, d.turns.busy)
		if d.job.State != agent.Queued { // until then what it asks for can be edited
			return key
		}
	case d.tab == tabAttempts:
		return key + fmt.Sprint(v.State, len(v.Attempts))
	}
	key += fmt.Sprint(d.job.Events)
	if d.job.State == agent.Running && (d.tab == tabSummary || d.tab == tabVariants) {
		key += m.now.Format(time.TimeOnly)
	}
	return key
}

// text is what a tab shows.
func (m *model) text(t tab, width int) doc {
	d := &m.detail
	v := d.current()
	if v == nil {
		return lines{"no variant"}
	}
	switch t {
	case tabVariants:
		return variantsText(m.color, d.job, d.number(), width, m.now)
	case tabDiff:
		return m.diffText(v, width)
	case tabChecks:
		return checksText(m.color, d.job, v, width)
	case tabPrompt:
		l := promptText(m.color, d.job, v, d.turns.value, width)
		if d.turns.err != nil {
			l = append(l, m.color.Bad(tui.Line(d.turns.err.Error())))
		}
		return l
	case tabAttempts:
		return attemptsText(m.color, v, width)
	}
	job := *d.job
	job.Spec.Text = prefix(job.Spec.Text, maxSummary) // of 64 MiB it shows six lines, too
	return summary(m.color, &job, d.variant, width, m.now)
}

func (m *model) diffText(v *agent.Variant, width int) doc {
	d := &m.detail
	switch {
	case v.Commit == "" && v.State != agent.Done:
		return lines{m.color.Dim("no change yet: " + string(v.State))}
	case v.Commit == "":
		return lines{m.color.Dim("no change: " + tui.Words(v.Verdict)), tui.Line(v.Reason)}
	case m.cfg.Act.Diff == nil:
		return lines{m.color.Dim("the change cannot be read from here")}
	case d.diff.busy:
		return lines{m.color.Dim("reading …")}
	case d.diff.err != nil:
		return lines{m.color.Bad("✗ " + tui.Line(d.diff.err.Error())), tui.Line(agent.HintOf(d.diff.err))}
	}
	dd := newDiff(d.diff.value, m.color, width)
	if len(dd.files) == 0 {
		return lines{m.color.Dim("no difference")}
	}
	return dd
}

func (m *model) detailWidth() int {
	if m.wide() {
		return m.width - m.listWidth() - 2
	}
	return m.width
}

// pane is the open tab's text and where it is.
func (m *model) pane() (*pager, doc) {
	d := &m.detail
	p := &d.pagers[d.tab]
	p.width, p.height = m.detailWidth(), max(1, m.bodyHeight()-2)
	if dd := d.docs[d.tab]; dd != nil {
		return p, dd
	}
	return p, lines{}
}

// drawDetail writes the job's head, the tabs, and the open one.
func (m *model) drawDetail(width, height int) []string {
	d := &m.detail
	out := make([]string, 0, height)
	head, r := "", m.list.table.rows[d.id]
	switch {
	case d.err != "":
		head = m.color.Bad("✗ " + d.err)
	case r != nil:
		head = m.color.Bold(r.id.String()) + "  " + m.color.sgr(standingCode(r), r.stands) + "  " + m.what(r, width)
	case d.id == 0:
		head = m.color.Dim("no job")
	}
	out = append(out, fit(head, width), fit(m.tabLine(), width))
	p, text := m.pane()
	p.width, p.height = width, max(1, height-2)
	if d.id != 0 && d.job == nil && d.err == "" {
		text = lines{m.color.Dim("reading …")}
	}
	return append(out, p.draw(text, m.color, m.open)...)[:height]
}

// place says where in the open tab the screen is.
func (d *detail) place(m *model) string {
	p, text := m.pane()
	where := p.percent(text)
	switch dd := text.(type) {
	case *diffDoc:
		where = dd.where(p.at) + " · " + where
		if d.with > 0 {
			where = fmt.Sprintf("from /%d to /%d · ", d.with, d.number()) + where
		}
	case *logDoc:
		if p.tail {
			where = "following"
		}
		where = tui.Count(dd.Len(), "line") + " · " + where
		if d.logErr != "" {
			where = "✗ " + d.logErr
		} else if note := dd.note(); note != "" {
			where += " · " + note
		}
	}
	if p.find != "" {
		where = "/" + tui.Line(p.find) + " · " + where
	}
	return where
}
