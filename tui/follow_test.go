package tui

import (
	"bytes"
	"context"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"codeagent.dev/agent"
	"codeagent.dev/agent/store/mem"
)

// submit puts a job with two variants into a store.
func submit(t *testing.T, s *mem.Store) agent.ID {
	t.Helper()
	job, err := s.Submit(t.Context(), agent.Spec{Kind: agent.Command, Text: "true", Repo: "/r", Base: commit, Variants: 2})
	if err != nil {
		t.Fatal(err)
	}
	return job.ID
}

// work carries both variants of the one job in the store to their ends, on the side.
func work(t *testing.T, s *mem.Store) {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- errors.Join(carry(t.Context(), s), carry(t.Context(), s)) }()
	t.Cleanup(func() {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func carry(ctx context.Context, s *mem.Store) error {
	lease, err := s.Claim(ctx, agent.Claim{Worker: "w", TTL: time.Minute})
	if err != nil {
		return err
	}
	if err := s.Record(ctx, lease, agent.EventStep, "doing the work"); err != nil {
		return err
	}
	o := agent.Outcome{Verdict: agent.Unverified, Commit: commit, Maker: "command", Stat: agent.Stat{Files: 1, Added: 1}}
	if lease.Variant == 2 {
		o = agent.Outcome{Verdict: agent.NoPatch, Reason: "nothing was changed"}
	}
	return s.Finish(ctx, lease, o)
}

// terminal is a pseudo-terminal that answers nothing and remembers what was written.
type terminal struct {
	io.Writer
	got  chan string
	shut func()
}

func newTerminal(t *testing.T) *terminal {
	t.Helper()
	host, guest, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo-terminal: %v", err)
	}
	if err := pty.Setsize(host, &pty.Winsize{Rows: 24, Cols: 100}); err != nil {
		t.Fatal(err)
	}
	term := &terminal{Writer: guest, got: make(chan string, 1), shut: func() { guest.Close() }}
	go func() {
		var b bytes.Buffer
		io.Copy(&b, host) // ends with an error when the guest's side is closed
		host.Close()
		term.got <- b.String()
	}()
	return term
}

// text closes the terminal and returns what was written to it.
func (term *terminal) text() string {
	term.shut()
	return <-term.got
}

// queries are what asks a terminal something: colours, attributes, modes, position.
var queries = regexp.MustCompile("\x1b\\]1[0-9];\\?|\x1b\\[[>=]?[0-9]*c|\x1b\\[\\??[0-9]+\\$p|\x1b\\[6n|\x1b\\[>[0-9]*q|\x1bP\\+q")

func TestFollowLeavesTheTableAndACleanTerminal(t *testing.T) {
	s := mem.New(mem.Options{})
	defer s.Close()
	id := submit(t, s)
	term := newTerminal(t)
	work(t, s)
	done, err := Follow(t.Context(), s, []agent.ID{id}, term, Style{})
	if err != nil {
		t.Fatal(err)
	}
	text := term.text()
	if len(done) != 1 || done[0].Verdict != agent.Unverified {
		t.Errorf("jobs: %+v", done)
	}
	checkClean(t, text)
	_, table, found := strings.Cut(text, "RESULT")
	if !found || !strings.Contains(table, "○ unverified") || !strings.Contains(table, "– no patch") {
		t.Errorf("no table at the end of %q", text)
	}
	if strings.ContainsRune(table, '\x1b') {
		t.Errorf("the table is followed by escape sequences: %q", table)
	}
}

func TestFollowEndsWhenThePersonLeaves(t *testing.T) {
	s := mem.New(mem.Options{})
	defer s.Close()
	id := submit(t, s)
	term := newTerminal(t)
	ctx, leave := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, leave)
	_, err := Follow(ctx, s, []agent.ID{id}, term, Style{})
	if !errors.Is(err, context.Canceled) || !ErrLeft(err) {
		t.Errorf("error: %v", err)
	}
	checkClean(t, term.text())
	if job, err := s.Job(t.Context(), id); err != nil || job.State != agent.Queued {
		t.Errorf("the job did not go on: %v %v", job.State, err)
	}
}

// checkClean wants no question to the terminal and the cursor back.
func checkClean(t *testing.T, text string) {
	t.Helper()
	if q := queries.FindString(text); q != "" {
		t.Errorf("asks the terminal %q", q)
	}
	if hide, show := strings.LastIndex(text, "\x1b[?25l"), strings.LastIndex(text, "\x1b[?25h"); hide > show {
		t.Errorf("the cursor stays hidden: %q", text)
	}
	if strings.Contains(text, "\x1b[?1049h") {
		t.Error("uses the alternate screen, and so leaves nothing in the scrollback")
	}
}

func TestFollowOfAnUnknownJob(t *testing.T) {
	s := mem.New(mem.Options{})
	defer s.Close()
	term := newTerminal(t)
	_, err := Follow(t.Context(), s, []agent.ID{99}, term, Style{})
	if agent.CodeOf(err) != agent.NotFound {
		t.Errorf("error: %v", err)
	}
	checkClean(t, term.text())
}

func TestProgressTellsEveryStepOnce(t *testing.T) {
	s := mem.New(mem.Options{})
	defer s.Close()
	id := submit(t, s)
	work(t, s)
	var b strings.Builder
	done, err := Progress(t.Context(), s, []agent.ID{id}, &b)
	if err != nil {
		t.Fatal(err)
	}
	if done[0].Verdict != agent.Unverified {
		t.Errorf("verdict: %s", done[0].Verdict)
	}
	for _, want := range []string{"1/1: doing the work\n", "1/2: doing the work\n", "1/1: finished: unverified", "1/2: finished: no patch"} {
		if strings.Count(b.String(), want) != 1 {
			t.Errorf("%q is not told once:\n%s", want, b.String())
		}
	}
}

func TestLiveViewFitsSmallTerminals(t *testing.T) {
	m := newLive(Style{}, []agent.ID{12})
	m.now, m.jobs[12] = noon, threeVariants()
	m.steps[agent.Ref{Job: 12, Variant: 2}] = "check: go test ./..."
	running := &m.jobs[12].Variants[1]
	*running = agent.Variant{Number: 2, State: agent.Running, Started: noon.Add(-time.Minute)}
	m.width, m.height = 80, 24
	golden(t, "live-80x24", m.screen()+"\n")
	m.height = 4
	small := m.screen()
	golden(t, "live-80x4", small+"\n")
	if !strings.Contains(small, "12/2") {
		t.Error("what runs gave way to what is done")
	}
	for line := range strings.Lines(small) {
		if Width(strings.TrimSuffix(line, "\n")) > 80 {
			t.Errorf("%q is too wide", line)
		}
	}
}
