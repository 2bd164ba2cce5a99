package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"codeagent.dev/agent"
	"codeagent.dev/agent/store/mem"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

const commit = "0123456789abcdef0123456789abcdef01234567"

// bench is the command line over a store in memory.
type bench struct {
	*mem.Store
	t *testing.T
}

func newBench(t *testing.T) bench {
	s := mem.New(mem.Options{})
	t.Cleanup(func() { s.Close() })
	return bench{s, t}
}

// outcome is what one command line gave.
type outcome struct {
	status   int
	out, err string
}

func (b bench) run(args ...string) outcome {
	b.t.Helper()
	var out, err bytes.Buffer
	a := &app{
		in: strings.NewReader(""), out: &out, err: &err, now: time.Now,
		environ: []string{"HOME=" + b.t.TempDir(), "USER=ada"},
	}
	a.jobs = func(context.Context) (agent.Jobs, error) { return b.Store, nil }
	return outcome{run(args, a), out.String(), err.String()}
}

// end submits a job with one variant an outcome, and ends each so.
func (b bench) end(outcomes ...agent.Outcome) agent.ID {
	b.t.Helper()
	job, err := b.Submit(b.t.Context(), agent.Spec{
		Kind: agent.Command, Text: "gofmt -w .", Repo: "/home/ada/tool", Base: commit, Variants: len(outcomes),
		Env: map[string]string{"PATH": "/secret/place"},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, o := range outcomes {
		lease, err := b.Claim(b.t.Context(), agent.Claim{Worker: "w", TTL: time.Minute})
		if err == nil {
			err = errors.Join(
				b.Record(b.t.Context(), lease, agent.EventStep, "running the command"),
				b.Record(b.t.Context(), lease, agent.EventOutput, "formatted\n"),
				b.Finish(b.t.Context(), lease, o))
		}
		if err != nil {
			b.t.Fatal(err)
		}
	}
	return job.ID
}

func good(v agent.Verdict) agent.Outcome {
	return agent.Outcome{Verdict: v, Commit: commit, Maker: "command", Stat: agent.Stat{Files: 1, Added: 2, Removed: 3}}
}

func bad(v agent.Verdict, reason string) agent.Outcome {
	return agent.Outcome{Verdict: v, Reason: reason}
}

func TestWaitExitsWithTheVerdict(t *testing.T) {
	for _, c := range []struct {
		outcomes []agent.Outcome
		want     int
	}{
		{[]agent.Outcome{good(agent.Verified)}, 0},
		{[]agent.Outcome{good(agent.Unverified)}, 0},
		{[]agent.Outcome{good(agent.ChecksFailed)}, 3},
		{[]agent.Outcome{bad(agent.Conflict, "hunk 1")}, 4},
		{[]agent.Outcome{bad(agent.NoPatch, "nothing")}, 4},
		{[]agent.Outcome{bad(agent.Refused, "../x")}, 4},
		{[]agent.Outcome{bad(agent.Failed, "exit status 2")}, 4},
		{[]agent.Outcome{bad(agent.NeedsInput, "which?")}, 6},
		{[]agent.Outcome{bad(agent.NeedsApproval, "limit")}, 6},
		{[]agent.Outcome{bad(agent.Conflict, "hunk 1"), good(agent.Verified)}, 0},
	} {
		b := newBench(t)
		id := b.end(c.outcomes...)
		got := b.run("wait", id.String())
		if got.status != c.want {
			t.Errorf("%v: exit status %d, want %d", c.outcomes[0].Verdict, got.status, c.want)
		}
		words := strings.ReplaceAll(string(c.outcomes[0].Verdict), "_", " ")
		if !strings.Contains(got.out, words) {
			t.Errorf("%v is not said on stdout: %q", words, got.out)
		}
	}
}

func TestWaitOnSeveralExitsWithTheHighest(t *testing.T) {
	b := newBench(t)
	first, second, third := b.end(good(agent.Verified)), b.end(good(agent.ChecksFailed)), b.end(bad(agent.Conflict, "hunk 1"))
	if got := b.run("wait", first.String(), second.String()); got.status != 3 {
		t.Errorf("exit status %d, want 3", got.status)
	}
	if got := b.run("wait", third.String(), second.String(), first.String()); got.status != 4 {
		t.Errorf("exit status %d, want 4", got.status)
	}
}

func TestWaitGivesUpAndTheJobGoesOn(t *testing.T) {
	b := newBench(t)
	job, err := b.Submit(t.Context(), agent.Spec{Kind: agent.Command, Text: "true", Repo: "/r", Base: commit})
	if err != nil {
		t.Fatal(err)
	}
	got := b.run("wait", job.ID.String(), "--timeout", "1ms")
	if got.status != 5 {
		t.Errorf("exit status %d, want 5", got.status)
	}
	want := "agent: not done after 1ms; job 1 goes on\nhint: come back with `agent wait 1`, or end it with `agent cancel 1`\n"
	if got.err != want {
		t.Errorf("stderr: %q", got.err)
	}
	if job, err := b.Job(t.Context(), job.ID); err != nil || job.State != agent.Queued {
		t.Errorf("the job is %s (%v)", job.State, err)
	}
}

func TestErrorsBecomeExitStatuses(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 0}, {errors.New("x"), 1}, {agent.Errorf(agent.NotFound, "x"), 1}, {agent.Errorf(agent.Blocked, "x"), 1},
		{agent.Errorf(agent.Invalid, "x"), 2}, {agent.Errorf(agent.Unavailable, "x"), 7}, {agent.Errorf(agent.Protocol, "x"), 8},
		{agent.Errorf(agent.TimedOut, "x"), 5}, {fmt.Errorf("more: %w", agent.Errorf(agent.Unavailable, "x")), 7},
		{errInterrupted, 130}, {&stopped{errInterrupted}, 130}, {&ended{[]agent.Verdict{agent.Verified}}, 0},
		{&ended{[]agent.Verdict{agent.Canceled}}, 5}, {&unfit{agent.ChecksFailed, agent.Errorf(agent.WrongState, "x")}, 3},
	} {
		if got := exitStatus(c.err); got != c.want {
			t.Errorf("%v: exit status %d, want %d", c.err, got, c.want)
		}
	}
}

