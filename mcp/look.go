package mcp

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"unicode/utf8"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"codeagent.dev/agent"
)

// addLooks adds the tools that change nothing.
func (s *service) addLooks(server *mcp.Server) {
	add(s, server, &mcp.Tool{
		Name:        "list",
		Description: "List jobs, newest first: state, verdict, title and the size of each variant.",
		Annotations: reads("List jobs"),
	}, s.list)
	add(s, server, &mcp.Tool{
		Name: "show",
		Description: "Show one job: what was asked for, its verdict and why, every variant with its checks and the end of the output of those that fail, " +
			"a question of the maker.",
		Annotations: reads("Show a job"),
	}, s.show)
	add(s, server, &mcp.Tool{
		Name:        "diff",
		Description: "A result as a patch against the job's base commit, in pages of whole lines. Without a variant it is the one that a person chose, else the best.",
		Annotations: reads("Show a result"),
	}, s.diff)
}

type listIn struct {
	State   string `json:"state,omitempty" jsonschema:"only jobs in this state: queued, running or done"`
	Verdict string `json:"verdict,omitempty" jsonschema:"only jobs with this verdict, such as verified or checks_failed"`
	Repo    string `json:"repo,omitempty" jsonschema:"only jobs of this repository: the absolute path of its work tree"`
	Group   string `json:"group,omitempty" jsonschema:"only jobs of this group; default is that of those without"`
	Label   string `json:"label,omitempty" jsonschema:"only jobs with this label"`
	After   string `json:"after,omitempty" jsonschema:"go on behind the job with this id, the last one of the page before"`
	Limit   int    `json:"limit,omitempty" jsonschema:"at most so many; 20 by default, 100 at most"`
}

type listOut struct {
	Jobs []jobLine `json:"jobs"`
	More bool      `json:"more" jsonschema:"there may be further jobs: ask again with after"`
}

const (
	listJobs = 20
	maxJobs  = 100 // of a page
)

func (s *service) list(ctx context.Context, _ *mcp.CallToolRequest, in listIn) (out listOut, text string, err error) {
	f := agent.Filter{Limit: listJobs}
	if in.Limit != 0 {
		f.Limit = in.Limit
	}
	if f.Limit < 1 || f.Limit > maxJobs {
		return out, "", agent.Errorf(agent.Invalid, "limit %d is not between 1 and %d", f.Limit, maxJobs)
	}
	if in.State != "" {
		f.States = []agent.State{agent.State(in.State)}
	}
	if in.Verdict != "" {
		f.Verdicts = []agent.Verdict{agent.Verdict(in.Verdict)}
	}
	if in.Repo != "" {
		f.Repo = filepath.Clean(in.Repo)
	}
	if in.Group != "" {
		f.Groups = []string{in.Group}
	}
	if in.Label != "" {
		f.Labels = []string{in.Label}
	}
	if in.After != "" {
		ref, err := agent.ParseRef(in.After)
		if err != nil {
			return out, "", err
		}
		f.After = ref.Job
	}
	if err := f.Validate(); err != nil {
		return out, "", err
	}
	jobs, err := s.Jobs(ctx)
	if err != nil {
		return out, "", err
	}
	found, err := jobs.List(ctx, f)
	if err != nil {
		return out, "", err
	}
	out.Jobs = make([]jobLine, 0, len(found))
	var b bytes.Buffer
	for _, job := range found {
		l := lineOf(job)
		out.Jobs = append(out.Jobs, l)
		fmt.Fprintf(&b, "%s\t%s\t%s\n", l.ID, l.standing(), l.Title)
	}
	if out.More = len(found) == f.Limit; len(found) == 0 {
		b.WriteString("no jobs\n")
	}
	return out, b.String(), nil
}

type showIn struct {
	ID string `json:"id" jsonschema:"a job's id, such as 12, or one variant of it, 12/2"`
}

