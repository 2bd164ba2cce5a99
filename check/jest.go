package check

import "strings"

// jest reads jest's default and verbose reports.
type jest struct {
	tally
	file string
}

func newJest() *jest { return &jest{tally: newTally()} }

func (j *jest) read(line string) {
	if rest, ok := strings.CutPrefix(line, "Tests: "); ok {
		j.block = nil
		j.totals(rest)
		return
	}
	if strings.HasPrefix(line, "Test Suites: ") {
		j.block, j.seen = nil, true
		return
	}
	if verdict := strings.TrimSpace(line); strings.HasPrefix(verdict, "FAIL ") || strings.HasPrefix(verdict, "PASS ") {
		if len(line)-len(verdict) <= 2 {
			if file := jestFile(verdict[5:]); file != "" {
				j.file, j.block = file, nil
				return
			}
		}
	}
	title, ok := strings.CutPrefix(line, "  ● ")
	if !ok || j.file == "" {
		j.block.add(line)
		return
	}
	if title == "Console" {
		j.block = nil
		return
	}
	if title == "Test suite failed to run" {
		j.block = j.failures.open(j.file, true)
		return
	}
	j.block = j.failures.open(j.file+" › "+title, false)
}

// jestFile reads "displayName ./src/a.test.js (5.1 s)".
func jestFile(s string) string {
	s = strings.TrimSpace(s)
	if i := strings.LastIndex(s, " ("); i > 0 && strings.HasSuffix(s, ")") {
		s = strings.TrimSpace(s[:i])
	}
	fields := strings.Fields(s)
	if len(fields) == 0 || len(fields) > 2 || strings.Contains(s, " > ") {
		return ""
	}
	file := fields[len(fields)-1]
	if script(file) {
		return strings.Clone(strings.TrimPrefix(strings.ReplaceAll(file, "\\", "/"), "./"))
	}
	return ""
}

func script(file string) bool {
	for _, end := range []string{".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".cts", ".vue", ".svelte"} {
		if strings.HasSuffix(file, end) {
			return true
		}
	}
	return false
}

// totals reads "3 failed, 1 skipped, 2 passed, 6 total".
func (j *jest) totals(counts string) {
	if !strings.HasSuffix(counts, " total") {
		return
	}
	j.seen = true
	for part := range strings.SplitSeq(counts, ", ") {
		switch n, word, _ := leading(part); word {
		case "passed":
			j.passed += n
		case "skipped", "todo":
			j.skipped += n
		}
	}
}

func (j *jest) report() report { return j.as("jest") }

// vitest reads the parts "Failed Tests" and "Failed Suites" of vitest's reports, which
// all of its reporters for people end with.
type vitest struct {
	tally
	inside bool // of such a part
	titles bool // the line before was a title: several failures may share one text
}

func newVitest() *vitest { return &vitest{tally: newTally()} }

func (v *vitest) read(line string) {
	if strings.HasPrefix(line, "⎯⎯⎯⎯") {
		if strings.Contains(line, " Failed Tests ") || strings.Contains(line, " Failed Suites ") {
			v.inside, v.seen = true, true
		} else if strings.Contains(line, "⎯[") || strings.Contains(line, " Unhandled ") {
			v.block = nil
		}
		return
	}
	if rest, ok := strings.CutPrefix(strings.TrimLeft(line, " "), "Tests  "); ok && strings.HasSuffix(line, ")") {
		v.inside, v.block = false, nil
		v.totals(rest)
		return
	}
	if !v.inside {
		return
	}
	if strings.HasPrefix(line, " Test Files ") {
		v.inside, v.block = false, nil
		return
	}
	title, ok := strings.CutPrefix(line, " FAIL ")
	if !ok {
		v.titles = false
		v.block.add(line)
		return
	}
	b := v.open(strings.TrimSpace(title))
	if !v.titles || v.block == nil {
		v.block = b
	}
	v.titles = true
}

func (v *vitest) open(title string) *block {
	if rest, ok := strings.CutPrefix(title, "|"); ok { // |project| file
		_, rest, _ = strings.Cut(rest, "|")
		title = strings.TrimSpace(rest)
	}
	suite := false
	if file, rest, ok := strings.Cut(title, " [ "); ok && strings.HasSuffix(rest, " ]") {
		title, suite = strings.TrimSpace(file), true
	}
	return v.failures.open(title, suite)
}

// totals reads "2 failed | 2 passed | 1 skipped (5)".
func (v *vitest) totals(counts string) {
	counts, _, _ = strings.Cut(counts, "(")
	passed, skipped := 0, 0
	for part := range strings.SplitSeq(counts, "|") {
		n, word, ok := leading(part)
		switch {
		case !ok:
			return
		case word == "passed":
			passed = n
		case word == "skipped" || word == "todo":
			skipped += n
		case word != "failed" && word != "expected fail":
			return
		}
	}
	v.passed, v.skipped, v.seen = v.passed+passed, v.skipped+skipped, true
}

func (v *vitest) report() report { return v.as("vitest") }
