package monitor

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/creack/pty"
	"go.uber.org/goleak"

	"codeagent.dev/agent"
)

// TestMain puts the screens into one time zone, and looks for leaks.
func TestMain(m *testing.M) {
	time.Local = time.UTC
	goleak.VerifyTestMain(m)
}

// see runs what is typed and returns the screen without blanks at the ends of rows.
func see(t *testing.T, cfg Config, typed string) string {
	t.Helper()
	cfg.NoColor = true
	return shoot(t, cfg, 100, 30, typed)
}

// inBubble runs f with a filled world while time stands still.
func inBubble(t *testing.T, f func(t *testing.T, w *world, cfg Config)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.fill()
		f(t, w, w.config())
	})
}

func wants(t *testing.T, screen string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(screen, p) {
			t.Errorf("the screen does not say %q:\n%s", p, screen)
		}
	}
}

func TestDangerousThingsAreAskedOnceAndOnlyDoneOnYes(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, cfg Config) {
		wants(t, see(t, cfg, "Ga"), "apply 1/1: 2 files, +20 -4, into /home/ada/src/api?", "y yes")
		see(t, cfg, "Gan")
		see(t, cfg, "Ga<enter>")
		if len(w.applied) != 0 {
			t.Errorf("applied without a yes: %v", w.applied)
		}
		wants(t, see(t, cfg, "Gkv2ay"), "applied 2/2: 2 files")
		wants(t, see(t, cfg, "Gkv2a"), "apply 2/2 (checks failed): 2 files")
		wants(t, see(t, cfg, "  G<enter>x"), "cancel job 1,") // what is read, not what is marked
		see(t, cfg, "G k ay")
		if want := []string{"2/2", "1/1", "2/1"}; !slices.Equal(w.applied, want) {
			t.Errorf("applied %v, want %v", w.applied, want)
		}
		for _, c := range []struct{ keys, want string }{
			{"jjx", "cancel job 6, running: make the importer faster"},
			{"GX", "remove job 1, done: give the HTTP client a backoff that doubles; its results, log and refs go?"},
			{"G k X", "remove 2 jobs: 2, 1; its results, log and refs go?"},
			{"Gu", "undo the last delivery of job 1?"},
		} {
			wants(t, see(t, cfg, c.keys), c.want)
			see(t, cfg, c.keys+"<esc>")
		}
		if job, err := w.Job(t.Context(), 6); err != nil || job.State != agent.Running {
			t.Errorf("job 6: %v %v", job.State, err)
		}
		wants(t, see(t, cfg, "GXy"), "removed 1", "7 jobs")
		wants(t, see(t, cfg, "jjxy"), "canceled 6")
	})
}

func TestActionsReachTheQueue(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, cfg Config) {
		wants(t, see(t, cfg, "jjjjRno, keep them<enter>"), "4/2 is made", "4 ▸ running")
		job, err := w.Job(t.Context(), 4)
		must(t, err)
		if v := job.Variants[1]; v.Remark != "no, keep them" || v.Revises != 1 {
			t.Errorf("revised: %+v", v)
		}
		wants(t, see(t, cfg, "jjjjjr"), "queued again 3")
		wants(t, see(t, cfg, "r"), "✗ job 8 is queued")
		wants(t, see(t, cfg, "Gkv3*"), "picked 2/3", "* picked")
		wants(t, see(t, cfg, "Gb<ctrl+u>feature/x<enter>"), "made branch feature/x")
		wants(t, see(t, cfg, "Guy"), "client.go was changed since", "git diff client.go")
		wants(t, see(t, cfg, "jo"), "opened 7")
		if !slices.Contains(w.applied, "1/1 feature/x") {
			t.Errorf("branches: %v", w.applied)
		}
		wants(t, see(t, cfg, "jj y"), "copied 6")
		wants(t, see(t, cfg, "Gdy"), "copied the diff of 1/1")
	})
}

func TestWhatIsNotWiredIsNotDone(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, cfg Config) {
		cfg.Act, cfg.Health = Actions{}, nil
		for keys, want := range map[string]string{"Ga": "nothing can be applied", "Gb": "no branch", "u": "nothing can be undone", "o": "nothing can be opened",
			"n": "no job can be made", "Gkv1D": "no two variants", "Gd": "cannot be read from here"} {
			wants(t, see(t, cfg, keys), want)
		}
	})
}

