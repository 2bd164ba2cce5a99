package main

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/store/mem"
)

// still is a queue in which nothing happens any more. Its jobs were made by the rules of
// the domain; the store beneath it is empty.
type still struct {
	*mem.Store
	jobs []agent.Job // newest first
}

// List implements agent.Jobs.
func (s still) List(_ context.Context, f agent.Filter) ([]agent.Job, error) {
	if f.After > 0 {
		return nil, nil // all are on the first page
	}
	return s.jobs, nil
}

// Job implements agent.Jobs.
func (s still) Job(_ context.Context, id agent.ID) (agent.Job, error) {
	i := slices.IndexFunc(s.jobs, func(j agent.Job) bool { return j.ID == id })
	if i < 0 {
		return agent.Job{}, agent.NoJob(id)
	}
	return s.jobs[i], nil
}

// Events implements agent.Jobs.
func (s still) Events(context.Context, agent.ID, uint64) iter.Seq2[agent.Event, error] {
	return func(func(agent.Event, error) bool) {}
}

// Watch implements agent.Jobs; nothing changes until ctx ends.
func (s still) Watch(ctx context.Context) iter.Seq2[agent.ID, error] {
	return func(yield func(agent.ID, error) bool) {
		<-ctx.Done()
		yield(0, ctx.Err())
	}
}

// Status implements agent.Jobs.
func (s still) Status(context.Context) (st agent.Status, err error) {
	for _, j := range s.jobs {
		switch j.State {
		case agent.Queued:
			st.Queued++
		case agent.Running:
			st.Running++
		default:
			st.Done++
		}
	}
	return st, nil
}

// story is one job: how long ago it was asked for, and how each variant ended.
type story struct {
	ago      time.Duration
	title    string
	repo     string
	variants []variant
}

type variant struct {
	maker   string
	verdict agent.Verdict // empty: it runs; "queued": it waits
	took    time.Duration
	stat    agent.Stat
	cents   int64
}

const waits agent.Verdict = "queued"

func stories() []story {
	none := agent.Stat{}
	return []story{
		{30 * time.Second, "say in --help which settings a flag overrides", "cli", []variant{{"", waits, 0, none, 0}}},
		{70 * time.Second, "upgrade the linter and fix what it finds", "api", []variant{{"", waits, 0, none, 0}, {"", waits, 0, none, 0}}},
		{3 * time.Minute, "let the importer read each file once", "api", []variant{{"claude", "", 2 * time.Minute, none, 0}, {"codex", "", 2 * time.Minute, none, 0}, {"", waits, 0, none, 0}}},
		{9 * time.Minute, "retry with a backoff that doubles", "api", []variant{{"claude", agent.Verified, 71 * time.Second, agent.Stat{Files: 2, Added: 24, Removed: 9}, 6}, {"codex", agent.ChecksFailed, 94 * time.Second, agent.Stat{Files: 3, Added: 61, Removed: 12}, 4}, {"ollama/qwen3", agent.Verified, 3 * time.Minute, agent.Stat{Files: 2, Added: 38, Removed: 9}, 0}}},
		{14 * time.Minute, "show dates in the reader's time zone", "web", []variant{{"", "", 40 * time.Second, none, 0}}},
		{26 * time.Minute, "may version 1 of the settings be dropped?", "cli", []variant{{"claude", agent.NeedsInput, 25 * time.Second, none, 2}}},
		{41 * time.Minute, "rename Fetch to Get everywhere", "web", []variant{{"script", agent.Verified, 12 * time.Second, agent.Stat{Files: 31, Added: 88, Removed: 88}, 0}}},
		{55 * time.Minute, "patch to internal/server.go", "api", []variant{{"diff", agent.Conflict, time.Second, none, 0}}},
		{2 * time.Hour, "translate the error pages", "web", []variant{{"claude", agent.Unverified, 50 * time.Second, agent.Stat{Files: 6, Added: 120, Removed: 4}, 9}}},
		{3 * time.Hour, "test the parser with empty files", "api", []variant{{"claude", agent.Verified, 2 * time.Minute, agent.Stat{Files: 1, Added: 77}, 11}, {"claude", agent.Verified, 2 * time.Minute, agent.Stat{Files: 1, Added: 90}, 12}}},
		{5 * time.Hour, "rewrite the build in another tool", "api", []variant{{"codex", agent.Canceled, time.Minute, none, 3}}},
	}
}

