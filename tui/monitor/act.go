package monitor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"codeagent.dev/agent"
	"codeagent.dev/agent/tui"
)

// run does something on the side and says what it brought.
func (m *model) run(f func(ctx context.Context) (string, error)) tea.Cmd {
	m.busy++
	ctx := m.ctx
	return func() tea.Msg {
		text, err := f(ctx)
		return saidMsg{text: text, err: err}
	}
}

// each does something to several, goes on behind what fails, and says what became of
// them: what is said of the only one, else how many and the first error.
func (m *model) each(n int, done string, f func(ctx context.Context, i int) (string, error)) tea.Cmd {
	return m.run(several(n, done, f))
}

// several is each as one function.
func several(n int, done string, f func(ctx context.Context, i int) (string, error)) func(ctx context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		var said string
		var first error
		good := 0
		for i := range n {
			text, err := f(ctx, i)
			if err == nil {
				good, said = good+1, text
			} else if first == nil {
				first = err
			}
		}
		switch {
		case n == 1 && first != nil:
			return "", first
		case n == 1:
			return said, nil
		}
		return fmt.Sprintf("%s %d of %d", done, good, n), first
	}
}

// confirm asks before something is done.
func (m *model) confirm(text string, yes func() tea.Cmd) tea.Cmd {
	m.ask = &question{text: text, yes: yes}
	return nil
}

// names lists jobs for a question, with the title of an only one.
func (m *model) names(ids []agent.ID) string {
	const most = 12
	if len(ids) == 1 {
		text := "job " + ids[0].String()
		if r := m.list.table.rows[ids[0]]; r != nil {
			text += ", " + string(r.state) + ": " + r.title
		}
		return text
	}
	var names []string
	for _, id := range ids[:min(len(ids), most)] {
		names = append(names, id.String())
	}
	text := fmt.Sprintf("%d jobs: %s", len(ids), strings.Join(names, ", "))
	if len(ids) > most {
		text += fmt.Sprintf(" and %d more", len(ids)-most)
	}
	return text
}

// change does one thing to the jobs in the queue. What cannot be taken back or takes a
// limit off, and everything that is done to several, is asked for.
func (m *model) change(op agent.Op, verb, done string) tea.Cmd {
	ids := m.targets()
	if len(ids) == 0 {
		return m.fail("no job to %s", verb)
	}
	do := func() tea.Cmd {
		jobs, by := m.cfg.Jobs, m.cfg.By
		return m.each(len(ids), done, func(ctx context.Context, i int) (string, error) {
			_, err := jobs.Change(ctx, ids[i], agent.Change{Op: op, By: by})
			return done + " " + ids[i].String(), err
		})
	}
	if op == agent.OpCancel || op == agent.OpRemove || op == agent.OpStart || op == agent.OpApprove || len(ids) > 1 {
		text := verb + " " + m.names(ids)
		if op == agent.OpRemove {
			text += "; its results, log and refs go"
		}
		return m.confirm(text+"?", do)
	}
	return do()
}

// result is a variant that can be delivered, and how large it is.
type result struct {
	ref  agent.Ref
	size agent.Stat
	into string
	note string
}

// results reads what of the targets can be delivered. The variant is the one looked at
// when the only target is, else the one that counts.
func (m *model) results(then func(rs []result) tea.Cmd) tea.Cmd {
	ids, d := m.targets(), &m.detail
	slices.Sort(ids) // what was asked for first goes in first
	if len(ids) == 0 {
		return m.fail("no job")
	}
	variant := 0
	if len(ids) == 1 && ids[0] == d.id && d.job != nil {
		variant = d.variant
	}
	m.busy++
	ctx, jobs, into, typed := m.ctx, m.cfg.Jobs, m.cfg.Act.Into, m.typedKeys
	return func() tea.Msg {
		var rs []result
		for _, id := range ids {
			job, err := jobs.Job(ctx, id)
			if err != nil {
				return saidMsg{err: err}
			}
			n := variant
			if n == 0 {
				n = job.Chosen()
			}
			if n == 0 {
				n = agent.Rank(job.Variants)[0] // best of those that have none: it says why
			}
			v, ok := job.Variant(n)
			if !ok || v.Commit == "" {
				return saidMsg{err: agent.Errorf(agent.WrongState, "%s has no result", agent.Ref{Job: id, Variant: n})}
			}
			r := result{ref: agent.Ref{Job: id, Variant: n}, size: v.Stat, into: tui.Line(job.Spec.Repo)}
			if into != nil {
				r.into = tui.Line(into(job))
			}
			if v.Verdict != agent.Verified {
				r.note = " (" + tui.Words(v.Verdict) + ")"
			} else if v.Reason != "" {
				r.note = " (verified, but " + tui.Line(v.Reason) + ")"
			}
			rs = append(rs, r)
		}
		return resultsMsg{rs, typed, then}
	}
}

type resultsMsg struct {
	results []result
	typed   int // keys that were typed when it was asked for
	then    func(rs []result) tea.Cmd
}

