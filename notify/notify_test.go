package notify_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"codeagent.dev/agent"
	"codeagent.dev/agent/notify"
	"codeagent.dev/agent/proc"
	"codeagent.dev/agent/store/mem"
)

func TestMain(m *testing.M) {
	proc.Guard()
	goleak.VerifyTestMain(m)
}

const commit = "0123456789abcdef0123456789abcdef01234567"

// recorder is a sink that keeps what it was told, and can be slow.
type recorder struct {
	mu    sync.Mutex
	told  []notify.Notice
	takes time.Duration
}

func (r *recorder) Name() string { return "recorder" }

func (r *recorder) Send(ctx context.Context, n notify.Notice) error {
	time.Sleep(r.takes)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told = append(r.told, n)
	return ctx.Err()
}

// titles returns what was told since it was last asked, in order.
func (r *recorder) titles() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []string
	for _, n := range r.told {
		all = append(all, strings.TrimSuffix(string(n.Event)+" | "+n.Title+" | "+n.Text, " | "))
	}
	r.told = nil
	return all
}

// queue is a store, and the person who uses it.
type queue struct {
	*mem.Store
	t *testing.T
}

func newQueue(t *testing.T) queue { return queue{mem.New(mem.Options{}), t} }

func (q queue) submit(repo, title string) agent.ID {
	q.t.Helper()
	job, err := q.Submit(q.t.Context(), agent.Spec{Kind: agent.Command, Text: "true", Title: title, Repo: repo, Base: commit})
	if err != nil {
		q.t.Fatal(err)
	}
	return job.ID
}

// finish ends the oldest job that waits.
func (q queue) finish(v agent.Verdict) {
	q.t.Helper()
	lease, err := q.Claim(q.t.Context(), agent.Claim{Worker: "w", TTL: time.Minute})
	o := agent.Outcome{Verdict: v, Reason: "because"}
	if v.HasCommit() {
		o.Commit = commit
	}
	if err == nil {
		err = q.Finish(q.t.Context(), lease, o)
	}
	if err != nil {
		q.t.Fatal(err)
	}
}

// start runs a notifier and returns what ends it.
func (q queue) start(cfg notify.Config) (stop func()) {
	cfg.Jobs, cfg.Log = q.Store, slog.New(slog.NewTextHandler(q.t.Output(), nil))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- notify.New(cfg).Run(ctx) }()
	time.Sleep(time.Second)
	synctest.Wait()
	return func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			q.t.Errorf("it ended with %v", err)
		}
	}
}

func same(t *testing.T, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

func TestOneJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, r := newQueue(t), &recorder{}
		defer q.Close()
		defer q.start(notify.Config{On: notify.Events(), Sinks: []notify.Sink{r}})()
		q.submit("/home/ada/tool", "rename Foo\nto \x1b[31mBar")
		q.finish(agent.Verified)
		time.Sleep(10 * time.Second)
		same(t, r.titles(), "job.done | tool: job 1 verified | rename Foo to [31mBar")
		q.submit("/home/ada/tool", "which one")
		q.finish(agent.NeedsInput)
		time.Sleep(10 * time.Second)
		same(t, r.titles(), "needs_input | tool: job 2 needs input | because")
	})
}

// TestBurst: many ends within seconds are one notice, and the end of all of them another.
func TestBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, r := newQueue(t), &recorder{}
		defer q.Close()
		defer q.start(notify.Config{On: notify.Events(), Sinks: []notify.Sink{r}})()
		for n := range 13 {
			q.submit("/home/ada/tool", fmt.Sprint("change ", n))
		}
		for range 10 {
			q.finish(agent.Verified)
		}
		q.finish(agent.ChecksFailed)
		q.finish(agent.ChecksFailed)
		time.Sleep(10 * time.Second)
		same(t, r.titles(), "job.done | tool: 12 jobs are done | 10 verified, 2 checks failed")
		q.finish(agent.NeedsApproval)
		q.submit("/home/ada/web", "another")
		q.finish(agent.Unverified)
		time.Sleep(10 * time.Second)
		same(t, r.titles(),
			"needs_input | tool: job 13 needs approval | because",
			"job.done | web: job 14 unverified | another",
			"batch.done | tool: all 13 jobs are done | 10 verified, 2 checks failed, 1 needs approval")
	})
}

// TestBatchOfOne is told as such where single jobs are not.
func TestBatchOfOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, r := newQueue(t), &recorder{}
		defer q.Close()
		defer q.start(notify.Config{On: []notify.Event{notify.BatchDone}, Sinks: []notify.Sink{r}})()
		q.submit("/home/ada/tool", "first")
		q.submit("/home/ada/tool", "second")
		q.finish(agent.Verified)
		time.Sleep(10 * time.Second)
		same(t, r.titles())
		q.finish(agent.Failed)
		time.Sleep(10 * time.Second)
		same(t, r.titles(), "batch.done | tool: all 2 jobs are done | 1 failed, 1 verified")
		q.submit("/home/ada/tool", "third")
		q.finish(agent.Verified)
		time.Sleep(10 * time.Second)
		same(t, r.titles(), "batch.done | tool: job 3 verified | third")
	})
}

