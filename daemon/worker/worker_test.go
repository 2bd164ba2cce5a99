package worker_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/daemon/worker"
	"codeagent.dev/agent/proc"
	"codeagent.dev/agent/repo"
	"codeagent.dev/agent/store/mem"
	"github.com/google/go-cmp/cmp"
)

func TestMain(m *testing.M) {
	proc.Guard()
	os.Exit(m.Run())
}

// bench is a worker at work on a real repository, over the store in memory.
type bench struct {
	*testing.T
	store  agent.Store
	config worker.Config
	worker *worker.Worker
	repo   string
	base   string
	state  string
}

func newBench(t *testing.T, slots int) *bench {
	t.Helper()
	b := &bench{T: t, store: mem.New(mem.Options{}), repo: t.TempDir(), state: t.TempDir()}
	b.git("init", "-q", "-b", "main")
	b.git("config", "user.name", "Ada")
	b.git("config", "user.email", "ada@example.org")
	b.write("a.txt", "one\ntwo\nthree\n")
	b.write("b.txt", "b\n")
	b.git("add", "-A")
	b.git("commit", "-qm", "first")
	b.base = b.git("rev-parse", "HEAD")
	repos := repo.NewSet(b.state)
	b.config = worker.Config{
		Queue: b.store, Repos: repos, Baseline: filepath.Join(b.state, "baseline"),
		Name: "test", Slots: slots, Lease: 5 * time.Second,
	}
	b.worker = worker.New(b.config)
	t.Cleanup(func() { b.store.Close(); repos.Close() })
	return b
}

// work runs the worker until the test ends, or until the returned function is called.
func (b *bench) work() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.worker.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			b.Errorf("Run = %v", err)
		}
	}
	b.Cleanup(stop)
	return stop
}