func (m *model) apply() tea.Cmd {
	if m.cfg.Act.Apply == nil {
		return m.fail("nothing can be applied from here")
	}
	return m.results(func(rs []result) tea.Cmd {
		var parts []string
		for _, r := range rs {
			parts = append(parts, fmt.Sprintf("apply %s%s: %s, +%d -%d, into %s",
				r.ref, r.note, tui.Count(r.size.Files, "file"), r.size.Added, r.size.Removed, r.into))
		}
		return m.confirm(strings.Join(parts, "\n")+"?", func() tea.Cmd {
			doing := "applying " + rs[0].ref.String()
			if len(rs) > 1 {
				doing = fmt.Sprintf("applying %d results", len(rs))
			}
			left := m.ctx
			return m.runWhole(doing, several(len(rs), "applied", func(ctx context.Context, i int) (string, error) {
				if left.Err() != nil {
					return "", left.Err() // what has begun ends whole, and nothing more begins
				}
				return m.cfg.Act.Apply(ctx, rs[i].ref)
			}))
		})
	})
}

func (m *model) branch() tea.Cmd {
	if m.cfg.Act.Branch == nil {
		return m.fail("no branch can be made from here")
	}
	return m.results(func(rs []result) tea.Cmd {
		if len(rs) != 1 {
			return m.fail("a branch is made of one result")
		}
		r := rs[0]
		m.input = &input{title: fmt.Sprintf("branch of %s%s: ", r.ref, r.note), text: newField("agent/" + r.ref.Job.String()),
			done: func(name string) tea.Cmd {
				if name = strings.TrimSpace(name); name == "" {
					return m.fail("a branch needs a name")
				}
				return m.runWhole("making branch "+name, func(ctx context.Context) (string, error) { return m.cfg.Act.Branch(ctx, r.ref, name) })
			}}
		return nil
	})
}

// one is the only target, as the variant that is looked at.
func (m *model) one(verb string) (agent.Ref, bool) {
	ids := m.targets()
	if len(ids) != 1 {
		m.fail("%s one job", verb)
		return agent.Ref{}, false
	}
	ref := agent.Ref{Job: ids[0]}
	if m.detail.id == ids[0] && m.detail.job != nil {
		ref.Variant = m.detail.variant
	}
	return ref, true
}

func (m *model) undo() tea.Cmd {
	ref, ok := m.one("undo a delivery of")
	switch {
	case !ok:
		return nil
	case m.cfg.Act.Undo == nil:
		return m.fail("nothing can be undone from here")
	}
	return m.confirm("undo the last delivery of job "+ref.Job.String()+"?", func() tea.Cmd {
		return m.runWhole("undoing "+ref.Job.String(), func(ctx context.Context) (string, error) {
			return m.cfg.Act.Undo(ctx, agent.Ref{Job: ref.Job})
		})
	})
}

func (m *model) openIt() tea.Cmd {
	ref, ok := m.one("open")
	switch {
	case !ok:
		return nil
	case m.cfg.Act.Open == nil:
		return m.fail("nothing can be opened from here")
	}
	return m.run(func(ctx context.Context) (string, error) { return m.cfg.Act.Open(ctx, ref) })
}

func (m *model) pick() tea.Cmd {
	ref, ok := m.one("pick a variant of")
	if !ok {
		return nil
	}
	if ref.Variant == 0 {
		if m.detail.id != ref.Job || m.detail.number() == 0 {
			return m.fail("open the job and choose a variant by its number")
		}
		ref.Variant = m.detail.number()
	}
	return m.run(func(ctx context.Context) (string, error) {
		_, err := m.cfg.Jobs.Change(ctx, ref.Job, agent.Change{Op: agent.OpPick, Variant: ref.Variant, By: m.cfg.By})
		return "picked " + ref.String(), err
	})
}

// revise asks what should be different, or for the answer to a maker's question.
func (m *model) revise() tea.Cmd {
	ref, ok := m.one("revise")
	if !ok {
		return nil
	}
	title := "revise " + ref.String() + ": "
	if r := m.list.table.rows[ref.Job]; r != nil && r.verdict == agent.NeedsInput {
		title = "answer " + ref.String() + ": "
	}
	m.input = &input{title: title, long: true, done: func(text string) tea.Cmd {
		if strings.TrimSpace(text) == "" {
			return m.fail("nothing was said")
		}
		return m.run(func(ctx context.Context) (string, error) {
			job, err := m.cfg.Jobs.Change(ctx, ref.Job, agent.Change{Op: agent.OpRevise, Variant: ref.Variant, Text: text, By: m.cfg.By})
			return fmt.Sprintf("%s is made", agent.Ref{Job: ref.Job, Variant: len(job.Variants)}), err
		})
	}}
	return nil
}

// yank copies through the terminal, so that it works over SSH as well.
func (m *model) yank() tea.Cmd {
	d := &m.detail
	if m.open && d.tab == tabDiff && d.diff.value != "" {
		m.tell("copied the diff of %s, %s", d.ref(), tui.Bytes(int64(len(d.diff.value))))
		return tea.SetClipboard(d.diff.value)
	}
	ids := m.targets()
	if len(ids) == 0 {
		return nil
	}
	text := ids[0].String()
	if m.open && len(ids) == 1 && d.variant > 0 && ids[0] == d.id {
		text = d.ref().String()
	}
	for _, id := range ids[1:] {
		text += " " + id.String()
	}
	m.tell("copied %s", text)
	return tea.SetClipboard(text)
}
