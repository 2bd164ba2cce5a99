package main

import (
	"io"
	"strings"
	"testing"
)

func TestTally(t *testing.T) {
	tests := []struct {
		name, in                string
		passed, failed, skipped int
		shown                   string
	}{
		{"subtests count with their test", `
{"Action":"run","Package":"codeagent.dev/agent/a","Test":"TestA"}
{"Action":"pass","Package":"codeagent.dev/agent/a","Test":"TestA/one"}
{"Action":"pass","Package":"codeagent.dev/agent/a","Test":"TestA/two"}
{"Action":"pass","Package":"codeagent.dev/agent/a","Test":"TestA"}
{"Action":"pass","Package":"codeagent.dev/agent/a","Elapsed":1.5}
{"Action":"skip","Package":"codeagent.dev/agent/empty"}
`, 1, 0, 0, "    ok       1.5s  a\n"},
		{"a failed test, and its package once", `
{"Action":"output","Package":"p","Test":"TestA/x","Output":"    a_test.go:1: wrong\n"}
{"Action":"fail","Package":"p","Test":"TestA/x"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p","Test":"TestB"}
{"Action":"fail","Package":"p"}
`, 1, 1, 0, "a_test.go:1: wrong"},
		{"a skipped test says why", `
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:1: redis-server is not installed\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"--- SKIP: TestA (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p"}
`, 0, 0, 1, "skipped p TestA: redis-server is not installed\n"},
		{"does not build", `
{"ImportPath":"p [p.test]","Action":"build-output","Output":"p.go:1: undefined: x\n"}
{"ImportPath":"p [p.test]","Action":"build-fail"}
{"Action":"fail","Package":"p","FailedBuild":"p [p.test]"}
`, 0, 1, 0, "p.go:1: undefined: x"},
		{"ends in the middle", `
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"exit status 3\n"}
{"Action":"fail","Package":"p"}
`, 0, 1, 0, "exit status 3"},
		{"noise", "not JSON\n{\"a\":1}\n{\"Action\":\"pass\",\"Package\":\"p\",\"Test\":\"TestA\"}", 1, 0, 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var shown strings.Builder
			got := newTally(&shown, io.Discard)
			if err := got.read(strings.NewReader(strings.TrimPrefix(tt.in, "\n"))); err != nil {
				t.Fatal(err)
			}
			if got.Passed != tt.passed || got.Failed != tt.failed || got.Skipped != tt.skipped {
				t.Errorf("got %d passed, %d failed, %d skipped; want %d, %d, %d",
					got.Passed, got.Failed, got.Skipped, tt.passed, tt.failed, tt.skipped)
			}
			if !strings.Contains(shown.String(), tt.shown) {
				t.Errorf("shown:\n%s\nwant %q in it", shown.String(), tt.shown)
			}
		})
	}
}
