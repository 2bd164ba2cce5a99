package bolt_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"codeagent.dev/agent"
	"codeagent.dev/agent/store/bolt"
)

// crashEnv names the file that a re-executed test binary puts under load.
const crashEnv = "AGENT_TEST_BOLT_CRASH"

func TestMain(m *testing.M) {
	if path := os.Getenv(crashEnv); path != "" {
		fmt.Fprintln(os.Stderr, load(path))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// load submits and works until the process is killed. Each act is printed once it was
// acknowledged, in a line of its own.
func load(path string) error {
	s, err := bolt.Open(bolt.Options{Path: path})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	run := func(step func() error) {
		go func() {
			for {
				if err := step(); err != nil {
					cancel(err)
				}
			}
		}()
	}
	var lastOf [6]atomic.Int64 // job of each submitter; some let the next come after it
	for n := range lastOf {
		run(func() error { return submitOne(ctx, s, &lastOf, n) })
		run(func() error { return workOne(ctx, s) })
	}
	<-ctx.Done()
	return context.Cause(ctx)
}

func submitOne(ctx context.Context, s *bolt.Store, lastOf *[6]atomic.Int64, n int) error {
	asked := spec(fmt.Sprint("text ", rand.Uint64()))
	asked.Variants = 1 + n%2
	if n%3 == 0 {
		asked.Key = asked.Text
	}
	if last := lastOf[n].Load(); n > 3 && last > 0 {
		asked.After, asked.Priority = []agent.ID{agent.ID(last)}, n-4
	}
	j, err := s.Submit(ctx, asked)
	if err != nil {
		return err
	}
	fmt.Printf("submitted %d %q\n", j.ID, asked.Text)
	if last := lastOf[n].Swap(int64(j.ID)); n > 3 && last > 0 && rand.N(4) == 0 {
		_, err := s.Change(ctx, j.ID, agent.Change{Op: agent.OpSwitch, With: agent.ID(last)})
		if err != nil && agent.CodeOf(err) != agent.WrongState {
			return err
		}
	}
	if rand.N(8) > 0 {
		return nil
	}
	if _, err = s.Change(ctx, j.ID, agent.Change{Op: agent.OpCancel}); agent.CodeOf(err) == agent.WrongState {
		return nil
	}
	fmt.Printf("canceled %d\n", j.ID)
	return err
}

func workOne(ctx context.Context, s *bolt.Store) error {
	l, err := s.Claim(ctx, agent.Claim{Worker: "w", TTL: time.Hour})
	if err != nil {
		return err
	}
	for range 3 {
		if err := s.Record(ctx, l, agent.EventOutput, "x"); agent.CodeOf(err) == agent.Stopped {
			break
		} else if err != nil {
			return err
		}
	}
	if rand.N(4) == 0 {
		return s.Release(ctx, l)
	}
	result := fmt.Sprintf("%040x", rand.Uint64())
	if err := s.Finish(ctx, l, agent.Outcome{Verdict: agent.Unverified, Commit: result}); err != nil {
		return err
	}
	fmt.Printf("finished %d %d %s\n", l.Job.ID, l.Variant, result)
	return nil
}

// promises is what killed processes acknowledged.
type promises struct {
	texts    map[agent.ID]string
	canceled map[agent.ID]bool
	finished map[agent.Ref]string
}

func (p *promises) read(line string) error {
	var id agent.ID
	var n int
	var text string
	if _, err := fmt.Sscanf(line, "submitted %d %q", &id, &text); err == nil {
		if old, ok := p.texts[id]; ok {
			return fmt.Errorf("job %s was acknowledged twice: %q, %q", id, old, text)
		}
		p.texts[id] = text
		return nil
	}
	if _, err := fmt.Sscanf(line, "canceled %d", &id); err == nil {
		p.canceled[id] = true
		return nil
	}
	if _, err := fmt.Sscanf(line, "finished %d %d %s", &id, &n, &text); err != nil {
		return fmt.Errorf("line %q: %w", line, err)
	}
	ref := agent.Ref{Job: id, Variant: n}
	if old, ok := p.finished[ref]; ok {
		return fmt.Errorf("%s was finished twice: %s, %s", ref, old, text)
	}
	p.finished[ref] = text
	return nil
}

// kill runs a loaded process and kills it at a random moment: an early one is counted
// from its start, others from some acknowledgement.
func (p *promises) kill(t *testing.T, path string, early bool) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashEnv+"="+path)
	cmd.Stderr = os.Stderr
	out := must[io.ReadCloser](t)(cmd.StdoutPipe())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := func() { _ = cmd.Process.Kill() }
	spare := 1 + rand.N(60) // lines
	if early {
		defer time.AfterFunc(rand.N(60*time.Millisecond), kill).Stop()
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if err := p.read(lines.Text()); err != nil {
			t.Error(err)
		}
		if spare--; spare == 0 {
			defer time.AfterFunc(rand.N(5*time.Millisecond), kill).Stop()
		}
	}
	if err := cmd.Wait(); cmd.ProcessState.Exited() {
		t.Fatalf("the process ended by itself: %v", err)
	}
}

