package mcp

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"codeagent.dev/agent"
)

// addActs adds the tools that do something.
func (s *service) addActs(server *mcp.Server) {
	add(s, server, &mcp.Tool{
		Name: "submit",
		Description: "Ask for a change, with exactly one of text (words, for a model or a coding agent), run (a shell command that edits the files in a checkout) " +
			"and diff (a patch in any common format). Returns at once with the job's id; wait tells the verdict.",
		Annotations: writes("Ask for a change", false, true),
	}, s.submit)
	add(s, server, &mcp.Tool{
		Name:        "wait",
		Description: "Wait until jobs are done and return their verdicts. When the time runs out it returns with done false; the jobs go on, and it can be called again.",
		Annotations: reads("Wait for verdicts"),
	}, s.wait)
	add(s, server, &mcp.Tool{
		Name:        "cancel",
		Description: "End a job that is queued or running.",
		Annotations: writes("Cancel a job", true, false),
	}, s.cancel)
	if s.Apply != nil {
		add(s, server, &mcp.Tool{
			Name: "apply",
			Description: "Put a result into the person's work tree that its job came from: all of it, or nothing when local changes are in the way. " +
				"A result whose checks fail is only taken when its variant is named.",
			Annotations: writes("Apply a result", true, false),
		}, s.apply)
	}
}

type submitIn struct {
	Text string `json:"text,omitempty" jsonschema:"the change in words; say which files and which behaviour"`
	Run  string `json:"run,omitempty" jsonschema:"a shell command that makes the change in a checkout of the base"`
	Diff string `json:"diff,omitempty" jsonschema:"a ready patch: a unified diff, search/replace blocks, whole files or JSON edits"`

	Dir       string   `json:"dir,omitempty" jsonschema:"a directory in the repository; by default where this server was started"`
	Base      string   `json:"base,omitempty" jsonschema:"the revision to start from; HEAD by default"`
	Variants  int      `json:"variants,omitempty" jsonschema:"results to make side by side"`
	Tries     int      `json:"tries,omitempty" jsonschema:"how often a variant may be made anew when it fails"`
	Checks    []string `json:"checks,omitempty" jsonschema:"shell commands that must succeed on the result; by default those of .agent.yaml in the base commit"`
	NoChecks  bool     `json:"no_checks,omitempty" jsonschema:"run no checks: the result is unverified"`
	Paths     []string `json:"paths,omitempty" jsonschema:"only these files and directories may change, named from dir"`
	Makers    []string `json:"makers,omitempty" jsonschema:"who makes it from words, in order of preference; by default as configured"`
	Until     string   `json:"until,omitempty" jsonschema:"verified: the first verified variant stops the others; all by default"`
	MaxTokens int64    `json:"max_tokens,omitempty" jsonschema:"tokens that one variant may use"`
	MaxUSD    float64  `json:"max_usd,omitempty" jsonschema:"US dollars that one variant may cost"`
	Title     string   `json:"title,omitempty" jsonschema:"one line for lists; made from the change by default"`
	Priority  int      `json:"priority,omitempty" jsonschema:"higher is sooner; 0 by default"`
	Group     string   `json:"group,omitempty" jsonschema:"a group that exists, whose limit counts"`
	Labels    []string `json:"labels,omitempty" jsonschema:"for finding it again"`
	After     []string `json:"after,omitempty" jsonschema:"ids of jobs that must have a good result first; it starts from that of the first"`
	Key       string   `json:"key,omitempty" jsonschema:"a second submit with the same key returns the first job"`
}

