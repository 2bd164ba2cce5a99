package monitor

import (
	"context"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"codeagent.dev/agent"
)

// sgr is the only kind of escape sequence that a screen has.
var sgr = regexp.MustCompile("\x1b\\[[0-9;]*m")

// checkSafe wants nothing on a screen that drives the terminal, and every row as wide as
// the screen.
func checkSafe(t *testing.T, text string, width, height int) {
	t.Helper()
	rows := strings.Split(text, "\n")
	if len(rows) != height {
		t.Errorf("%d rows on a screen of %d", len(rows), height)
	}
	for i, row := range rows {
		bare := sgr.ReplaceAllString(row, "")
		if at := strings.IndexFunc(bare, func(r rune) bool { return unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control) }); at >= 0 {
			t.Errorf("row %d has %q", i, bare[at:min(len(bare), at+8)])
		}
		if strings.ToValidUTF8(bare, "") != bare {
			t.Errorf("row %d is no valid UTF-8: %q", i, row)
		}
		if n := ansi.StringWidth(row); n != width {
			t.Errorf("row %d is %d cells wide, of %d: %q", i, n, width, row)
		}
	}
}

// hostileJob says text wherever a job can say something.
func hostileJob(text string) agent.Job {
	job := agent.Job{ID: 7, Created: noon, Events: 5, Reason: text,
		Spec:       agent.Spec{Kind: agent.Prompt, Title: text, Text: text, Repo: text, Base: commit, Checks: []agent.Check{{Name: text, Run: text}}, Origin: agent.Origin{User: text}},
		Deliveries: []agent.Delivery{{Variant: 1, How: text, Where: text}}}
	v := agent.Variant{Number: 1, State: agent.Done, Verdict: agent.ChecksFailed, Reason: text, Maker: text, Commit: commit, Said: text, Remark: text, Revises: 1,
		Checks:   []agent.CheckResult{{Name: text, Outcome: agent.CheckBroke, Reason: text, Tail: text}},
		Tests:    &agent.TestReport{New: []string{text}, Findings: []agent.Finding{{Path: text, Text: text, Warning: true}}},
		Attempts: []agent.Attempt{{Maker: text, Format: text, Verdict: agent.Conflict, Report: text, Rejection: &agent.Rejection{Path: text, Reason: text, Hunk: 1, Expected: []string{text}, Found: []string{text}, Differs: 1}}, {Report: text}}}
	second := v
	second.Number, second.Verdict = 2, agent.Conflict
	job.Variants = []agent.Variant{v, second}
	job.Settle()
	return job
}

