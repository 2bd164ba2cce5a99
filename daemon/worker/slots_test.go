package worker_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"codeagent.dev/agent"
)

// gated is a command that tells that it runs, and ends once a file is there.
func gated(dir, name string) agent.Spec {
	run := fmt.Sprintf("echo $$ >> %[1]s/began-%[2]s; until [ -e %[1]s/go ]; do sleep 0.01; done; echo x >> a.txt", dir, name)
	return agent.Spec{Kind: agent.Command, Text: run}
}

// running waits until so many variants are carried, and stays with it for a moment: a
// slot too many would be taken in it.
func (b *bench) running(want int) {
	b.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for quiet := 0; quiet < 20; {
		have, _ := b.worker.Busy()
		if have == want {
			quiet++
		} else if quiet = 0; time.Now().After(deadline) {
			b.Fatalf("%d variants run, want %d", have, want)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// TestRulesSizeTheWorker: the queue's rules say how many run, while they run, and a
// person can start one beside them.
func TestRulesSizeTheWorker(t *testing.T) {
	b := newBench(t, 1)
	b.work()
	ctx := t.Context()
	dir := t.TempDir()
	var ids []agent.ID
	for i := range 5 {
		ids = append(ids, b.submit(gated(dir, fmt.Sprint(i))))
	}
	rule := func(n int) {
		if _, err := b.store.Rule(ctx, agent.RuleChange{Op: agent.RuleParallel, Limit: n}); err != nil {
			t.Fatal(err)
		}
	}
	b.running(1)
	rule(3)
	b.running(3)
	if _, limit := b.worker.Busy(); limit != 3 {
		t.Errorf("%d slots, want 3", limit)
	}
	rule(2)
	if _, err := b.store.Change(ctx, ids[4], agent.Change{Op: agent.OpStart, By: "ada"}); err != nil {
		t.Fatal(err)
	}
	b.running(4)
	if job, err := b.store.Job(ctx, ids[3]); err != nil || job.State != agent.Queued || job.Waiting.For != agent.WaitParallel {
		t.Errorf("job %s is %s, and waits for %v (%v)", ids[3], job.State, job.Waiting, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "go"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if job, _ := b.done(id); job.Verdict != agent.Unverified {
			t.Errorf("job %s: %s %s", id, job.Verdict, job.Reason)
		}
	}
	b.running(0)
}

// TestResize: the settings say how many run, where the rules say nothing.
func TestResize(t *testing.T) {
	b := newBench(t, 1)
	b.work()
	dir := t.TempDir()
	for i := range 4 {
		b.submit(gated(dir, fmt.Sprint(i)))
	}
	b.running(1)
	b.worker.Resize(3)
	b.running(3)
	if _, err := b.store.Rule(t.Context(), agent.RuleChange{Op: agent.RuleParallel, Limit: 4}); err != nil {
		t.Fatal(err)
	}
	b.running(4)
	b.worker.Resize(2)
	if _, limit := b.worker.Busy(); limit != 4 {
		t.Errorf("against the rules there are %d slots", limit)
	}
	if err := os.WriteFile(filepath.Join(dir, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	b.running(0)
}