func (in submitIn) ask() (Ask, error) {
	a := Ask{
		Dir: in.Dir, Base: in.Base, Variants: in.Variants, Tries: in.Tries, Checks: in.Checks, NoChecks: in.NoChecks, Paths: in.Paths,
		Makers: in.Makers, Until: agent.Until(in.Until), MaxTokens: in.MaxTokens, MaxUSD: in.MaxUSD, Key: in.Key,
		Title: in.Title, Priority: in.Priority, Group: in.Group, Labels: in.Labels,
	}
	for _, text := range in.After {
		ref, err := agent.ParseRef(text)
		if err != nil {
			return a, err
		}
		a.After = append(a.After, ref.Job)
	}
	given := 0
	for kind, text := range map[agent.Kind]string{agent.Prompt: in.Text, agent.Command: in.Run, agent.Diff: in.Diff} {
		if strings.TrimSpace(text) != "" {
			a.Kind, a.Text = kind, text
			given++
		}
	}
	if given != 1 {
		return a, agent.Errorf(agent.Invalid, "%d of text, run and diff are given, and exactly one is needed", given)
	}
	return a, nil
}

func (s *service) submit(ctx context.Context, _ *mcp.CallToolRequest, in submitIn) (out jobLine, text string, err error) {
	ask, err := in.ask()
	if err != nil {
		return out, "", err
	}
	spec, err := s.Spec(ctx, ask)
	if err != nil {
		return out, "", err
	}
	jobs, err := s.Jobs(ctx)
	if err != nil {
		return out, "", err
	}
	job, err := jobs.Submit(ctx, spec)
	if err != nil {
		return out, "", err
	}
	out = lineOf(job)
	text = fmt.Sprintf("job %s is %s: %s", out.ID, out.standing(), out.Title)
	if len(job.Spec.Checks) == 0 {
		text += "\nno checks: the result will be unverified"
	}
	return out, text, nil
}

type waitIn struct {
	IDs     []string `json:"ids" jsonschema:"ids of jobs, such as 12; at most 50"`
	Seconds int      `json:"timeout_seconds,omitempty" jsonschema:"60 by default, 3600 at most"`
}

type waitOut struct {
	Done bool      `json:"done" jsonschema:"all of them are"`
	Jobs []jobLine `json:"jobs"`
}

const (
	waitSeconds = 60
	maxSeconds  = 3600
	maxWaits    = 50
)

func (s *service) wait(ctx context.Context, req *mcp.CallToolRequest, in waitIn) (out waitOut, text string, err error) {
	ids, limit, err := in.read()
	if err != nil {
		return out, "", err
	}
	jobs, err := s.Jobs(ctx)
	if err != nil {
		return out, "", err
	}
	for _, id := range ids { // one that does not exist is told at once
		if _, err := jobs.Job(ctx, id); err != nil {
			return out, "", err
		}
	}
	short, stop := context.WithTimeout(ctx, limit)
	defer stop()
	if err := followAll(short, jobs, ids, newTeller(ctx, req)); err != nil && short.Err() == nil {
		return out, "", err
	}
	if ctx.Err() != nil {
		return out, "", ctx.Err()
	}
	out.Done = true
	var b strings.Builder
	for _, id := range ids {
		job, err := jobs.Job(ctx, id)
		if err != nil {
			return out, "", err
		}
		l := lineOf(job)
		out.Jobs, out.Done = append(out.Jobs, l), out.Done && job.State == agent.Done
		fmt.Fprintf(&b, "job %s is %s: %s\n", l.ID, l.standing(), l.Title)
		for _, why := range []string{l.Reason, l.Waits} {
			if why != "" {
				fmt.Fprintf(&b, "  %s\n", why)
			}
		}
	}
	if !out.Done {
		b.WriteString("not all are done: call wait again\n")
	}
	return out, b.String(), nil
}

func (in waitIn) read() (ids []agent.ID, limit time.Duration, err error) {
	if in.Seconds == 0 {
		in.Seconds = waitSeconds
	}
	switch {
	case len(in.IDs) < 1 || len(in.IDs) > maxWaits:
		return nil, 0, agent.Errorf(agent.Invalid, "%d jobs named; 1 to %d are possible", len(in.IDs), maxWaits)
	case in.Seconds < 1 || in.Seconds > maxSeconds:
		return nil, 0, agent.Errorf(agent.Invalid, "timeout_seconds %d is not between 1 and %d", in.Seconds, maxSeconds)
	}
	for _, text := range in.IDs {
		ref, err := agent.ParseRef(text)
		if err != nil {
			return nil, 0, err
		}
		ids = append(ids, ref.Job)
	}
	return ids, time.Duration(in.Seconds) * time.Second, nil
}

