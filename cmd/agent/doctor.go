package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
	"codeagent.dev/agent/tui"
)

type doctorOptions struct {
	*app
	json bool
}

func newDoctorCmd(a *app) *cobra.Command {
	o := &doctorOptions{app: a}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look for what keeps this from working",
		Long: `Look at git, the settings, the state directory and the daemon, and say what keeps jobs
from working and what helps. Nothing is changed and no daemon is started.`,
		Example: "  agent doctor\n  agent doctor --json | jq '.findings[] | select(.level != \"ok\")'",
		Args:    args(0, 0, ""),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runDoctor(cmd.Context(), o) },
	}
	addJSON(cmd, &o.json)
	return exits(cmd)
}

// level is how bad a finding is. Only a problem keeps jobs from working.
type level string

const (
	levelOK      level = "ok"
	levelNote    level = "note"
	levelProblem level = "problem"
)

// finding is what one look found.
type finding struct {
	What  string `json:"what"`
	Level level  `json:"level"`
	Text  string `json:"text"`
	Hint  string `json:"hint,omitempty"`
}

func fine(format string, args ...any) finding {
	return finding{Level: levelOK, Text: fmt.Sprintf(format, args...)}
}

func note(hint, format string, args ...any) finding {
	return finding{Level: levelNote, Text: fmt.Sprintf(format, args...), Hint: hint}
}

func problem(hint, format string, args ...any) finding {
	return finding{Level: levelProblem, Text: fmt.Sprintf(format, args...), Hint: hint}
}

// failing is a finding made of an error.
func failing(err error) finding { return problem(agent.HintOf(err), "%s", err) }

func runDoctor(ctx context.Context, o *doctorOptions) error {
	looks := []struct {
		what string
		look func(context.Context) finding
	}{
		{"git", o.lookGit}, {"identity", o.lookIdentity}, {"shell", o.lookShell}, {"settings", o.lookSettings},
		{"state", o.lookState}, {"disk", o.lookDisk}, {"queue", o.lookQueue}, {"socket", o.lookSocket}, {"daemon", o.lookDaemon},
		{"path", o.lookPath}, {"repository", o.lookRepository}, {"leftovers", o.lookLeftovers}, {"makers", o.lookMakers},
	}
	var found []finding
	problems := 0
	over := o.doing("looking")
	for i, l := range looks {
		o.busy.Step(i, len(looks), l.what)
		f := l.look(ctx)
		f.What = l.what
		found = append(found, f)
		if f.Level == levelProblem {
			problems++
		}
	}
	over()
	if err := o.report(found, problems == 0); err != nil {
		return err
	}
	if problems > 0 {
		return fmt.Errorf("%s", tui.Count(problems, "problem"))
	}
	return nil
}

func (o *doctorOptions) report(found []finding, ok bool) error {
	if o.json {
		return o.printJSON(struct {
			header
			OK       bool      `json:"ok"`
			Findings []finding `json:"findings"`
		}{docHeader, ok, found})
	}
	s, t := o.style(), tui.Table{}
	for _, f := range found {
		mark := s.Good("✓ ok")
		switch f.Level {
		case levelNote:
			mark = s.Warn("! note")
		case levelProblem:
			mark = s.Bad("✗ problem")
		}
		t.Add(mark, f.What, oneLine(f.Text))
		if f.Hint != "" {
			t.Add("", "", s.Dim("hint: "+oneLine(f.Hint)))
		}
	}
	return t.Write(o.out, s, 0)
}