// hostileScreens draws everything that shows text from elsewhere.
func hostileScreens(t *testing.T, text string, width, height int) {
	m := newModel(t.Context(), Config{By: text})
	m.send = func(tea.Msg) {}
	m.color.ground, m.color.rich = darkGround, width%2 == 0
	m.Update(tea.WindowSizeMsg{Width: width, Height: height})
	job := hostileJob(text)
	m.Update(pageMsg{rows: []*row{newRow(&job, noon)}, first: true, last: true})
	m.Update(headMsg{health: Health{Daemon: text, Workers: 2, Cooldowns: []Cooldown{{text, noon.AddDate(100, 0, 0)}}}})
	m.cfg.Act.Diff = func(context.Context, agent.Ref) (string, error) { return "", nil }
	checkSafe(t, m.screen(), width, height)
	m.open = true
	m.detail.loading = true
	for tab := range tabs_ {
		m.detail.tab = tab
		m.Update(jobMsg{id: 7, job: job})
		m.Update(diffMsg{key: m.detail.diff.key, text: diffOf(text)})
		m.Update(turnsMsg{key: m.detail.turns.key, turns: []agent.Turn{{Prompt: text, Answer: text}}})
		for _, typ := range []agent.EventType{agent.EventOutput, agent.EventStep, agent.EventCheck, agent.EventReport, agent.EventFinished, agent.EventCanceled} {
			m.Update(logMsg{id: 7, batch: logLines(agent.Event{Job: 7, Variant: 1, Type: typ, Text: text}), after: m.detail.logAfter + 1})
		}
		for _, k := range []string{"G", "g", "w", "G", "k", "w", "right", "/"} {
			m.Update(press(k))
			checkSafe(t, m.screen(), width, height)
		}
		m.paste(text)
		checkSafe(t, m.screen(), width, height)
		m.Update(press("enter"))
		m.Update(press("n"))
		checkSafe(t, m.screen(), width, height)
		m.form = nil
	}
	m.open = false
	m.Update(press("/"))
	m.paste(text)
	checkSafe(t, m.screen(), width, height)
	m.Update(press("enter"))
	checkSafe(t, m.screen(), width, height)
	m.Update(press("esc"))
	m.Update(press("x"))
	checkSafe(t, m.screen(), width, height)
	m.Update(press("n"))
	m.cfg.Act.NewJob = func(context.Context, Draft) (agent.Job, error) { return agent.Job{}, nil }
	m.Update(press("n"))
	m.paste(text)
	checkSafe(t, m.screen(), width, height)
	m.form = nil
	m.Update(lostMsg{agent.Errorf(agent.Unavailable, "%s", text)})
	m.Update(saidMsg{text: text, err: agent.Errorf(agent.Invalid, "%s", text).WithHint(text)})
	checkSafe(t, m.screen(), width, height)
}

func diffOf(text string) string {
	var b strings.Builder
	b.WriteString("diff --git a/" + text + " b/" + text + "\n--- a/x.go\n+++ b/x.go\n@@ -1,9 +1,9 @@ " + text + "\n")
	for line := range strings.SplitSeq(text, "\n") {
		b.WriteString("-" + line + "\n+" + line + " more\n " + line + "\n")
	}
	return b.String() + text
}

var hostileTexts = []string{
	"plain", "\x1b[2J\x1b]0;title\a\x1b]52;c;ZXZpbA==\a", "\u202eright to left\u2066", "\xff\xfe bad \x80", "\x9b31m\u009b2J", "tab\tand\r\nlines\n\n\n",
	strings.Repeat("日本語", 40), strings.Repeat("e\u0301", 100), "👩‍👩‍👧‍👦🏳️‍🌈❤️☎︎", "\u200b\u200d\ufeff\u00ad", "a\u0300\u0301\u0302", "한국어 กำ ﷽", strings.Repeat("x", 600), "\x00\x07\x08\x7f", "#️⃣ 1️⃣ 🇩🇪🇫",
	"diff --git a/x b/x\n@@ -1 +1 @@\n-a\n+b\n\\ No newline at end of file\nBinary files x and y differ\n", "\u0600\u0601 العربية", "\u3000wide blank",
}

func TestHostileTextCannotDriveTheTerminal(t *testing.T) {
	for _, text := range hostileTexts {
		hostileScreens(t, text, 80, 24)
		hostileScreens(t, text, 41, 10)
	}
	for _, size := range [][2]int{{141, 30}, {1, 1}, {5, 40}} {
		hostileScreens(t, strings.Join(hostileTexts, " "), size[0], size[1])
	}
}

func FuzzScreen(f *testing.F) {
	for _, text := range hostileTexts[:5] {
		f.Add(text, uint8(60), uint8(12))
	}
	f.Fuzz(func(t *testing.T, text string, width, height uint8) {
		hostileScreens(t, text, max(1, int(width)), max(1, int(height)%60))
	})
}