func (b *bench) git(args ...string) string {
	b.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = b.repo
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func (b *bench) write(name, text string) {
	b.Helper()
	if err := os.WriteFile(filepath.Join(b.repo, name), []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
}

// submit fills in where a Spec is about and submits it.
func (b *bench) submit(spec agent.Spec) agent.ID {
	b.Helper()
	spec.Repo, spec.Base = b.repo, b.base
	spec.Env = map[string]string{"PATH": os.Getenv("PATH"), "HOME": b.state}
	job, err := b.store.Submit(b.Context(), spec)
	if err != nil {
		b.Fatal(err)
	}
	return job.ID
}

// done waits for a job's end and returns it with all its events.
func (b *bench) done(id agent.ID) (agent.Job, []agent.Event) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
	defer cancel()
	var events []agent.Event
	for e, err := range b.store.Events(ctx, id, 0) {
		if err != nil {
			b.Fatalf("job %d: %v; so far %v", id, err, events)
		}
		events = append(events, e)
	}
	job, err := b.store.Job(ctx, id)
	if err != nil {
		b.Fatal(err)
	}
	return job, events
}

func (b *bench) do(spec agent.Spec) agent.Job {
	b.Helper()
	job, _ := b.done(b.submit(spec))
	return job
}

// show reads from a job's result in the mirror.
func (b *bench) show(job agent.Job, args ...string) string {
	b.Helper()
	r, err := repo.NewSet(b.state).Open(b.Context(), b.repo)
	if err != nil {
		b.Fatal(err)
	}
	return b.git(append([]string{"--git-dir", r.Mirror()}, args...)...)
}

const twoToTWO = "--- a/a.txt\n+++ b/a.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+TWO\n three\n"

func check(name, run string) agent.Check { return agent.Check{Name: name, Run: run} }

func TestVerdicts(t *testing.T) {
	b := newBench(t, 2)
	b.work()
	for name, c := range map[string]struct {
		spec   agent.Spec
		want   agent.Verdict
		reason string // a part of it
	}{
		"a diff that applies, no checks":   {agent.Spec{Kind: agent.Diff, Text: twoToTWO}, agent.Unverified, "no checks"},
		"a diff whose checks pass":         {agent.Spec{Kind: agent.Diff, Text: twoToTWO, Checks: []agent.Check{check("c", "grep TWO a.txt")}}, agent.Verified, ""},
		"a diff whose check fails":         {agent.Spec{Kind: agent.Diff, Text: twoToTWO, Checks: []agent.Check{check("c", "false")}}, agent.ChecksFailed, "1 of 1 checks failed: c"},
		"a diff for another file":          {agent.Spec{Kind: agent.Diff, Text: strings.ReplaceAll(twoToTWO, "two", "zwei")}, agent.Conflict, "a.txt"},
		"a diff of a file that is not":     {agent.Spec{Kind: agent.Diff, Text: strings.ReplaceAll(twoToTWO, "a.txt", "x.txt")}, agent.Conflict, "x.txt"},
		"text that is no diff":             {agent.Spec{Kind: agent.Diff, Text: "please fix it\n"}, agent.NoPatch, ""},
		"a diff that leads outside":        {agent.Spec{Kind: agent.Diff, Text: strings.ReplaceAll(twoToTWO, "a.txt", "../../x")}, agent.Refused, ""},
		"a diff of git's own files":        {agent.Spec{Kind: agent.Diff, Text: strings.ReplaceAll(twoToTWO, "a.txt", ".git/config")}, agent.Refused, ".git"},
		"a diff beyond its path limit":     {agent.Spec{Kind: agent.Diff, Text: twoToTWO, Limits: agent.Limits{Paths: []string{"src"}}}, agent.Refused, "a.txt"},
		"a command that edits":             {agent.Spec{Kind: agent.Command, Text: "echo x > a.txt", Checks: []agent.Check{check("c", "grep x a.txt")}}, agent.Verified, ""},
		"a command that does nothing":      {agent.Spec{Kind: agent.Command, Text: "true"}, agent.NoPatch, "nothing differs"},
		"a command that fails":             {agent.Spec{Kind: agent.Command, Text: "echo no such thing >&2; exit 7"}, agent.Failed, "exit status 7"},
		"a command beyond its path limit":  {agent.Spec{Kind: agent.Command, Text: "echo x > a.txt", Limits: agent.Limits{Paths: []string{"b.txt"}}}, agent.Refused, "a.txt"},
		"a command that hangs":             {agent.Spec{Kind: agent.Command, Text: "sleep 60", Limits: agent.Limits{Make: agent.Duration(100 * time.Millisecond)}}, agent.Failed, "time limit"},
		"a command that prints too much":   {agent.Spec{Kind: agent.Command, Text: "yes", Limits: agent.Limits{Output: 1 << 20}}, agent.Failed, "output"},
		"a check that hangs":               {agent.Spec{Kind: agent.Diff, Text: twoToTWO, Checks: []agent.Check{{Name: "c", Run: "sleep 60", Time: agent.Duration(100 * time.Millisecond)}}}, agent.ChecksFailed, "c"},
		"a check in a directory not there": {agent.Spec{Kind: agent.Diff, Text: twoToTWO, Checks: []agent.Check{{Name: "c", Run: "true", Dir: "nope"}}}, agent.ChecksFailed, "c"},
		"words without a maker":            {agent.Spec{Kind: agent.Prompt, Text: "fix it"}, agent.Failed, "maker"},
	} {
		t.Run(name, func(t *testing.T) {
			job := b.do(c.spec)
			if job.Verdict != c.want || !strings.Contains(job.Reason, c.reason) {
				t.Errorf("verdict %s (%s), want %s (…%s…)", job.Verdict, job.Reason, c.want, c.reason)
			}
			v := job.Variants[0]
			if v.Verdict.HasCommit() != (v.Commit != "") {
				t.Errorf("verdict %s with commit %q", v.Verdict, v.Commit)
			}
		})
	}
}

// The delivered commit holds the change, has the base as its only parent, the user
// as author, and one trailer that names the job.
func TestResultCommit(t *testing.T) {
	b := newBench(t, 1)
	b.work()
	job := b.do(agent.Spec{Kind: agent.Command, Text: "printf 'one\\nZWEI\\nthree\\n' > a.txt"})
	v := job.Variants[0]
	if diff := cmp.Diff(agent.Stat{Files: 1, Added: 1, Removed: 1}, v.Stat); diff != "" {
		t.Errorf("stat (-want +got):\n%s", diff)
	}
	if got := b.show(job, "show", v.Commit+":a.txt"); got != "one\nZWEI\nthree" {
		t.Errorf("a.txt is %q", got)
	}
	got := b.show(job, "log", "-1", "--format=%P|%an <%ae>|%(trailers:key=Agent-Job,valueonly)", fmt.Sprintf("refs/agent/%d/1", job.ID))
	if want := fmt.Sprintf("%s|Ada <ada@example.org>|%d/1", b.base, job.ID); strings.TrimSpace(got) != want {
		t.Errorf("commit is %q, want %q", got, want)
	}
}

// Each check is told by what it says of the base: that is the difference between a
// patch that broke something and one that found it broken.
func TestChecksAreComparedWithTheBase(t *testing.T) {
	b := newBench(t, 1)
	b.work()
	counted := filepath.Join(b.state, "counted")
	spec := agent.Spec{Kind: agent.Diff, Text: twoToTWO, Checks: []agent.Check{
		check("passed", "echo run >> "+counted), check("fixed", "grep TWO a.txt"),
		check("failed", "grep two a.txt"), check("red", "false"),
	}}
	job := b.do(spec)
	want := map[string]agent.CheckOutcome{"passed": agent.CheckPassed, "fixed": agent.CheckFixed, "failed": agent.CheckBroke, "red": agent.CheckAlready}
	got := map[string]agent.CheckOutcome{}
	for _, c := range job.Variants[0].Checks {
		got[c.Name] = c.Outcome
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	spec.Variants = 3
	b.do(spec)
	text, err := os.ReadFile(counted)
	if err != nil || strings.Count(string(text), "run") != 4+1 {
		t.Errorf("the base must be checked once for four results: ran %d times, %v", strings.Count(string(text), "run"), err)
	}
}

// What checks said of a base is forgotten after a month, or it would pile up.
func TestOldBaselinesAreForgotten(t *testing.T) {
	b := newBench(t, 1)
	dir := filepath.Join(b.state, "baseline")
	kept, old := filepath.Join(dir, "kept"), filepath.Join(dir, "old")
	month := time.Now().Add(-31 * 24 * time.Hour)
	if err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(kept, nil, 0o600), os.WriteFile(old, nil, 0o600), os.Chtimes(old, month, month)); err != nil {
		t.Fatal(err)
	}
	b.work()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(old); errors.Is(err, fs.ErrNotExist) {
			break
		}
		if time.Now().After(end) {
			t.Fatal("results of a month ago are still kept")
		}
	}
	if _, err := os.Stat(kept); err != nil {
		t.Error(err)
	}
}

