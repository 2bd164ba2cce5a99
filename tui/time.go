package tui

import (
	"fmt"
	"time"

	"codeagent.dev/agent"
)

// Ago says how long before now t was, as people do: "just now", "5m ago", "3d ago".
// A time in the future (a clock that was set back) is "just now" too; the zero time
// is "–".
func Ago(t, now time.Time) string {
	if t.IsZero() {
		return "–"
	}
	d := now.Sub(t)
	switch {
	case d < 10*time.Second:
		return "just now"
	case d < time.Minute:
		return fmt.Sprintf("%ds ago", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm ago", d/time.Minute)
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh ago", d/time.Hour)
	case d < 60*24*time.Hour:
		return fmt.Sprintf("%dd ago", d/(24*time.Hour))
	}
	return t.Local().Format("2006-01-02")
}

// Clock says when something will be: "14:32" today, "Fri 14:32" within a week, else the
// date with it.
func Clock(t, now time.Time) string {
	t, now = t.Local(), now.Local()
	days := t.YearDay() - now.YearDay()
	switch {
	case t.Year() == now.Year() && days == 0:
		return t.Format("15:04")
	case t.After(now) && t.Sub(now) < 6*24*time.Hour:
		return t.Format("Mon 15:04")
	}
	return t.Format("2006-01-02 15:04")
}

// Waits says in one line why a job waits; nothing for nil.
func Waits(w *agent.Waiting, now time.Time) string {
	return Line(w.Text(func(t time.Time) string { return Clock(t, now) }))
}

// Took says how long something took, to the precision a person cares for: "85ms",
// "4.2s", "3m10s", "2h05m".
func Took(d time.Duration) string {
	switch {
	case d < 0:
		return "0s"
	case d < time.Second:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
}

// Bytes says a size: "312 B", "4.0 KiB", "1.2 GiB".
func Bytes(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	f, unit := float64(n), 0
	for f >= 1024 && unit < 4 {
		f, unit = f/1024, unit+1
	}
	return fmt.Sprintf("%.1f %s", f, []string{"B", "KiB", "MiB", "GiB", "TiB"}[unit])
}

// Count says how many there are: "1 file", "3 files".
func Count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
