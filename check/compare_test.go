package check_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent/check"
)

func ids(list []check.Failure) []string {
	var out []string
	for _, f := range list {
		out = append(out, f.ID)
	}
	return out
}

// goLog is what go test -v writes of tests with these messages; an empty one passes.
func goLog(tests ...[2]string) check.Tests {
	var b strings.Builder
	verdict := "ok  "
	for _, c := range tests {
		fmt.Fprintf(&b, "=== RUN   %s\n", c[0])
		if c[1] == "" {
			fmt.Fprintf(&b, "--- PASS: %s (0.00s)\n", c[0])
			continue
		}
		verdict = "FAIL"
		fmt.Fprintf(&b, "    x_test.go:7: %s\n--- FAIL: %s (0.00s)\n", c[1], c[0])
	}
	fmt.Fprintf(&b, "%s\texample.com/x\t0.01s\n", verdict)
	return read([]byte(b.String()), b.Len())
}

func TestCompare(t *testing.T) {
	base := goLog([2]string{"TestOld", "got 1"}, [2]string{"TestMasked", "no network"}, [2]string{"TestFixed", "bad"}, [2]string{"TestFine", ""})
	result := goLog([2]string{"TestOld", "got 1"}, [2]string{"TestMasked", "nil map"}, [2]string{"TestFixed", ""}, [2]string{"TestFine", "broken now"})
	d := check.Compare(base, result)
	got := [][]string{ids(d.New), ids(d.Fixed), ids(d.Still), ids(d.Changed)}
	want := [][]string{{"example.com/x TestFine"}, {"example.com/x TestFixed"}, {"example.com/x TestOld"}, {"example.com/x TestMasked"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got, want := d.Summary(), "1 newly failing: example.com/x TestFine; 1 failing in another way than on the base: example.com/x TestMasked; 1 fixed; 1 failed before"; got != want {
		t.Errorf("summary %q, want %q", got, want)
	}
	wantReport := `newly failing against the base:
- example.com/x TestFine
    x_test.go:7: broken now
failing on the base as well, but now in another way:
- example.com/x TestMasked
    x_test.go:7: nil map
already failing on the base, not your concern: example.com/x TestOld
`
	if diff := cmp.Diff(wantReport, d.Report(4000)); diff != "" {
		t.Error(diff)
	}
	if d := check.Compare(result, result); d.Summary() != "3 failed before" || len(d.New)+len(d.Fixed)+len(d.Changed) > 0 {
		t.Errorf("a run against itself: %q", d.Summary())
	}
}

// A run that never came to a test has not fixed it.
func TestNothingIsFixedByABrokenBuild(t *testing.T) {
	base := goLog([2]string{"TestOld", "got 1"})
	broken := "# example.com/x\nx.go:3:1: syntax error\nFAIL\texample.com/x [build failed]\n"
	for _, log := range []string{broken, "make: *** [test] Error 2\n", ""} {
		if d := check.Compare(base, read([]byte(log), 5)); len(d.Fixed) > 0 {
			t.Errorf("%q: fixed %v", log, ids(d.Fixed))
		}
	}
	d := check.Compare(base, read([]byte(broken), 5))
	if diff := cmp.Diff([]string{"example.com/x"}, ids(d.New)); diff != "" {
		t.Error(diff)
	}
}

// What differs from run to run is no other failure; what was compared is.
func TestSignature(t *testing.T) {
	sign := func(message string) string { return goLog([2]string{"TestA", message}).Failures[0].Signature }
	same := [][2]string{
		{"x.go:12: boom at 0xc000123456 after 1.25s", "x.go:99: boom at 0xc000fffff0 after 3ms"},
		{"open /tmp/TestA123/001/f: no such file", "open /tmp/TestA999/007/f: no such file"},
		{"dial tcp 127.0.0.1:43121: refused", "dial tcp 127.0.0.1:9: refused"},
		{"thread 'tests::bad' (10229) panicked at src/lib.rs:10:41:", "thread 'tests::bad' (77) panicked at src/lib.rs:11:41:"},
		{"job 0a1b2c3d-0000-4000-8000-0123456789ab lost", "job ffffffff-1111-4111-8111-ba9876543210 lost"},
		{"at 2026-11-26T00:10:02Z: late", "at 2027-01-01T10:00:59.123Z: late"},
	}
	for _, c := range same {
		if sign(c[0]) != sign(c[1]) {
			t.Errorf("differ: %q and %q", c[0], c[1])
		}
	}
	for _, c := range [][2]string{{"got 1, want 2", "got 3, want 2"}, {"open f: no such file", "open f: permission denied"}, {"got 0x10", "got 0x20"}} {
		if sign(c[0]) == sign(c[1]) {
			t.Errorf("the same: %q and %q", c[0], c[1])
		}
	}
	// A panic's trace moves with every run and with code above it.
	log, err := os.ReadFile("testdata/logs/go.log")
	if err != nil {
		t.Fatal(err)
	}
	moved := strings.NewReplacer("0x6c810dee488", "0x21cc988b2488", "goroutine 7", "goroutine 19", "p_test.go:6", "p_test.go:60", "a_test.go:8", "a_test.go:18").Replace(string(log))
	if d := check.Compare(read(log, 100), read([]byte(moved), 100)); len(d.New)+len(d.Changed)+len(d.Fixed) > 0 {
		t.Errorf("moved code: new %v, changed %v, fixed %v", ids(d.New), ids(d.Changed), ids(d.Fixed))
	}
}

// The logs under "again" are of a second run, in another directory, with lines added
// above the tests: the same failures, in the same way.
func TestSecondRunIsTheSame(t *testing.T) {
	names, err := filepath.Glob("testdata/logs/again/*.log")
	if err != nil || len(names) == 0 {
		t.Fatal("no logs", err)
	}
	for _, name := range names {
		again, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		first, err := os.ReadFile("testdata/logs/" + filepath.Base(name))
		if err != nil {
			t.Fatal(err)
		}
		a, b := check.Reader{Dir: "/src/demo"}, check.Reader{Dir: "/src/demo/two"}
		a.Write(first)
		b.Write(again)
		base, result := a.Tests(), b.Tests()
		if d := check.Compare(base, result); len(d.New)+len(d.Fixed)+len(d.Changed) > 0 || len(d.Still) != len(base.Failures) || len(d.Still) == 0 {
			t.Errorf("%s: %s; changed %v", name, d.Summary(), d.Changed)
		}
	}
}

// Formats of one runner agree, so a check may change its flags without new failures.
func TestFormatsOfOneRunnerAgree(t *testing.T) {
	for _, pair := range [][2]string{{"go", "go-v"}, {"go-v", "go-json"}, {"vitest", "vitest-v"}, {"unittest", "unittest-v"}, {"node-spec", "node-spec-tap"}} {
		var both [2]check.Tests
		for i, name := range pair {
			log, err := os.ReadFile("testdata/logs/" + name + ".log")
			if err != nil {
				t.Fatal(err)
			}
			both[i] = read(log, 1000)
		}
		d := check.Compare(both[0], both[1])
		list := slices.DeleteFunc(append(d.New, d.Fixed...), func(f check.Failure) bool { return f.Problem })
		if len(list) > 0 {
			t.Errorf("%v: new or fixed %v", pair, ids(list))
		}
	}
}

func TestDirIsTakenOut(t *testing.T) {
	run := func(dir string) check.Tests {
		r := check.Reader{Dir: dir}
		dir = strings.TrimSuffix(dir, "/")
		fmt.Fprintf(&r, "%s/src/A.java:3: error: cannot find symbol %s/src/B.java\n", dir, dir)
		return r.Tests()
	}
	a, b := run("/pool/one"), run("/pool/two/")
	if diff := cmp.Diff(a.Failures[0].ID, "src/A.java: error: cannot find symbol src/B.java"); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(a, b); diff != "" {
		t.Error(diff)
	}
}

func TestReportIsBounded(t *testing.T) {
	var tests, old [][2]string
	for i := range 300 {
		tests = append(tests, [2]string{fmt.Sprintf("TestNumber%d", i), strings.Repeat("long message ", 50)})
		old = append(old, [2]string{fmt.Sprintf("TestOld%d", i), "x"})
	}
	d := check.Compare(goLog(old...), goLog(append(tests, old...)...))
	for _, most := range []int{0, 10, 100, 500, 2000, 16000} {
		text := d.Report(most)
		if len(text) > most {
			t.Errorf("%d bytes for at most %d", len(text), most)
		}
		if most >= 500 && (!strings.Contains(text, "TestNumber0\n") || !strings.Contains(text, "not your concern")) {
			t.Errorf("%d: %s", most, text)
		}
	}
}