// TestTheTableIsWhatItShouldBe plays random changes and compares with a plain list.
func TestTheTableIsWhatItShouldBe(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	table := newTable()
	model := map[agent.ID]*row{}
	queries := []string{"", "a", "state:running", "-b", "repo:r1 a", "verdict:ver"}
	states := []agent.State{agent.Queued, agent.Running, agent.Done}
	make1 := func(id agent.ID, events uint64) *row {
		job := agent.Job{ID: id, Events: events, State: states[rnd.IntN(3)], Created: noon, Spec: agent.Spec{Title: string(rune('a' + rnd.IntN(3))), Repo: "/r" + string(rune('0'+rnd.IntN(3)))},
			Variants: []agent.Variant{{Number: 1, Usage: agent.Usage{MicroUSD: int64(rnd.IntN(4))}}}}
		if job.State == agent.Done {
			job.Verdict, job.Ended = agent.Verified, noon.AddDate(0, 0, rnd.IntN(3))
		}
		return newRow(&job, noon)
	}
	for step := range 1500 {
		switch n := rnd.IntN(20); {
		case n < 12:
			r := make1(agent.ID(1+rnd.IntN(60)), uint64(step))
			table.put(r)
			if !table.gone[r.id] {
				model[r.id] = r
			}
		case n == 12:
			id := agent.ID(1 + rnd.IntN(200))
			table.drop(id)
			delete(model, id)
		case n == 13:
			var page []*row
			for k := range 10 {
				r := make1(agent.ID(60+step%100+k), uint64(step))
				page = append(page, r)
				if !table.gone[r.id] {
					model[r.id] = r
				}
			}
			table.merge(page)
		case n < 17:
			table.filter(parseQuery(queries[rnd.IntN(len(queries))]))
		default:
			table.sort(sorting(rnd.IntN(int(sortings))))
		}
		var all, shown []*row
		minutes := 0
		for _, r := range model {
			all = append(all, r)
			if table.query.matches(r) {
				shown = append(shown, r)
			}
			if !r.ended.IsZero() {
				minutes++
			}
		}
		slices.SortFunc(all, table.by.compare)
		slices.SortFunc(shown, table.by.compare)
		if !slices.Equal(all, table.all) || !slices.Equal(shown, table.shown) {
			t.Fatalf("step %d: %d of %d rows, want %d of %d", step, len(table.shown), len(table.all), len(shown), len(all))
		}
		for _, n := range table.ended {
			minutes -= n
		}
		if minutes != 0 {
			t.Fatalf("step %d: the ended are off by %d", step, minutes)
		}
	}
}

// TestThePagerStaysInItsText scrolls at random in texts of random lines.
func TestThePagerStaysInItsText(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 80 {
		var d lines
		for range rnd.IntN(40) {
			d = append(d, strings.Repeat("x日", rnd.IntN(60)))
		}
		p := pager{width: 1 + rnd.IntN(50), height: 1 + rnd.IntN(20), cursor: rnd.IntN(2) == 0, wrap: rnd.IntN(2) == 0}
		for range 40 {
			switch rnd.IntN(7) {
			case 0:
				p.scroll(d, rnd.IntN(30)-15)
			case 1:
				p.wheel(d, rnd.IntN(30)-15)
			case 2:
				p.first(d)
			case 3:
				p.last(d)
			case 4:
				p.jump(d, rnd.IntN(50))
			case 5:
				p.find = "日x"
				p.search(d, 1-2*rnd.IntN(2), false)
			case 6:
				p.at = rnd.IntN(max(1, len(d)))
				p.show(d, p.at)
			}
			rows := p.draw(d, paint{}, true)
			if len(rows) != p.height {
				t.Fatalf("%d rows of %d", len(rows), p.height)
			}
			for _, r := range rows {
				if ansi.StringWidth(r) != p.width {
					t.Fatalf("%q is not %d wide", r, p.width)
				}
			}
			if p.cursor && !p.wrap && len(d) > 0 && (p.at < p.top || p.at >= p.top+p.height) {
				t.Fatalf("the cursor is at %d, the screen at %d of %d", p.at, p.top, p.height)
			}
		}
	}
}
