package monitor

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent"
)

var update = flag.Bool("update", false, "write the golden screens anew")

// screens are all views and states: what is typed to get there.
var screens = []struct{ name, keys string }{
	{"list", ""},
	{"list-filter", "/repo:web <enter>"},
	{"list-filter-typing", "/verd"},
	{"list-nothing-matches", "/zzz<enter>"},
	{"list-marks", " jj  s"},
	{"confirm-cancel", "jjx"},
	{"confirm-several", "  x"},
	{"confirm-apply", "Ga"},
	{"applied", "Gay"},
	{"refused", "Ga!"},
	{"not-applied", "ga"},
	{"branch", "G<enter>b"},
	{"undo", "Guy"},
	{"revise", "jjjjRanswer: yes"},
	{"help", "?"},
	{"summary", "GK<enter>k"},
	{"variants", "Gkv2"},
	{"diff", "Gd"},
	{"diff-folded", "Gdz"},
	{"diff-hunk-folded", "Gdnn "},
	{"diff-search", "Gd/sleep<enter>"},
	{"diff-between", "Gkv1D<enter>"},
	{"log", "jjl"},
	{"log-wrap", "GlwG"},
	{"log-search", "Gl/ok<enter>"},
	{"checks", "Gkc2"},
	{"prompt", "Gp"},
	{"attempts", "Gkkt"},
	{"conflict-diff", "Gkkd"},
	{"form", "nfix the tests<tab> <tab>"},
	{"form-wrong", "n<ctrl+s>"},
	{"form-made", "nfix the tests<ctrl+s>"},
	{"canceled", "xy"},
	{"held", "jh"},
	{"paused", "+Prelease<enter>"},
	{"confirm-start", "!"},
}

// shoot draws one screen of a world in a bubble, where time stands still.
func shoot(t *testing.T, cfg Config, width, height int, typed string) string {
	t.Helper()
	text, err := Frame(t.Context(), cfg, Shot{Width: width, Height: height, Dark: true, Keys: keys(typed)})
	if err != nil {
		t.Fatal(err)
	}
	checkSize(t, text, width, height)
	return text
}

// checkSize wants each row as wide as the screen, and as many as it has.
func checkSize(t *testing.T, text string, width, height int) {
	t.Helper()
	rows := strings.Split(text, "\n")
	if len(rows) != height {
		t.Errorf("%d rows on a screen of %d", len(rows), height)
	}
	for i, r := range rows {
		if n := ansi.StringWidth(r); n != width {
			t.Errorf("row %d is %d cells wide, of %d: %q", i, n, width, r)
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	rows := strings.Split(got, "\n")
	for i := range rows {
		rows[i] = strings.TrimRight(rows[i], " ")
	}
	got = strings.ReplaceAll(strings.Join(rows, "\n"), "\x1b", "␛") + "\n"
	file := filepath.Join("testdata", name+".golden")
	if *update {
		must(t, os.MkdirAll("testdata", 0o755))
		must(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	must(t, err)
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// TestScreens draws all views and states without colour.
func TestScreens(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {140, 40}} {
		for _, s := range screens {
			name := fmt.Sprintf("%s-%dx%d", s.name, size[0], size[1])
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t)
					w.fill()
					cfg := w.config()
					cfg.NoColor = true
					golden(t, name, shoot(t, cfg, size[0], size[1], s.keys))
				})
			})
		}
	}
}

// TestScreensInColour draws those that colour makes another sight of, for each kind of
// terminal that diffs look different on.
func TestScreensInColour(t *testing.T) {
	for _, s := range []struct{ name, keys string }{
		{"list", " j"}, {"confirm-apply", "Ga"}, {"variants", "Gkv2"}, {"diff", "Gdn"}, {"log-search", "Gl/ok<enter>"}, {"checks", "Gkc2"},
	} {
		t.Run(s.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.fill()
				golden(t, s.name+"-color", shoot(t, w.config(), 80, 24, s.keys))
			})
		})
	}
}

// TestScreensOfUnusualTimes draws a queue without jobs, a daemon that is lost, a disk
// that is full, and terminals that are small.
func TestScreensOfUnusualTimes(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {140, 40}} {
		name := fmt.Sprintf("-%dx%d", size[0], size[1])
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			cfg := w.config()
			cfg.NoColor = true
			golden(t, "empty"+name, shoot(t, cfg, size[0], size[1], ""))
			w.fill()
			cfg.Health = func(context.Context) (Health, error) {
				return Health{Busy: 4, Workers: 4, DiskFree: 200 << 20, DiskMin: 1 << 30}, nil
			}
			golden(t, "disk-full"+name, shoot(t, cfg, size[0], size[1], ""))
			cfg.Act.Open = func(context.Context, agent.Ref) (string, error) { return "closed", w.Close() }
			golden(t, "lost"+name, shoot(t, cfg, size[0], size[1], "jjo"))
		})
	}
	for _, size := range [][2]int{{40, 10}, {60, 15}, {39, 9}, {8, 2}} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.fill()
			cfg := w.config()
			cfg.NoColor = true
			name := fmt.Sprintf("-%dx%d", size[0], size[1])
			golden(t, "list"+name, shoot(t, cfg, size[0], size[1], "j"))
			golden(t, "diff"+name, shoot(t, cfg, size[0], size[1], "Gd"))
			golden(t, "variants"+name, shoot(t, cfg, size[0], size[1], "Gkv"))
		})
	}
}
