package monitor

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/store/mem"
)

const (
	commit = "0123456789abcdef0123456789abcdef01234567"
	other  = "fedcba9876543210fedcba9876543210fedcba98"
)

// noon is the time in a synctest bubble's calendar at which screens are drawn.
var noon = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// world is a store with jobs in all states, made through the queue as workers make them.
type world struct {
	*mem.Store
	t       testing.TB
	applied []string
}

func newWorld(t testing.TB) *world {
	w := &world{Store: mem.New(mem.Options{}), t: t}
	t.Cleanup(func() { w.Close() })
	return w
}

func (w *world) submit(spec agent.Spec) agent.ID {
	w.t.Helper()
	if spec.Repo == "" {
		spec.Repo = "/home/ada/src/api"
	}
	if spec.Kind == "" {
		spec.Kind = agent.Prompt
	}
	spec.Base = commit
	spec.Origin = agent.Origin{Via: "cli", User: "ada"}
	job, err := w.Submit(w.t.Context(), spec)
	if err != nil {
		w.t.Fatal(err)
	}
	return job.ID
}

func (w *world) claim() agent.Lease {
	w.t.Helper()
	l, err := w.Claim(w.t.Context(), agent.Claim{Worker: "worker-1", TTL: time.Hour})
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

func (w *world) record(l agent.Lease, typ agent.EventType, text string) {
	w.t.Helper()
	if err := w.Record(w.t.Context(), l, typ, text); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) finish(l agent.Lease, o agent.Outcome) {
	w.t.Helper()
	if err := w.Finish(w.t.Context(), l, o); err != nil {
		w.t.Fatal(err)
	}
}

// goodBy is the outcome of a variant whose checks pass.
func goodBy(maker string) agent.Outcome {
	return agent.Outcome{
		Verdict: agent.Verified, Commit: commit, Maker: maker, Print: "p-" + maker, Stat: agent.Stat{Files: 2, Added: 20, Removed: 4},
		Usage:  agent.Usage{Requests: 2, Input: 11_200, Output: 930, MicroUSD: 48_300},
		Checks: []agent.CheckResult{{Name: "vet", Outcome: agent.CheckPassed, Took: agent.Duration(800 * time.Millisecond)}, {Name: "tests", Outcome: agent.CheckFixed, Took: agent.Duration(12 * time.Second)}},
		Tests:  &agent.TestReport{Fixed: []string{"TestRetry/backoff"}},
	}
}

func checks() []agent.Check {
	return []agent.Check{{Name: "vet", Run: "go vet ./..."}, {Name: "tests", Run: "go test ./..."}}
}

// fill makes one job of each kind that a screen shows: 1 verified, 2 of three variants, 3
// in conflict, 4 asking, 5 canceled, 6 running, 7 and 8 waiting.
func (w *world) fill() {
	ctx := w.t.Context()
	w.submit(agent.Spec{Text: "give the HTTP client a backoff that doubles", Checks: checks()})
	l := w.claim()
	w.record(l, agent.EventStep, "asking claude")
	w.record(l, agent.EventPrompt, "You change a repository.\n\ngive the HTTP client a backoff that doubles\n")
	w.record(l, agent.EventAnswer, "Here is the change.\n")
	w.record(l, agent.EventStep, "check: tests")
	w.record(l, agent.EventCheck, "ok  \tapi/client\t0.81s\n")
	time.Sleep(15 * time.Second)
	must(w.t, w.Attempt(ctx, l, agent.Attempt{Try: 1, Maker: "claude", Format: "udiff", Verdict: agent.Verified, Started: l.Job.Created, Ended: l.Job.Created.Add(15 * time.Second)}))
	w.finish(l, goodBy("claude"))

	w.submit(agent.Spec{Text: "parse dates without a time zone", Variants: 3, Checks: checks(), Repo: "/home/ada/src/web"})
	a, b, c := w.claim(), w.claim(), w.claim()
	time.Sleep(40 * time.Second)
	w.finish(a, goodBy("claude"))
	bad := goodBy("codex")
	bad.Verdict, bad.Reason, bad.Commit, bad.Usage.Unpriced = agent.ChecksFailed, "tests failed", other, 1
	bad.Checks = []agent.CheckResult{bad.Checks[0], {Name: "tests", Outcome: agent.CheckBroke, Exit: 1, Reason: "exit status 1", Took: agent.Duration(9 * time.Second),
		Tail: "--- FAIL: TestParse (0.00s)\n    parse_test.go:31: got 2026-03-04T00:00:00Z\nFAIL\n"}}
	bad.Tests = &agent.TestReport{New: []string{"TestParse"}, Findings: []agent.Finding{{Kind: "skip_added", Path: "parse_test.go", Line: 12, Text: "TestZone is skipped", Warning: true}}}
	w.finish(b, bad)
	same := goodBy("ollama/qwen3")
	same.Print, same.Stat = "p-claude", agent.Stat{Files: 2, Added: 22, Removed: 4}
	w.finish(c, same)

	w.submit(agent.Spec{Kind: agent.Diff, Text: "--- a/server.go\n+++ b/server.go\n@@ -1 +1 @@\n-a\n+b\n"})
	l = w.claim()
	must(w.t, w.Attempt(ctx, l, agent.Attempt{Try: 1, Maker: "diff", Verdict: agent.Conflict, Started: l.Job.Created, Ended: l.Job.Created.Add(time.Second),
		Rejection: &agent.Rejection{Kind: "conflict", Path: "server.go", Hunk: 1, Reason: "hunk 1 of server.go: its old lines stand nowhere", Expected: []string{"a"}, Found: []string{"\tb"}, At: 7, Similarity: 60, Differs: 1}}))
	w.finish(l, agent.Outcome{Verdict: agent.Conflict, Reason: "hunk 1 of server.go: its old lines stand nowhere", Maker: "diff"})

	w.submit(agent.Spec{Text: "remove the old settings format", Checks: checks()})
	w.finish(w.claim(), agent.Outcome{Verdict: agent.NeedsInput, Reason: "may files of version 1 be dropped?", Maker: "claude", Said: "may files of version 1 be dropped?"})
	_, err := w.Change(ctx, w.submit(agent.Spec{Text: "try the new parser on everything", Kind: agent.Command}), agent.Change{Op: agent.OpCancel, By: "ada"})
	must(w.t, err)

	w.submit(agent.Spec{Text: "make the importer faster: it reads each file three times", Variants: 2, Checks: checks(), Repo: "/home/ada/src/web"})
	l = w.claim()
	w.record(l, agent.EventStep, "asking codex")
	w.record(l, agent.EventOutput, "reading importer.go\nreading importer_test.go\n")
	w.submit(agent.Spec{Text: "document every flag of the server", Repo: "/home/ada/src/docs"})
	w.submit(agent.Spec{Text: "update the translations 日本語 and العربية", Repo: "/home/ada/src/docs"})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const sampleDiff = `diff --git a/client/retry.go b/client/retry.go
index 1111111..2222222 100644
--- a/client/retry.go
+++ b/client/retry.go
@@ -10,8 +10,10 @@ import "time"
 // retry calls f until it succeeds.
 func retry(f func() error, times int) error {
-	wait := 100 * time.Millisecond
-	for i := 0; i < times; i++ {
+	wait := 50 * time.Millisecond // doubled each time
+	for i := range times {
 		if err := f(); err == nil {
 			return nil
 		}
 		time.Sleep(wait)
+		wait *= 2
 	}
@@ -40,3 +42,3 @@ func limit() int {
 	/* a comment that
-	   goes on */ return "three"
+	   goes on */ return "four"
 }
diff --git a/client/doc.md b/client/doc.md
new file mode 100644
--- /dev/null
+++ b/client/doc.md
@@ -0,0 +1,2 @@
+# Client
+It retries.
diff --git a/logo.png b/logo.png
index 1111111..2222222 100644
Binary files a/logo.png and b/logo.png differ
`

// config wires the monitor to the world: actions of which some work and some fail.
func (w *world) config() Config {
	now := noon.Add(2 * time.Minute) // it stands still, so that screens are always the same
	return Config{
		Jobs: w, By: "ada", Now: func() time.Time { return now },
		Health: func(context.Context) (Health, error) {
			return Health{Daemon: "1.4.0", Busy: 1, Workers: 4, DiskFree: 12 << 30, DiskMin: 1 << 30,
				Cooldowns: []Cooldown{{Maker: "ollama", Until: noon.Add(time.Hour)}}}, nil
		},
		Act: Actions{
			Apply: func(_ context.Context, ref agent.Ref) (string, error) {
				w.applied = append(w.applied, ref.String())
				return "applied " + ref.String() + ": 2 files", nil
			},
			Branch: func(_ context.Context, ref agent.Ref, name string) (string, error) {
				w.applied = append(w.applied, ref.String()+" "+name)
				return "made branch " + name, nil
			},
			Undo: func(_ context.Context, ref agent.Ref) (string, error) {
				return "", agent.Errorf(agent.Blocked, "client.go was changed since").WithHint("git diff client.go")
			},
			Diff: func(_ context.Context, ref agent.Ref) (string, error) {
				if ref.Job == 99 {
					return "", errors.New("no such commit")
				}
				return sampleDiff, nil
			},
			Between: func(_ context.Context, job agent.ID, from, to int) (string, error) {
				return fmt.Sprintf("diff --git a/x.go b/x.go\n--- a/x.go\n+++ b/x.go\n@@ -1 +1 @@\n-from %d\n+to %d\n", from, to), nil
			},
			Open: func(_ context.Context, ref agent.Ref) (string, error) { return "opened " + ref.String(), nil },
			NewJob: func(ctx context.Context, d Draft) (agent.Job, error) {
				var after []agent.ID
				for _, id := range d.After {
					ref, err := agent.ParseRef(id)
					if err != nil {
						return agent.Job{}, err
					}
					after = append(after, ref.Job)
				}
				return w.Submit(ctx, agent.Spec{After: after, Hold: d.Hold, Kind: d.Kind, Text: d.Text, Repo: d.Repo, Base: commit, Variants: d.Variants, Tries: d.Tries, Makers: d.Makers,
					Group: d.Group, Labels: d.Labels, Priority: d.Priority})
			},
			Editor: func(file string) *exec.Cmd { return exec.Command("true", file) },
		},
	}
}

// keys splits what is typed: words in <> are keys with names.
func keys(typed string) (list []string) {
	for typed != "" {
		if name, rest, ok := strings.Cut(strings.TrimPrefix(typed, "<"), ">"); typed[0] == '<' && ok {
			list, typed = append(list, name), rest
			continue
		}
		r := []rune(typed)
		if r[0] == ' ' {
			list = append(list, "space")
		} else {
			list = append(list, string(r[0]))
		}
		typed = string(r[1:])
	}
	return list
}
