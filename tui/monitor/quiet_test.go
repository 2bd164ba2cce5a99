package monitor

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"codeagent.dev/agent"
)

func TestHealthThatFailsLeavesItsPartOfTheHeadEmpty(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, cfg Config) {
		healthy := cfg.Health
		var good atomic.Bool
		cfg.Health = func(ctx context.Context) (Health, error) {
			if !good.Load() {
				return Health{Workers: 7}, errors.New("no answer")
			}
			return healthy(ctx)
		}
		cfg.NoColor = true
		st := newStage(t.Context(), cfg, Shot{Width: 100, Height: 30})
		defer st.close()
		must(t, st.settle())
		got := st.model.screen()
		wants(t, got, "queue 2", "8 jobs")
		if strings.Contains(got, "lost") || strings.Contains(got, "workers") || strings.Contains(got, "disk") {
			t.Errorf("more than is known:\n%s", got)
		}
		good.Store(true) // read again by itself, although no job changes
		time.Sleep(2 * retryLast)
		must(t, st.settle())
		wants(t, st.model.screen(), "workers 1/4", "✓ 1.4.0")
	})
}

func TestADiffStaysFoldedWhileAnotherVariantPrints(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, cfg Config) {
		id := w.submit(agent.Spec{Text: "two of a kind", Variants: 2, Repo: "/x"})
		var ls []agent.Lease
		for len(ls) < 2 {
			if l := w.claim(); l.Job.ID == id {
				ls = append(ls, l)
			}
		}
		w.finish(ls[0], goodBy("claude"))
		for _, tab := range []string{"d", "p", "t"} {
			cfg.NoColor = true
			st := newStage(t.Context(), cfg, Shot{Width: 100, Height: 30})
			must(t, st.settle())
			for _, key := range []string{"enter", itoa(ls[0].Variant), tab, "z"} {
				must(t, st.press(key))
			}
			d := &st.model.detail
			before, folded := d.keys[d.tab], st.model.screen()
			events := d.job.Events
			w.record(ls[1], agent.EventOutput, "printed\n")
			must(t, st.settle())
			time.Sleep(2 * time.Second)
			must(t, st.settle())
			if d.job.Events == events {
				t.Fatal("nothing happened to the job")
			}
			if d.keys[d.tab] != before {
				t.Errorf("%s was made anew: %q, %q", d.tab, before, d.keys[d.tab])
			}
			if got := st.model.screen(); tab == "d" && got != folded {
				t.Errorf("it changed:\n%s\n%s", folded, got)
			}
			st.close()
		}
	})
}

func TestWhatTakesALimitOffOrMovesSeveralIsAsked(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, cfg Config) {
		wants(t, see(t, cfg, "GO"), "approve job 1, done: give", "y yes")
		wants(t, see(t, cfg, "  +"), "priority +1 for 2 jobs: 8, 7?")
		see(t, cfg, "  +n")
		job, err := w.Job(t.Context(), 8)
		must(t, err)
		if job.Spec.Priority != 0 {
			t.Errorf("moved without a yes: %d", job.Spec.Priority)
		}
		wants(t, see(t, cfg, "  -y"), "moved 2 of 2")
		l := w.claim()
		o := goodBy("claude")
		o.Reason = "a test was skipped"
		w.finish(l, o)
		for _, r := range []string{"g", "gj", "gjj"} {
			if got := see(t, cfg, r+"<enter>"); strings.Contains(got, "a test was skipped") {
				wants(t, see(t, cfg, r+"a"), "(verified, but a test was skipped): 2 files")
				return
			}
		}
		t.Errorf("no job has the result of %s", agent.Ref{Job: l.Job.ID, Variant: l.Variant})
	})
}

func TestValuesOfAKeyThatIsNamedTwiceAddUp(t *testing.T) {
	for text, want := range map[string][]agent.ID{
		"state:queued state:running":        {8, 7, 6},
		"state:queued,running":              {8, 7, 6},
		"-state:queued -state:done":         {6},
		"state:queued -state:queued":        nil,
		"repo:docs repo:web":                {8, 7, 6, 2},
		"verdict:verified verdict:conflict": {3, 2, 1},
	} {
		inBubble(t, func(t *testing.T, w *world, _ Config) {
			q := parseQuery(text)
			jobs, err := w.List(t.Context(), agent.Filter{Limit: 100})
			must(t, err)
			var got []agent.ID
			for i := range jobs {
				if q.matches(newRow(&jobs[i], noon)) {
					got = append(got, jobs[i].ID)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s chose %v, want %v", text, got, want)
			}
		})
	}
}
