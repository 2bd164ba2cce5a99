package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
)

type editOptions struct {
	*app
	id   agent.ID
	json bool
}

func newEditCmd(a *app) *cobra.Command {
	o := &editOptions{app: a}
	cmd := &cobra.Command{
		Use:   "edit ID",
		Short: "Change a job that has not begun",
		Long: `Change what a waiting job asks for, in your editor: its text, and when its turn comes.
The job is held meanwhile, so that it does not begin under your hands.`,
		Example: "  agent edit 12\n  EDITOR='code --wait' agent edit 12",
		Args:    args(1, 1, "a job's id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ids, err := jobIDs(args)
			if err != nil {
				return err
			}
			o.id = ids[0]
			return runEdit(cmd.Context(), o)
		},
		ValidArgsFunction: a.completeJobs(openJob),
	}
	addJSON(cmd, &o.json)
	return exits(cmd, talking)
}

func runEdit(ctx context.Context, o *editOptions) error {
	jobs, err := o.jobs(ctx)
	if err != nil {
		return err
	}
	job, err := jobs.Job(ctx, o.id)
	if err != nil {
		return err
	}
	if !utf8.ValidString(job.Spec.Text) {
		return agent.Errorf(agent.Invalid, "the text of job %s is not valid UTF-8, which an editor would change", o.id).
			WithHint(fmt.Sprintf("agent cancel %s, and ask for it again", o.id))
	}
	if err := job.Editable(); err != nil { // before anything is written in vain
		return err
	}
	spec := job.Spec
	if !spec.Hold {
		held, err := jobs.Change(ctx, o.id, agent.Change{Op: agent.OpHold, By: o.user()})
		if err != nil {
			return err
		}
		if err := held.Editable(); err != nil { // it began just before
			_, back := jobs.Change(ctx, o.id, agent.Change{Op: agent.OpRelease, By: o.user()})
			return errors.Join(err, back)
		}
	}
	if job, err = o.ask(ctx, jobs, spec); err != nil {
		if _, back := o.set(context.WithoutCancel(ctx), jobs, spec); back != nil {
			o.say("job %s stays held: %v", o.id, back)
		}
		return err
	}
	if o.json {
		return o.printJSON(newJobDoc(job))
	}
	fmt.Fprintf(o.out, "job %s changed: %s\n", o.id, oneLine(job.Spec.Title))
	return nil
}

// ask lets a person edit the Spec until it can be set. A mistake in it is shown in the
// editor again: nothing that was written is lost over it. The same text twice is a
// person who gives up.
func (o *editOptions) ask(ctx context.Context, jobs agent.Jobs, spec agent.Spec) (agent.Job, error) {
	form := editForm(spec)
	for {
		text, err := o.edited(ctx, "JOB.md", form)
		if err != nil {
			return agent.Job{}, err
		}
		next, err := readForm(text, spec, o.now())
		if err == nil {
			var job agent.Job
			if job, err = o.set(ctx, jobs, next); err == nil {
				return job, nil
			}
		}
		if text == form {
			return agent.Job{}, err
		}
		form = text
		if first, rest, ok := strings.Cut(text, "\n"); ok && strings.HasPrefix(first, wrongMark) {
			form = rest
		}
		form = wrongMark + oneLine(err.Error()) + "\n" + form
	}
}

// wrongMark begins the line that says what is wrong with the rest.
const wrongMark = "# wrong: "

func (o *editOptions) set(ctx context.Context, jobs agent.Jobs, spec agent.Spec) (agent.Job, error) {
	return jobs.Change(ctx, o.id, agent.Change{Op: agent.OpEdit, Spec: &spec, Text: spec.Text, By: o.user()})
}

// editForm is a job as a person edits it: what is said of its turn, a line, the text.
func editForm(spec agent.Spec) string {
	var b strings.Builder
	row := func(name, value, about string) {
		fmt.Fprintf(&b, "%-11s %-24s # %s\n", name+":", value, about)
	}
	row("priority", strconv.Itoa(spec.Priority), "jobs of a higher number go first")
	row("group", spec.Group, "whose limit counts; empty: none but the queue's")
	row("labels", strings.Join(spec.Labels, " "), "words to find it by")
	row("after", idList(spec.After), "jobs whose result it starts from")
	before := ""
	if !spec.NotBefore.IsZero() {
		before = spec.NotBefore.Local().Format("2006-01-02 15:04:05")
	}
	row("not before", before, "as in 22:30 or 2026-01-31 06:00")
	row("hold", strconv.FormatBool(spec.Hold), "true: until it is released")
	row("variants", strconv.Itoa(spec.Variants), "results, side by side")
	row("tries", strconv.Itoa(spec.Tries), "how often a maker may correct itself")
	if spec.Kind == agent.Prompt {
		row("makers", strings.Join(spec.Makers, " "), "who makes it, in order of preference")
	}
	fmt.Fprintf(&b, "--- %s: everything below this line, byte for byte\n%s", spec.Kind, spec.Text)
	return b.String()
}

// readForm reads what became of editForm. The job keeps what the form does not show.
func readForm(text string, spec agent.Spec, now time.Time) (agent.Spec, error) {
	cut := strings.Index(text, "\n--- ")
	if cut < 0 {
		return spec, agent.Errorf(agent.Invalid, "the line that begins with --- is gone, so that the text cannot be told from the rest")
	}
	head, rest := text[:cut], text[cut+1:]
	_, body, _ := strings.Cut(rest, "\n")
	if strings.HasSuffix(body, "\n") && !strings.HasSuffix(spec.Text, "\n") {
		body = body[:len(body)-1] // editors end files with a newline
	}
	spec.Text = body
	for n, line := range strings.Split(head, "\n") {
		line, _, _ = strings.Cut(" "+line, " #")
		if strings.TrimSpace(line) == "" {
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		if err := setField(&spec, strings.TrimSpace(name), strings.TrimSpace(value), now); err != nil {
			return spec, agent.Errorf(agent.Invalid, "line %d: %w", n+1, err)
		}
	}
	return spec, nil
}

func setField(spec *agent.Spec, name, value string, now time.Time) (err error) {
	words := strings.FieldsFunc(value, func(r rune) bool { return r == ' ' || r == ',' })
	switch name {
	case "priority":
		spec.Priority, err = strconv.Atoi(value)
	case "group":
		spec.Group = value
	case "labels":
		spec.Labels = words
	case "after":
		spec.After, err = jobIDs(words)
	case "not before":
		spec.NotBefore = time.Time{}
		if value != "" {
			spec.NotBefore, err = parseAt(value, now)
		}
	case "hold":
		spec.Hold, err = strconv.ParseBool(value)
	case "variants":
		spec.Variants, err = strconv.Atoi(value)
	case "tries":
		spec.Tries, err = strconv.Atoi(value)
	case "makers":
		spec.Makers = slices.Clone(words)
	default:
		return fmt.Errorf("there is nothing named %q to change", name)
	}
	if err != nil {
		return fmt.Errorf("%s: %q makes no sense: %w", name, value, err)
	}
	return nil
}
