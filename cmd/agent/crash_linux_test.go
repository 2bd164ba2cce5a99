package main_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/client"
	"codeagent.dev/agent/store/bolt"
)

const (
	kills      = 50
	submitters = 4
)

// TestKilledDaemonLosesNothing kills a real daemon under load, with SIGKILL, at random
// moments. Every acknowledged job must then end exactly once with the verdict it
// earns, and nothing may be left behind: no process, no lock, no half-made tree.
func TestKilledDaemonLosesNothing(t *testing.T) {
	// A killed daemon uses up its jobs' claims; the poison limit is tested elsewhere.
	w := newWorld(t, "AGENT_WORKERS=3", "AGENT_CLAIMS_MAX=100", "AGENT_LEASE=5s")
	w.write("a.txt", "a\n")
	w.commit("first")
	base := w.git("rev-parse", "HEAD")
	c := &crash{world: w, jobs: map[agent.ID]agent.Verdict{}, diff: w.diffTo("a.txt", "b\n")}
	c.client = client.New(client.Options{Socket: filepath.Join(w.state(), "run", "agent.sock")})
	defer c.client.Close()

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	daemon := c.startDaemon()
	killing, stop := context.WithCancel(ctx)
	var load sync.WaitGroup
	for i := range submitters {
		load.Go(func() { c.submit(killing, i) })
	}
	for i := range kills {
		// Every other daemon dies early, maybe before it can take a job; the others
		// are under load, however slow the machine is.
		if i%2 == 1 {
			c.untilAcknowledged(ctx)
		}
		time.Sleep(time.Duration(rand.IntN(250)) * time.Millisecond)
		daemon.Process.Kill()
		daemon.Wait()
		daemon = c.startDaemon()
	}
	stop()
	load.Wait()
	t.Logf("%d jobs acknowledged over %d kills", len(c.jobs), kills)
	if len(c.jobs) < kills/2 {
		t.Errorf("only %d jobs were submitted: the daemon was hardly under load", len(c.jobs))
	}
	c.mirror = strings.TrimSpace(w.ok("repo", "path"))
	for id, want := range c.jobs {
		c.wantOnce(ctx, id, want)
	}
	if got := w.git("rev-parse", "HEAD"); got != base {
		t.Errorf("HEAD moved to %s", got)
	}

	w.ok("daemon", "stop")
	daemon.Wait()
	c.wantNothingLeft()
}

type crash struct {
	*world
	client *client.Client
	diff   string
	mirror string // path of the repository's mirror

	mu   sync.Mutex
	jobs map[agent.ID]agent.Verdict // acknowledged, with what each must end as
}

// startDaemon starts a daemon as a child and waits until it answers.
func (c *crash) startDaemon() *exec.Cmd {
	c.t.Helper()
	cmd := c.command(c.bin, "daemon", "run")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		ping, err := c.client.Ping(c.t.Context())
		if err == nil && ping.PID == cmd.Process.Pid {
			return cmd
		}
		if time.Now().After(end) {
			cmd.Process.Kill()
			cmd.Wait()
			c.t.Fatalf("the daemon does not come up: %v\n%s", err, said.String())
		}
	}
}

// untilAcknowledged returns when one more job is acknowledged.
func (c *crash) untilAcknowledged(ctx context.Context) {
	c.t.Helper()
	count := func() int {
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.jobs)
	}
	before := count()
	c.until("a job is acknowledged", 30*time.Second, func() bool { return count() > before || ctx.Err() != nil })
}

