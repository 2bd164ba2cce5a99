package main_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/client"
)

// TestKilledDaemonTakesEachCommitOnce kills a real daemon at random moments while a
// person commits, and once loses notes as a machine does that breaks down. Each commit
// must then be exactly one job. What lies between the steps of the taking one by one is
// tested in package spool.
func TestKilledDaemonTakesEachCommitOnce(t *testing.T) {
	const kills = 20
	w := newWorld(t, "AGENT_WORKERS=1", "AGENT_CLAIMS_MAX=100", "AGENT_LEASE=5s")
	w.write(".agent.yaml", "hooks:\n  post-commit:\n    - run: echo x >>made\n")
	w.commit("first")
	w.ok("hook", "install")
	c := &crash{world: w, jobs: map[agent.ID]agent.Verdict{}}
	c.client = client.New(client.Options{Socket: filepath.Join(w.state(), "run", "agent.sock")})
	defer c.client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()

	daemon := c.startDaemon()
	committing, stop := context.WithCancel(ctx)
	var commits []string
	var person sync.WaitGroup
	person.Go(func() {
		for n := 0; committing.Err() == nil; n++ {
			w.git("commit", "-q", "--allow-empty", "-m", fmt.Sprint(n))
			commits = append(commits, w.git("rev-parse", "HEAD"))
			time.Sleep(time.Duration(rand.IntN(60)) * time.Millisecond)
		}
	})
	for range kills {
		time.Sleep(time.Duration(rand.IntN(250)) * time.Millisecond)
		daemon.Process.Kill()
		daemon.Wait()
		daemon = c.startDaemon()
	}
	stop()
	person.Wait()
	daemon.Process.Kill()
	daemon.Wait()
	w.git("commit", "-q", "--allow-empty", "-m", "whose note is lost")
	commits = append(commits, w.git("rev-parse", "HEAD"))
	spool := filepath.Join(w.state(), "spool")
	if err := os.RemoveAll(spool); err != nil {
		t.Fatal(err)
	}
	daemon = c.startDaemon()
	defer func() { daemon.Process.Kill(); daemon.Wait() }()
	t.Logf("%d commits over %d kills", len(commits), kills)

	times := map[string]int{}
	w.until("every commit is a job", 60*time.Second, func() bool {
		jobs, err := c.client.List(ctx, agent.Filter{Limit: agent.MaxLimit})
		if err != nil {
			return false
		}
		clear(times)
		for _, j := range jobs {
			times[j.Spec.Base]++
		}
		return len(times) >= len(commits)
	})
	for _, id := range commits {
		if times[id] != 1 {
			t.Errorf("commit %s is %d jobs", id, times[id])
		}
	}
	if len(times) != len(commits) {
		t.Errorf("%d commits have jobs, %d were made", len(times), len(commits))
	}
	w.until("no note is left", 20*time.Second, func() bool {
		left, err := os.ReadDir(spool)
		return err == nil && len(left) == 0
	})
}