// Three variants of one command differ by AGENT_VARIANT; the best is proposed.
func TestVariantsAreRanked(t *testing.T) {
	b := newBench(t, 3)
	b.work()
	job := b.do(agent.Spec{Kind: agent.Command, Text: `case $AGENT_VARIANT in 1) echo x > b.txt;; 2) seq 50 > a.txt; echo ok > ok;; 3) echo ok > ok;; esac`,
		Variants: 3, Checks: []agent.Check{check("ok", "test -f ok")}})
	if job.Verdict != agent.Verified || job.Proposed != 3 {
		t.Errorf("verdict %s, proposed %d, want verified and 3 (the smaller of two good ones)", job.Verdict, job.Proposed)
	}
	if got := job.Variants[0].Verdict; got != agent.ChecksFailed {
		t.Errorf("variant 1 is %s", got)
	}
}

// A scripted maker's second try sees the report of the first and can mend it.
func TestTriesCorrectThemselves(t *testing.T) {
	b := newBench(t, 1)
	b.work()
	script := filepath.Join(b.state, "answers.txtar")
	text := "-- 1/1 --\n" + strings.ReplaceAll(twoToTWO, "two", "zwei") + "-- 1/2 --\n" + twoToTWO
	if err := os.WriteFile(script, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	job := b.do(agent.Spec{Kind: agent.Prompt, Text: "shout two", Makers: []string{"scripted:" + script}, Tries: 3})
	var verdicts []agent.Verdict
	for _, a := range job.Variants[0].Attempts {
		verdicts = append(verdicts, a.Verdict)
	}
	if diff := cmp.Diff([]agent.Verdict{agent.Conflict, agent.Unverified}, verdicts); diff != "" || job.Verdict != agent.Unverified {
		t.Errorf("job %s (%s), attempts (-want +got):\n%s", job.Verdict, job.Reason, diff)
	}
	if report := job.Variants[0].Attempts[0].Report; !strings.Contains(report, "zwei") {
		t.Errorf("the first attempt's report does not say what was expected: %q", report)
	}
}

// A cancel reaches the running command at once, not at the next renewal.
func TestCancelReachesARunningCommand(t *testing.T) {
	b := newBench(t, 1)
	b.work()
	id := b.submit(agent.Spec{Kind: agent.Command, Text: "echo started; sleep 600"})
	b.await(id, agent.EventOutput)
	start := time.Now()
	if _, err := b.store.Change(t.Context(), id, agent.Change{Op: agent.OpCancel, By: "Ada"}); err != nil {
		t.Fatal(err)
	}
	if job, _ := b.done(id); job.Verdict != agent.Canceled {
		t.Errorf("verdict %s", job.Verdict)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("the cancel took %v", took)
	}
}

// A worker that is told to stop gives its variant back: the next one finds it as if
// it had never been claimed.
func TestStoppingGivesBack(t *testing.T) {
	b := newBench(t, 1)
	stop := b.work()
	flag := filepath.Join(b.state, "flag")
	id := b.submit(agent.Spec{Kind: agent.Command, Text: "echo started; test -e " + flag + " || sleep 600; echo x > b.txt"})
	b.await(id, agent.EventOutput)
	stop()
	job, err := b.store.Job(t.Context(), id)
	if err != nil || job.State != agent.Queued || job.Variants[0].Claims != 0 {
		t.Fatalf("after the stop: %v, %+v", err, job.Variants)
	}
	if err := os.WriteFile(flag, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	b.work()
	if job, _ := b.done(id); job.Verdict != agent.Unverified || len(job.Variants[0].Attempts) != 1 {
		t.Errorf("job %s (%s), attempts %v", job.Verdict, job.Reason, job.Variants[0].Attempts)
	}
}

func TestRepositoryTroubleIsToldWithAHint(t *testing.T) {
	b := newBench(t, 1)
	id := b.submit(agent.Spec{Kind: agent.Diff, Text: twoToTWO})
	if err := os.RemoveAll(b.repo); err != nil {
		t.Fatal(err)
	}
	b.work()
	job, _ := b.done(id)
	if job.Verdict != agent.Failed || !strings.Contains(job.Reason, b.repo) {
		t.Errorf("a repository deleted while its job was queued: %s (%s)", job.Verdict, job.Reason)
	}
}

// await waits for the job's first event of a type.
func (b *bench) await(id agent.ID, typ agent.EventType) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
	defer cancel()
	for e, err := range b.store.Events(ctx, id, 0) {
		if err != nil {
			b.Fatal(err)
		}
		if e.Type == typ {
			return
		}
	}
	b.Fatalf("job %d ended without an event of type %s", id, typ)
}

// fullDisk is a queue whose first attempt cannot be recorded.
type fullDisk struct {
	agent.Store
	once sync.Once
}

func (q *fullDisk) Attempt(ctx context.Context, l agent.Lease, a agent.Attempt) (err error) {
	q.once.Do(func() { err = agent.Errorf(agent.Unavailable, "the database cannot grow: no space left on device") })
	if err != nil {
		return err
	}
	return q.Store.Attempt(ctx, l, a)
}

func TestAFullDiskLosesNoResult(t *testing.T) {
	b := newBench(t, 1)
	repos := repo.NewSet(b.state)
	t.Cleanup(func() { repos.Close() })
	b.worker = worker.New(worker.Config{Queue: &fullDisk{Store: b.store}, Repos: repos, Baseline: filepath.Join(b.state, "baseline")})
	b.work()
	job := b.do(agent.Spec{Kind: agent.Command, Text: "echo b > a.txt", Checks: []agent.Check{{Run: "true"}}})
	if job.Verdict != agent.Verified || len(job.Variants[0].Attempts) != 1 {
		t.Errorf("%s: %s, %d attempts", job.Verdict, job.Reason, len(job.Variants[0].Attempts))
	}
}

// Without room nothing is begun, and a variant that failed in the meantime is given
// back: a full disk must not use up the queue.
func TestWithoutRoomJobsWait(t *testing.T) {
	b := newBench(t, 1)
	full := filepath.Join(b.state, "full")
	b.config.Room = func() error {
		if _, err := os.Stat(full); err == nil {
			return agent.Errorf(agent.Internal, "the disk is full")
		}
		return nil
	}
	b.worker = worker.New(b.config)
	b.work()
	id := b.submit(agent.Spec{Kind: agent.Command, Text: "touch " + full + "; exit 1"})
	b.await(id, agent.EventReleased)
	job, err := b.store.Job(t.Context(), id)
	if err != nil || job.State != agent.Queued || job.Variants[0].Claims != 0 {
		t.Errorf("after the disk filled up: %v, %+v", err, job.Variants)
	}
}
