package tui

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"codeagent.dev/agent"
)

// Follow shows the jobs live in place, one line a variant, until all are Done, and
// then leaves the table of their verdicts behind. It returns the jobs as they are
// then. out must be a terminal; elsewhere use Progress.
//
// It reads no keys, so the terminal stays in its ordinary mode: an interrupt
// arrives as a signal, which the caller turns into the end of ctx. The view is
// cleared and the cursor is back whichever way it ends.
func Follow(ctx context.Context, jobs agent.Jobs, ids []agent.ID, out io.Writer, s Style) ([]agent.Job, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	m := newLive(s, ids)
	p := tea.NewProgram(m, tea.WithInput(nil), tea.WithOutput(out), tea.WithFPS(20), tea.WithoutSignalHandler())
	for _, id := range ids {
		go feed(ctx, jobs, id, p.Send)
	}
	context.AfterFunc(ctx, func() { p.Send(leave{ctx.Err()}) })
	end, err := p.Run()
	if err != nil {
		return nil, err
	}
	last := end.(live)
	if last.err != nil {
		return nil, last.err
	}
	done := make([]agent.Job, len(ids))
	for i, id := range ids {
		done[i] = last.jobs[id]
	}
	return done, WriteVerdicts(out, s, last.width, time.Now(), done...)
}

type (
	jobNow  struct{ job agent.Job } // a job as it is now
	jobDone struct{ job agent.Job } // the same, and no more will come
	stepped struct{ ev agent.Event }
	leave   struct{ err error }
	tick    time.Time
)

// feed tells the view what becomes of one job. All reading happens here, none in
// Update.
func feed(ctx context.Context, jobs agent.Jobs, id agent.ID, send func(tea.Msg)) {
	job, err := jobs.Job(ctx, id)
	if err == nil {
		send(jobNow{slim(job)})
		err = eachEvent(ctx, jobs, id, func(ev agent.Event) {
			switch {
			case ev.Type == agent.EventStep:
				send(stepped{ev})
			case ev.Seq > job.Events && Changes(ev.Type):
				if now, err := jobs.Job(ctx, id); err == nil {
					job = now
					send(jobNow{slim(now)})
				}
			}
		})
	}
	if err == nil {
		job, err = jobs.Job(ctx, id)
	}
	if err != nil {
		send(leave{err})
		return
	}
	send(jobDone{slim(job)})
}

// slim drops the text, which can be 64 MiB and is not shown.
func slim(job agent.Job) agent.Job {
	job.Spec.Text = ""
	return job
}

// live is the model of Follow.
type live struct {
	style  Style
	ids    []agent.ID
	jobs   map[agent.ID]agent.Job
	steps  map[agent.Ref]string
	done   map[agent.ID]bool
	now    time.Time
	width  int
	height int
	err    error
	ended  bool
}

func newLive(s Style, ids []agent.ID) live {
	return live{
		style: s, ids: ids, now: time.Now(), width: 80, height: 24,
		jobs: map[agent.ID]agent.Job{}, steps: map[agent.Ref]string{}, done: map[agent.ID]bool{},
	}
}

// Init implements tea.Model.
func (m live) Init() tea.Cmd { return nextTick() }

func nextTick() tea.Cmd {
	return tea.Tick(time.Second, func(t time.Time) tea.Msg { return tick(t) })
}

// Update implements tea.Model. The maps are shared by the copies of m, which Bubble
// Tea uses one after the other.
func (m live) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tick:
		m.now = time.Time(msg)
		return m, nextTick()
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case jobNow:
		m.jobs[msg.job.ID], m.now = msg.job, time.Now()
	case stepped:
		m.steps[agent.Ref{Job: msg.ev.Job, Variant: msg.ev.Variant}] = Line(msg.ev.Text)
	case jobDone:
		m.jobs[msg.job.ID], m.done[msg.job.ID] = msg.job, true
		if len(m.done) == len(m.ids) {
			m.ended = true
			return m, tea.Quit
		}
	case leave:
		if !m.ended {
			m.err, m.ended = msg.err, true
		}
		return m, tea.Quit
	}
	return m, nil
}

// View implements tea.Model.
func (m live) View() tea.View {
	if m.ended {
		return tea.NewView("")
	}
	return tea.NewView(m.screen())
}

// screen draws every variant that fits; those that are Done go first when it does not.
func (m live) screen() string {
	t := Table{}
	var hidden int
	room := max(m.height-2, 1)
	for _, id := range m.ids {
		job, known := m.jobs[id]
		if !known {
			continue
		}
		for _, v := range job.Variants {
			t.Add(m.row(job, v)...)
		}
	}
	if extra := len(t.Rows) - room; extra > 0 {
		t.Rows, hidden = m.shorten(t.Rows, extra)
	}
	var b strings.Builder
	if err := t.Write(&b, m.style, m.width); err != nil {
		return err.Error()
	}
	if hidden > 0 {
		b.WriteString(m.style.Dim("… "+Count(hidden, "more line")) + "\n")
	}
	return strings.TrimRight(b.String(), "\n")
}

// shorten leaves out rows so that the view fits the terminal: finished ones first.
func (m live) shorten(rows [][]string, extra int) (kept [][]string, hidden int) {
	for _, row := range rows {
		if hidden < extra && row[doneCell] != "" {
			hidden++
			continue
		}
		kept = append(kept, row)
	}
	if over := len(kept) - (len(rows) - extra); over > 0 {
		kept, hidden = kept[:len(kept)-over], hidden+over
	}
	return kept, hidden
}

// doneCell is the column that is only filled once a variant is Done.
const doneCell = 3

func (m live) row(job agent.Job, v agent.Variant) []string {
	ref := agent.Ref{Job: job.ID, Variant: v.Number}
	size, says := "", ""
	switch {
	case v.State == agent.Done && v.Commit != "":
		size, says = Size(v.Stat), why(job, v)
	case v.State == agent.Done:
		size, says = "no commit", why(job, v)
	case v.State == agent.Running:
		says = m.steps[ref]
	case job.State == agent.Queued:
		says = Line(job.Spec.Title)
	}
	return []string{ref.String(), m.style.Standing(v.State, v.Verdict), elapsed(v, m.now), size, says}
}

// ErrLeft reports whether err only says that the watching was ended, not the jobs.
func ErrLeft(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
