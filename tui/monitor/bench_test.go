package monitor

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"codeagent.dev/agent"
)

// crowd is a model with n jobs in all states.
func crowd(t testing.TB, n int) *model {
	m := newModel(t.Context(), Config{Now: func() time.Time { return noon }})
	m.send = func(tea.Msg) {}
	m.Update(tea.WindowSizeMsg{Width: 140, Height: 40})
	verdicts := []agent.Verdict{agent.Verified, agent.ChecksFailed, agent.Conflict, agent.Unverified, agent.NoPatch}
	page := pageMsg{first: true}
	for i := n; i > 0; i-- {
		job := agent.Job{ID: agent.ID(i), Created: noon.Add(-time.Duration(n-i) * time.Minute), Events: 9, State: agent.Done,
			Spec:     agent.Spec{Title: fmt.Sprintf("change number %d of the thing in module %d", i, i%97), Repo: fmt.Sprintf("/home/ada/src/repo-%d", i%13)},
			Variants: []agent.Variant{{Number: 1, State: agent.Done, Verdict: verdicts[i%5], Maker: "claude", Commit: commit, Usage: agent.Usage{MicroUSD: int64(i % 1000)}}}}
		job.Ended, job.Verdict = job.Created.Add(time.Minute), verdicts[i%5]
		page.rows = append(page.rows, newRow(&job, noon))
		if len(page.rows) == pageSize || i == 1 {
			page.last = i == 1
			m.Update(page)
			page = pageMsg{}
		}
	}
	m.list.to(n/2, m.listHeight())
	return m
}

// sizes are numbers of jobs; ten of them fill a quarter of the screen, a hundred all of it.
var sizes = []int{10, 100, 10_000, 100_000}

// fastest reports the fastest run of 16 iterations as well, because on a machine that
// others use as well the mean says more of them.
func fastest(b *testing.B) func(i int) {
	least, begun := time.Hour, time.Now()
	return func(i int) {
		if i%16 != 15 {
			return
		}
		least = min(least, time.Since(begun))
		begun = time.Now()
		b.ReportMetric(float64(least.Nanoseconds())/16, "best-ns/op")
	}
}

// BenchmarkFrame is one key and the screen after it. It must not depend on how many jobs
// there are.
func BenchmarkFrame(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			m := crowd(b, n)
			down, up := press("j"), press("k")
			b.ReportAllocs()
			best := fastest(b)
			for i := 0; b.Loop(); i++ {
				m.Update([]tea.Msg{down, up}[i%2])
				m.screen()
				best(i)
			}
		})
	}
}

// BenchmarkChange is a job that changed, and the screen after it.
func BenchmarkChange(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			m := crowd(b, n)
			b.ReportAllocs()
			best := fastest(b)
			for i := 0; b.Loop(); i++ {
				r := *m.list.table.all[n/2]
				r.events++
				m.Update(rowsMsg{rows: []*row{&r}})
				m.screen()
				best(i)
			}
		})
	}
}

// BenchmarkFilter types a letter of a filter into a list of 100,000 jobs.
func BenchmarkFilter(b *testing.B) {
	m := crowd(b, 100_000)
	for _, text := range []string{"module 5", "verdict:conf", "repo:repo-1 -number"} {
		b.Run(strings.ReplaceAll(text, " ", "_"), func(b *testing.B) {
			for b.Loop() {
				m.list.table.filter(query{})
				m.list.table.filter(parseQuery(text))
			}
		})
	}
}

// BenchmarkSort sorts 100,000 jobs anew.
func BenchmarkSort(b *testing.B) {
	m := crowd(b, 100_000)
	for by := range sortings {
		b.Run(by.String(), func(b *testing.B) {
			for b.Loop() {
				m.list.table.sort(byNewest)
				m.list.table.sort(by)
			}
		})
	}
}

// BenchmarkLog draws and searches a log of 100,000 lines.
func BenchmarkLog(b *testing.B) {
	d := &logDoc{}
	for i := range 100_000 {
		d.add(logLines(agent.Event{Variant: 1, Type: agent.EventOutput, Text: fmt.Sprintf("line %d of what a build printed, with\ta tab and some more text", i)}))
	}
	c := paint{}
	c.Color = true
	b.Run("draw", func(b *testing.B) {
		p := pager{width: 80, height: 40, wrap: true, tail: true}
		for b.Loop() {
			p.draw(d, c, true)
		}
	})
	b.Run("search", func(b *testing.B) {
		p := pager{width: 80, height: 40, find: "nowhere at all"}
		for b.Loop() {
			p.search(d, 1, true)
		}
	})
	b.Run("add", func(b *testing.B) {
		for b.Loop() {
			d.add([]logLine{{1, logOutput, "one more"}})
		}
	})
}

// BenchmarkDiff reads a diff of 20,000 lines and draws its beginning.
func BenchmarkDiff(b *testing.B) {
	var text strings.Builder
	for f := range 100 {
		fmt.Fprintf(&text, "diff --git a/f%d.go b/f%d.go\n--- a/f%d.go\n+++ b/f%d.go\n@@ -1,100 +1,100 @@\n", f, f, f, f)
		for i := range 100 {
			fmt.Fprintf(&text, "-\treturn foo(%d) // old\n+\treturn bar(%d) // new\n", i, i)
		}
	}
	c := paint{ground: darkGround, rich: true}
	c.Color = true
	for b.Loop() {
		d := newDiff(text.String(), c, 140)
		d.toggle(0)
		p := pager{width: 140, height: 40, cursor: true}
		p.draw(d, c, true)
	}
}

// TestFramesDoNotDependOnTheNumberOfJobs counts what a key and the screen after it
// allocate, which other programs on the machine do not change; the times are
// BenchmarkFrame's to tell.
func TestFramesDoNotDependOnTheNumberOfJobs(t *testing.T) {
	allocs := func(n int) float64 {
		m := crowd(t, n)
		return testing.AllocsPerRun(20, func() {
			m.Update(press("j"))
			m.screen()
		})
	}
	if few, many := allocs(500), allocs(20_000); many > 1.5*few {
		t.Errorf("a frame allocates %v times with 500 jobs and %v with 20,000", few, many)
	}
}

// BenchmarkMemory is what 100,000 jobs take.
func BenchmarkMemory(b *testing.B) {
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		m := crowd(b, 100_000)
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/100_000, "B/job")
		runtime.KeepAlive(m)
	}
}