func TestTheQueueIsSteered(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, cfg Config) {
		cfg.Act.Editor = nil
		job := func(id agent.ID) agent.Job {
			job, err := w.Job(t.Context(), id)
			must(t, err)
			return job
		}
		wants(t, see(t, cfg, "h"), "held 8", "· held")
		wants(t, see(t, cfg, "h"), "released 8", "· next worker")
		wants(t, see(t, cfg, " j h"), "hold 2 jobs: 8, 6?")
		wants(t, see(t, cfg, "++-+="), "priority of 8 is 3", "· +3 next worker")
		wants(t, see(t, cfg, "j-"), "priority of 7 is -1")
		wants(t, see(t, cfg, "  ~"), "8 and 7 traded places")
		if a, b := job(8), job(7); a.Spec.Priority != -1 || b.Spec.Priority != 3 {
			t.Errorf("priorities %d and %d", a.Spec.Priority, b.Spec.Priority)
		}
		wants(t, see(t, cfg, "!"), "start at once job 8, queued: update the translations")
		wants(t, see(t, cfg, "!y"), "started 8")
		if !job(8).Now {
			t.Error("job 8 was not told to start")
		}
		wants(t, see(t, cfg, "Prelease<enter>"), "the queue is paused", "! paused by ada: release ·", "· +3 paused by ")
		wants(t, see(t, cfg, "P"), "resume the queue, paused by ada: release?", "y yes")
		wants(t, see(t, cfg, "Pn"), "! paused by ada: release ·")
		wants(t, see(t, cfg, "Py"), "the queue goes on", "· +3 next worker")
		wants(t, see(t, cfg, "Hslow<enter>"), "group default is paused", "! group default paused", "· +3 group defa")
		wants(t, see(t, cfg, "P"), "pause the queue, because:") // and not the group
		wants(t, see(t, cfg, "H"), "resume group default, paused by ada: slow?")
		wants(t, see(t, cfg, "Hy"), "group default goes on")
		wants(t, see(t, cfg, "L<ctrl+u>1<enter>"), "1 at once", "workers 1/1", "· +3 queue 1/1")
		wants(t, see(t, cfg, "Lx<enter>"), "is no number")
		wants(t, see(t, cfg, "je<ctrl+u>document nothing<enter>"), "edited 7", "document nothing")
		if got := job(7).Spec.Text; got != "document nothing" {
			t.Errorf("text: %q", got)
		}
		wants(t, see(t, cfg, "Ge"), "job 1 has begun")
		wants(t, see(t, cfg, "/group:def state:queu<enter>"), "2 of 8 jobs")
	})
}

func TestWhyAJobWaitsIsReadAgainWhenOthersChange(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, cfg Config) {
		_, err := w.Rule(t.Context(), agent.RuleChange{Op: agent.RulePerRepo, Limit: 1})
		must(t, err)
		cfg.Act.Open = func(context.Context, agent.Ref) (string, error) {
			l := w.claim()
			return "claimed " + agent.Ref{Job: l.Job.ID, Variant: l.Variant}.String(), nil
		}
		st := newStage(t.Context(), cfg, Shot{Width: 110, Height: 30})
		defer st.close()
		must(t, st.settle())
		wants(t, st.model.screen(), "next worker")
		must(t, st.press("o"))
		time.Sleep(2 * headBreath)
		must(t, st.settle())
		wants(t, st.model.screen(), "repository d")
	})
}

func TestTheFormMakesAJob(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, cfg Config) {
		_, err := w.Rule(t.Context(), agent.RuleChange{Op: agent.RuleGroup, Group: "web", Limit: 2})
		must(t, err)
		wants(t, see(t, cfg, "nfix <left><backspace>ed it<tab><right><tab><ctrl+u>/srv/x<tab>main<tab>x<ctrl+s>"), `variants: "x" is no number`)
		wants(t, see(t, cfg, "nfix it<tab><right><tab><ctrl+u>/srv/x<tab>main<tab>3<tab>2<tab>claude, codex<tab>web<tab>nightly slow<tab><backspace>7<tab>7<tab><tab><right><enter>"), "job 9 ", ">   9 ")
		job, err := w.Job(t.Context(), 9)
		must(t, err)
		if s := job.Spec; s.Text != "fix it" || s.Kind != agent.Command || s.Repo != "/srv/x" || s.Variants != 3 || s.Tries != 2 || !slices.Equal(s.Makers, []string{"claude", "codex"}) ||
			s.Group != "web" || !slices.Equal(s.Labels, []string{"nightly", "slow"}) || s.Priority != 7 ||
			!slices.Equal(s.After, []agent.ID{7}) || !s.Hold {
			t.Errorf("spec: %+v", s)
		}
		cfg.Act.NewJob = func(context.Context, Draft) (agent.Job, error) {
			return agent.Job{}, agent.Errorf(agent.NotFound, "no repository here").WithHint("git init")
		}
		wants(t, see(t, cfg, "nfix it<ctrl+s>"), "no repository here git init", "new job")
	})
}