// submit keeps submitting until ctx ends. A submission whose answer was lost is made
// again under the same key, as a careful caller would.
func (c *crash) submit(ctx context.Context, who int) {
	kinds := []struct {
		want agent.Verdict
		spec agent.Spec
	}{
		{agent.Verified, agent.Spec{Kind: agent.Diff, Text: c.diff, Checks: []agent.Check{{Run: "grep -q b a.txt"}}}},
		{agent.Unverified, agent.Spec{Kind: agent.Diff, Text: c.diff}},
		{agent.Conflict, agent.Spec{Kind: agent.Diff, Text: strings.ReplaceAll(c.diff, "-a\n", "-z\n")}},
		{agent.ChecksFailed, agent.Spec{Kind: agent.Command, Text: "echo c > a.txt", Checks: []agent.Check{{Run: "sleep 0.05; false"}}}},
		{agent.Verified, agent.Spec{Kind: agent.Command, Text: "(setsid sleep 600 &) ; echo d > a.txt; sleep 0.05", Variants: 2, Checks: []agent.Check{{Run: "grep -q d a.txt"}}}},
		{agent.Failed, agent.Spec{Kind: agent.Command, Text: "exit 3"}},
	}
	for n := 0; ctx.Err() == nil; n++ {
		kind := kinds[rand.IntN(len(kinds))]
		spec := kind.spec
		spec.Repo, spec.Base, spec.Key = c.repo, "HEAD", fmt.Sprintf("%d-%d", who, n)
		spec.Env = map[string]string{"PATH": os.Getenv("PATH"), "HOME": c.home, "CRASH_TEST": c.home}
		for ctx.Err() == nil {
			job, err := c.client.Submit(ctx, spec)
			if err == nil {
				c.mu.Lock()
				c.jobs[job.ID] = kind.want
				c.mu.Unlock()
				break
			}
			if code := agent.CodeOf(err); code != agent.Unavailable && ctx.Err() == nil {
				c.t.Errorf("submit: %s: %v", code, err)
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
		time.Sleep(time.Duration(rand.IntN(100)) * time.Millisecond)
	}
}

// wantOnce follows one job to its end and holds its history against the law: each
// variant finishes once, the job is done once, events count without a gap.
func (c *crash) wantOnce(ctx context.Context, id agent.ID, want agent.Verdict) {
	finished := map[int]int{}
	done, seq := 0, uint64(0)
	for e, err := range c.client.Events(ctx, id, 0) {
		if err != nil {
			c.t.Fatalf("events of job %d: %v", id, err)
		}
		if seq++; e.Seq != seq {
			c.t.Errorf("job %d: event %d where %d was due", id, e.Seq, seq)
			seq = e.Seq
		}
		switch e.Type {
		case agent.EventFinished:
			finished[e.Variant]++
		case agent.EventDone:
			done++
		}
	}
	job, err := c.client.Job(ctx, id)
	if err != nil {
		c.t.Errorf("acknowledged job %d is lost: %v", id, err)
		return
	}
	if job.Verdict != want || done != 1 || len(finished) != len(job.Variants) {
		c.t.Errorf("job %d (%s) ended %q, want %q; done %d times, variants finished %v: %s", id, job.Spec.Title, job.Verdict, want, done, finished, job.Reason)
	}
	for number, times := range finished {
		v, _ := job.Variant(number)
		if times != 1 {
			c.t.Errorf("variant %d/%d finished %d times", id, number, times)
		}
		if v.Verdict.HasCommit() && c.git("--git-dir", c.mirror, "rev-parse", fmt.Sprintf("refs/agent/%d/%d", id, number)) != v.Commit {
			c.t.Errorf("variant %d/%d: its ref is not its commit %s", id, number, v.Commit)
		}
	}
}

// wantNothingLeft looks for what a killed daemon could have left, after an orderly end.
func (c *crash) wantNothingLeft() {
	c.until("no process of a job is left", 10*time.Second, func() bool { return len(c.strays()) == 0 })
	db, err := bolt.Open(bolt.Options{Path: filepath.Join(c.state(), "agent.db")})
	if err != nil {
		c.t.Fatalf("the database does not open: %v", err)
	}
	if err := db.Check(context.Background()); err != nil {
		c.t.Errorf("the database is damaged: %v", err)
	}
	db.Close()
	c.git("--git-dir", c.mirror, "fsck", "--no-dangling", "--connectivity-only")
	filepath.WalkDir(c.state(), func(path string, d os.DirEntry, err error) error {
		if err == nil && (strings.HasSuffix(path, ".lock") && d.Type().IsRegular() && isGitLock(path)) {
			c.t.Errorf("lock left: %s", path)
		}
		return nil
	})
	trees, _ := filepath.Glob(filepath.Join(c.state(), "repos", "*", "trees", "*", "tree"))
	if trash, _ := filepath.Glob(filepath.Join(c.state(), "repos", "*", "trees", "trash*")); len(trash) > 0 || len(trees) > 4 {
		c.t.Errorf("left are %v and %v", trees, trash)
	}
}

// isGitLock tells git's locks, whose being there is the lock, from files of ours that
// are locked by the kernel and may stay.
func isGitLock(path string) bool {
	return strings.Contains(path, string(filepath.Separator)+"git"+string(filepath.Separator))
}

// strays returns the processes that still carry the jobs' environment.
func (c *crash) strays() (pids []int) {
	mark := []byte("CRASH_TEST=" + c.home)
	envs, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range envs {
		env, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(env, mark) {
			continue
		}
		pid, _ := strconv.Atoi(strings.Split(file, "/")[2])
		if syscall.Kill(pid, 0) == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