func TestMistakesOnTheCommandLine(t *testing.T) {
	b := newBench(t)
	b.end(good(agent.Verified))
	for _, c := range []struct {
		line string
		want int
		says string
	}{
		{"shwo 1", 2, "perhaps agent show"},
		{"show", 2, "a job's id is missing"},
		{"show 1 2", 2, `"2" is one argument too many`},
		{"show x", 2, `"x" is no job id`},
		{"show 1/x", 2, "no variant"},
		{"show 1/2", 1, "has no variant 2"},
		{"show 99", 1, "99"},
		{"show 1 --nope", 2, "unknown flag"},
		{"patch", 2, "nothing to do"},
		{"patch words --run true", 2, "only one of"},
		{"patch --run true --timeout 1s", 2, "--timeout is for waiting"},
		{"patch --run true -c x --no-checks", 2, "--check and --no-checks exclude each other"},
		{"patch --diff /does/not/exist", 2, "cannot read the diff"},
		{"patch --diff -", 2, "the diff is empty"},
		{"-C /does/not/exist patch --run true", 2, "cannot work in /does/not/exist"},
		{"list --state sleeping", 2, "no state"},
		{"list --verdict nice", 2, "no verdict"},
		{"pick 1", 2, "names no variant"},
		{"cancel 1/1", 2, "whole jobs"},
		{"daemon", 2, "say which"},
		{"daemon fly", 2, "unknown command"},
		{"config get nothing", 2, "nothing"},
	} {
		got := b.run(strings.Fields(c.line)...)
		if got.status != c.want || !strings.Contains(got.err, c.says) {
			t.Errorf("agent %s: exit status %d, want %d\n%s", c.line, got.status, c.want, got.err)
		}
		if got.out != "" {
			t.Errorf("agent %s: an error on stdout: %q", c.line, got.out)
		}
		if !strings.HasPrefix(got.err, "agent: ") {
			t.Errorf("agent %s: stderr begins %.20q", c.line, got.err)
		}
	}
}

// TestEveryCommandExplainsItself wants a help with examples and exit statuses from
// each, and keeps the exit statuses in a golden file.
func TestEveryCommandExplainsItself(t *testing.T) {
	b := newBench(t)
	var all strings.Builder
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		path := strings.Fields(c.CommandPath())[1:]
		got := b.run(append(path, "--help")...)
		for _, section := range []string{"USAGE", "EXAMPLES", "EXIT STATUS", "GLOBAL FLAGS"} {
			if !strings.Contains(got.out, "\n"+section+"\n") {
				t.Errorf("the help of %q has no section %s", c.CommandPath(), section)
			}
		}
		fmt.Fprintf(&all, "%s: %s\n", c.CommandPath(), c.Annotations[statusKey])
		for line := range strings.Lines(got.out) {
			if len([]rune(line)) > 121 {
				t.Errorf("the help of %q has a line of %d columns: %s", c.CommandPath(), len([]rune(line)), line)
			}
		}
		for _, child := range c.Commands() {
			visit(child)
		}
	}
	visit(newRootCmd(newApp(), ""))
	golden(t, "exit-statuses", all.String())
	golden(t, "help-patch", b.run("patch", "--help").out)
	golden(t, "help", b.run("help").out)
}

// TestJSONKeepsItsShape holds the documents other programs read.
func TestJSONKeepsItsShape(t *testing.T) {
	b := newBench(t)
	id := b.end(good(agent.Unverified), bad(agent.NoPatch, "nothing was changed")).String()
	for _, line := range []string{
		"show " + id, "list", "status", "wait " + id, "logs " + id, "pick " + id + "/1", "config get workers", "config list", "version",
	} {
		name := strings.Join(strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '/' || r >= '0' && r <= '9' }), "-")
		got := b.run(append(strings.Fields(line), "--json")...)
		if strings.Contains(got.out, "/secret/place") {
			t.Errorf("agent %s --json tells the environment", line)
		}
		first := got.out
		if name == "logs" {
			first, _, _ = strings.Cut(got.out, "\n")
		}
		var doc map[string]any
		if err := json.Unmarshal([]byte(first), &doc); err != nil {
			t.Fatalf("agent %s --json: %v\n%s", line, err, got.out)
		}
		if doc["schema_version"] != 1.0 {
			t.Errorf("agent %s --json: schema_version %v", line, doc["schema_version"])
		}
		golden(t, "json-"+name, shape("", doc))
	}
}

