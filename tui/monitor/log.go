package monitor

import (
	"context"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"codeagent.dev/agent"
	"codeagent.dev/agent/tui"
)

// Bounds of a log on the screen.
const (
	maxLogLine  = 2000    // bytes of one line; a longer one is split
	maxLogLines = 400_000 // beyond it the oldest are let go
	logBatch    = 2000    // events that reach the screen at once
	logBreath   = 30 * time.Millisecond
)

// logDoc is what the worker, the maker and the checks of a job printed, so far.
type logDoc struct {
	color   paint
	all     []logLine
	shown   []int32 // of all, those of the variant; nil: all of them
	variant int     // 0: all
	several bool    // there are variants to tell apart
	lost    int     // lines let go
}

type logLine struct {
	variant int16
	kind    logKind
	text    string
}

type logKind uint8

const (
	logOutput logKind = iota // of the maker
	logStep                  // what the worker began
	logCheck                 // of a check
	logNews                  // what became of the job
	logReport                // why a patch was not applied
)

func (d *logDoc) Len() int {
	if d.variant > 0 {
		return len(d.shown)
	}
	return len(d.all)
}

func (d *logDoc) line(i int) logLine {
	if d.variant > 0 {
		return d.all[d.shown[i]]
	}
	return d.all[i]
}

func (d *logDoc) Plain(i int) string { l := d.line(i); return d.lead(l) + l.text }

func (d *logDoc) Line(i int) string {
	l := d.line(i)
	lead := d.color.Dim(d.lead(l))
	switch l.kind {
	case logStep:
		return lead + d.color.Bold(l.text)
	case logNews:
		return lead + d.color.sgr("36", l.text)
	case logReport:
		return lead + d.color.Warn(l.text)
	}
	return lead + l.text
}

// lead says whose line it is, where that is not clear.
func (d *logDoc) lead(l logLine) string {
	lead := ""
	if d.several && d.variant == 0 && l.variant > 0 {
		lead = "/" + itoa(int(l.variant)) + " "
	}
	switch l.kind {
	case logStep:
		lead += "▸ "
	case logNews:
		lead = "• " // it says itself whose it is
	case logCheck:
		lead += "| "
	case logReport:
		lead += "! "
	}
	return lead
}

// choose shows one variant's lines; 0: all.
func (d *logDoc) choose(variant int) {
	if variant == d.variant {
		return
	}
	d.variant, d.shown = variant, nil
	for i, l := range d.all {
		if int(l.variant) == variant || l.variant == 0 {
			d.shown = append(d.shown, int32(i))
		}
	}
}

func (d *logDoc) add(batch []logLine) {
	from := len(d.all)
	d.all = append(d.all, batch...)
	if over := len(d.all) - maxLogLines; over > 0 {
		over = min(len(d.all), over+maxLogLines/8) // not at every batch
		d.lost += over
		d.all = append([]logLine(nil), d.all[over:]...)
		variant := d.variant
		d.variant = -1
		d.choose(variant)
		return
	}
	if d.variant > 0 {
		for i := from; i < len(d.all); i++ {
			if v := int(d.all[i].variant); v == d.variant || v == 0 {
				d.shown = append(d.shown, int32(i))
			}
		}
	}
}

// logLines makes an event's text fit to be shown.
func logLines(ev agent.Event) (out []logLine) {
	kind, text := logOutput, ev.Text
	switch ev.Type {
	case agent.EventOutput:
	case agent.EventStep:
		kind = logStep
	case agent.EventCheck:
		kind = logCheck
	case agent.EventReport:
		kind = logReport
	case agent.EventSubmitted:
		kind, text = logNews, "submitted "+ev.Time.Local().Format(time.DateTime)
	case agent.EventClaimed:
		kind, text = logNews, agent.Ref{Job: ev.Job, Variant: ev.Variant}.String()+": taken by "+ev.Text
	default:
		if kind, text = logNews, tui.EventLine(ev); text == "" {
			return nil
		}
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(tui.Clean(text), "\n"), "\n") {
		line = tabs(line)
		for len(line) > maxLogLine {
			cut := maxLogLine
			for cut > maxLogLine-4 && line[cut]&0xC0 == 0x80 {
				cut--
			}
			out = append(out, logLine{int16(ev.Variant), kind, line[:cut]})
			line = line[cut:]
		}
		out = append(out, logLine{int16(ev.Variant), kind, line})
	}
	return out
}

type (
	logMsg struct {
		id    agent.ID
		batch []logLine
		after uint64 // Seq of the last event in it
	}
	logEndMsg struct {
		id  agent.ID
		err error
	}
)

// followLog sends a job's log from the beginning on, and then live, in batches, until the
// job is Done or ctx ends.
func followLog(ctx context.Context, jobs agent.Jobs, id agent.ID, after uint64, send func(tea.Msg)) {
	events := make(chan agent.Event, logBatch)
	failed := make(chan error, 1)
	go func() {
		defer close(events)
		defer guard(send)
		for ev, err := range jobs.Events(ctx, id, after) {
			if err != nil {
				failed <- err
				return
			}
			if ev.Type.Bulky() {
				continue
			}
			select {
			case events <- ev:
			case <-ctx.Done():
				return
			}
		}
	}()
	for ev := range events {
		msg := logMsg{id: id, batch: logLines(ev), after: ev.Seq}
		for open := true; open && len(msg.batch) < logBatch; {
			select {
			case ev, open = <-events:
				if open {
					msg.batch, msg.after = append(msg.batch, logLines(ev)...), ev.Seq
				}
			default:
				open = false
			}
		}
		send(msg)
		if len(events) == 0 {
			rest(ctx, logBreath) // what comes meanwhile goes together
		}
	}
	var err error
	select {
	case err = <-failed:
	default:
	}
	if ctx.Err() == nil {
		send(logEndMsg{id, err})
	}
}

func (d *logDoc) note() string {
	if d.lost > 0 {
		return fmt.Sprintf("the oldest %d lines are left out", d.lost)
	}
	return ""
}
