package tui_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"codeagent.dev/agent/tui"
)

func TestBusySaysNothingOfWhatIsQuick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, width := range []func() int{nil, func() int { return 80 }} {
			var out bytes.Buffer
			b := tui.NewBusy(&out, width, "looking")
			time.Sleep(900 * time.Millisecond)
			b.Step(1, 2, "looking again")
			b.Stop()
			time.Sleep(time.Minute)
			if out.Len() > 0 {
				t.Errorf("it says %q", out.String())
			}
		}
	})
}

func TestBusyOnATerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		b := tui.NewBusy(&out, func() int { return 40 }, "looking")
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		b.Step(1, 4, "a name of far more\n cells than there are, \x1b[31mred")
		b.Step(2, 4, "too soon to be drawn")
		if _, err := b.Write([]byte("a line\n")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		b.Stop()
		got := out.String()
		want := "\rlooking (1s)\x1b[K\r[#####---------------] 1 of 4: a … (1s)\x1b[K\r\x1b[Ka line\n" +
			"\r[##########----------] 2 of 4: to… (1s)\x1b[K\r[##########----------] 2 of 4: to… (2s)\x1b[K"
		if !strings.HasPrefix(got, want) {
			t.Errorf("it draws %q, want %q", got, want)
		}
		if !strings.HasSuffix(got, "\r\x1b[K") || strings.Contains(got, "31m") {
			t.Errorf("it ends with %q", got)
		}
	})
}

func TestBusyElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		b := tui.NewBusy(&out, nil, "looking")
		time.Sleep(6 * time.Second)
		b.Step(1, 2, "into it")
		time.Sleep(5 * time.Second)
		b.Step(1, 2, "into it, too")
		time.Sleep(time.Minute)
		synctest.Wait()
		b.Stop()
		want := "looking (5s)\n1 of 2: into it (10s)\n1 of 2: into it, too (15s)\n1 of 2: into it, too (45s)\n"
		if out.String() != want {
			t.Errorf("it says %q, want %q", out.String(), want)
		}
	})
}

func TestNoBusy(t *testing.T) {
	var b *tui.Busy
	b.Set("x")
	b.Stop()
	if b.Text() != "" {
		t.Error("a nil one has a text")
	}
}