// shape lists the fields of a document and their kinds.
func shape(path string, v any) string {
	switch v := v.(type) {
	case map[string]any:
		var b strings.Builder
		for _, key := range sortedKeys(v) {
			b.WriteString(shape(path+"."+key, v[key]))
		}
		return b.String()
	case []any:
		if len(v) == 0 {
			return path + "[]\n"
		}
		return shape(path+"[]", v[0])
	}
	return fmt.Sprintf("%s %T\n", path, v)
}

func sortedKeys(m map[string]any) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func TestLogsOfAVariantLeaveOutTheOthers(t *testing.T) {
	b := newBench(t)
	id := b.end(good(agent.Unverified), good(agent.Unverified)).String()
	all := b.run("logs", id)
	if n := strings.Count(all.out, "formatted"); n != 2 {
		t.Errorf("the output of both variants is there %d times:\n%s", n, all.out)
	}
	for _, want := range []string{id + "/1 | formatted\n", id + "/2 | formatted\n"} {
		if !strings.Contains(all.out, want) {
			t.Errorf("no %q in\n%s", want, all.out)
		}
	}
	if one := b.run("logs", id+"/2"); strings.Count(one.out, "formatted\n") != 1 || strings.Contains(one.out, "|") {
		t.Errorf("logs of one variant:\n%s", one.out)
	}
}

func TestListTellsRepositoriesApart(t *testing.T) {
	b := newBench(t)
	if got := b.run("list"); got.status != 0 || got.out != "" || !strings.Contains(got.err, "no jobs") {
		t.Errorf("an empty list: %+v", got)
	}
	b.end(good(agent.Unverified))
	if got := b.run("list"); strings.Contains(got.out, "REPOSITORY") || !strings.Contains(got.out, "unverified") {
		t.Errorf("one repository:\n%s", got.out)
	}
	if _, err := b.Submit(t.Context(), agent.Spec{Kind: agent.Command, Text: "true", Repo: "/other", Base: commit}); err != nil {
		t.Fatal(err)
	}
	got := b.run("list")
	if !strings.Contains(got.out, "REPOSITORY") || !strings.Contains(got.out, "other") {
		t.Errorf("two repositories:\n%s", got.out)
	}
	if lines := strings.Split(got.out, "\n"); !strings.HasPrefix(lines[1], "2 ") {
		t.Errorf("the newest is not first:\n%s", got.out)
	}
}

func TestCancelGoesOnAfterAJobItCannotChange(t *testing.T) {
	b := newBench(t)
	done := b.end(good(agent.Unverified))
	job, err := b.Submit(t.Context(), agent.Spec{Kind: agent.Command, Text: "true", Repo: "/r", Base: commit})
	if err != nil {
		t.Fatal(err)
	}
	got := b.run("cancel", done.String(), job.ID.String())
	if got.status != 1 || !strings.Contains(got.out, "job 2 canceled") {
		t.Errorf("%+v", got)
	}
}

func TestQuietSaysOnlyData(t *testing.T) {
	b := newBench(t)
	id := b.end(good(agent.Verified)).String()
	for _, line := range []string{"list", "status", "show " + id, "wait " + id, "pick " + id + "/1"} {
		if got := b.run(append(strings.Fields(line), "-q")...); got.err != "" || got.out == "" {
			t.Errorf("agent %s -q: stderr %q, stdout %q", line, got.err, got.out)
		}
	}
}

func TestResultsWhoseChecksFailMustBeNamed(t *testing.T) {
	job := agent.Job{ID: 3, State: agent.Done, Variants: []agent.Variant{{Number: 1, State: agent.Done, Verdict: agent.ChecksFailed, Commit: commit}}}
	job.Settle()
	r := result{job: job, variant: job.Variants[0]}
	if err := mayDeliver(r, agent.Ref{Job: 3}); exitStatus(err) != exitChecks {
		t.Errorf("apply 3: %v", err)
	}
	if err := mayDeliver(r, agent.Ref{Job: 3, Variant: 1}); err != nil {
		t.Errorf("apply 3/1: %v", err)
	}
}

// A terminal, or whoever holds the other end of the pipe, may never end what is read.
func TestReadingADiffEndsWithTheContext(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	a := &app{in: r, err: io.Discard}
	o := &patchOptions{app: a}
	ctx, cancel := context.WithCancel(t.Context())
	go cancel()
	if _, err := o.readDiff(ctx, t.TempDir(), "-"); !errors.Is(err, context.Canceled) {
		t.Fatalf("readDiff: %v", err)
	}
}