// A process under load is killed again and again, also while it opens the file. What
// it acknowledged is there afterwards, and nothing ends twice.
func TestKilled(t *testing.T) {
	const kills = 60
	path := filepath.Join(t.TempDir(), "agent.db")
	p := &promises{texts: map[agent.ID]string{}, canceled: map[agent.ID]bool{}, finished: map[agent.Ref]string{}}
	for n := range kills {
		p.kill(t, path, n%4 == 0)
	}
	s := openAt(t, path)
	defer closeStore(t, s)
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	finishRest(t, s)
	p.check(t, s)
	if len(p.texts) < kills || len(p.finished) < kills {
		t.Errorf("only %d jobs and %d ends were acknowledged in %d lives", len(p.texts), len(p.finished), kills)
	}
	t.Logf("%d jobs, %d ends, %d cancels acknowledged in %d lives", len(p.texts), len(p.finished), len(p.canceled), kills)
}

// finishRest ends what is still queued.
func finishRest(t *testing.T, s *bolt.Store) {
	t.Helper()
	for must[agent.Status](t)(s.Status(t.Context())).Waiting > 0 {
		l := must[agent.Lease](t)(s.Claim(t.Context(), agent.Claim{Worker: "w", TTL: time.Hour}))
		if err := s.Finish(t.Context(), l, agent.Outcome{Verdict: agent.NoPatch}); err != nil {
			t.Error(err)
		}
	}
}

func (p *promises) check(t *testing.T, s *bolt.Store) {
	t.Helper()
	all := snapshotPages(t, s)
	jobs := map[agent.ID]agent.Job{}
	for _, j := range all.Jobs {
		jobs[j.ID] = j
		ends := map[int]int{}
		for i, e := range all.Events[j.ID] {
			if e.Seq != uint64(i+1) {
				t.Errorf("job %s: event %d has Seq %d", j.ID, i+1, e.Seq)
			}
			switch e.Type {
			case agent.EventFinished:
				ends[e.Variant]++
			case agent.EventDone:
				ends[0]++
			}
		}
		for n := range len(j.Variants) + 1 {
			if ends[n] != 1 {
				t.Errorf("job %s, variant %d: ended %d times", j.ID, n, ends[n])
			}
		}
	}
	for _, j := range all.Jobs {
		if len(j.Spec.After) > 0 {
			checkFollower(t, j, jobs[j.Spec.After[0]])
		}
	}
	for id, text := range p.texts {
		if j, ok := jobs[id]; !ok || j.Spec.Text != text {
			t.Errorf("job %s: there is %t, text %q, want %q", id, ok, j.Spec.Text, text)
		}
	}
	for ref, want := range p.finished {
		j := jobs[ref.Job]
		v, ok := j.Variant(ref.Variant)
		// A canceled job's Finish is acknowledged too, and ends it Canceled.
		if !ok || v.Commit != want && v.Verdict != agent.Canceled {
			t.Errorf("%s: %+v, want commit %s", ref, v, want)
		}
	}
	for id := range p.canceled {
		j := jobs[id]
		for _, v := range j.Variants {
			if v.Verdict != agent.Canceled && p.finished[agent.Ref{Job: id, Variant: v.Number}] == "" && v.Verdict != agent.Unverified {
				t.Errorf("%s/%d was canceled and ended %s: %s", id, v.Number, v.Verdict, v.Reason)
			}
		}
	}
	if got := all.Status; got.Done != len(all.Jobs) || got.Queued+got.Running+got.Waiting+got.Held != 0 {
		t.Errorf("status %+v with %d jobs", got, len(all.Jobs))
	}
}

// checkFollower wants a job to be what the one it comes after requires.
func checkFollower(t *testing.T, j, after agent.Job) {
	t.Helper()
	start, begun := "", false
	if v, ok := after.Variant(after.Proposed); ok {
		start = v.Commit
	}
	for _, v := range j.Variants {
		if v.Verdict == agent.Canceled {
			return // nobody follows then
		}
		begun = begun || v.Claims > 0
	}
	if j.Start != start || begun != (start != "") || !begun && !strings.HasPrefix(j.Reason, "not begun: ") {
		t.Errorf("job %s comes after %s, which is %s with %q; it starts from %q, ended %s: %s", j.ID, after.ID, after.Verdict, start, j.Start, j.Verdict, j.Reason)
	}
}

// snapshotPages is snap for more jobs than one page holds.
func snapshotPages(t *testing.T, s *bolt.Store) snapshot {
	t.Helper()
	all := snapshot{Status: must[agent.Status](t)(s.Status(t.Context())), Events: map[agent.ID][]agent.Event{}}
	f := agent.Filter{Oldest: true, Limit: agent.MaxLimit}
	for {
		page := must[[]agent.Job](t)(s.List(t.Context(), f))
		if len(page) == 0 {
			return all
		}
		for _, j := range page {
			all.Jobs = append(all.Jobs, must[agent.Job](t)(s.Job(t.Context(), j.ID)))
			for e, err := range s.Events(t.Context(), j.ID, 0) {
				if err != nil {
					t.Fatal(err)
				}
				all.Events[j.ID] = append(all.Events[j.ID], e)
			}
		}
		f.After = page[len(page)-1].ID
	}
}
