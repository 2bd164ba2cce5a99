package check_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"codeagent.dev/agent/check"
)

// read feeds a log to a Reader in pieces of a size.
func read(log []byte, size int) check.Tests {
	var r check.Reader
	for len(log) > 0 {
		n := min(size, len(log))
		r.Write(log[:n])
		log = log[n:]
	}
	return r.Tests()
}

// outline says what a person can check of a result: "format passed/skipped", then the ids, with
// a mark of what failed as a whole and of problems.
func outline(t check.Tests) []string {
	out := []string{fmt.Sprintf("%s: %d passed, %d skipped", strings.Join(t.Formats, "+"), t.Passed, t.Skipped)}
	for _, f := range t.Failures {
		mark := ""
		if f.Suite {
			mark = "suite "
		}
		if f.Problem {
			mark = "problem "
		}
		out = append(out, mark+f.ID)
	}
	return out
}

var goFailures = []string{
	"example.com/demo/a TestBad", "example.com/demo/a TestTable/two_words", "example.com/demo/a TestTable/three", "example.com/demo/a TestPar/y",
	"suite example.com/demo/b", "suite example.com/demo/broken", "example.com/demo/panics TestPanics",
}

var jestFailures = []string{"calc.test.js › calc › subtracts", "calc.test.js › calc › deep › throws > odd", "exp.test.js › top level", "suite broken.test.js"}

var vitestFailures = []string{"suite broken.test.js", "calc.test.js > calc > subtracts", "calc.test.js > calc > deep > throws"}

var unittestFailures = []string{"test_u.A.test_err", "suite test_u.B", "test_u.A.test_bad", "test_u.A.test_sub (i=0)", "test_u.A.test_sub (i=2)"}

var nodeFailures = []string{"adds", "outer > inner fails"}

var tscProblems = []string{"problem ts/a.ts: error TS2322: Type 'string' is not assignable to type 'number'.", "problem ts/a.ts: error TS2339: Property 'missing' does not exist on type 'string'."}

func with(head string, ids []string) []string { return append([]string{head}, ids...) }

