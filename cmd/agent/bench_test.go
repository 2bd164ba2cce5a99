package main_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkStart compares whole processes, turn and turn about in one run, with a
// binary that is cobra and nothing else: `agent version`, and `agent patch
// --print-id` with the daemon up (the job is on disk when it returns).
func BenchmarkStart(b *testing.B) {
	yardstick := filepath.Join(b.TempDir(), "cobra")
	if out, err := exec.Command("go", "build", "-o", yardstick, "./testdata/cobra").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
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
		name string
		argv []string
	}{
		{"version", []string{w.bin, "version"}},
		{"patch-print-id", []string{w.bin, "patch", "--print-id", "--diff", diff}},
	}
	for _, c := range cases {
		b.Run(c.name, func(b *testing.B) {
			var ours, base []time.Duration
			for b.Loop() {
				ours = append(ours, w.time(c.argv))
				base = append(base, w.time([]string{yardstick, "version"}))
			}
			b.ReportMetric(float64(median(ours))/float64(median(base)), "x-cobra")
			b.ReportMetric(float64(median(ours).Microseconds())/1000, "ms")
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

func (w *world) time(argv []string) time.Duration {
	w.t.Helper()
	cmd := w.command(argv[0], argv[1:]...)
	start := time.Now()
	out, err := cmd.CombinedOutput()
	took := time.Since(start)
	if err != nil {
		w.t.Fatalf("%q: %v\n%s", argv, err, out)
	}
	return took
}

func median(d []time.Duration) time.Duration {
	d = slices.Sorted(slices.Values(d))
	return d[len(d)/2]
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
