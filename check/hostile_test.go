package check_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"codeagent.dev/agent/check"
)

// heap returns what lives now.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// What a log can do to a Reader is bounded: long lines, binary, endless failures of every
// format, and openings that are never closed.
func TestHostileLogs(t *testing.T) {
	noise := make([]byte, 1<<20)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	lines := func(format string, n int) []byte {
		var b bytes.Buffer
		for i := range n {
			b.WriteString(strings.ReplaceAll(format, "%d", fmt.Sprint(i)))
		}
		return b.Bytes()
	}
	const n = 6000
	cases := map[string][]byte{
		"one line":       bytes.Repeat([]byte("--- FAIL: "), 1<<20),
		"binary":         noise,
		"escapes":        bytes.Repeat([]byte("\x1b["), 1<<20),
		"go runs":        lines("=== RUN   Test%d\n    x_test.go:1: text of this test\n", n),
		"go failures":    lines("--- FAIL: Test%d (0.00s)\n    x_test.go:1: text\n", n),
		"go packages":    lines("{\"Action\":\"output\",\"Package\":\"p%d\",\"Test\":\"TestA\",\"Output\":\"text\\n\"}\n", n),
		"go deep":        []byte("--- FAIL: Test" + strings.Repeat("/a", 10000) + " (0.00s)\nFAIL\tx\t0.1s\n"),
		"go builds":      lines("# example.com/p%d\nx.go:1:2: text\n", n),
		"pytest":         append([]byte("=== FAILURES ===\n"), lines("_____ test_%d _____\nE  text\n", n)...),
		"pytest summary": append([]byte("=== short test summary info ===\n"), lines("FAILED a.py::test_%d - text\n", n)...),
		"unittest":       lines(strings.Repeat("=", 70)+"\nFAIL: test_%d (m.C.test_%d)\n"+strings.Repeat("-", 70)+"\ntext\n", n),
		"jest":           append([]byte("FAIL a.test.js\n"), lines("  ● a › b%d\n\n    text\n", n)...),
		"cargo":          append([]byte("running 9 tests\n"), lines("test t%d ... FAILED\n---- t%d stdout ----\ntext\n", n)...),
		"tap":            append([]byte("1..9\n"), lines("not ok %d - t%d\n  ---\n  error: text\n  ...\n", n)...),
		"tap deep":       []byte(strings.Repeat(strings.Repeat(" ", 4000)+"not ok 1 - a\n", 1000)),
		"problems":       lines("a%d.go:%d:1: text\n", n),
		"one problem":    lines("a.go:%d:1: text\n", n),
	}
	for name, log := range cases {
		t.Run(name, func(t *testing.T) {
			before, start := heap(), time.Now()
			var r check.Reader
			for range 4 {
				r.Write(log)
			}
			if now := heap(); now > before+24<<20 {
				t.Errorf("holds %d MiB", (now-before)>>20)
			}
			bounded(t, r.Tests())
			if took := time.Since(start); took > 30*time.Second {
				t.Errorf("%v for %d bytes", took, 4*len(log))
			}
			runtime.KeepAlive(log)
		})
	}
}

// endless has many tests, none of which has its like on the other side.
func endless(name string, n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "func Test%s%d(t *testing.T) {\n", name, i)
		for j := range 5 {
			fmt.Fprintf(&b, "\tuse(%q, %d, %d)\n", name, i, j)
		}
		b.WriteString("}\n")
	}
	return b.Bytes()
}

func TestTamperingIsBounded(t *testing.T) {
	start := time.Now()
	found := check.Tampering([]check.Change{{Path: "x_test.go", Old: endless("Old", 5000), New: endless("New", 5000)}})
	if len(found) != 200 {
		t.Errorf("%d findings", len(found))
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
}

func BenchmarkReader(b *testing.B) {
	log := []byte(strings.Repeat("=== RUN   TestA\n    x_test.go:7: some text that a test writes\n--- PASS: TestA (0.00s)\n{\"level\":\"info\",\"msg\":\"a line of a server\"}\n", 1000))
	b.SetBytes(int64(len(log)))
	for b.Loop() {
		var r check.Reader
		r.Write(log)
		r.Tests()
	}
}