func TestTheListFollowsTheQueue(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, cfg Config) {
		cfg.Act.Open = func(context.Context, agent.Ref) (string, error) {
			id := w.submit(agent.Spec{Text: "came later"})
			must(t, w.remove(1))
			return fmt.Sprint("made ", id), nil
		}
		wants(t, see(t, cfg, "o"), ">   9 · queued", "8 jobs")
		wants(t, see(t, cfg, "jo"), ">   8 · queued") // it stays on the job that a person chose
	})
}

func (w *world) remove(id agent.ID) error {
	_, err := w.Change(w.t.Context(), id, agent.Change{Op: agent.OpRemove})
	if agent.CodeOf(err) == agent.NotFound {
		return nil
	}
	return err
}

// broken is a daemon that can be lost: everything fails while it is down.
type broken struct {
	*world
	mu   sync.Mutex
	down bool
	cut  []func()
}

func (b *broken) set(down bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down = down
	for _, cut := range b.cut {
		cut()
	}
	b.cut = nil
}

func (b *broken) fails() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down {
		return agent.Errorf(agent.Unavailable, "the daemon does not answer")
	}
	return nil
}

func (b *broken) List(ctx context.Context, f agent.Filter) ([]agent.Job, error) {
	if err := b.fails(); err != nil {
		return nil, err
	}
	return b.world.List(ctx, f)
}

func (b *broken) Watch(ctx context.Context) iter.Seq2[agent.ID, error] {
	ctx, cut := context.WithCancel(ctx)
	b.mu.Lock()
	b.cut = append(b.cut, cut)
	b.mu.Unlock()
	inner := b.world.Watch(ctx)
	return func(yield func(agent.ID, error) bool) {
		defer cut()
		for id, err := range inner {
			if lost := b.fails(); lost != nil {
				id, err = 0, lost
			}
			if !yield(id, err) || err != nil {
				return
			}
		}
	}
}

func TestALostDaemonIsSaidAndFoundAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, cfg Config) {
		b := &broken{world: w}
		cfg.Jobs, cfg.NoColor = b, true
		st := newStage(t.Context(), cfg, Shot{Width: 100, Height: 30})
		defer st.close()
		must(t, st.settle())
		b.set(true)
		must(t, st.settle())
		wants(t, st.model.screen(), "✗ daemon lost - reconnecting", "8 jobs", "give the HTTP client")
		w.submit(agent.Spec{Text: "while it was away"})
		must(t, w.remove(5))
		for range 60 {
			time.Sleep(time.Second)
			must(t, st.settle())
		}
		wants(t, st.model.screen(), "✗ daemon lost - reconnecting", "8 jobs")
		b.set(false)
		for range retryLast / time.Second {
			time.Sleep(time.Second)
			must(t, st.settle())
		}
		got := st.model.screen()
		wants(t, got, "✓ 1.4.0", "8 jobs", "while it was away")
		if strings.Contains(got, "lost") || strings.Contains(got, "try the new parser") {
			t.Errorf("the picture is old:\n%s", got)
		}
		must(t, st.press("G"))
		must(t, st.press("l"))
		wants(t, st.model.screen(), "asking claude")
	})
}

