package monitor

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"codeagent.dev/agent"
	"codeagent.dev/agent/tui"
)

// hold holds the targets; when all of them are held, it releases them.
func (m *model) hold() tea.Cmd {
	for _, id := range m.targets() {
		if r := m.list.table.rows[id]; r != nil && !r.held {
			return m.change(agent.OpHold, "hold", "held")
		}
	}
	return m.change(agent.OpRelease, "release", "released")
}

// priority raises the targets' priority by step; that of several is asked for.
func (m *model) priority(step int) tea.Cmd {
	var ids []agent.ID
	var to []int
	for _, id := range m.targets() {
		if r := m.list.table.rows[id]; r != nil {
			ids, to = append(ids, id), append(to, r.rank+step)
		}
	}
	if len(ids) == 0 {
		return m.fail("no job")
	}
	jobs, by := m.cfg.Jobs, m.cfg.By
	do := func() tea.Cmd {
		return m.each(len(ids), "moved", func(ctx context.Context, i int) (string, error) {
			_, err := jobs.Change(ctx, ids[i], agent.Change{Op: agent.OpPriority, Priority: to[i], By: by})
			return fmt.Sprintf("priority of %s is %d", ids[i], to[i]), err
		})
	}
	if len(ids) > 1 {
		return m.confirm(fmt.Sprintf("priority %+d for %s?", step, m.names(ids)), do)
	}
	return do()
}

// trade lets two marked jobs change places.
func (m *model) trade() tea.Cmd {
	ids := m.targets()
	if len(ids) != 2 {
		return m.fail("mark two jobs that wait")
	}
	return m.run(func(ctx context.Context) (string, error) {
		_, err := m.cfg.Jobs.Change(ctx, ids[0], agent.Change{Op: agent.OpSwitch, With: ids[1], By: m.cfg.By})
		return fmt.Sprintf("%s and %s traded places", ids[0], ids[1]), err
	})
}

// pause pauses the whole queue and asks why, or resumes it.
func (m *model) pause() tea.Cmd {
	return m.pausing("the queue", "", m.rules.Pause)
}

// pauseGroup does it to the group of the job.
func (m *model) pauseGroup() tea.Cmd {
	r := m.list.table.rows[m.list.sel]
	if r == nil {
		return m.fail("no job")
	}
	g, _ := m.rules.Group(r.group)
	return m.pausing("group "+r.group, r.group, g.Pause)
}

// pausing pauses what is named, or asks whether it should go on: who paused it had a reason.
func (m *model) pausing(what, group string, p *agent.Pause) tea.Cmd {
	if p == nil {
		m.input = &input{title: "pause " + what + ", because: ", done: func(why string) tea.Cmd {
			return m.rule(agent.RuleChange{Op: agent.RulePause, Group: group, Why: strings.TrimSpace(why)}, what+" is paused; what runs goes on")
		}}
		return nil
	}
	because := (&agent.Waiting{For: agent.WaitResume, By: p.By, Why: p.Why}).String()
	return m.confirm(tui.Line("resume "+what+", "+because)+"?", func() tea.Cmd {
		return m.rule(agent.RuleChange{Op: agent.RuleResume, Group: group}, what+" goes on")
	})
}

// parallel asks how many variants may be made at once.
func (m *model) parallel() tea.Cmd {
	m.input = &input{title: "variants at once (0: as many as workers take): ", text: newField(itoa(m.rules.Parallel)), done: func(text string) tea.Cmd {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil {
			return m.fail("%q is no number", text)
		}
		return m.rule(agent.RuleChange{Op: agent.RuleParallel, Limit: n}, fmt.Sprintf("%d at once", n))
	}}
	return nil
}

func (m *model) rule(c agent.RuleChange, said string) tea.Cmd {
	c.By = m.cfg.By
	m.busy++
	ctx, jobs := m.ctx, m.cfg.Jobs
	return func() tea.Msg {
		rules, err := jobs.Rule(ctx, c)
		return ruledMsg{rules, saidMsg{text: said, err: err}}
	}
}

// ruledMsg is the rules after a change of ours.
type ruledMsg struct {
	rules agent.Rules
	said  saidMsg
}

// editJob has the words of a job that waits written anew, in the editor or, without one,
// on the line at the foot.
func (m *model) editJob() tea.Cmd {
	ref, ok := m.one("edit")
	if !ok {
		return nil
	}
	m.busy++
	ctx, jobs, typed := m.ctx, m.cfg.Jobs, m.typedKeys
	return func() tea.Msg {
		job, err := jobs.Job(ctx, ref.Job)
		if err != nil {
			return saidMsg{err: err}
		}
		return editJobMsg{job, typed}
	}
}

type editJobMsg struct {
	job   agent.Job
	typed int // as resultsMsg has it
}

func (m *model) writeAnew(job agent.Job) tea.Cmd {
	if job.State != agent.Queued {
		return m.fail("job %s has begun, and can no longer be edited", job.ID)
	}
	save := func(m *model, text string, err error) tea.Cmd {
		if err != nil {
			return m.fail("job %s stays as it was: %v", job.ID, err)
		}
		if text == strings.TrimRight(job.Spec.Text, "\n") {
			return m.note("job %s stays as it was", job.ID)
		}
		return m.run(func(ctx context.Context) (string, error) {
			_, err := m.cfg.Jobs.Change(ctx, job.ID, agent.Change{Op: agent.OpEdit, Text: text, Spec: &job.Spec, By: m.cfg.By})
			return "edited " + job.ID.String(), err
		})
	}
	if m.cfg.Act.Editor != nil {
		return m.edit(job.Spec.Text, save)
	}
	m.input = &input{title: "job " + job.ID.String() + ": ", text: newField(job.Spec.Text),
		done: func(text string) tea.Cmd { return save(m, text, nil) }}
	return nil
}
