package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"codeagent.dev/agent"
	"codeagent.dev/agent/patch"
	"codeagent.dev/agent/tui"
)

type diffOptions struct {
	*app
	ref                  agent.Ref
	stat, nameOnly, json bool
}

func newDiffCmd(a *app) *cobra.Command {
	o := &diffOptions{app: a}
	cmd := &cobra.Command{
		Use:   "diff ID[/VARIANT]",
		Short: "Print a result as a patch",
		Long: `Print a result as a patch that "git apply" takes, against the job's base commit.

Without a variant it is the picked one, else the proposed one. Colour and a pager are
used on a terminal only.`,
		Example: `  agent diff 12
  agent diff 12/2 --stat
  agent diff 12 | git apply --check`,
		Args: args(1, 1, "a job's id"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if o.ref, err = agent.ParseRef(args[0]); err != nil {
				return err
			}
			return runDiff(cmd.Context(), o)
		},
		ValidArgsFunction: a.completeJobs(resultJob),
	}
	cmd.Flags().BoolVar(&o.stat, "stat", false, "print the files and how much changes in each")
	cmd.Flags().BoolVar(&o.nameOnly, "name-only", false, "print the names of the files")
	addJSON(cmd, &o.json)
	exclusive(cmd, "stat", "name-only", "json")
	return exits(cmd, talking, results)
}

func runDiff(ctx context.Context, o *diffOptions) error {
	jobs, err := o.jobs(ctx)
	if err != nil {
		return err
	}
	r, err := o.openResult(ctx, jobs, o.ref)
	if err != nil {
		return err
	}
	if !o.stat && !o.nameOnly && !o.json {
		if r.variant.Verdict != agent.Verified {
			o.say("%s is %s: %s", r.Ref(), tui.Words(r.variant.Verdict), tui.Explain(r.variant.Verdict))
		}
		return o.paged(func(w io.Writer) error {
			if s := o.style(); s.Color {
				w = &diffPainter{to: w, style: s}
			}
			return r.repo.Diff(ctx, r.job.From(), r.variant.Commit, w)
		})
	}
	_, files, err := r.diff(ctx)
	if err != nil {
		return err
	}
	return o.files(r, files)
}

// diff is the result as a patch, and its files.
func (r result) diff(ctx context.Context) ([]byte, []fileDoc, error) {
	var text bytes.Buffer
	if err := r.repo.Diff(ctx, r.job.From(), r.variant.Commit, &text); err != nil {
		return nil, nil, err
	}
	files, err := changedFiles(text.Bytes())
	return text.Bytes(), files, err
}

// fileDoc is one changed file.
type fileDoc struct {
	Path    string `json:"path"`
	Old     string `json:"old,omitempty"` // of a renamed file
	Op      string `json:"op"`
	Added   int    `json:"added"`
	Removed int    `json:"removed"`
	Binary  bool   `json:"binary,omitempty"`
}

type diffDoc struct {
	header
	Job     agent.ID      `json:"job"`
	Variant int           `json:"variant"`
	Verdict agent.Verdict `json:"verdict"`
	Base    string        `json:"base"`
	Commit  string        `json:"commit"`
	Stat    agent.Stat    `json:"stat"`
	Files   []fileDoc     `json:"files"`
}

func (o *diffOptions) files(r result, files []fileDoc) error {
	if o.json {
		return o.printJSON(diffDoc{docHeader, r.job.ID, r.variant.Number, r.variant.Verdict, r.job.From(), r.variant.Commit, r.variant.Stat, files})
	}
	s, t := o.style(), tui.Table{}
	for _, f := range files {
		name := f.Path
		if isTerminal(o.out) {
			name = tui.Line(name)
		}
		if o.nameOnly {
			fmt.Fprintln(o.out, name)
			continue
		}
		size := s.Added(fmt.Sprintf("+%d", f.Added)) + " " + s.Removed(fmt.Sprintf("-%d", f.Removed))
		if f.Binary {
			size = "binary"
		}
		t.Add(tui.Line(name), f.Op, size)
	}
	if err := t.Write(o.out, s, o.width()); err != nil || o.nameOnly {
		return err
	}
	_, err := fmt.Fprintf(o.out, "%s, %s\n", tui.Size(r.variant.Stat), tui.Words(r.variant.Verdict))
	return err
}

// diffPainter colours a diff line by line.
type diffPainter struct {
	to    io.Writer
	style tui.Style
	lines patch.Classifier
	rest  []byte
}

// Write implements io.Writer. What follows the last line end waits for the next
// call; a diff always ends with one.
func (p *diffPainter) Write(data []byte) (int, error) {
	p.rest = append(p.rest, data...)
	end := bytes.LastIndexByte(p.rest, '\n')
	if end < 0 {
		return len(data), nil
	}
	var b strings.Builder
	for line := range strings.Lines(string(p.rest[:end+1])) {
		b.WriteString(p.paint(strings.TrimSuffix(line, "\n")) + "\n")
	}
	p.rest = append(p.rest[:0], p.rest[end+1:]...)
	if _, err := io.WriteString(p.to, b.String()); err != nil {
		return 0, err
	}
	return len(data), nil
}

func (p *diffPainter) paint(line string) string {
	kind := p.lines.Line([]byte(line + "\n"))
	line = tui.Clean(line)
	switch kind {
	case patch.LineHeader:
		return p.style.Bold(line)
	case patch.LineHunk:
		return p.style.Hunk(line)
	case patch.LineAdded:
		return p.style.Added(line)
	case patch.LineRemoved:
		return p.style.Removed(line)
	}
	return line
}

// changedFiles sums up a patch file by file.
func changedFiles(text []byte) ([]fileDoc, error) {
	p, err := patch.Parse(text)
	if err != nil {
		return nil, err
	}
	files := make([]fileDoc, 0, len(p.Files))
	for _, f := range p.Stat().Files {
		files = append(files, fileDoc{Path: f.Path, Old: f.Old, Op: string(f.Op), Added: f.Added, Removed: f.Removed, Binary: f.Binary})
	}
	return files, nil
}