func TestTheLogIsFollowedToItsEnd(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, cfg Config) {
		l := w.claim()
		for l.Job.ID != 6 {
			l = w.claim() // repositories take turns
		}
		n := 0
		cfg.Act.Open = func(context.Context, agent.Ref) (string, error) {
			for range 50 {
				n++
				w.record(l, agent.EventOutput, fmt.Sprintf("printed %d\n", n))
			}
			return "", nil
		}
		got := see(t, cfg, "jjlo")
		wants(t, got, "/2 printed 50", "following", "56 lines")
		got = see(t, cfg, "jjlkkko")
		wants(t, got, "/2 printed 47", "%")
		if strings.Contains(got, "printed 60") {
			t.Errorf("it scrolled away under the reader:\n%s", got)
		}
		wants(t, see(t, cfg, "jjl1"), "reading importer.go")
		if got := see(t, cfg, "jjl1"); strings.Contains(got, "printed") {
			t.Errorf("variant 1 printed none of this:\n%s", got)
		}
	})
}

func TestTheMouseChoosesOpensAndScrolls(t *testing.T) {
	m := crowd(t, 100)
	m.detail.job = &agent.Job{ID: m.list.sel, Variants: make([]agent.Variant, 3)}
	m.detail.job.Events = 99
	click := func(x, y int) { m.Update(tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft}) }
	click(5, 4)
	if m.list.cur != m.list.top+2 || m.open {
		t.Errorf("a click on the third row chose row %d of the screen", m.list.cur-m.list.top)
	}
	click(5, 4)
	if !m.open {
		t.Error("a second click did not open it")
	}
	cur := m.list.cur
	m.Update(tea.MouseWheelMsg{X: 5, Y: 5, Button: tea.MouseWheelDown})
	if m.list.cur != cur+3 {
		t.Errorf("the wheel moved by %d", m.list.cur-cur)
	}
	for _, s := range m.spots() {
		click(m.width-m.detailWidth()+s.from+1, 2)
		if m.detail.tab != s.tab {
			t.Errorf("a click on %s opened %s", s.text, m.detail.tab)
		}
	}
	click(200, 200)
	click(-1, -1)
}

// queries are what asks a terminal something.
var queries = regexp.MustCompile("\x1b\\]1[0-9];\\?|\x1b\\[6n|\x1bP\\+q")

func TestOnlyRunAsksTheTerminal(t *testing.T) {
	term := newTerminal(t)
	w := newWorld(t)
	cfg := w.config()
	newModel(t.Context(), cfg)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	cfg.In, cfg.Out, cfg.Env = term.guest, term.guest, []string{"TERM=xterm-256color"}
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, cfg) }()
	term.until(t, "no jobs yet")
	term.until(t, "\x1b]11;?")
	term.write("q")
	if err := <-ended; err != nil {
		t.Error(err)
	}
	text := term.text()
	if n := len(queries.FindAllString(text, -1)); n != 1 {
		t.Errorf("%d questions to the terminal, want the one for its background", n)
	}
	checkRestored(t, text)
}

// panicky is a daemon's client with a defect.
type panicky struct{ *world }

func (panicky) Job(context.Context, agent.ID) (agent.Job, error) { panic("a defect") }

func TestAPanicLeavesTheTerminalClean(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(w *world, cfg *Config)
		keys  string
	}{
		"in a command": {func(_ *world, cfg *Config) {
			cfg.Act.Open = func(context.Context, agent.Ref) (string, error) { panic("a defect") }
		}, "o"},
		"in an update": {func(_ *world, cfg *Config) {
			cfg.Act.Editor = func(string) *exec.Cmd { panic("a defect") }
		}, "n\x05"},
		"beside the screen": {func(w *world, cfg *Config) { cfg.Jobs = panicky{w} }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			term := newTerminal(t)
			w := newWorld(t)
			w.submit(agent.Spec{Text: "something"})
			cfg := w.config()
			c.spoil(w, &cfg)
			cfg.In, cfg.Out, cfg.Env = term.guest, term.guest, []string{"TERM=xterm-256color"}
			ended := make(chan error, 1)
			go func() { ended <- Run(t.Context(), cfg) }()
			if c.keys != "" {
				term.until(t, "something")
				term.write(c.keys)
			} // else why the job waits is read at once
			if err := <-ended; agent.CodeOf(err) != agent.Internal || !strings.Contains(err.Error(), "the monitor broke: a defect") {
				t.Errorf("error: %v", err)
			}
			checkRestored(t, term.text())
		})
	}
}

