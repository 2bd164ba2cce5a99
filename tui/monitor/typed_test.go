package monitor

import (
	"context"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"codeagent.dev/agent"
)

func alt(r rune) tea.KeyPressMsg { return tea.KeyPressMsg{Code: r, Mod: tea.ModAlt} }

func TestEscAndAKeyInOneReadIsEscAlone(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, cfg Config) {
		cfg.NoColor = true
		st := newStage(t.Context(), cfg, Shot{Width: 100, Height: 30})
		defer st.close()
		must(t, st.settle())
		for _, c := range []struct{ before, keys string }{{"Ga", "yY"}, {"n", "sx"}, {"/", "xq"}, {"?", "jq"}} {
			for _, k := range c.keys {
				for _, key := range keys(c.before) {
					must(t, st.press(key))
				}
				m := st.model
				if m.ask == nil && m.form == nil && m.input == nil && !m.help {
					t.Fatalf("%s asked nothing", c.before)
				}
				st.step(alt(k))
				must(t, st.settle())
				if m.ask != nil || m.form != nil || m.input != nil || m.help {
					t.Errorf("%s and alt+%c: it is still open", c.before, k)
				}
			}
		}
		if len(w.applied) > 0 {
			t.Errorf("esc was taken for a yes: %v", w.applied)
		}
	})
}

// slow is a daemon that takes its time to show a job.
type slow struct{ *world }

func (s slow) Job(ctx context.Context, id agent.ID) (agent.Job, error) {
	rest(ctx, time.Minute)
	return s.world.Job(ctx, id)
}

func TestAQuestionThatComesLateIsNotAnswered(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world, cfg Config) {
		cfg.NoColor, cfg.Jobs, cfg.Act.Editor = true, slow{w}, nil
		st := newStage(t.Context(), cfg, Shot{Width: 100, Height: 30})
		defer st.close()
		must(t, st.settle())
		typed := func(text string) {
			for _, key := range keys(text) {
				st.step(press(key))
			}
		}
		late := func() {
			for range 70 {
				time.Sleep(time.Second)
				must(t, st.settle())
			}
		}
		for _, text := range []string{"Gan", "Gaj", "Ga?", "Ga/", "jen", "jek"} {
			typed(text)
			late()
			if m := st.model; m.ask != nil || m.input != nil && text != "Ga/" || m.busy != 0 {
				t.Errorf("%s: asked under the fingers: %+v %+v, busy %d", text, m.ask, m.input, m.busy)
			}
			typed("yes<esc>")
			late()
		}
		if len(w.applied) > 0 {
			t.Errorf("applied by who typed something else: %v", w.applied)
		}
		typed("Ga")
		late()
		wants(t, st.model.screen(), "apply 1/1")
	})
}

func TestAFieldDrawsLongTextAtOnce(t *testing.T) {
	for name, text := range map[string]string{
		"letters": strings.Repeat("x", 1<<20), "wide": strings.Repeat("世", 1<<20), "lines": strings.Repeat("a\n", 1<<19),
		"no width": strings.Repeat("\u0301", 1<<20), "joined": strings.Repeat("👩\u200d👩\u200d👧", 1<<17), "selected": strings.Repeat("☁\ufe0f", 1<<19),
	} {
		f := newField(text)
		begun := time.Now()
		for _, at := range []int{0, 1, 1000, len(f.text) / 2, len(f.text) - 1, len(f.text)} {
			for _, width := range []int{-3, 0, 1, 2, 60} {
				f.at = at
				shown, x := f.window(width)
				if x < 0 || x >= max(1, width) || cells(shown) > max(1, width) {
					t.Errorf("%s at %d of %d cells: cursor at %d of %d", name, at, width, x, cells(shown))
				}
			}
		}
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("%s took %s", name, took)
		}
	}
	f := newField("the quick brown fox")
	if text, x := f.window(8); text != "own fox " || x != 7 {
		t.Errorf("%q at %d", text, x)
	}
}
