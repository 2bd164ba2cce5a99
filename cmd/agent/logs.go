package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
	"codeagent.dev/agent/tui"
)

type logsOptions struct {
	*app
	ref          agent.Ref
	follow, json bool
}

func newLogsCmd(a *app) *cobra.Command {
	o := &logsOptions{app: a}
	cmd := &cobra.Command{
		Use:   "logs ID[/VARIANT]",
		Short: "Print what a job did and what its commands printed",
		Long: `Print the history of a job: its steps, and what the maker and the checks printed.

Lines of several variants carry the variant's name. With --json there is one document
a line and an event.`,
		Example: `  agent logs 12
  agent logs 12/2 -f
  agent logs 12 --json | jq -r 'select(.type == "check") | .text'`,
		Args: args(1, 1, "a job's id"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if o.ref, err = agent.ParseRef(args[0]); err != nil {
				return err
			}
			return runLogs(cmd.Context(), o)
		},
		ValidArgsFunction: a.completeRefs(anyJob),
	}
	cmd.Flags().BoolVarP(&o.follow, "follow", "f", false, "go on until the job is done")
	addJSON(cmd, &o.json)
	return exits(cmd, talking)
}

func runLogs(ctx context.Context, o *logsOptions) error {
	jobs, err := o.jobs(ctx)
	if err != nil {
		return err
	}
	job, err := jobs.Job(ctx, o.ref.Job)
	if err != nil {
		return err
	}
	if err := hasVariant(job, o.ref); err != nil {
		return err
	}
	p := logPrinter{out: o.out, raw: !isTerminal(o.out), style: o.style(), named: len(job.Variants) > 1 && o.ref.Variant == 0}
	write := p.write
	if o.json {
		write = func(ev agent.Event) error { return writeEvent(o.out, ev) }
	}
	for ev, err := range jobs.Events(ctx, job.ID, 0) {
		if err != nil {
			return err
		}
		if o.ref.Variant == 0 || ev.Variant == 0 || ev.Variant == o.ref.Variant {
			if err := write(ev); err != nil {
				return err
			}
		}
		if !o.follow && ev.Seq >= job.Events {
			break
		}
	}
	return nil
}

type eventDoc struct {
	header
	agent.Event
}

func writeEvent(w io.Writer, ev agent.Event) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(eventDoc{docHeader, ev})
}

// logPrinter writes events for people. Off a terminal what commands printed is
// written byte for byte.
type logPrinter struct {
	out   io.Writer
	raw   bool
	named bool
	style tui.Style
}

func (p logPrinter) write(ev agent.Event) error {
	text := ev.Text
	if ev.Type.Bulky() {
		return nil // agent show --prompt has it
	}
	switch ev.Type {
	case agent.EventOutput, agent.EventCheck:
		if !p.raw {
			text = tui.Clean(text)
		}
	case agent.EventReport: // quotes files, but is ours
		text = tui.Clean(text)
	default:
		text = p.style.Dim(fmt.Sprintf("-- %s  %s", ev.Time.Local().Format("15:04:05"), eventText(ev)))
	}
	prefix := ""
	if p.named && ev.Variant > 0 {
		prefix = p.style.Dim(agent.Ref{Job: ev.Job, Variant: ev.Variant}.String()+" |") + " "
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(prefix + strings.TrimSuffix(line, "\n") + "\n")
	}
	_, err := io.WriteString(p.out, b.String())
	return err
}

func eventText(ev agent.Event) string {
	text := tui.Line(ev.Text)
	switch {
	case ev.Type == agent.EventStep:
		return text
	case text == "":
		return string(ev.Type)
	}
	return string(ev.Type) + ": " + text
}
