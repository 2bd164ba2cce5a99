// Tally reads what `go test -json` prints, shows a line for each package, the output
// of what failed and the reason of what was skipped, and counts top-level tests.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// event is a line of `go test -json`; see `go doc test2json` and, for the build
// actions, `go help buildjson`.
type event struct {
	Action     string
	Package    string
	ImportPath string
	Test       string
	Elapsed    float64
	Output     string
}

// tally is what was seen so far.
type tally struct {
	Passed, Failed, Skipped int

	show   io.Writer
	log    io.Writer
	output map[string][]string // by package and test, while it runs
	broken map[string]bool     // packages with a failed test
}

const shownLines = 60

func main() {
	log := flag.String("log", "", "file for the whole output")
	counts := flag.String("counts", "", `file for "passed failed skipped"`)
	flag.Parse()
	failed, err := run(*log, *counts)
	if err != nil {
		fmt.Fprintln(os.Stderr, "tally:", err)
	}
	if failed > 0 || err != nil {
		os.Exit(1)
	}
}

func run(logName, countsName string) (failed int, err error) {
	log, err := os.Create(logName)
	if err != nil {
		return 0, err
	}
	defer log.Close()
	t := newTally(os.Stdout, log)
	if err := t.read(os.Stdin); err != nil {
		return t.Failed, err
	}
	line := fmt.Sprintf("%d %d %d\n", t.Passed, t.Failed, t.Skipped)
	if err := os.WriteFile(countsName, []byte(line), 0o644); err != nil {
		return t.Failed, err
	}
	return t.Failed, log.Close()
}

func newTally(show, log io.Writer) *tally {
	return &tally{show: show, log: log, output: map[string][]string{}, broken: map[string]bool{}}
}

func (t *tally) read(r io.Reader) error {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			t.line(line)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// line takes in one line. What is not JSON comes from a program that a test started
// and that wrote to the same place.
func (t *tally) line(line string) {
	var e event
	if json.Unmarshal([]byte(line), &e) != nil || e.Action == "" {
		fmt.Fprint(t.log, line)
		return
	}
	fmt.Fprint(t.log, e.Output)
	key := e.Package + "\x00" + e.Test
	switch e.Action {
	case "output":
		if strings.HasPrefix(e.Output, "=== ") {
			return // which test runs now; its line of failure names it too
		}
		t.output[key] = append(t.output[key], e.Output)
	case "build-output":
		t.output[e.ImportPath] = append(t.output[e.ImportPath], e.Output)
	case "build-fail":
		t.print("does not build: "+e.ImportPath, t.output[e.ImportPath])
	case "pass", "fail", "skip":
		if e.Test == "" {
			t.packageEnds(e)
		} else {
			t.testEnds(e, key)
		}
		delete(t.output, key)
	}
}

func (t *tally) testEnds(e event, key string) {
	top := !strings.Contains(e.Test, "/")
	switch e.Action {
	case "fail":
		t.broken[e.Package] = true
		t.print("FAILED "+short(e.Package)+" "+e.Test, t.output[key])
		if top {
			t.Failed++
		}
	case "skip":
		if top {
			t.Skipped++
			fmt.Fprintf(t.show, "    skipped %s %s: %s\n", short(e.Package), e.Test, reason(t.output[key]))
		}
	case "pass":
		if top {
			t.Passed++
		}
	}
}

// packageEnds counts a package that failed without a failed test, because it does
// not build, or ended in the middle.
func (t *tally) packageEnds(e event) {
	switch e.Action {
	case "pass":
		fmt.Fprintf(t.show, "    ok     %5.1fs  %s\n", e.Elapsed, short(e.Package))
	case "fail":
		fmt.Fprintf(t.show, "    FAILED %5.1fs  %s\n", e.Elapsed, short(e.Package))
		if !t.broken[e.Package] {
			t.Failed++
			t.print("output of "+short(e.Package), t.unfinished(e.Package))
		}
	}
}

// unfinished returns the output of the package and of its tests that never ended.
func (t *tally) unfinished(pkg string) []string {
	var keys []string
	for key := range t.output {
		if strings.HasPrefix(key, pkg+"\x00") {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	var lines []string
	for _, key := range keys {
		lines = append(lines, t.output[key]...)
		delete(t.output, key)
	}
	return lines
}

func (t *tally) print(title string, lines []string) {
	fmt.Fprintf(t.show, "    %s\n", title)
	if cut := len(lines) - shownLines; cut > 0 {
		fmt.Fprintf(t.show, "        … %d lines\n", cut)
		lines = lines[cut:]
	}
	for _, line := range lines {
		fmt.Fprintf(t.show, "        %s\n", strings.TrimRight(line, "\n"))
	}
}

// reason is the last line of a skipped test that the test itself wrote.
func reason(lines []string) string {
	for _, line := range slices.Backward(lines) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "--- ") {
			if _, text, ok := strings.Cut(line, ": "); ok {
				return text
			}
			return line
		}
	}
	return "no reason given"
}

func short(pkg string) string {
	if _, rest, ok := strings.Cut(pkg, "codeagent.dev/agent/"); ok {
		return rest
	}
	return pkg
}