// TestGroup: a group is a batch of its own, whatever repositories its jobs are of.
func TestGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, r := newQueue(t), &recorder{}
		defer q.Close()
		defer q.start(notify.Config{On: []notify.Event{notify.BatchDone}, Sinks: []notify.Sink{r}})()
		if _, err := q.Rule(t.Context(), agent.RuleChange{Op: agent.RuleGroup, Group: "web"}); err != nil {
			t.Fatal(err)
		}
		submit := func(repo, group string) {
			if _, err := q.Submit(t.Context(), agent.Spec{Kind: agent.Command, Text: "true", Title: "x", Repo: repo, Group: group, Base: commit}); err != nil {
				t.Fatal(err)
			}
		}
		submit("/r/a", "web")
		q.finish(agent.Verified)
		submit("/r/b", "web")
		submit("/r/a", "")
		time.Sleep(10 * time.Second)
		same(t, r.titles()) // one of each waits
		q.finish(agent.Verified)
		q.finish(agent.Verified)
		time.Sleep(10 * time.Second)
		same(t, r.titles(), "batch.done | a: job 3 verified | x", "batch.done | group web: all 2 jobs are done | 2 verified")
	})
}

// TestRestart: nothing is lost over the end of a notifier, and nothing told again but a
// job that was made anew.
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, r := newQueue(t), &recorder{}
		defer q.Close()
		cfg := notify.Config{On: []notify.Event{notify.JobDone}, Sinks: []notify.Sink{r}, Path: filepath.Join(t.TempDir(), "told.json")}
		q.submit("/r/a", "before the first start")
		q.finish(agent.Verified)
		time.Sleep(time.Second)
		stop := q.start(cfg)
		q.submit("/r/a", "told")
		q.finish(agent.Verified)
		time.Sleep(10 * time.Second)
		q.submit("/r/a", "ended just before the end")
		q.finish(agent.Verified)
		stop()
		same(t, r.titles(), "job.done | a: job 2 verified | told")
		failed := q.submit("/r/a", "ended while nobody told")
		q.finish(agent.Failed)
		time.Sleep(time.Hour)
		defer q.start(cfg)()
		time.Sleep(10 * time.Second)
		same(t, r.titles(), "job.done | a: 2 jobs are done | 1 failed, 1 verified")
		if _, err := q.Change(t.Context(), failed, agent.Change{Op: agent.OpRetry}); err != nil {
			t.Fatal(err)
		}
		q.finish(agent.Verified)
		time.Sleep(10 * time.Second)
		same(t, r.titles(), "job.done | a: job 4 verified | ended while nobody told")
		if _, err := q.Change(t.Context(), failed, agent.Change{Op: agent.OpPick, Variant: 1}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		same(t, r.titles())
	})
}

// TestWhatWasToldIsBounded: the file stays small, and what fell out of it is not news.
func TestWhatWasToldIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, r := newQueue(t), &recorder{}
		defer q.Close()
		cfg := notify.Config{On: []notify.Event{notify.JobDone}, Sinks: []notify.Sink{r}, Path: filepath.Join(t.TempDir(), "told.json")}
		stop := q.start(cfg)
		for range 1200 {
			q.submit("/r/a", "x")
			q.finish(agent.Verified)
		}
		time.Sleep(10 * time.Second)
		same(t, r.titles(), "job.done | a: 1200 jobs are done | 1200 verified")
		stop()
		if info, err := os.Stat(cfg.Path); err != nil || info.Size() > 100_000 {
			t.Errorf("%v bytes, %v", info.Size(), err)
		}
		defer q.start(cfg)()
		time.Sleep(10 * time.Second)
		same(t, r.titles())
	})
}

// TestSlowSink: the queue does not wait for it, and what it missed is told in one.
func TestSlowSink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, r := newQueue(t), &recorder{takes: time.Minute}
		defer q.Close()
		defer q.start(notify.Config{On: []notify.Event{notify.JobDone}, Sinks: []notify.Sink{r}})()
		q.submit("/r/a", "first")
		q.finish(agent.Verified)
		time.Sleep(5 * time.Second)
		begun := time.Now()
		for range 100 {
			q.submit("/r/a", "x")
			q.finish(agent.Verified)
		}
		if took := time.Since(begun); took != 0 {
			t.Errorf("the queue waited %s", took)
		}
		time.Sleep(5 * time.Minute)
		same(t, r.titles(), "job.done | a: job 1 verified | first", "job.done | a: 100 jobs are done | 100 verified")
	})
}

// TestDamagedFile: it is begun anew, and nobody is told of all that ever was.
func TestDamagedFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, r := newQueue(t), &recorder{}
		defer q.Close()
		q.submit("/r/a", "old")
		q.finish(agent.Verified)
		path := filepath.Join(t.TempDir(), "told.json")
		if err := os.WriteFile(path, []byte(`{"since":`), 0o600); err != nil {
			t.Fatal(err)
		}
		defer q.start(notify.Config{On: notify.Events(), Sinks: []notify.Sink{r}, Path: path})()
		time.Sleep(10 * time.Second)
		same(t, r.titles())
		q.submit("/r/a", "new")
		q.finish(agent.Verified)
		time.Sleep(10 * time.Second)
		same(t, r.titles(), "job.done | a: job 2 verified | new")
	})
}