func (s *service) show(ctx context.Context, _ *mcp.CallToolRequest, in showIn) (out jobView, text string, err error) {
	ref, err := agent.ParseRef(in.ID)
	if err != nil {
		return out, "", err
	}
	jobs, err := s.Jobs(ctx)
	if err != nil {
		return out, "", err
	}
	job, err := jobs.Job(ctx, ref.Job)
	if err != nil {
		return out, "", err
	}
	if _, ok := job.Variant(ref.Variant); ref.Variant != 0 && !ok {
		return out, "", agent.Errorf(agent.NotFound, "job %s has %d variants, and no variant %d", ref.Job, len(job.Variants), ref.Variant)
	}
	out = viewOf(job, ref.Variant)
	return out, out.summary(), nil
}

type diffIn struct {
	ID     string `json:"id" jsonschema:"a job's id, such as 12, or one variant of it, 12/2"`
	Names  bool   `json:"names,omitempty" jsonschema:"only which files change, and how much, without the patch"`
	Offset int    `json:"offset,omitempty" jsonschema:"where in the patch to begin: next_offset of the page before"`
}

type diffOut struct {
	Ref     string `json:"ref"`
	Verdict string `json:"verdict"`
	Base    string `json:"base"`
	Commit  string `json:"commit"`
	Files   []File `json:"files" jsonschema:"at most 200"`
	Count   int    `json:"file_count"`
	Added   int    `json:"added"`
	Removed int    `json:"removed"`

	Patch  string `json:"patch,omitempty"`
	Bytes  int    `json:"bytes" jsonschema:"of the whole patch"`
	Next   int    `json:"next_offset,omitempty" jsonschema:"set when the patch goes on"`
	Broken bool   `json:"not_utf8,omitempty" jsonschema:"the patch has bytes that are no UTF-8 text and were replaced: it cannot be applied as it stands here"`
}

const (
	maxPatch = 48 << 10 // bytes of a patch in one answer
	maxFiles = 200
)

func (s *service) diff(ctx context.Context, _ *mcp.CallToolRequest, in diffIn) (out diffOut, text string, err error) {
	ref, err := agent.ParseRef(in.ID)
	if err != nil {
		return out, "", err
	}
	d, err := s.Diff(ctx, ref)
	if err != nil {
		return out, "", err
	}
	if in.Offset < 0 || in.Offset > len(d.Text) {
		return out, "", agent.Errorf(agent.Invalid, "offset %d is not in the patch, which has %d bytes", in.Offset, len(d.Text))
	}
	v := d.Variant
	out = diffOut{
		Ref: agent.Ref{Job: d.Job.ID, Variant: v.Number}.String(), Verdict: string(v.Verdict), Base: d.Job.From(), Commit: v.Commit,
		Files: d.Files[:min(len(d.Files), maxFiles)], Count: len(d.Files), Added: v.Stat.Added, Removed: v.Stat.Removed, Bytes: len(d.Text),
	}
	text = fmt.Sprintf("%s is %s: %d files, +%d -%d", out.Ref, out.Verdict, out.Count, out.Added, out.Removed)
	if in.Names {
		return out, text, nil
	}
	page := pageOf(d.Text[in.Offset:], maxPatch)
	out.Patch, out.Broken = string(page), !utf8.Valid(page)
	if end := in.Offset + len(page); end < len(d.Text) {
		out.Next = end
		text += fmt.Sprintf("; bytes %d to %d of %d, go on with offset %d", in.Offset, end, len(d.Text), end)
	}
	return out, text + "\n\n" + out.Patch, nil
}

// pageOf is the start of text, cut behind a line's end where it is longer than most.
func pageOf(text []byte, most int) []byte {
	if len(text) <= most {
		return text
	}
	if end := bytes.LastIndexByte(text[:most], '\n'); end >= 0 {
		return text[:end+1]
	}
	end := most
	for end > most-utf8.UTFMax && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}
