package main_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkStart compares whole processes, turn and turn about in one run, with a
// binary that is cobra and nothing else: `agent version`, and `agent patch
// --print-id` with the daemon up (the job is on disk when it returns). Each pair
// gives a ratio, of the clock and of processor time, which a busy machine disturbs
// less; the medians are told, so take some hundred pairs: -benchtime 200x.
func BenchmarkStart(b *testing.B) {
	yardstick := filepath.Join(b.TempDir(), "cobra")
	if err := buildAsReleased(yardstick, "./testdata/cobra"); err != nil {
		b.Fatal(err)
	}
	w := newWorld(b, "AGENT_WORKERS=1")
	w.write("a.txt", "a\n")
	w.commit("first")
	w.ok("daemon", "start")
	diff := filepath.Join(w.home, "d.patch")
	if err := os.WriteFile(diff, []byte(w.diffTo("a.txt", "b\n")), 0o644); err != nil {
		b.Fatal(err)
	}
	cases := []struct {
		name   string
		argv   []string
		queues bool
	}{
		{"version", []string{w.bin, "version"}, false},
		{"patch-print-id", []string{w.bin, "patch", "--print-id", "--diff", diff}, true},
	}
	for _, c := range cases {
		b.Run(c.name, func(b *testing.B) {
			var wall, cpu, ms []float64
			for b.Loop() {
				ours := w.time(c.argv)
				if c.queues { // what the daemon does next is no part of a start
					w.ok("wait", strings.TrimSpace(ours.out))
				}
				base := w.time([]string{yardstick, "version"})
				wall = append(wall, float64(ours.wall)/float64(base.wall))
				cpu = append(cpu, float64(ours.cpu)/float64(base.cpu))
				ms = append(ms, ours.wall.Seconds()*1000)
			}
			b.ReportMetric(median(wall), "x-cobra")
			b.ReportMetric(median(cpu), "x-cobra-cpu")
			b.ReportMetric(median(ms), "ms")
		})
	}
}

// BenchmarkIdleDaemon watches a daemon with nothing to do: its memory, and how often
// any of its threads is woken.
func BenchmarkIdleDaemon(b *testing.B) {
	w := newWorld(b)
	w.write("a.txt", "a\n")
	w.commit("first")
	if got := w.run(w.diffTo("a.txt", "b\n"), "patch", "-w", "--diff", "-"); got.status != 0 {
		b.Fatalf("%+v", got)
	}
	pid := w.daemon().Pid
	const watch = 10 * time.Second
	var woken int
	for b.Loop() {
		before := switches(b, pid)
		time.Sleep(watch)
		woken += switches(b, pid) - before
	}
	b.ReportMetric(float64(woken)/float64(b.N)/watch.Seconds(), "wakeups/s")
	b.ReportMetric(float64(status(b, pid, "VmRSS"))/1024, "MiB-RSS")
}

// timed is a command that ended well: how long it took, its processor time, and what
// it printed.
type timed struct {
	wall, cpu time.Duration
	out       string
}

func (w *world) time(argv []string) timed {
	w.t.Helper()
	cmd := w.command(argv[0], argv[1:]...)
	start := time.Now()
	out, err := cmd.CombinedOutput()
	wall := time.Since(start)
	if err != nil {
		w.t.Fatalf("%q: %v\n%s", argv, err, out)
	}
	return timed{wall, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), string(out)}
}

func median(all []float64) float64 {
	all = slices.Sorted(slices.Values(all))
	return all[len(all)/2]
}

// switches sums the voluntary context switches of all threads: each is one wake-up.
func switches(b *testing.B, pid int) (n int) {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
	if err != nil || len(tasks) == 0 {
		b.Skip("needs /proc")
	}
	for _, task := range tasks {
		n += field(b, filepath.Join(task, "status"), "voluntary_ctxt_switches")
	}
	return n
}

func status(b *testing.B, pid int, name string) int {
	return field(b, fmt.Sprintf("/proc/%d/status", pid), name)
}

// field reads one number of a /proc status file.
func field(b *testing.B, file, name string) int {
	text, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), name+":"); ok {
			n, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				b.Fatal(err)
			}
			return n
		}
	}
	b.Fatalf("%s has no %s", file, name)
	return 0
}