var logs = []struct {
	file string
	want []string
}{
	{"go", with("go test+problems: 0 passed, 0 skipped", goFailures)},
	{"go-v", with("go test+problems: 5 passed, 1 skipped", goFailures)},
	{"go-json", with("go test: 5 passed, 1 skipped", goFailures)},
	{"jest", with("jest: 2 passed, 1 skipped", jestFailures)},
	{"jest-v", with("jest: 2 passed, 1 skipped", jestFailures)},
	{"jest-color", with("jest: 2 passed, 1 skipped", jestFailures)},
	{"vitest", with("vitest: 2 passed, 1 skipped", vitestFailures)},
	{"vitest-v", with("vitest: 2 passed, 1 skipped", vitestFailures)},
	{"mocha", []string{"mocha: 2 passed, 1 skipped", "calc > subtracts", "calc > deep > throws > odd"}},
	{"unittest", with("unittest: 1 passed, 1 skipped", unittestFailures)},
	{"unittest-v", with("unittest: 1 passed, 1 skipped", unittestFailures)},
	{"cargo", []string{"cargo test: 1 passed, 1 skipped", "demo src/lib.rs tests::err", "demo src/lib.rs tests::should", "demo src/lib.rs tests::bad",
		"it tests/it.rs bad", "it tests/it.rs integration", "doc demo src/lib.rs - add"}},
	{"node-tap", []string{"tap: 1 passed, 2 skipped", "suite > bad", "top > sub"}},
	{"prove", []string{"tap: 0 passed, 0 skipped", "suite a.t", "suite dies.t"}},
	{"prove-v", []string{"tap: 2 passed, 2 skipped", "a.t second", "suite dies.t"}},
	{"written/pytest", []string{"pytest: 1 passed, 2 skipped", "test_a.py::test_bad", "test_a.py::test_p[a b]", "test_a.py::test_p[c - d]",
		"test_a.py::TestC::test_m", "suite test_imp.py", "test_a.py::test_e"}},
	{"written/pytest-cut", []string{"pytest: 0 passed, 0 skipped", "test_a.py::test_bad", "test_b.py::TestC::test_m"}},
	{"written/surefire", []string{"surefire: 1 passed, 1 skipped", "demo.CalcTest.bad", "demo.CalcTest.err", "demo.OldTest.fails"}},
	{"written/gradle", []string{"gradle: 0 passed, 1 skipped", "CalcTest > bad()", "CalcTest > err()"}},
	{"written/rspec", []string{"rspec: 1 passed, 1 skipped", "spec/calc_spec.rb Calc adds", "spec/calc_spec.rb Calc divides by zero"}},
	{"written/phpunit", []string{"phpunit: 1 passed, 1 skipped", "CalcTest::testErr", `CalcTest::testBad with data set "two" (2)`}},
	{"written/dotnet", []string{"dotnet test: 3 passed, 1 skipped", "Demo.CalcTest.Bad", "Demo.CalcTest.Row(n: 1)"}},
	{"written/ctest", []string{"ctest: 1 passed, 0 skipped", "bad", "crash"}},
	{"node-spec", with("node:test: 2 passed, 2 skipped", nodeFailures)},
	{"node-spec-color", with("node:test: 2 passed, 2 skipped", nodeFailures)},
	{"node-spec-tap", with("tap: 2 passed, 2 skipped", nodeFailures)},
	{"tsc", with("problems: 0 passed, 0 skipped", tscProblems)},
	{"tsc-pretty", with("problems: 0 passed, 0 skipped", tscProblems)},
	{"rustc-color", []string{"problems: 0 passed, 0 skipped", "problem src/lib.rs: error[E0308]: mismatched types"}},
	{"written/nextest", []string{"cargo nextest: 3 passed, 1 skipped", "demo tests::adds", "demo::it aborts", "demo::it hangs", "demo::it whole", "doc demo src/lib.rs - documented"}},
	{"written/nextest-old", []string{"cargo nextest: 1 passed, 0 skipped", "demo tests::adds"}},
	{"written/junit", []string{"junit: 1 passed, 1 skipped", "demo.CalcTest.adds", "demo.CalcTest.rows [2] 2", "suite demo.NetTest", "JUnit Jupiter:calc.feature:adds"}},
	{"written/ruff", []string{"problems: 0 passed, 0 skipped", "problem src/app.py: F401 [*] `os` imported but unused", "problem src/bad.py: invalid-syntax: Expected an expression", "problem src/app.py: E501 Line too long (120 > 88)"}},
	{"written/bats", []string{"tap: 1 passed, 1 skipped", "fails on bad flag"}},
	{"written/problems", []string{"problems: 0 passed, 0 skipped",
		"problem src/a.ts: error TS2322: Type 'string' is not assignable to type 'number'.",
		"problem src/a.ts: error TS2322: Type 'string' is not assignable to type 'number'. (2)",
		"problem lib/b.py: error: Incompatible return value type [return-value]", "problem lib/b.py: F401 [*] `os` imported but unused",
		"problem main.c: error: expected ';' before '}' token", "problem store/x.go: ineffectual assignment to err (ineffassign)",
		"problem src/lib.rs: error[E0425]: cannot find value `y` in this scope", "problem /src/demo/src/main/java/A.java: cannot find symbol",
		"problem Program.cs: error CS0103: The name 'x' does not exist", "problem /src/demo/web/app.js: 'x' is not defined no-undef"}},
}

func TestLogs(t *testing.T) {
	for _, c := range logs {
		t.Run(c.file, func(t *testing.T) {
			log, err := os.ReadFile("testdata/logs/" + c.file + ".log")
			if err != nil {
				t.Fatal(err)
			}
			got := read(log, len(log))
			if diff := cmp.Diff(c.want, outline(got)); diff != "" {
				t.Error(diff)
			}
			for _, size := range []int{1, 7, 64} {
				if diff := cmp.Diff(got, read(log, size)); diff != "" {
					t.Errorf("pieces of %d bytes: %s", size, diff)
				}
			}
			if diff := cmp.Diff(outline(got), outline(read([]byte(strings.ReplaceAll(string(log), "\n", "\r\n")), len(log)))); diff != "" {
				t.Errorf("with CRLF: %s", diff)
			}
			data, err := json.Marshal(got)
			var back check.Tests
			if err != nil || json.Unmarshal(data, &back) != nil || !cmp.Equal(got, back) {
				t.Errorf("does not survive JSON: %s", data)
			}
		})
	}
}

// What a test wrote is found at the verdict of its last try, and what only ended has its signal.
func TestNextestExcerpts(t *testing.T) {
	log, err := os.ReadFile("testdata/logs/written/nextest.log")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range read(log, 100).Failures {
		got = append(got, strings.Join(strings.Fields(f.Excerpt), " "))
	}
	want := []string{
		"tests::adds thread 'tests::adds' (77) panicked at src/lib.rs:13:43: assertion `left == right` failed: adding left: -1 right: 3",
		"SIGABRT thread caused non-unwinding panic. aborting.", "TIMEOUT",
		"thread 'whole' (80) panicked at tests/it.rs:2:49: index out of bounds: the len is 0 but the index is 3",
		"Test executable failed (exit status: 101).",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
