package proc_test

import (
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent/proc"
)

// piece is what Lines passed on, and when.
type piece struct {
	at   time.Duration
	text string
}

func TestLines(t *testing.T) {
	long := strings.Repeat("x", proc.LinesSize)
	type write struct {
		at   time.Duration
		text string
	}
	const ms = time.Millisecond
	for name, tc := range map[string]struct {
		writes []write
		want   []piece
	}{
		"nothing":                 {nil, nil},
		"rest at close":           {[]write{{0, "a"}}, []piece{{0, "a"}}},
		"gathered":                {[]write{{0, "a\n"}, {50 * ms, "b\n"}, {99 * ms, "c\n"}, {300 * ms, "d\n"}}, []piece{{100 * ms, "a\nb\nc\n"}, {300 * ms, "d\n"}}},
		"wait starts anew":        {[]write{{0, "a\n"}, {150 * ms, "b\n"}, {260 * ms, "c\n"}}, []piece{{100 * ms, "a\n"}, {250 * ms, "b\n"}, {260 * ms, "c\n"}}},
		"whole lines first":       {[]write{{0, "a\nb"}, {150 * ms, "c\n"}, {900 * ms, ""}}, []piece{{100 * ms, "a\n"}, {200 * ms, "bc\n"}}},
		"a prompt is not kept":    {[]write{{0, "a\nname? "}, {900 * ms, ""}}, []piece{{100 * ms, "a\n"}, {200 * ms, "name? "}}},
		"full at once":            {[]write{{0, "a\n" + long}}, []piece{{0, "a\n"}, {0, long}}},
		"long line":               {[]write{{0, long + long + "x\n"}}, []piece{{0, long}, {0, long}, {0, "x\n"}}},
		"character in two writes": {[]write{{0, "\xe2\x82"}, {10 * ms, "\xac\n"}, {900 * ms, ""}}, []piece{{100 * ms, "€\n"}}},
		"character over the wait": {[]write{{0, "a\xe2\x82"}, {150 * ms, "\xac"}, {900 * ms, ""}}, []piece{{100 * ms, "a"}, {200 * ms, "€"}}},
		"character over the size": {[]write{{0, long[1:] + "€"}}, []piece{{0, long[1:]}, {0, "€"}}},
		"character never ends":    {[]write{{0, "\xe2\x82"}, {900 * ms, ""}}, []piece{{900 * ms, "\uFFFD"}}},
		"not UTF-8":               {[]write{{0, "a\xff\xfeb\x00c\n"}}, []piece{{0, "a\uFFFDb\uFFFDc\n"}}},
		"carriage returns stay":   {[]write{{0, "10%\r20%\r\n"}}, []piece{{0, "10%\r20%\r\n"}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				var got []piece
				l := proc.NewLines(func(text string) { got = append(got, piece{time.Since(begun), text}) })
				for _, w := range tc.writes {
					time.Sleep(w.at - time.Since(begun))
					b := []byte(w.text)
					l.Write(b)
					clear(b) // Lines must not keep it
				}
				l.Close()
				if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(piece{})); diff != "" {
					t.Error(diff)
				}
				time.Sleep(time.Hour)
				l.Write([]byte("late"))
				l.Close()
				if len(got) != len(tc.want) {
					t.Errorf("after Close: %v", got[len(tc.want):])
				}
			})
		})
	}
}

// TestLinesLoseNothing writes random text in random portions, at random times.
func TestLinesLoseNothing(t *testing.T) {
	for seed := range uint64(50) {
		synctest.Test(t, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 1))
			var want, got strings.Builder
			var mu sync.Mutex
			l := proc.NewLines(func(text string) {
				if !mu.TryLock() {
					t.Error("two pieces at once")
				}
				defer mu.Unlock()
				if !utf8.ValidString(text) || text == "" || len(text) > proc.LinesSize {
					t.Errorf("bad piece %q", text)
				}
				got.WriteString(text)
			})
			for range 200 {
				s := strings.Repeat("añ€😀\n"[rnd.IntN(2):][:8], rnd.IntN(3)) + strings.Repeat("y", rnd.IntN(3000))
				s = strings.ToValidUTF8(s, "z")
				want.WriteString(s)
				for len(s) > 0 {
					n := 1 + rnd.IntN(len(s))
					l.Write([]byte(s[:n]))
					s = s[n:]
					if rnd.IntN(4) == 0 {
						time.Sleep(time.Duration(rnd.IntN(120)) * time.Millisecond)
					}
				}
			}
			l.Close()
			if want.String() != got.String() {
				t.Errorf("seed %d: %d bytes in, %d out, or not the same", seed, want.Len(), got.Len())
			}
		})
	}
}