// followAll returns when all jobs are Done, or with the first error.
func followAll(ctx context.Context, jobs agent.Jobs, ids []agent.ID, tell func(agent.Event)) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	errs := make([]error, len(ids))
	var all sync.WaitGroup
	for i, id := range ids {
		all.Go(func() {
			for ev, err := range jobs.Events(ctx, id, 0) {
				if err != nil {
					errs[i] = err
					stop()
					return
				}
				tell(ev)
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
	}
	return errors.Join(errs...)
}

// newTeller returns what tells a client that asked for it how its jobs come along. It
// leaves out what was old before the call.
func newTeller(ctx context.Context, req *mcp.CallToolRequest) func(agent.Event) {
	token, begun := req.Params.GetProgressToken(), time.Now()
	if token == nil {
		return func(agent.Event) {}
	}
	var mu sync.Mutex
	told := 0.0
	return func(ev agent.Event) {
		if ev.Type != agent.EventStep && ev.Type != agent.EventFinished || ev.Time.Before(begun) {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		told++
		ref := agent.Ref{Job: ev.Job, Variant: ev.Variant}
		// One that cannot be told is a client that has gone: the call's ctx ends then.
		_ = req.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{
			ProgressToken: token, Progress: told, Message: clip(ref.String()+": "+line(ev.Text), maxLine),
		})
	}
}

type cancelIn struct {
	ID string `json:"id" jsonschema:"the id of a whole job, such as 12"`
}

func (s *service) cancel(ctx context.Context, _ *mcp.CallToolRequest, in cancelIn) (out jobLine, text string, err error) {
	ref, err := agent.ParseRef(in.ID)
	if err != nil {
		return out, "", err
	}
	if ref.Variant != 0 {
		return out, "", agent.Errorf(agent.Invalid, "%s names a variant, and only a whole job can be canceled", ref)
	}
	jobs, err := s.Jobs(ctx)
	if err != nil {
		return out, "", err
	}
	job, err := jobs.Change(ctx, ref.Job, agent.Change{Op: agent.OpCancel, By: "mcp"})
	if err != nil {
		return out, "", err
	}
	out = lineOf(job)
	return out, fmt.Sprintf("job %s is canceled", out.ID), nil
}

type applyIn struct {
	ID       string `json:"id" jsonschema:"a job's id, such as 12, or one variant of it, 12/2"`
	Check    bool   `json:"check,omitempty" jsonschema:"only say whether it could be applied"`
	ThreeWay bool   `json:"three_way,omitempty" jsonschema:"merge with local changes; conflicts change nothing"`
}

type applyOut struct {
	Ref     string        `json:"ref"`
	Verdict string        `json:"verdict"`
	Where   string        `json:"where" jsonschema:"the work tree"`
	Check   bool          `json:"check,omitempty" jsonschema:"nothing was changed, only tried"`
	Files   []AppliedFile `json:"files" jsonschema:"at most 200"`
	Count   int           `json:"file_count"`
}

func (s *service) apply(ctx context.Context, _ *mcp.CallToolRequest, in applyIn) (out applyOut, text string, err error) {
	ref, err := agent.ParseRef(in.ID)
	if err != nil {
		return out, "", err
	}
	did, err := s.Apply(ctx, ref, How{Check: in.Check, ThreeWay: in.ThreeWay})
	if err != nil {
		return out, "", err
	}
	out = applyOut{
		Ref: did.Ref.String(), Verdict: string(did.Verdict), Where: did.Where, Check: in.Check,
		Files: append([]AppliedFile{}, did.Files[:min(len(did.Files), maxFiles)]...), Count: len(did.Files),
	}
	verb := "applied"
	if in.Check {
		verb = "could apply"
	}
	return out, fmt.Sprintf("%s %s (%s) to %s: %d files", verb, out.Ref, out.Verdict, out.Where, out.Count), nil
}