func TestAPanicInTheViewIsToldAndQuits(t *testing.T) {
	m := crowd(t, 3)
	quit := make(chan tea.Msg, 1)
	m.send = func(msg tea.Msg) { quit <- msg }
	m.list.table.shown[0] = nil // a defect
	if v := m.View(); v.Content != "" {
		t.Errorf("view: %q", v.Content)
	}
	if msg := <-quit; msg != (tea.QuitMsg{}) || m.broke == nil {
		t.Errorf("%v, broke: %v", msg, m.broke)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	term := newTerminal(t)
	w := newWorld(t)
	cfg := w.config()
	cfg.In, cfg.Out, cfg.Env = term.guest, term.guest, []string{"TERM=xterm-256color"}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, cfg) }()
	term.until(t, "no jobs yet")
	stop()
	if err := <-ended; err != nil {
		t.Errorf("error: %v", err)
	}
	checkRestored(t, term.text())
}

// checkRestored wants the main screen, the cursor and the mouse back.
func checkRestored(t *testing.T, text string) {
	t.Helper()
	for _, mode := range []struct{ on, off string }{{"\x1b[?1049h", "\x1b[?1049l"}, {"\x1b[?25l", "\x1b[?25h"}, {"\x1b[?1002h", "\x1b[?1002l"}, {"\x1b[?2004h", "\x1b[?2004l"}} {
		if on, off := strings.LastIndex(text, mode.on), strings.LastIndex(text, mode.off); on > off {
			t.Errorf("%q was not undone", mode.on)
		}
	}
}

// terminal is a pseudo-terminal that answers nothing and remembers what was written.
type terminal struct {
	host, guest io.ReadWriteCloser
	mu          sync.Mutex
	seen        bytes.Buffer
	more        chan struct{}
	ended       chan struct{}
}

func newTerminal(t testing.TB) *terminal {
	t.Helper()
	host, guest, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo-terminal: %v", err)
	}
	must(t, pty.Setsize(host, &pty.Winsize{Rows: 24, Cols: 80}))
	term := &terminal{host: host, guest: guest, more: make(chan struct{}, 1), ended: make(chan struct{})}
	go term.read()
	return term
}

func (term *terminal) read() {
	defer close(term.ended)
	defer term.host.Close()
	b := make([]byte, 4096)
	for {
		n, err := term.host.Read(b)
		term.mu.Lock()
		term.seen.Write(b[:n])
		term.mu.Unlock()
		signal(term.more)
		if err != nil {
			return
		}
	}
}

func (term *terminal) write(keys string) { io.WriteString(term.host, keys) }

// until waits for text on the screen.
func (term *terminal) until(t testing.TB, text string) {
	t.Helper()
	late := time.After(20 * time.Second)
	for {
		term.mu.Lock()
		found := strings.Contains(term.seen.String(), text)
		term.mu.Unlock()
		if found {
			return
		}
		select {
		case <-term.more:
		case <-late:
			term.mu.Lock()
			defer term.mu.Unlock()
			t.Fatalf("%q did not come: …%q", text, term.seen.String()[max(0, term.seen.Len()-300):])
		}
	}
}

func (term *terminal) text() string {
	term.guest.Close()
	<-term.ended
	return term.seen.String()
}

func TestTheEditorWritesLongText(t *testing.T) {
	term := newTerminal(t)
	w := newWorld(t)
	cfg := w.config()
	cfg.In, cfg.Out, cfg.Env = term.guest, term.guest, []string{"TERM=xterm-256color"}
	cfg.Act.Editor = func(file string) *exec.Cmd { return exec.Command("sh", "-c", "printf 'a line\\nanother' >> "+file) }
	drafts := make(chan Draft, 1)
	cfg.Act.NewJob = func(ctx context.Context, d Draft) (agent.Job, error) {
		drafts <- d
		return w.Submit(ctx, agent.Spec{Kind: d.Kind, Text: d.Text, Repo: "/r", Base: commit})
	}
	ended := make(chan error, 1)
	go func() { ended <- Run(t.Context(), cfg) }()
	term.until(t, "no jobs yet")
	term.write("nfirst \x05")
	term.until(t, "a line⏎another") // all is drawn anew after the editor
	term.write("\x13")
	if d := <-drafts; d.Text != "first a line\nanother" {
		t.Errorf("draft: %+v", d)
	}
	term.until(t, "waits for a worker")
	term.write("q")
	if err := <-ended; err != nil {
		t.Error(err)
	}
	term.text()
}