// newStill makes the jobs.
func newStill(now time.Time) still {
	s := still{Store: mem.New(mem.Options{})}
	all := stories()
	for i, st := range all {
		job := st.job(agent.ID(140-i), now)
		if job.State == agent.Queued {
			job.Waiting = &agent.Waiting{For: agent.WaitGroup, What: "nightly", Have: 2, Limit: 2}
			if i == 0 {
				job.Waiting = &agent.Waiting{For: agent.WaitParents, What: "139"}
			}
		}
		s.jobs = append(s.jobs, job)
	}
	return s
}

const commit = "5b1f0c2d9a4e8f7766554433221100ffeeddccbb"

// job plays a story by the rules of the domain.
func (st story) job(id agent.ID, now time.Time) agent.Job {
	begun := now.Add(-st.ago)
	spec := agent.Spec{Kind: agent.Prompt, Text: st.title, Repo: "/home/ada/src/" + st.repo, Base: commit, Variants: len(st.variants),
		Checks: []agent.Check{{Name: "vet", Run: "go vet ./..."}, {Name: "tests", Run: "go test ./..."}}, Origin: agent.Origin{Via: "cli", User: "ada"}}
	if err := spec.Validate(); err != nil {
		panic(fmt.Sprintf("story %q: %v", st.title, err)) // a mistake in the table above
	}
	e := agent.NewEntry(id, spec, begun)
	for i, v := range st.variants {
		if v.verdict == waits {
			continue
		}
		started := begun.Add(5 * time.Second)
		if v.verdict == "" {
			started = now.Add(-v.took)
		}
		e.Claim(i+1, "worker", uint64(i+1), started)
		if v.verdict == "" {
			continue
		}
		lease := agent.Lease{Job: e.Job, Variant: i + 1, Token: uint64(i + 1)}
		if err := e.Finish(lease, v.outcome(), started.Add(v.took)); err != nil {
			panic(fmt.Sprintf("story %q: %v", st.title, err))
		}
	}
	return e.Job
}

func (v variant) outcome() agent.Outcome {
	o := agent.Outcome{Verdict: v.verdict, Maker: v.maker, Stat: v.stat,
		Usage: agent.Usage{Requests: 1, Input: 1900 * (v.cents + 3), Output: 170 * (v.cents + 2), MicroUSD: v.cents * 10_000}}
	if v.verdict.HasCommit() {
		o.Commit = commit
		second := agent.CheckPassed
		if v.verdict == agent.ChecksFailed {
			second = agent.CheckBroke
		}
		if v.verdict != agent.Unverified {
			o.Checks = []agent.CheckResult{{Name: "vet", Outcome: agent.CheckPassed, Took: agent.Duration(2 * time.Second)}, {Name: "tests", Outcome: second, Took: agent.Duration(31 * time.Second)}}
		}
	}
	return o
}

// change is the diff that is shown.
const change = `diff --git a/client/retry.go b/client/retry.go
--- a/client/retry.go
+++ b/client/retry.go
@@ -12,15 +12,22 @@ import (
 
-// Retry calls f up to times times.
-func Retry(ctx context.Context, times int, f func() error) error {
-	const wait = 250 * time.Millisecond
-	for i := 0; i < times; i++ {
+// Retry calls f up to times times, and waits between them: at first for
+// first, then twice as long each time, at most a minute.
+func Retry(ctx context.Context, times int, first time.Duration, f func() error) error {
+	wait := first
+	for i := range times {
 		err := f()
 		if err == nil || !temporary(err) {
 			return err
 		}
-		time.Sleep(wait)
+		select {
+		case <-time.After(wait + jitter(wait)):
+		case <-ctx.Done():
+			return ctx.Err()
+		}
+		wait = min(2*wait, time.Minute)
 	}
-	return errors.New("gave up")
+	return fmt.Errorf("gave up after %d tries", times)
 }
diff --git a/client/retry_test.go b/client/retry_test.go
--- a/client/retry_test.go
+++ b/client/retry_test.go
@@ -30,6 +30,6 @@ func TestRetryGivesUp(t *testing.T) {
 	calls := 0
-	err := Retry(t.Context(), 3, func() error { calls++; return errTemporary })
-	if err == nil || calls != 3 {
+	err := Retry(t.Context(), 3, time.Second, func() error { calls++; return errTemporary })
+	if err == nil || calls != 3 || !strings.Contains(err.Error(), "3 tries") {
 		t.Errorf("%d calls, error %v", calls, err)
 	}
`
